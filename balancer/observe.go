package balancer

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/region"
)

// A track is what is remembered about one endpoint.
type track struct {
	last   Reading // of the counters, when the last window was closed
	came   window
	failed average       // the share of requests that failed, a mean over time
	active time.Duration // when the last window with any requests was closed
	normal average       // the latency that is usual here

	probes      uint64        // answers seen
	probed      time.Duration // when the last one was
	probeRT     average
	probeNormal average
	reported    average // load

	errors, latency, load float64 // the factors in force; their targets are Weigh's

	base  float64       // its weight in the last plan, before any evidence
	away  bool          // it is out, or new to its pool, and has not come back yet
	fresh bool          // it is new to its pool and has not warmed up yet
	back  time.Duration // when it came back; below 0: it has never been away

	shown *shown
}

func newTrack(fresh bool) *track {
	return &track{errors: 1, latency: 1, load: 1, fresh: fresh, away: fresh, back: -1, shown: new(shown)}
}

// shown is what an operator sees of the last window: written by the scheduler, read by views.
type shown struct{ rate, errors, probeRT gauge }

// A gauge is a float64 that may be read while it is written.
type gauge struct{ bits atomic.Uint64 }

func (g *gauge) set(v float64) { g.bits.Store(math.Float64bits(v)) }
func (g *gauge) get() float64  { return math.Float64frombits(g.bits.Load()) }

// Observe closes the window of every endpoint at now; the control loop calls it every 250 ms. It
// returns the services whose plan no longer says what it should because of what was observed: a
// factor moved, an endpoint warms up, the breaker of a region changed.
func (s *Scheduler) Observe(now time.Duration, services []*Service) []*Service {
	var moved []*Service
	for _, svc := range services {
		if s.memory(svc, now).observe(now) {
			moved = append(moved, svc)
		}
	}
	return moved
}

func (m *memory) observe(now time.Duration) (moved bool) {
	dt := now - m.at
	if dt <= 0 {
		return false
	}
	m.at = now
	at := 0
	for id, pool := range m.svc.Pools {
		if len(pool) == 0 {
			continue
		}
		if m.observePool(now, dt, m.sites[id], pool, m.tracks[at:at+len(pool)]) {
			moved = true
		}
		at += len(pool)
	}
	moved = m.compare(dt) || moved
	return m.observeHomes(dt) || moved
}

func (m *memory) observePool(now, dt time.Duration, st *site, pool []*Endpoint, tracks []*track) (moved bool) {
	var gained Reading
	var heads, nanos, probed, probes float64
	k := decay(dt, windowSpan)
	inRow := 0
	for i, e := range pool {
		t := tracks[i]
		d := t.observe(now, dt, k, e)
		inRow += e.def.MaxFails
		gained.Requests += d.Requests
		for o := range gained.Failures {
			gained.Failures[o] += d.Failures[o]
		}
		heads, nanos = heads+t.came.heads, nanos+t.came.nanos
		if t.probeRT.value > 0 {
			probed, probes = probed+t.probeRT.value, probes+1
		}
		if m.set != nil && m.follow(now, dt, st, e, t) {
			moved = true
		}
	}

	// What is typical stands in for endpoints without data. Live readings go before probes, which
	// are often so much faster than requests that one endpoint without data would draw everybody.
	switch {
	case heads >= 1:
		st.mood.typical.Store(int64(nanos / heads))
	case probes > 0:
		st.mood.typical.Store(int64(probed / probes))
	}

	st.sum(pool, tracks)
	st.breaker.tick(now, dt, &gained, m.svc.breaker, inRow)
	state := st.breaker.state(now)
	if state == st.state {
		return moved
	}
	if state == Closed { // the region is back, and all that served in it
		for _, t := range tracks {
			switch {
			case t.away:
			case st.breaker.relied: // it has carried the traffic already
				t.clear()
			default:
				t.restart(now)
			}
		}
		st.sum(pool, tracks)
	}
	st.state = state
	return true
}

// sum sums up the errors of the endpoints that are not out.
func (st *site) sum(pool []*Endpoint, tracks []*track) {
	var base, kept, requests, failures float64
	for i, t := range tracks {
		if breaker, _ := pool[i].Breaker(); t.away || breaker != Closed {
			continue
		}
		base += t.base
		kept += t.base * t.errors
		requests += t.came.requests
		failures += t.came.failures
	}
	st.errors = 1
	if base > 0 {
		st.errors = kept / base
	}
	ev := Evidence{Requests: requests, Errors: ratio(failures, requests)}
	st.proof = min(st.errors, ev.errors())
}

// compare lets what is held against regions follow their errors, compared with the best of them. If
// requests fail everywhere alike, it is the requests: to move them would help nobody. Of a region
// without requests that is not known. So blame grows no faster than a factor falls, and is gone as
// soon as those that went to find out have failed as well. Factors near zero count as equal: whether
// three of ten fail or four is mostly chance, and even the worst region gets a sample.
func (m *memory) compare(dt time.Duration) (moved bool) {
	best := 0.0
	for _, st := range m.sites {
		if st != nil && st.serves {
			best = max(best, st.proof)
		}
	}
	for _, st := range m.sites {
		if st == nil {
			continue
		}
		blame := 1.0
		if share := (st.errors + softFloor) / (best + softFloor); best > 0 && share < nearlyOne {
			blame = max(share, st.blame-fallRate*dt.Seconds())
		}
		moved = moved || blame != st.blame
		st.blame = blame
	}
	return moved
}

