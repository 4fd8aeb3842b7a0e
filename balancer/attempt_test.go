package balancer

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestAttemptPhases(t *testing.T) {
	type step struct {
		call string // head or end
		o    Outcome
	}
	tests := []struct {
		name     string
		steps    []step
		bodies   []int64 // after each step
		requests uint64
		counts   map[Outcome]uint64
	}{
		{"answered", []step{{"head", Answered}, {"end", Answered}}, []int64{1, 0}, 1, map[Outcome]uint64{Answered: 1}},
		{"each once", []step{{"head", Answered}, {"head", Reset}, {"end", Truncated}, {"end", Truncated}, {"head", Reset}},
			[]int64{1, 1, 0, 0, 0}, 1, map[Outcome]uint64{Answered: 1, Truncated: 1}},
		{"no head", []step{{"head", ConnectFailed}, {"end", Truncated}}, []int64{0, 0}, 1, map[Outcome]uint64{ConnectFailed: 1}},
		{"end only", []step{{"end", Truncated}, {"end", Answered}, {"head", Answered}}, []int64{0, 0, 0}, 1, map[Outcome]uint64{Abandoned: 1}},
		{"one failure", []step{{"head", ErrorStatus}, {"end", Truncated}}, []int64{1, 0}, 1, map[Outcome]uint64{ErrorStatus: 1}},
		{"overloaded, then cut", []step{{"head", Overloaded}, {"end", TimedOut}}, []int64{1, 0}, 1, map[Outcome]uint64{Overloaded: 1, TimedOut: 1}},
		{"client leaves in the body", []step{{"head", Answered}, {"end", Abandoned}}, []int64{1, 0}, 1, map[Outcome]uint64{Answered: 1}},
		{"unsent", []step{{"head", Unsent}, {"end", Answered}}, []int64{0, 0}, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEndpoint("10.0.0.1:80", new(atomic.Int64))
			a, ok := e.Start(time.Second, true)
			if !ok || a.Endpoint() != e || a.Trial() || e.Host.Waiting() != 1 || e.Host.ages.count() != 1 {
				t.Fatalf("started %v at %v, waiting %d", ok, a.Endpoint(), e.Host.Waiting())
			}
			for i, s := range tt.steps {
				if s.call == "head" {
					a.Head(s.o, 2*time.Second)
				} else {
					a.End(s.o, 3*time.Second)
				}
				if e.Host.Bodies() != tt.bodies[i] || e.Host.Waiting() != 0 || e.Host.ages.count() != 0 {
					t.Errorf("step %d: bodies %d, waiting %d, ages %d", i, e.Host.Bodies(), e.Host.Waiting(), e.Host.ages.count())
				}
			}
			var want [Outcomes]uint64
			for o, n := range tt.counts {
				want[o] = n
			}
			if r := e.Stats().Read(); r.Requests != tt.requests || r.Failures != want {
				t.Errorf("%d requests, outcomes %v, want %d and %v", r.Requests, r.Failures, tt.requests, want)
			}
		})
	}
}

func TestAttemptZero(t *testing.T) {
	var a Attempt
	a.Head(Answered, time.Second)
	a.End(Answered, time.Second)
	if a.Endpoint() != nil || a.Trial() {
		t.Error("the zero Attempt is at somebody")
	}
}

func TestAttemptBarred(t *testing.T) {
	e := newEndpoint("10.0.0.1:80", new(atomic.Int64))
	e.Bar(true)
	if _, ok := e.Start(time.Second, true); ok || !e.Barred() {
		t.Error("a barred endpoint admits")
	}
	e.Bar(false)
	if _, ok := e.Start(time.Second, true); !ok {
		t.Error("an endpoint that is barred no longer declines")
	}
}

func TestAttemptLatency(t *testing.T) {
	tests := []struct {
		o    Outcome
		took time.Duration
		want time.Duration // after an answer of 100ms at the same moment
	}{
		{Answered, 200 * time.Millisecond, 200 * time.Millisecond},
		{TimedOut, 3 * time.Second, 3 * time.Second},
		{Abandoned, time.Second, time.Second},
		{Unsent, time.Second, 100 * time.Millisecond},
		{ConnectFailed, time.Millisecond, 100 * time.Millisecond},
		{ErrorStatus, time.Millisecond, 100 * time.Millisecond},
	}
	for _, tt := range tests {
		e := newEndpoint("10.0.0.1:80", new(atomic.Int64))
		first, _ := e.Start(10*time.Second-100*time.Millisecond, true)
		first.Head(Answered, 10*time.Second)
		second, _ := e.Start(10*time.Second-tt.took, true)
		second.Head(tt.o, 10*time.Second)
		if got := e.Host.Latency(10 * time.Second).Round(time.Millisecond); got != tt.want {
			t.Errorf("%v after %v: the latency is %v, want %v", tt.o, tt.took, got, tt.want)
		}
	}
}

