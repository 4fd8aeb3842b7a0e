package balancer

import "time"

// p2c is the power of two choices with peak EWMA (after Finagle and Tower): of two members drawn by
// weight, the one whose expected time is shorter. That is its latency, or the age of its oldest
// unanswered request if that is longer, times the requests that wait there. The age finds out a slow or silent endpoint
// without an answer from it.
type p2c struct{ contest }

func newP2C(pool []member, m *mood) picker { return &p2c{newContest(pool, m)} }

func (p *p2c) pick(c *Call) *Endpoint {
	i := p.draw(c, -1)
	if i < 0 {
		return nil
	}
	if len(p.pool) == 1 {
		return p.pool[i].endpoint
	}
	j := p.draw(c, i)
	if j < 0 {
		return p.pool[i].endpoint
	}
	a, b := &p.pool[i], &p.pool[j]
	typical := p.mood.typical.Load()
	if float64(b.time(c.Now, typical))*b.taken(b.host.Waiting()) < float64(a.time(c.Now, typical))*a.held(a.host.Waiting()) {
		return b.endpoint
	}
	return a.endpoint
}

// unlikely is how many times faster than what is typical a host may seem: latency decays while a host
// is idle, so that it is tried again, but near zero it would draw everybody at once.
const unlikely = 4

// time is what one request alone is expected to take.
func (m *contender) time(now time.Duration, typical int64) int64 {
	t := int64(max(m.host.Latency(now), m.host.Age(now)))
	if t == 0 {
		return typical
	}
	return max(t, typical/unlikely)
}
