package balancer

import (
	"sync/atomic"
	"time"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/region"
)

// An Endpoint is one address of one service in one region: its definition, which is immutable, and
// everything learnt about the service there, which its successors share (With). What is about the
// machine is in Host. All methods are safe for concurrent use; it is a health.Subject.
type Endpoint struct {
	Service    string
	Region     region.ID
	RegionName string
	Host       *Host

	id      string
	def     config.Endpoint
	check   health.Check
	learnt  *learnt
	breaker *breaker
	changed func()
}

// learnt is what an endpoint hands on to its successor.
type learnt struct {
	barred atomic.Bool
	state  atomic.Uint32 // a health.State
	probed atomic.Pointer[probed]
	stats  Stats
}

// probed is what probes found. Immutable.
type probed struct {
	last   health.Answer
	rt     time.Duration // of the last good answer; 0: there was none
	load   float64       // reported by the last good answer; below 0: not
	number uint64        // of answers so far
}

// NewEndpoint returns an endpoint nothing is known about: health Unknown, breaker closed. changed is
// called when its health or its breaker changes, from any goroutine, and must not block.
func NewEndpoint(service string, id region.ID, regionName string, def config.Endpoint, br config.Breaker,
	check health.Check, host *Host, changed func()) *Endpoint {
	e := &Endpoint{
		Service:    service,
		Region:     id,
		RegionName: regionName,
		Host:       host,
		id:         service + "/" + regionName + "/" + host.Addr,
		def:        def,
		check:      check,
		learnt:     new(learnt),
		changed:    changed,
	}
	e.breaker = newBreaker(e.id, def.MaxFails, def.FailTimeout.Std(), br, changed)
	return e
}

// With returns the same endpoint under a changed definition. Both share what is learnt, counters
// included; the breaker only if its terms are the same, otherwise the new one begins closed.
func (e *Endpoint) With(def config.Endpoint, br config.Breaker, check health.Check, host *Host) *Endpoint {
	next := *e
	next.def, next.check, next.Host = def, check, host
	if !e.breaker.same(def.MaxFails, def.FailTimeout.Std(), br) {
		next.breaker = newBreaker(e.id, def.MaxFails, def.FailTimeout.Std(), br, e.changed)
	}
	return &next
}

// ID names the endpoint: service, region and address, as "pay/cn-north/10.1.1.1:8080".
func (e *Endpoint) ID() string { return e.id }

// Addr is the address, host:port.
func (e *Endpoint) Addr() string { return e.Host.Addr }

// Weight is the configured weight.
func (e *Endpoint) Weight() float64 { return e.def.Weight }

// Def is the definition as configured.
func (e *Endpoint) Def() config.Endpoint { return e.def }

// Stats are the counters of all attempts.
func (e *Endpoint) Stats() *Stats { return &e.learnt.stats }

// Barred says whether no request may begin here, by order or because its weight is zero. It is
// asked at admission, by Start, and must be asked again with a connection in hand, before the first
// byte: orders may come in between.
func (e *Endpoint) Barred() bool { return e.learnt.barred.Load() }

// Bar sets Barred. Only the control loop calls it.
func (e *Endpoint) Bar(barred bool) { e.learnt.barred.Store(barred) }

// Join puts the endpoint's breaker under the quota of its pool. An endpoint that is out already
// counts there from now on. Without a quota the breaker asks nobody. Joining again is free. Only the
// control loop calls it, and only for endpoints in force: not while a table is compiled that may yet
// be refused.
func (e *Endpoint) Join(q *Quota) { e.breaker.join(q) }

// Breaker is the state of the breaker and how long it stays: Open until a trial is due (in the past
// when there are no requests to try with), HalfOpen until the trial's lease runs out.
func (e *Endpoint) Breaker() (BreakerState, time.Duration) { return e.breaker.state() }

// TrialDue says whether Start would admit a request now as the trial of an open breaker. One load
// when the breaker is closed.
func (e *Endpoint) TrialDue(now time.Duration, replayable bool) bool {
	if e.breaker.gate.Load() == gateClosed || e.Barred() {
		return false
	}
	_, due := e.breaker.due(now, e.notDown(), replayable)
	return due
}

// Address is the address, for health.Subject.
func (e *Endpoint) Address() string { return e.Host.Addr }

// Check is how the endpoint is examined.
func (e *Endpoint) Check() health.Check { return e.check }

// Observe takes the answer of a probe and the state that follows from it. When the state turns Up,
// a trial of an open breaker is due at once. The failure of the very first probe is a change too.
func (e *Endpoint) Observe(a health.Answer, s health.State) {
	l := e.learnt
	next := &probed{last: a, load: -1, number: 1}
	if old := l.probed.Load(); old != nil {
		next.rt, next.load, next.number = old.rt, old.load, old.number+1
	}
	if a.OK {
		next.rt, next.load = a.RT, a.Load
	}
	l.probed.Store(next)

	before := health.State(l.state.Swap(uint32(s)))
	if before == s && (a.OK || next.number > 1) {
		return
	}
	if s == health.Up {
		e.breaker.poke()
	}
	e.changed()
}

// Health is what probes say, and the last answer.
func (e *Endpoint) Health() (health.State, health.Answer) {
	state := health.State(e.learnt.state.Load())
	if p := e.learnt.probed.Load(); p != nil {
		return state, p.last
	}
	return state, health.Answer{Load: -1}
}

// Probes is how many answers there have been: who keeps the number sees when there is a new one.
func (e *Endpoint) Probes() uint64 {
	if p := e.learnt.probed.Load(); p != nil {
		return p.number
	}
	return 0
}

// ProbeRT is the response time of the last good probe answer; 0 if there was none.
func (e *Endpoint) ProbeRT() time.Duration {
	if p := e.learnt.probed.Load(); p != nil {
		return p.rt
	}
	return 0
}

// Load is the utilization, 1 being all it can do, that the endpoint reported with its last good
// probe answer; ok is false if it reported none.
func (e *Endpoint) Load() (load float64, ok bool) {
	p := e.learnt.probed.Load()
	if p == nil || p.load < 0 {
		return 0, false
	}
	return p.load, true
}

func (e *Endpoint) notDown() bool { return health.State(e.learnt.state.Load()) != health.Down }