// Heads and ends from two goroutines, each several times, at the same attempts.
func TestAttemptRace(t *testing.T) {
	e := newEndpoint("10.0.0.1:80", new(atomic.Int64))
	const n = 20_000
	attempts := make([]Attempt, n)
	for i := range attempts {
		attempts[i], _ = e.Start(time.Second, true)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range attempts {
				attempts[i].Head(Answered, time.Second)
				if (g+i)%2 == 0 {
					attempts[i].End(Answered, time.Second)
				}
			}
		})
	}
	wg.Wait()
	if r := e.Stats().Read(); r.Requests != n {
		t.Errorf("%d booked of %d", r.Requests, n)
	}
	if e.Host.Waiting() != 0 || e.Host.Bodies() != 0 || e.Host.ages.count() != 0 {
		t.Errorf("left behind: %d waiting, %d bodies, %d ages", e.Host.Waiting(), e.Host.Bodies(), e.Host.ages.count())
	}
}

func TestAttemptAllocates0(t *testing.T) {
	for _, o := range []Outcome{Answered, ErrorStatus, Overloaded, Abandoned, Unsent} {
		e := newEndpoint("10.0.0.1:80", new(atomic.Int64))
		e.Join(NewQuota(1)) // it never trips
		now := time.Second
		if n := testing.AllocsPerRun(1000, func() {
			now += time.Millisecond
			a, _ := e.Start(now, true)
			a.Head(o, now+time.Millisecond)
			a.End(Answered, now+2*time.Millisecond)
		}); n != 0 {
			t.Errorf("%v: %v allocations", o, n)
		}
	}
}

// A declined request costs nothing either, nor does a trial.
func TestTrialAllocates0(t *testing.T) {
	e := newEndpoint("10.0.0.1:80", new(atomic.Int64))
	now := time.Second
	if n := testing.AllocsPerRun(1000, func() {
		now += 10 * time.Second
		e.TrialDue(now, true)
		a, _ := e.Start(now, true)
		a.Head(Reset, now)
		_, _ = e.Start(now, true)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if st, _ := e.Breaker(); st != Open || e.Stats().Read().Trials == 0 {
		t.Errorf("the breaker is %v after %d trials", st, e.Stats().Read().Trials)
	}
}

func BenchmarkAttempt(b *testing.B) {
	for _, bb := range []struct {
		name string
		o    Outcome
	}{{"answered", Answered}, {"abandoned", Abandoned}} {
		b.Run(bb.name, func(b *testing.B) {
			e := newEndpoint("10.0.0.1:80", new(atomic.Int64))
			now := time.Second
			b.ReportAllocs()
			for b.Loop() {
				now += 10 * time.Microsecond
				a, _ := e.Start(now, true)
				a.Head(bb.o, now+time.Millisecond)
				a.End(Answered, now+time.Millisecond)
			}
		})
	}
}

func BenchmarkAttemptParts(b *testing.B) {
	now := time.Second
	b.Run("start+abandon", func(b *testing.B) {
		e := newEndpoint("10.0.0.1:80", new(atomic.Int64))
		for b.Loop() {
			a, _ := e.Start(now, true)
			a.Head(Unsent, now)
		}
	})
	b.Run("ages", func(b *testing.B) {
		var a ages
		for b.Loop() {
			now += 10 * time.Microsecond
			a.leave(a.enter(now))
		}
	})
	b.Run("breaker", func(b *testing.B) {
		e := newEndpoint("10.0.0.1:80", new(atomic.Int64))
		for b.Loop() {
			token, _ := e.breaker.admit(now, true, true)
			e.breaker.book(token, false, now)
		}
	})
	b.Run("latency", func(b *testing.B) {
		h := NewHost("10.0.0.1:80")
		h.latency.observe(time.Millisecond, now)
		var sum time.Duration
		for b.Loop() {
			sum += h.Latency(now + time.Second)
		}
	})
	b.Run("refresh", func(b *testing.B) {
		h := NewHost("10.0.0.1:80")
		h.enter(now)
		for b.Loop() {
			h.Refresh(now)
		}
	})
	b.Run("budget", func(b *testing.B) {
		budget := NewBudget()
		for b.Loop() {
			now += 10 * time.Microsecond
			budget.Deposit(now)
		}
	})
	b.Run("withdraw", func(b *testing.B) {
		budget := NewBudget()
		for b.Loop() {
			now += 10 * time.Microsecond
			budget.Withdraw(now)
		}
	})
}

// All processors at one endpoint, and each at its own.
func BenchmarkAttemptParallel(b *testing.B) {
	for _, n := range []int{1, 16} {
		b.Run(fmt.Sprintf("endpoints=%d", n), func(b *testing.B) {
			var all []*Endpoint
			for i := range n {
				all = append(all, newEndpoint(fmt.Sprintf("10.0.0.%d:80", i), new(atomic.Int64)))
			}
			var next atomic.Int64
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				e := all[int(next.Add(1))%n]
				now := time.Second
				for pb.Next() {
					now += 10 * time.Microsecond
					a, _ := e.Start(now, true)
					a.Head(Answered, now+time.Millisecond)
					a.End(Answered, now+time.Millisecond)
				}
			})
		})
	}
}
