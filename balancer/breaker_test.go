package balancer

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
)

const sec = time.Second

// A patient is one endpoint in a bubble, whose clock gobreaker and we both read.
type patient struct {
	*testing.T
	*Endpoint
	began   time.Time
	changes *atomic.Int64
}

func newEndpoint(addr string, changes *atomic.Int64) *Endpoint {
	return NewEndpoint("pay", 1, "cn-north",
		config.Endpoint{Address: addr, Weight: 1, MaxFails: 5, FailTimeout: config.Duration(2 * sec)},
		config.Breaker{Errors: 0.5, Of: 20, In: config.Duration(10 * sec)},
		health.Check{}, NewHost(addr), func() { changes.Add(1) })
}

// treat runs test in a bubble.
func treat(t *testing.T, test func(p *patient)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &patient{T: t, began: time.Now().Add(-time.Minute), changes: new(atomic.Int64)}
		p.Endpoint = newEndpoint("10.0.0.1:80", p.changes)
		test(p)
	})
}

func (p *patient) now() time.Duration { return time.Since(p.began) }

// ask makes one whole request and says whether it was admitted.
func (p *patient) ask(o Outcome) bool {
	a, ok := p.Start(p.now(), true)
	time.Sleep(time.Millisecond)
	a.Head(o, p.now())
	a.End(Answered, p.now())
	return ok
}

func (p *patient) trip() {
	p.Helper()
	for range 5 {
		if !p.ask(Reset) {
			p.Fatal("declined before it tripped")
		}
	}
	p.is(Open)
}

func (p *patient) is(want BreakerState) {
	p.Helper()
	if got, until := p.Breaker(); got != want {
		p.Fatalf("the breaker is %v until %v, want %v", got, until, want)
	}
}

// wait sleeps until a trial is due and returns how long the whole wait was, counted from since.
func (p *patient) wait(since time.Duration) time.Duration {
	p.Helper()
	p.is(Open)
	_, until := p.Breaker()
	time.Sleep(until - p.now() - time.Nanosecond)
	if _, ok := p.Start(p.now(), true); ok || p.TrialDue(p.now(), true) {
		p.Fatal("a trial before it was due")
	}
	time.Sleep(until - p.now())
	if !p.TrialDue(p.now(), true) {
		p.Fatal("no trial when it is due")
	}
	return until - since
}

func (p *patient) within(what string, got, want time.Duration) {
	p.Helper()
	if got < want*8/10 || got > want*12/10 {
		p.Errorf("%s: %v, want %v ±20 %%", what, got, want)
	}
}

func TestBreakerTripsInARow(t *testing.T) {
	treat(t, func(p *patient) {
		for range 3 {
			for range 4 {
				p.ask(Reset)
			}
			p.is(Closed)
			p.ask(Answered)
		}
		if p.changes.Load() != 0 {
			p.Error("called changed without a change")
		}
		p.trip()
		if p.changes.Load() != 1 {
			p.Errorf("changed called %d times", p.changes.Load())
		}
		if p.ask(Answered) {
			p.Error("admitted while open")
		}
		if got := p.Host.Waiting(); got != 0 {
			p.Errorf("%d waiting", got)
		}
	})
}

// In a row means in a row, also where requests are rarer than the window is long.
func TestBreakerTripsSlowly(t *testing.T) {
	treat(t, func(p *patient) {
		for range 5 {
			p.is(Closed)
			p.ask(TimedOut)
			time.Sleep(30 * sec)
		}
		p.is(Open)
	})
}

func TestBreakerTripsByShare(t *testing.T) {
	treat(t, func(p *patient) {
		for i := range 20 {
			p.is(Closed)
			p.ask([]Outcome{Answered, ErrorStatus}[i%2])
		}
		p.is(Open)
	})
	treat(t, func(p *patient) {
		for i := range 400 {
			p.ask([]Outcome{Answered, ErrorStatus, Answered, Answered}[i%4])
		}
		p.is(Closed)
	})
	treat(t, func(p *patient) { // what is older than the window does not count
		for i := range 19 {
			p.ask([]Outcome{ErrorStatus, Answered}[i%2])
		}
		time.Sleep(12 * sec)
		p.ask(ErrorStatus)
		p.is(Closed)
	})
}

// What says nothing about the endpoint's soundness neither trips nor heals.
func TestBreakerIgnores(t *testing.T) {
	for _, o := range []Outcome{Abandoned, Unsent, Overloaded} {
		treat(t, func(p *patient) {
			for range 4 {
				p.ask(Reset)
			}
			for range 100 {
				p.ask(o)
			}
			p.is(Closed)
			p.ask(Reset)
			p.is(Open)
		})
	}
}

