package balancer

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
)

var _ health.Subject = (*Endpoint)(nil)

func TestEndpointNames(t *testing.T) {
	e := newEndpoint("10.1.1.1:8080", new(atomic.Int64))
	if e.ID() != "pay/cn-north/10.1.1.1:8080" || e.Addr() != "10.1.1.1:8080" || e.Address() != e.Addr() || e.Weight() != 1 {
		t.Errorf("%s at %s and %s, weight %v", e.ID(), e.Addr(), e.Address(), e.Weight())
	}
}

func TestEndpointObserves(t *testing.T) {
	var changes atomic.Int64
	e := newEndpoint("10.1.1.1:8080", &changes)
	steps := []struct {
		answer  health.Answer
		state   health.State
		changes int64
		rt      time.Duration
		load    float64 // below 0: none
	}{
		{health.Answer{Err: "refused", Load: -1}, health.Unknown, 1, 0, -1},
		{health.Answer{OK: true, RT: 3 * time.Millisecond, Load: 0.4}, health.Up, 2, 3 * time.Millisecond, 0.4},
		{health.Answer{OK: true, RT: 4 * time.Millisecond, Load: 0}, health.Up, 2, 4 * time.Millisecond, 0},
		{health.Answer{RT: time.Second, Err: "timeout", Load: -1}, health.Up, 2, 4 * time.Millisecond, 0},
		{health.Answer{RT: time.Second, Err: "timeout", Load: -1}, health.Down, 3, 4 * time.Millisecond, 0},
		{health.Answer{OK: true, RT: 5 * time.Millisecond, Load: -1}, health.Down, 3, 5 * time.Millisecond, -1},
	}
	if s, a := e.Health(); s != health.Unknown || a.OK || a.Load >= 0 || e.Probes() != 0 || e.ProbeRT() != 0 {
		t.Errorf("before any probe: %v, %+v", s, a)
	}
	for i, step := range steps {
		e.Observe(step.answer, step.state)
		if s, a := e.Health(); s != step.state || a != step.answer {
			t.Errorf("step %d: %v, %+v", i, s, a)
		}
		load, ok := e.Load()
		if !ok {
			load = -1
		}
		if e.ProbeRT() != step.rt || load != step.load || e.Probes() != uint64(i+1) || changes.Load() != step.changes {
			t.Errorf("step %d: rt %v, load %v, probes %d, changes %d, want %+v", i, e.ProbeRT(), load, e.Probes(), changes.Load(), step)
		}
	}
}

// A changed definition takes over what is learnt, and the breaker if its terms are the same.
func TestEndpointWith(t *testing.T) {
	treat(t, func(p *patient) {
		old := p.Endpoint
		br := config.Breaker{Errors: 0.5, Of: 20, In: config.Duration(10 * sec)}
		p.Observe(health.Answer{OK: true, RT: sec}, health.Up)
		p.Bar(true)
		p.Bar(false)
		p.trip()

		def := old.Def()
		def.Weight = 3
		heavier := old.With(def, br, health.Check{Path: "/ok"}, old.Host)
		if heavier == old || heavier.Weight() != 3 || old.Weight() != 1 || heavier.Check().Path != "/ok" || heavier.ID() != old.ID() {
			t.Errorf("weight %v, check %+v", heavier.Weight(), heavier.Check())
		}
		if st, _ := heavier.Breaker(); st != Open {
			t.Errorf("the breaker is %v under the same terms", st)
		}
		if s, _ := heavier.Health(); s != health.Up || heavier.Stats() != old.Stats() || heavier.ProbeRT() != sec {
			t.Errorf("%v, probe %v", s, heavier.ProbeRT())
		}
		heavier.Bar(true)
		if !old.Barred() {
			t.Error("the old definition admits what the new one bars")
		}
		heavier.Bar(false)

		def.MaxFails = 3
		stricter := heavier.With(def, br, health.Check{}, old.Host)
		if st, _ := stricter.Breaker(); st != Closed {
			t.Errorf("the breaker is %v under new terms", st)
		}
		if st, _ := old.Breaker(); st != Open {
			t.Errorf("the old breaker is %v", st)
		}
		p.Endpoint = stricter
		for range 3 {
			p.is(Closed)
			p.ask(Reset)
		}
		p.is(Open)

		// What began under the old definition ends there.
		other := NewHost(old.Addr())
		p.Endpoint = old
		p.Observe(health.Answer{OK: true}, health.Down)
		p.Observe(health.Answer{OK: true}, health.Up)
		a, ok := p.Start(p.now(), true)
		moved := old.With(def, br, health.Check{}, other)
		time.Sleep(sec)
		a.Head(Answered, p.now())
		a.End(Answered, p.now())
		if !ok || old.Host.Waiting() != 0 || moved.Host != other || other.Waiting() != 0 {
			t.Errorf("admitted %v, waiting %d and %d", ok, old.Host.Waiting(), other.Waiting())
		}
	})
}

// Only what changes the plan is told.
func TestEndpointTellsChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var changes atomic.Int64
		e := newEndpoint("10.1.1.1:8080", &changes)
		for i := range 100 {
			a, _ := e.Start(time.Duration(i)*sec, true)
			a.Head(Answered, time.Duration(i)*sec)
			a.End(Answered, time.Duration(i)*sec)
			e.Observe(health.Answer{OK: true}, health.Up)
		}
		if changes.Load() != 1 {
			t.Errorf("%d changes, want the one to up", changes.Load())
		}

		// A first probe that fails changes no state, but what a region without any other news is worth.
		fresh := newEndpoint("10.1.1.2:8080", &changes)
		for range 3 {
			fresh.Observe(health.Answer{Err: "no answer"}, health.Unknown)
		}
		if changes.Load() != 2 {
			t.Errorf("%d changes, want one more for the first failure", changes.Load())
		}
	})
}
