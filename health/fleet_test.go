package health

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"
)

// A fake is a subject and the upstream behind it.
type fake struct {
	addr  string
	check Check

	mu     sync.Mutex
	fault  fault
	since  time.Time   // of the fault
	probes []time.Time // their starts
	seen   []observation
}

type observation struct {
	at     time.Time
	answer Answer
	state  State
}

// A fault is how an upstream fares.
type fault int

const (
	fine    fault = iota
	refuses       // at once
	swallow       // answers nothing
)

const rt = 5 * time.Millisecond // of a fine upstream

func (f *fake) Address() string { return f.addr }

func (f *fake) Check() Check {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.check
}

func (f *fake) Observe(a Answer, s State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, observation{time.Now(), a, s})
}

func (f *fake) become(to fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.since = to, time.Now()
}

func (f *fake) now() fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

func (f *fake) probe(ctx context.Context) Answer {
	f.mu.Lock()
	f.probes = append(f.probes, time.Now())
	f.mu.Unlock()
	if f.now() != refuses {
		time.Sleep(rt)
	}
	switch f.now() {
	case refuses:
		return Answer{Load: notReported, Err: "refused"}
	case swallow:
		<-ctx.Done()
		return Answer{Load: notReported, Err: "no answer"}
	}
	return Answer{OK: true, RT: rt, Load: notReported}
}

// state is what f was told last, and since when.
func (f *fake) state() (s State, since time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.seen {
		if o.state != s {
			s, since = o.state, o.at
		}
	}
	return s, since
}

func (f *fake) times() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.probes)
}

// A fleet is fakes and the Monitor that watches them.
type fleet struct {
	all     []*fake
	monitor *Monitor
	watch   chan []Subject
	log     *bytes.Buffer // read it after stop only
	stop    func()

	mu      sync.Mutex
	changes int
}

var usual = Check{Kind: "fake", Every: 750 * time.Millisecond, Timeout: 500 * time.Millisecond, Up: 2, Down: 2}

// watching starts a Monitor on n endpoints with this check.
func watching(t *testing.T, n int, check Check, seed uint64) *fleet {
	f := &fleet{watch: make(chan []Subject, 1), log: new(bytes.Buffer)}
	byAddr := map[string]*fake{}
	for i := range n {
		s := &fake{addr: fmt.Sprintf("10.0.%d.%d:80", i/250, i%250+1), check: check}
		byAddr[s.addr] = s
		f.all = append(f.all, s)
	}
	drop := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	f.monitor = NewMonitor(slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{ReplaceAttr: drop})), func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.changes++
	})
	f.monitor.seed = seed
	f.monitor.kinds = map[string]kind{"fake": {make: func(Check, dial) (Probe, func()) {
		return func(ctx context.Context, addr string) Answer { return byAddr[addr].probe(ctx) }, func() {}
	}}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.monitor.Run(ctx, f.watch) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	f.send(f.all...)
	return f
}

func (f *fleet) send(subjects ...*fake) {
	list := make([]Subject, len(subjects))
	for i, s := range subjects {
		list[i] = s
	}
	f.watch <- list
}

// all of some are in state s.
func every(some []*fake, s State) bool {
	return !slices.ContainsFunc(some, func(f *fake) bool { got, _ := f.state(); return got != s })
}