// What is cut after its head is not judged by the breaker.
func TestBreakerJudgesHeads(t *testing.T) {
	treat(t, func(p *patient) {
		for range 30 {
			a, _ := p.Start(p.now(), true)
			a.Head(Answered, p.now())
			a.End(Truncated, p.now())
		}
		p.is(Closed)
		r := p.Stats().Read()
		if r.Failed() != 30 || r.Requests != 30 {
			p.Errorf("%d failures of %d", r.Failed(), r.Requests)
		}
	})
}

func TestBreakerTrialCloses(t *testing.T) {
	treat(t, func(p *patient) {
		p.trip()
		p.within("first wait", p.wait(p.now()), 2*sec)
		a, ok := p.Start(p.now(), true)
		if !ok || !a.Trial() {
			p.Fatal("no trial")
		}
		if st, until := p.Breaker(); st != HalfOpen || until != p.now()+trialLease {
			p.Errorf("%v until %v", st, until)
		}
		if p.TrialDue(p.now(), true) || p.ask(Answered) {
			p.Error("a second one beside the trial")
		}
		time.Sleep(sec)
		a.Head(Answered, p.now())
		p.is(Closed)
		if p.changes.Load() != 2 || p.Stats().Read().Trials != 1 {
			p.Errorf("%d changes, %d trials", p.changes.Load(), p.Stats().Read().Trials)
		}
		for range 4 { // the row begins anew
			p.ask(Reset)
		}
		p.is(Closed)
	})
}

func TestBreakerBacksOff(t *testing.T) {
	treat(t, func(p *patient) {
		p.trip()
		since := p.now()
		distinct := map[time.Duration]bool{}
		for i, want := range []time.Duration{2, 4, 8, 16, 30, 30, 30} {
			got := p.wait(since)
			p.within(fmt.Sprintf("wait %d", i+1), got, want*sec)
			distinct[got] = true
			p.ask(ConnectFailed)
			since = p.now()
		}
		if len(distinct) < 7 {
			p.Error("there is no jitter")
		}
		if p.changes.Load() != 1 {
			p.Errorf("%d changes; failed trials change nothing", p.changes.Load())
		}

		// Closed and tripped again soon, it goes on from there; after ten calm minutes it begins anew.
		p.wait(since)
		p.ask(Answered)
		p.is(Closed)
		p.trip()
		since = p.now()
		p.within("tripped again", p.wait(since), 30*sec)
		p.ask(Answered)
		time.Sleep(10 * time.Minute)
		p.trip()
		since = p.now()
		p.within("after ten calm minutes", p.wait(since), 2*sec)
	})
}

// A trial that never tells blocks nobody: its lease runs out, counts as a failure, and what it
// brings later does not count.
func TestBreakerTrialNeverTells(t *testing.T) {
	for _, late := range []Outcome{Answered, Reset} {
		treat(t, func(p *patient) {
			p.trip()
			p.wait(p.now())
			lost, _ := p.Start(p.now(), true)
			time.Sleep(trialLease - 1)
			p.is(HalfOpen)
			if p.ask(Answered) {
				p.Error("a second trial while the first has time")
			}
			time.Sleep(time.Nanosecond)
			if p.TrialDue(p.now(), true) { // this notes that the lease has run out
				p.Error("no wait after a trial that never told")
			}
			since := p.now()
			p.within("the next wait", p.wait(since), 4*sec)

			lost.Head(late, p.now())
			p.is(Open)
			if !p.TrialDue(p.now(), true) {
				p.Error("a late result has moved the next trial")
			}
			next, ok := p.Start(p.now(), true)
			if !ok {
				p.Fatal("no trial after one that never told")
			}
			lost.End(Answered, p.now())
			p.is(HalfOpen)
			time.Sleep(sec)
			next.Head(Answered, p.now())
			p.is(Closed)
		})
	}
}

// If nobody asks for long after a lost trial, its wait has passed meanwhile.
func TestBreakerTrialLostInSilence(t *testing.T) {
	treat(t, func(p *patient) {
		p.trip()
		p.wait(p.now())
		p.Start(p.now(), true)
		time.Sleep(time.Minute)
		if !p.ask(Answered) {
			p.Error("declined a minute later")
		}
		p.is(Closed)
	})
}

