package balancer

import "time"

// An Attempt is one request at one endpoint.
type Attempt struct {
	endpoint *Endpoint
	start    time.Duration
}

func (e *Endpoint) Start(now time.Duration, replayable bool) (Attempt, bool) {
	return Attempt{endpoint: e, start: now}, true
}
func (a *Attempt) Endpoint() *Endpoint               { return a.endpoint }
func (a *Attempt) Trial() bool                       { return false }
func (a *Attempt) Head(o Outcome, now time.Duration) {}
func (a *Attempt) End(o Outcome, now time.Duration)  {}
