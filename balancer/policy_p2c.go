package balancer

import "time"

// p2c is the power of two choices with peak EWMA (after Finagle and Tower): of two members drawn by
// weight, the one whose expected time is shorter. That is its latency, or the age of its oldest
// unanswered request if that is longer, times the requests that wait there. The age finds out a
// slow or silent endpoint without an answer from it.
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
	if b.time(c.Now, typical)*b.taken(b.host.Waiting()) < a.time(c.Now, typical)*a.held(a.host.Waiting()) {
		return b.endpoint
	}
	return a.endpoint
}

// unlikely is how many times faster than what is typical a host may seem. Latency decays while a
// host is idle, so that it is tried again; near zero it would draw everybody at once.
const unlikely = 4

// time is what one request alone is expected to take. A host without data is taken for a fast one:
// it will be tried, and what then waits there tells against it until it has answered.
func (m *contender) time(now time.Duration, typical int64) float64 {
	return float64(max(int64(m.host.Latency(now)), int64(m.host.Age(now)), typical/unlikely, 1))
}