// Results of requests that were admitted before the breaker turned are not booked.
func TestBreakerStaleResults(t *testing.T) {
	treat(t, func(p *patient) {
		old := make([]Attempt, 20)
		for i := range old {
			old[i], _ = p.Start(p.now(), true)
		}
		p.trip()
		_, until := p.Breaker()
		old[0].Head(Answered, p.now())
		old[1].Head(Reset, p.now())
		if st, u := p.Breaker(); st != Open || u != until {
			p.Errorf("stale results moved it to %v until %v", st, u)
		}
		p.wait(p.now())
		old[2].Head(Answered, p.now())
		p.is(Open)
		trial, _ := p.Start(p.now(), true)
		old[3].Head(Answered, p.now())
		old[4].Head(Reset, p.now())
		p.is(HalfOpen)
		trial.Head(Answered, p.now())
		p.is(Closed)
		for i := 5; i < len(old); i++ {
			old[i].Head(Reset, p.now())
		}
		p.is(Closed)
		for range 4 {
			p.ask(Reset)
		}
		p.is(Closed)
	})
}

func TestBreakerOneTrialOnly(t *testing.T) {
	treat(t, func(p *patient) {
		p.trip()
		for range 50 {
			p.wait(p.now())
			var won atomic.Int64
			var trial Attempt
			var wg sync.WaitGroup
			gate := make(chan struct{})
			for range 16 {
				wg.Go(func() {
					<-gate
					if p.TrialDue(p.now(), true) {
						if a, ok := p.Start(p.now(), true); ok {
							won.Add(1)
							trial = a
						}
					}
				})
			}
			close(gate)
			wg.Wait()
			if won.Load() != 1 {
				p.Fatalf("%d trials at once", won.Load())
			}
			time.Sleep(time.Millisecond)
			trial.Head(Reset, p.now())
		}
	})
}

func TestBreakerAndProbes(t *testing.T) {
	treat(t, func(p *patient) {
		p.trip()
		p.Observe(health.Answer{}, health.Down)
		time.Sleep(time.Hour)
		if p.TrialDue(p.now(), true) || p.ask(Answered) {
			p.Error("a trial while the probes say down")
		}
		for range 3 { // let the wait grow
			p.Observe(health.Answer{OK: true}, health.Up)
			p.Observe(health.Answer{OK: true}, health.Up)
			p.ask(Reset)
			p.Observe(health.Answer{}, health.Down)
		}
		if p.TrialDue(p.now(), true) {
			p.Error("a trial while the probes say down")
		}
		p.Observe(health.Answer{OK: true}, health.Up)
		if !p.TrialDue(p.now(), true) {
			p.Error("no trial when the probes turn up")
		}
		p.ask(Reset)
		since := p.now()
		p.within("the wait after the probes turned up", p.wait(since), 2*sec)
	})
}

// The probes turn up right after it tripped: the trial that is due then can close it. (With any
// Timeout in gobreaker it would have to wait for that.)
func TestBreakerClosesEarly(t *testing.T) {
	treat(t, func(p *patient) {
		p.trip()
		p.Observe(health.Answer{}, health.Down)
		time.Sleep(time.Millisecond)
		p.Observe(health.Answer{OK: true}, health.Up)
		if !p.ask(Answered) {
			p.Error("no trial")
		}
		p.is(Closed)
	})
}

// A request that cannot be sent again is a trial only where no other comes.
func TestBreakerSparesPosts(t *testing.T) {
	treat(t, func(p *patient) {
		p.trip()
		p.wait(p.now())
		post := func() bool {
			due := p.TrialDue(p.now(), false)
			a, ok := p.Start(p.now(), false)
			if due != ok {
				p.Errorf("due %v, admitted %v", due, ok)
			}
			a.Head(Unsent, p.now())
			return ok
		}
		if post() {
			p.Error("a POST as soon as a trial is due")
		}
		time.Sleep(2 * sec)
		if post() {
			p.Error("a POST before fail_timeout has passed")
		}
		time.Sleep(time.Nanosecond)
		if !post() {
			p.Error("no POST ever")
		}
	})
	treat(t, func(p *patient) { // the same when the probes have made it due, from when it is first asked for
		p.trip()
		p.Observe(health.Answer{OK: true}, health.Up)
		if _, ok := p.Start(p.now(), false); ok {
			p.Error("a POST at once")
		}
		time.Sleep(2*sec + 1)
		if _, ok := p.Start(p.now(), false); !ok {
			p.Error("no POST ever")
		}
	})
}

// A trial without a result: if nothing was sent another is due at once, if a client went away
// after a wait that does not grow.
func TestBreakerTrialWithoutResult(t *testing.T) {
	treat(t, func(p *patient) {
		p.trip()
		p.wait(p.now())
		p.ask(Unsent)
		if !p.TrialDue(p.now(), true) {
			p.Error("unsent: no trial is due")
		}
		for _, o := range []Outcome{Abandoned, Abandoned, Abandoned, Overloaded} {
			p.ask(o)
			since := p.now()
			p.within(o.String(), p.wait(since), 2*sec)
		}
		p.ask(Answered)
		p.is(Closed)
	})
}
