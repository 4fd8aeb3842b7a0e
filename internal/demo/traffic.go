package demo

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	rate       = 100              // requests per second
	postShare  = 0.1              // of them are POSTs
	window     = 5 * time.Second  // what the view shows
	expiry     = 15 * time.Second // of a request; above the gateway's own limit
	mostFlying = 2000             // requests under way; beyond, they count as failed
)

// A sample is what became of one request.
type sample struct {
	at      time.Time // when it ended
	home    string
	region  string // that served it
	address string
	took    time.Duration
	err     string // empty: well
}

// traffic sends requests at instants of its own choosing, whatever becomes of them, and remembers
// the last seconds. Safe for concurrent use.
type traffic struct {
	url    string
	client *http.Client

	mu      sync.Mutex
	samples []sample
	sent    uint64
	failed  uint64
	last    string // failure
}

func newTraffic(gateway string) *traffic {
	return &traffic{
		url:    "http://" + gateway + "/",
		client: &http.Client{Timeout: expiry, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
}

// run sends until ctx ends and returns when every request has.
func (t *traffic) run(ctx context.Context) {
	defer t.client.CloseIdleConnections()
	var wg sync.WaitGroup
	defer wg.Wait()
	flying := make(chan struct{}, mostFlying)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for next := time.Now(); ; {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		for now := time.Now(); !next.After(now); next = next.Add(time.Duration(rand.ExpFloat64() * float64(time.Second) / rate)) {
			home, post := drawHome(rand.Float64()), rand.Float64() < postShare
			select {
			case flying <- struct{}{}:
			default:
				t.book(ctx, sample{at: now, home: home, err: fmt.Sprintf("not sent: %d are under way", mostFlying)})
				continue
			}
			wg.Go(func() {
				t.book(ctx, t.ask(ctx, home, post))
				<-flying
			})
		}
		timer.Reset(time.Until(next))
	}
}

// drawHome turns u in [0,1) into a home, by the regions' callers.
func drawHome(u float64) string {
	for _, r := range regions {
		if u -= r.callers; u < 0 {
			return r.name
		}
	}
	return regions[0].name
}

func (t *traffic) ask(ctx context.Context, home string, post bool) sample {
	method, body := http.MethodGet, io.Reader(nil)
	if post {
		method, body = http.MethodPost, strings.NewReader("an order")
	}
	start := time.Now()
	s := sample{home: home}
	err := func() error {
		req, err := http.NewRequestWithContext(ctx, method, t.url, body)
		if err != nil {
			return err
		}
		req.Header.Set("X-Region", home)
		res, err := t.client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		s.region, s.address = res.Header.Get("X-Served-Region"), res.Header.Get("X-Served-By")
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return fmt.Errorf("cut: %w", err)
		}
		if res.StatusCode >= http.StatusInternalServerError {
			return fmt.Errorf("%s %s answered %s", method, home, res.Status)
		}
		return nil
	}()
	s.at = time.Now()
	s.took = s.at.Sub(start)
	if err != nil {
		s.err = err.Error()
	}
	return s
}

func (t *traffic) book(ctx context.Context, s sample) {
	if ctx.Err() != nil {
		return // it failed because we are leaving
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
	if s.err != "" {
		t.failed++
		t.last = s.err
	}
	t.samples = append(t.samples, s)
	if len(t.samples) > 4*rate*int(window/time.Second) { // drop what is too old, now and then
		t.samples = slices.DeleteFunc(t.samples, func(old sample) bool { return s.at.Sub(old.at) > window })
	}
}

// A flow is what one region, or one upstream, saw in the window.
type flow struct {
	asked, served float64 // per second
	failed        int
	took          []time.Duration
	where         map[string]int // by the region that served it
}

func (f *flow) quantile(q float64) time.Duration {
	if len(f.took) == 0 {
		return 0
	}
	slices.Sort(f.took)
	return f.took[min(int(q*float64(len(f.took))), len(f.took)-1)]
}

// A summary is the traffic of the last seconds.
type summary struct {
	homes     map[string]*flow // by home: asked, failed, where; and by serving region: served, took
	addresses map[string]*flow
	sent      uint64
	failed    uint64
	last      string
}

// summarise sums the window up as of now.
func (t *traffic) summarise(now time.Time) summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := summary{homes: map[string]*flow{}, addresses: map[string]*flow{}, sent: t.sent, failed: t.failed, last: t.last}
	for _, r := range regions {
		s.homes[r.name] = &flow{where: map[string]int{}}
	}
	for _, one := range t.samples {
		if now.Sub(one.at) > window {
			continue
		}
		s.add(one)
	}
	return s
}

func (s *summary) add(one sample) {
	const each = 1 / (float64(window) / float64(time.Second))
	home := s.homes[one.home]
	home.asked += each
	if one.err != "" {
		home.failed++
	}
	by := s.homes[one.region]
	if by == nil {
		return // nobody served it
	}
	home.where[one.region]++
	by.served += each
	by.took = append(by.took, one.took)
	at := s.addresses[one.address]
	if at == nil {
		at = &flow{}
		s.addresses[one.address] = at
	}
	at.served += each
	at.took = append(at.took, one.took)
}
