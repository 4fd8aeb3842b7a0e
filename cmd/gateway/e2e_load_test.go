package main_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidegate/tidegate/bench/openloop"
)

// What one request in twenty asks for: an answer that takes a while, so that some are always half
// way.
const (
	longSize  = 128 << 10
	longQuery = "?size=131072&pieces=8&every=5ms"
)

// A traffic is an open-loop mix of GET and POST with unique ids, calling all regions home in turn.
type traffic struct {
	t     *testing.T
	began time.Time
	done  chan struct{}

	mu     sync.Mutex
	all    []exchange
	report *openloop.Report
}

// An exchange is what became of one request.
type exchange struct {
	openloop.Result
	method, home, id string
	served           string // region
	want             int64  // bytes of body; 0: whatever
}

// kind tells what request n is. Of ten, three are POSTs; of the GETs some are long.
func kind(n uint64) (method, home, target string, want int64) {
	home = regionNames[n%3]
	switch {
	case n%10 < 3:
		return "POST", home, "/", 0
	case n%20 == 5:
		return "GET", home, "/" + longQuery, longSize
	}
	return "GET", home, "/", 0
}

// send starts sending to a gateway. End waits for the end.
func send(t *testing.T, g *gateway, rate float64, length time.Duration) *traffic {
	t.Helper()
	tr := &traffic{t: t, began: time.Now(), done: make(chan struct{})}
	tag := t.Name()[strings.LastIndex(t.Name(), "/")+1:]
	load := openloop.Load{
		Addr: g.http, Rate: rate, Duration: length, Conns: 3000, Timeout: 15 * time.Second, Seed: 1,
		Request: func(n uint64, buf []byte) []byte {
			method, home, target, _ := kind(n)
			buf = fmt.Appendf(buf, "%s %s HTTP/1.1\r\nHost: shop.example\r\nX-Region: %s\r\nX-Id: %s-%d\r\n", method, target, home, tag, n)
			if method == "POST" {
				return append(buf, "Content-Length: 8\r\n\r\nan order"...)
			}
			return append(buf, "\r\n"...)
		},
		Done: func(r *openloop.Result) {
			x := exchange{Result: *r, id: fmt.Sprintf("%s-%d", tag, r.N)}
			x.method, x.home, _, x.want = kind(r.N)
			x.served, _ = openloop.Field(r.Head, "X-Served-Region")
			x.Head = slices.Clone(r.Head[:min(len(r.Head), 400)])
			tr.mu.Lock()
			tr.all = append(tr.all, x)
			tr.mu.Unlock()
		},
	}
	go func() {
		defer close(tr.done)
		report, err := load.Run(context.Background())
		if err != nil {
			t.Error(err)
			return
		}
		tr.report = report
	}()
	return tr
}

// bearable is the rate asked for, or as much of it as this machine can bear with all that runs on it
// besides: an open loop that overloads the machine would show nothing about the gateway.
func bearable(t *testing.T, g *gateway, rate float64) float64 {
	t.Helper()
	rate = scaled(rate)
	for least := rate / 4; rate > least; rate /= 2 {
		report, err := openloop.Load{
			Addr: g.http, Rate: rate, Duration: time.Second, Conns: 200, Seed: 2,
			Request: func(n uint64, buf []byte) []byte {
				_, home, target, _ := kind(n)
				return fmt.Appendf(buf, "GET %s HTTP/1.1\r\nHost: shop.example\r\nX-Region: %s\r\n\r\n", target, home)
			},
		}.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if report.Latency.Quantile(.9) < 250*time.Millisecond {
			return rate
		}
		t.Logf("this machine is too busy for %.0f/s: p90 %v", rate, ms(report.Latency.Quantile(.9)))
	}
	return rate
}

// at waits until so much of the load has passed.
func (tr *traffic) at(d time.Duration) { time.Sleep(time.Until(tr.began.Add(d))) }

// end waits until every request has ended, and logs the figures.
func (tr *traffic) end() []exchange {
	tr.t.Helper()
	<-tr.done
	if tr.report == nil {
		tr.t.FailNow()
	}
	r := tr.report
	tr.t.Logf("%.0f/s, %d requests, p50 %v p99 %v p99.9 %v max %v, at most %d connections; the generator's lag p99 %v",
		float64(r.Sent)/r.Elapsed.Seconds(), r.Sent, ms(r.Latency.Quantile(.5)), ms(r.Latency.Quantile(.99)), ms(r.Latency.Quantile(.999)), ms(r.Latency.Max()), r.Conns, ms(r.Lag.Quantile(.99)))
	return tr.all
}

func ms(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// well tells that a request was answered by an upstream, with all of the body.
func (x *exchange) well() bool {
	return x.Outcome == openloop.Answered && x.Status == 200 && (x.want == 0 || x.Body == x.want)
}

// within tells whether the request was under way at some time from a to b.
func (x *exchange) within(a, b time.Time) bool { return !x.Sent.After(b) && !x.Ended.Before(a) }

func (x *exchange) String() string {
	head, _, _ := strings.Cut(string(x.Head), "\r\n")
	return fmt.Sprintf("%s %s home %s: %v after %v (sent %s), %q, %d bytes of %d, served by %q, %v",
		x.method, x.id, x.home, x.Outcome, ms(x.Latency()), x.Sent.Format("05.000"), head, x.Body, x.want, x.served, x.Err)
}

// complain fails the test for each of these, and shows the first few.
func complain(t *testing.T, what string, bad []exchange) {
	t.Helper()
	if len(bad) == 0 {
		return
	}
	var lines []string
	for i := range bad[:min(len(bad), 8)] {
		lines = append(lines, bad[i].String())
	}
	t.Errorf("%d × %s, such as\n%s", len(bad), what, strings.Join(lines, "\n"))
}

// pick returns those for which ok holds.
func pick(all []exchange, ok func(*exchange) bool) (out []exchange) {
	for i := range all {
		if ok(&all[i]) {
			out = append(out, all[i])
		}
	}
	return out
}

// onlyOnce checks that no POST was executed twice, and that each answered well was executed.
func onlyOnce(t *testing.T, f *fleet, all []exchange) {
	t.Helper()
	if twice := f.ledger.Repeated("POST"); len(twice) > 0 {
		t.Errorf("%d POSTs were executed more than once, such as %s", len(twice), twice[0])
	}
	complain(t, "POST answered 200 that nobody executed", pick(all, func(x *exchange) bool {
		return x.method == "POST" && x.well() && f.ledger.Executed(x.id) != 1
	}))
}
