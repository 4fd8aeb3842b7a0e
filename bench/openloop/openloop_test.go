package openloop

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(target string) func(uint64, []byte) []byte {
	return func(n uint64, buf []byte) []byte {
		return fmt.Appendf(buf, "GET %s HTTP/1.1\r\nHost: t\r\nX-Id: %d\r\n\r\n", target, n)
	}
}

func run(t *testing.T, l Load) *Report {
	t.Helper()
	r, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryRequestIsSentOnce(t *testing.T) {
	ledger := &upstreamtest.Ledger{}
	s := upstreamtest.New(t, upstreamtest.Options{Ledger: ledger})
	for _, even := range []bool{true, false} {
		before := ledger.Count("GET")
		first := uint64(before)
		r := run(t, Load{Addr: s.Addr(), Rate: 1000, Even: even, Duration: 300 * time.Millisecond, Seed: 1,
			Request: func(n uint64, buf []byte) []byte { return get("/")(first+n, buf) }})
		if r.Outcomes[Answered] != r.Sent || r.Status[200] != r.Sent || r.Latency.Count() != r.Sent {
			t.Errorf("even %v:\n%v", even, r)
		}
		if even && r.Sent != 300 || math.Abs(float64(r.Sent)-300) > 80 {
			t.Errorf("even %v: %d requests", even, r.Sent)
		}
		if got := uint64(ledger.Count("GET") - before); got != r.Sent {
			t.Errorf("even %v: the server executed %d of %d", even, got, r.Sent)
		}
	}
	if got := ledger.Repeated("GET"); len(got) > 0 {
		t.Errorf("repeated: %v", got)
	}
}

func TestOutcomes(t *testing.T) {
	s := upstreamtest.New(t, upstreamtest.Options{})
	gone := upstreamtest.New(t, upstreamtest.Options{})
	gone.Kill()
	tests := []struct {
		name, addr, target string
		outcome            Outcome
		status             int
		body               int64
	}{
		{"counted", s.Addr(), "/?size=100000", Answered, 200, 100000},
		{"chunked", s.Addr(), "/?size=1000&chunked=1&pieces=3&trailer=A:b", Answered, 200, 1000},
		{"interim first", s.Addr(), "/?size=10&interim=103", Answered, 200, 10},
		{"until the end", s.Addr(), "/?size=10&until_close=1", Answered, 200, 10},
		{"status", s.Addr(), "/?status=503&size=5", Answered, 503, 5},
		{"no body", s.Addr(), "/?status=204", Answered, 204, 0},
		{"cut", s.Addr(), "/?size=100&cut=10", Cut, 200, 10},
		{"cut chunked", s.Addr(), "/?size=100&pieces=10&chunked=1&cut=10", Cut, 200, 10},
		{"reset", s.Addr(), "/?fault=reset", NoHead, 0, 0},
		{"closed", s.Addr(), "/?fault=close", NoHead, 0, 0},
		{"garbage", s.Addr(), "/?fault=garbage", NoHead, 0, 0},
		{"hanging", s.Addr(), "/?fault=hang", NoHead, 0, 0},
		{"refused", gone.Addr(), "/", NoConnect, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var mu sync.Mutex
			n := 0
			r := run(t, Load{Addr: tt.addr, Rate: 100, Even: true, Duration: 40 * time.Millisecond, Conns: 1, Timeout: 100 * time.Millisecond,
				Request: get(tt.target),
				Done: func(r *Result) {
					mu.Lock()
					defer mu.Unlock()
					n++
					if r.Outcome != tt.outcome || r.Status != tt.status || r.Body != tt.body || (r.Err != nil) != (tt.outcome != Answered) {
						t.Errorf("got %v, status %d, %d bytes, %v", r.Outcome, r.Status, r.Body, r.Err)
					}
				}})
			if n != 4 || r.Outcomes[tt.outcome] != 4 || r.Conns != 1 {
				t.Errorf("%d results\n%v", n, r)
			}
		})
	}
}

// A server that stalls is charged for those it kept waiting, also for those not sent yet.
func TestLatencyCountsFromTheIntendedInstant(t *testing.T) {
	s := upstreamtest.New(t, upstreamtest.Options{})
	r := run(t, Load{Addr: s.Addr(), Rate: 100, Even: true, Duration: 100 * time.Millisecond, Conns: 1, Request: get("/?delay=50ms")})
	// Ten requests, one after the other: the last was meant for 90 ms and ends at 500 ms.
	if got := r.Latency.Max(); got < 400*time.Millisecond || r.Sent != 10 {
		t.Errorf("%d requests, the slowest %v", r.Sent, got)
	}
}

func TestAClosedIdleConnectionIsNoFailure(t *testing.T) {
	s := upstreamtest.New(t, upstreamtest.Options{})
	r := run(t, Load{Addr: s.Addr(), Rate: 100, Even: true, Duration: 100 * time.Millisecond, Conns: 1,
		Request: func(n uint64, buf []byte) []byte { return get("/")(n, buf) },
		Done: func(r *Result) {
			if r.N == 4 {
				s.Kill()
				if err := s.Heal(); err != nil {
					t.Error(err)
				}
			}
		}})
	if r.Outcomes[Answered] != 10 {
		t.Error(r)
	}
}

func TestContextEndsALoad(t *testing.T) {
	s := upstreamtest.New(t, upstreamtest.Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	r, err := Load{Addr: s.Addr(), Rate: 100, Duration: time.Hour, Request: get("/")}.Run(ctx)
	if err != nil || r.Elapsed > 5*time.Second {
		t.Errorf("%v\n%v", err, r)
	}
}

func TestHistogramIsWithinASixtyFourth(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	var h Hist
	all := make([]time.Duration, 10_000)
	for i := range all {
		all[i] = time.Duration(math.Exp(draw.Float64() * 25))
		h.Add(all[i])
	}
	slices.Sort(all)
	for _, q := range []float64{0, .1, .5, .9, .99, .999, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		if got := h.Quantile(q); got < want || float64(got) > float64(want)*(1+1.0/64)+1 {
			t.Errorf("quantile %v: got %v, want %v", q, got, want)
		}
	}
	if h.Max() != all[len(all)-1] || h.Count() != 10_000 {
		t.Error("max or count")
	}
	for v := uint64(1); v != 0; v <<= 1 { // every bucket holds its own values
		for _, u := range []uint64{v - 1, v, v + v/3} {
			if i := bucket(u); upper(i) < u || (i > 0 && upper(i-1) >= u) {
				t.Fatalf("%d is in bucket %d, up to %d", u, i, upper(i))
			}
		}
	}
}
