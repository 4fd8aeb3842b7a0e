package balancer

import "sync/atomic"

// A Quota bounds how many endpoints of one pool (one service in one region) may be out by their
// breakers at once: half of them, at least one, and never the last. Breakers see only failures,
// and when everything fails, taking everything out helps nobody. A pool that loses endpoints gets a
// new quota, which its endpoints join: what those that went held stays with the old one.
// Safe for concurrent use.
type Quota struct {
	size atomic.Int64
	out  atomic.Int64
}

// NewQuota returns the quota of a pool of n endpoints. Endpoints join it with Endpoint.Join.
func NewQuota(n int) *Quota {
	q := new(Quota)
	q.Resize(n)
	return q
}

// Resize says how many endpoints of the pool could serve, for instance when some are drained.
// Nothing that is out comes back by that.
func (q *Quota) Resize(n int) { q.size.Store(int64(n)) }

// Out is how many endpoints are out by their breakers.
func (q *Quota) Out() int { return int(q.out.Load()) }

// take asks for one more endpoint to be out.
func (q *Quota) take() bool {
	n := q.size.Load()
	if n < 2 {
		return false
	}
	most := max(1, n/2)
	for {
		out := q.out.Load()
		if out >= most {
			return false
		}
		if q.out.CompareAndSwap(out, out+1) {
			return true
		}
	}
}

// force books an endpoint that is out already.
func (q *Quota) force() { q.out.Add(1) }

// give books that an endpoint is back.
func (q *Quota) give() {
	if q.out.Add(-1) < 0 {
		panic("BUG: more endpoints came back than were out")
	}
}
