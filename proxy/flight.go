package proxy

import (
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/region"
	"github.com/tidegate/tidegate/router"
)

// An Asked is what a Flight wants to know of a request.
type Asked interface {
	router.Request

	// Replayable reports whether the request may be sent again although it may have been
	// received: its method is idempotent and its body, if any, is still at hand.
	Replayable() bool

	// Untouched reports whether nothing of the request's body is used up, so that it may be sent
	// again if it is certain that nothing of it was sent.
	Untouched() bool
}

// A Verdict is what to do after a response head, or the failure to get one.
type Verdict uint8

const (
	// Commit: pass on the response that is held.
	Commit Verdict = iota
	// Retry: ask Next for another endpoint. The held response, if any, is passed on should
	// there be none.
	Retry
	// Refuse: answer in the gateway's own name.
	Refuse
)

// A Result is what an attempt came to: a response head, or the lack of one.
type Result struct {
	Status     int              // of the response held; 0: none
	RetryAfter bool             // the response says when to come again: it is no fault, and not retried
	Outcome    balancer.Outcome // what to think of the endpoint
}

// A Flight is the life of one exchange as far as scheduling goes: what it may still try, and what
// was learnt. It is a value that a driver moves along
//
//	Begin → (Next → Head)* → End
//
// and that knows nothing of bytes, connections or goroutines. Nothing in it blocks or allocates.
// It is not safe for concurrent use.
type Flight struct {
	Route    *router.Route
	Home     region.Home
	HomeName string

	asked    Asked
	call     balancer.Call
	attempt  balancer.Attempt
	open     bool // attempt is begun and not ended
	start    time.Duration
	deadline time.Duration // for all attempts together
	left     int           // attempts
	tried    int           // attempts spent
	refusal  Refusal
}

// Begin finds the route and the home of a request that arrived at now, with fresh chance in draw.
// It returns false if there is nothing to try: see Refusal.
func (f *Flight) Begin(t *router.Table, asked Asked, now time.Duration, draw uint64) bool {
	*f = Flight{asked: asked, start: now}
	f.Route = t.Match(asked)
	if f.Route == nil {
		return f.refuse(Refusal{Reason: router.NoRoute})
	}
	f.Home = t.Affinity.Home(asked)
	if f.Home.Rejected {
		return f.refuse(Refusal{Reason: router.RegionUnknown})
	}
	f.HomeName = t.Regions.Name(f.Home.Region)
	if wait, ok := f.Route.Admit(now); !ok {
		return f.refuse(Refusal{Reason: router.OverLimit, RetryAfter: wait})
	}
	f.left = f.Route.Attempts
	f.deadline = now + f.Route.Total
	f.call = balancer.Call{Home: f.Home.Region, Mode: f.Route.Mode, Draw: draw, Now: now, Replayable: asked.Replayable()}
	f.Route.Service.Arrive(f.Home.Region)
	f.Route.Service.Budget.Deposit(now)
	return true
}

// Ready says that the request was at hand only at now: what its client took over it is not the
// endpoints' time.
func (f *Flight) Ready(now time.Duration) { f.deadline = now + f.Route.Total }

// Next chooses the endpoint of the next attempt and admits the request there. It returns false if
// none is left, or no time: then a held response is passed on, or Refusal is the answer.
func (f *Flight) Next(now time.Duration) bool {
	if now >= f.deadline {
		return f.refuse(Refusal{Reason: router.UpstreamTimeout})
	}
	f.call.Now = now
	f.call.Last = f.left == 1 && f.tried > 0
	next, ok := f.Route.Service.Start(&f.call)
	if !ok {
		if f.tried == 0 {
			return f.refuse(Refusal{Reason: router.NoEndpoint, RetryAfter: time.Second})
		}
		return false // the refusal of the last attempt stands
	}
	if f.open { // the response held is not wanted any more
		f.attempt.End(balancer.Answered, now)
	}
	f.attempt, f.open = next, true
	if f.tried > 0 {
		next.Endpoint().Stats().Retried()
	}
	return true
}

// Endpoint is where the attempt chosen by Next goes.
func (f *Flight) Endpoint() *balancer.Endpoint { return f.attempt.Endpoint() }

// TryDeadline is when the attempt begun at now must have a response head.
func (f *Flight) TryDeadline(now time.Duration) time.Duration {
	return min(now+f.Route.Try, f.deadline)
}

// Head books the result of the attempt and says what to do.
func (f *Flight) Head(r Result, now time.Duration) Verdict {
	f.attempt.Head(r.Outcome, now)
	if r.Status == 0 {
		f.open = false
	}
	switch r.Outcome {
	case balancer.Unsent: // barred while the connection was made: nothing was sent, nothing is spent
		f.call.Tried.Add(f.attempt.Endpoint(), false)
		f.refuse(Refusal{Reason: router.NoEndpoint, RetryAfter: time.Second})
		return Retry
	case balancer.Abandoned:
		f.refuse(Refusal{Reason: router.ClientGone})
		return Refuse
	}
	if !r.Outcome.Failure() {
		return Commit
	}

	f.tried++
	f.left--
	f.call.Tried.Add(f.attempt.Endpoint(), true)
	f.refuse(Refusal{Reason: reasonOf(r.Outcome)})
	if f.left > 0 && f.mayRetry(r, now) {
		return Retry
	}
	if r.Status != 0 {
		return Commit
	}
	return Refuse
}

// mayRetry says whether the failed request may be sent again: a failed connect
// always, since nothing was sent; anything else only if the request may be repeated and the
// service's retry budget allows it. A 500 is an answer, and one that says when to come again too.
func (f *Flight) mayRetry(r Result, now time.Duration) bool {
	if r.Outcome == balancer.ConnectFailed {
		return f.asked.Untouched()
	}
	if !f.asked.Replayable() || r.RetryAfter {
		return false
	}
	if r.Status != 0 && r.Status != 502 && r.Status != 503 && r.Status != 504 {
		return false
	}
	return f.Route.Service.Budget.Withdraw(now)
}

// End books the end of the response's body, or of the exchange if there was none.
func (f *Flight) End(o balancer.Outcome, now time.Duration) {
	if f.open {
		f.attempt.End(o, now)
		f.open = false
	}
}

// Refusal is the answer in the gateway's own name, after Begin or Next returned false or Head said
// Refuse.
func (f *Flight) Refusal() Refusal { return f.refusal }

func (f *Flight) refuse(r Refusal) bool {
	f.refusal = r
	return false
}

// reasonOf says why an attempt that failed so is refused if nobody else may be asked.
func reasonOf(o balancer.Outcome) router.Reason {
	switch o {
	case balancer.ConnectFailed:
		return router.ConnectFailed
	case balancer.TimedOut:
		return router.UpstreamTimeout
	case balancer.BadResponse:
		return router.BadResponse
	}
	return router.UpstreamReset
}
