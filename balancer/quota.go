package balancer

import "sync/atomic"

// A Quota bounds how many endpoints of one pool (one service in one region) may be out by their
// breakers at once: half of them, at least one, and never the last. Breakers see only failures,
// and when everything fails, taking everything out helps nobody. Safe for concurrent use.
type Quota struct{ tally atomic.Pointer[tally] }

// A tally is a quota's count for one membership of the pool.
type tally struct {
	most int64
	out  atomic.Int64
}

// NewQuota returns the quota of a pool of n endpoints, which are to join it with Endpoint.Join.
func NewQuota(n int) *Quota {
	q := new(Quota)
	q.Resize(n)
	return q
}

// Resize says that the pool has n endpoints now, which are all to join again: the count begins
// anew with those that are out already, and what endpoints held that went is forgotten.
func (q *Quota) Resize(n int) {
	t := new(tally)
	if n >= 2 {
		t.most = max(1, int64(n/2))
	}
	q.tally.Store(t)
}

// Out is how many endpoints are out by their breakers.
func (q *Quota) Out() int { return int(q.tally.Load().out.Load()) }

// take asks for one more endpoint to be out.
func (t *tally) take() bool {
	for {
		out := t.out.Load()
		if out >= t.most {
			return false
		}
		if t.out.CompareAndSwap(out, out+1) {
			return true
		}
	}
}

// force books an endpoint that is out already.
func (t *tally) force() { t.out.Add(1) }

// give books that an endpoint is back.
func (t *tally) give() {
	if t.out.Add(-1) < 0 {
		panic("BUG: more endpoints came back than were out")
	}
}
