package balancer

import (
	"sync/atomic"
	"time"
)

// LatencyBuckets is how many buckets latencies are counted in; the last one has no upper bound.
const LatencyBuckets = 14

// latencyBounds are the upper bounds of all buckets but the last.
var latencyBounds = [LatencyBuckets - 1]time.Duration{
	1 * time.Millisecond,
	2500 * time.Microsecond,
	5 * time.Millisecond,
	10 * time.Millisecond,
	25 * time.Millisecond,
	50 * time.Millisecond,
	100 * time.Millisecond,
	250 * time.Millisecond,
	500 * time.Millisecond,
	1000 * time.Millisecond,
	2500 * time.Millisecond,
	5000 * time.Millisecond,
	10000 * time.Millisecond,
}

// LatencyBounds returns the inclusive upper bounds of all latency buckets but the last, which has none.
func LatencyBounds() [LatencyBuckets - 1]time.Duration { return latencyBounds }

// Stats are what came of all attempts at one endpoint. They only ever grow: a reader takes
// differences. Written by exchanges, read by anyone; safe for concurrent use, without locks.
type Stats struct {
	_       [64]byte // the counters share no cache line with their neighbours
	heads   [Outcomes]atomic.Uint64
	nanos   atomic.Uint64
	buckets [LatencyBuckets]atomic.Uint64
	ends    [Outcomes]atomic.Uint64
	retries atomic.Uint64
	trials  atomic.Uint64
	_       [64]byte
}

// A Reading is Stats at one moment, or the difference of two.
type Reading struct {
	Requests uint64           // attempts that ended in any way but Unsent
	Failures [Outcomes]uint64 // by Outcome, those that are no failures included; see Failed
	Heads    uint64           // attempts that brought a response head
	Nanos    uint64           // time from start to head, summed over Heads
	Buckets  [LatencyBuckets]uint64
	Retries  uint64 // attempts that were a request's second or later; see Stats.Retried
	Trials   uint64 // attempts that were an open breaker's trials
}

// Read returns the counters as they are. Counters that are written meanwhile may be off by the
// attempts being booked.
func (s *Stats) Read() Reading {
	return Reading{}
}

// Retried counts one attempt as a request's second or later.
func (s *Stats) Retried() { s.retries.Add(1) }

// Failed is how many attempts failed, at their head or after it. Never more than Requests.
func (r *Reading) Failed() uint64 {
	return 0
}

// Sub returns what came since prev.
func (r *Reading) Sub(prev *Reading) Reading {
	return Reading{}
}
