package balancer

import (
	"sync/atomic"
	"time"
)

// The phases of an attempt. They only go up.
const (
	attemptNone    = iota // the zero Attempt: declined, or never started
	attemptWaiting        // for the head
	attemptBody           // the head was well, the body is under way
	attemptBadBody        // the head told of a failure, which is booked; the body is under way
	attemptDone
)

// An Attempt is one request at one endpoint, from admission to the last byte. It is a value to be
// kept in one place: its copies know nothing of each other. Its head and its end are each booked
// exactly once, whoever calls what how often, also from two goroutines; the zero Attempt books nothing.
type Attempt struct {
	endpoint *Endpoint
	start    time.Duration
	token    int64  // of the breaker
	slot     uint32 // of the host's ages
	phase    uint32 // atomic
}

// Start admits a request to e, or declines it: because e is barred, or its breaker is open and no
// trial is due for such a request. An admitted one must come to its End. replayable says whether
// the request may be sent again after a failure; others are rarely taken for trials.
func (e *Endpoint) Start(now time.Duration, replayable bool) (Attempt, bool) {
	if e.Barred() {
		return Attempt{}, false
	}
	token, ok := e.breaker.admit(now, e.notDown(), replayable)
	if !ok {
		return Attempt{}, false
	}
	if isTrial(token) {
		e.learnt.stats.trials.Add(1)
	}
	slot := e.Host.enter(now)
	return Attempt{endpoint: e, start: now, token: token, slot: slot, phase: attemptWaiting}, true
}

// Endpoint is whom the attempt is at; nil for the zero Attempt.
func (a *Attempt) Endpoint() *Endpoint { return a.endpoint }

// Trial says whether the attempt is the trial of an open breaker.
func (a *Attempt) Trial() bool { return isTrial(a.token) }

// Head books what the attempt came to at its head, for good or ill, at now: the counters, the
// latency, the breaker. If a response head came (Answered, ErrorStatus, Overloaded), its body is
// under way from here to End; otherwise the attempt is over.
func (a *Attempt) Head(o Outcome, now time.Duration) {
	if atomic.LoadUint32(&a.phase) != attemptWaiting {
		return
	}
	e, host := a.endpoint, a.endpoint.Host
	next := uint32(attemptDone)
	if o.headed() {
		next = attemptBody
		if o.Failure() {
			next = attemptBadBody
		}
		host.bodies.Add(1) // before anybody can end it
	}
	if !atomic.CompareAndSwapUint32(&a.phase, attemptWaiting, next) {
		if o.headed() {
			host.bodies.Add(-1)
		}
		return
	}

	took := max(0, now-a.start)
	host.leave(a.slot)
	e.learnt.stats.head(o, took)
	switch o {
	case Answered:
		host.latency.observe(took, now)
	case Unsent:
	default:
		host.latency.atLeast(took, now)
	}
	a.tell(o, now)
}

// End books the end of the attempt at now: Answered if the body was passed on whole, what cut it
// otherwise. A failure here counts as one, but not with the breaker, which judges heads. Before
// Head it means that nobody waited for one: the head is booked as Abandoned.
func (a *Attempt) End(o Outcome, now time.Duration) {
	a.Head(Abandoned, now)
	for {
		phase := atomic.LoadUint32(&a.phase)
		if phase != attemptBody && phase != attemptBadBody {
			return
		}
		if !atomic.CompareAndSwapUint32(&a.phase, phase, attemptDone) {
			continue
		}
		a.endpoint.Host.bodies.Add(-1)
		// One attempt fails once.
		if phase == attemptBody && o.Failure() {
			a.endpoint.learnt.stats.end(o)
		}
		return
	}
}

// tell lets the breaker know, if o says anything about the endpoint's soundness. Overloaded does
// not: it would be wrong to take a busy endpoint out, and wrong to let it end a row of failures.
func (a *Attempt) tell(o Outcome, now time.Duration) {
	b := a.endpoint.breaker
	judged := o == Answered || o.Failure()
	switch {
	case judged && a.Trial():
		b.settle(a.token, o.Failure(), now)
	case judged:
		b.book(a.token, o.Failure(), now)
	case a.Trial():
		b.release(a.token, o != Unsent, now)
	}
}