// observeHomes closes the windows of demand. Where capacity is declared, shares depend on it.
func (m *memory) observeHomes(dt time.Duration) (moved bool) {
	if m.set == nil {
		return false
	}
	k := decay(dt, windowSpan)
	for _, id := range m.set.Active {
		h := &m.homes[id]
		n := m.svc.arrivals[id].n.Load()
		h.came.add(&Reading{Requests: n - h.last}, dt, k)
		h.last = n
		if h.came.requests >= 1 && m.set.Capacity(id) > 0 {
			moved = true
		}
	}
	return moved
}

// observe takes in what e did in the last dt, and returns it.
func (t *track) observe(now, dt time.Duration, k float64, e *Endpoint) Reading {
	r := e.Stats().Read()
	if r.Requests < t.last.Requests {
		t.last = Reading{} // another endpoint of the same name
	}
	d := r.Sub(&t.last)
	t.last = r
	t.came.add(&d, dt, k)
	if d.Requests > 0 {
		since := min(now-t.active, windowSpan)
		t.failed.feed(float64(d.Failed())/float64(d.Requests), max(since, dt), windowSpan)
		t.active = now
	}
	if t.came.requests >= enough {
		t.normal.usual(t.came.mean(), dt)
	}
	if n := e.Probes(); n != t.probes {
		since := dt
		if t.probes > 0 {
			since = now - t.probed
		}
		t.probes, t.probed = n, now
		t.observeProbe(since, e)
	}
	t.shown.rate.set(t.came.rate())
	t.shown.errors.set(t.errorRate())
	t.shown.probeRT.set(t.probeRT.value / float64(time.Second))
	return d
}

// errorRate is the share of requests that failed lately: the lower of a mean over requests and one
// over time. The first alone would make an endpoint that gets little because much failed bring
// as many good answers as there were bad ones; the second alone would take one failure in a quiet
// time for the whole truth.
func (t *track) errorRate() float64 {
	return min(ratio(t.came.failures, t.came.requests), t.failed.value)
}

func (t *track) observeProbe(since time.Duration, e *Endpoint) {
	if rt := e.ProbeRT(); rt > 0 {
		t.probeRT.feed(float64(rt), since, smoothSpan)
		t.probeNormal.usual(time.Duration(t.probeRT.value), since)
	}
	if load, ok := e.Load(); ok {
		t.reported.feed(load, since, smoothSpan)
		return
	}
	t.reported = average{}
}

// follow lets the factors for errors, latency and load follow the evidence. It says whether the
// endpoint's weight is no longer what it was.
func (m *memory) follow(now, dt time.Duration, st *site, e *Endpoint, t *track) (moved bool) {
	ev := m.soft(st, e, t)
	errors := approach(t.errors, ev.errors(), dt)
	latency := approach(t.latency, ev.latency(), dt)
	load := approach(t.load, ev.load(), dt)
	moved = errors != t.errors || latency != t.latency || load != t.load
	t.errors, t.latency, t.load = errors, latency, load
	if t.returning(now-dt, m.set.Failback(e.Region)) {
		return true
	}
	t.fresh = t.fresh && t.away
	return moved
}

// soft is the evidence for the factors that follow their targets slowly.
func (m *memory) soft(st *site, e *Endpoint, t *track) Evidence {
	ev := Evidence{
		Requests:   t.came.requests,
		Errors:     t.errorRate(),
		RT:         t.came.mean(),
		Usual:      time.Duration(t.normal.value),
		ProbeRT:    time.Duration(t.probeRT.value),
		UsualProbe: time.Duration(t.probeNormal.value),
		Load:       -1,
		Rate:       t.came.rate(),
		Capacity:   m.set.Capacity(e.Region) * ratio(t.base, st.total),
	}
	if t.reported.seen > 0 {
		ev.Load = t.reported.value
	}
	return ev
}

// turn notes when the endpoint goes out and when it comes back.
func (t *track) turn(now time.Duration, state health.State, breaker BreakerState) {
	if state == health.Down || breaker != Closed {
		t.away = true
		return
	}
	if !t.away || state == health.Unknown {
		return
	}
	t.restart(now)
}

// restart lets the endpoint warm up, with a clean sheet: what spoke against it was about the time
// before, and it is let in slowly as it is.
func (t *track) restart(now time.Duration) {
	t.away, t.back = false, now
	t.clear()
}

// clear forgets what speaks against the endpoint.
func (t *track) clear() {
	t.errors, t.latency, t.load = 1, 1, 1
	t.came, t.failed = window{}, average{}
}

// returning says whether the endpoint was still held or warming up at now.
func (t *track) returning(now time.Duration, f config.Failback) bool {
	return t.back >= 0 && now-t.back < f.Hold.Std()+f.Ramp.Std()
}

// rates is the demand of all homes by region ID, in requests per second.
func (m *memory) rates() []float64 {
	out := make([]float64, m.set.Len())
	for id := range out {
		out[id] = m.homes[region.ID(id)].came.rate()
	}
	return out
}
