package balancer

import (
	"sync/atomic"
	"time"
)

// LatencyBuckets is how many buckets latencies are counted in; the last one has no upper bound.
const LatencyBuckets = 14

// Stats are what came of all attempts at one endpoint. They only ever grow: a reader takes
// differences. Written by exchanges, read by anyone; safe for concurrent use, without locks.
type Stats struct {
	_       [64]byte                      // neighbours share no cache line with the counters
	heads   [Outcomes]atomic.Uint64       // what became of attempts until their head
	nanos   atomic.Uint64                 // time to the head, summed over those that had one
	buckets [LatencyBuckets]atomic.Uint64 // the same times, counted
	ends    [Outcomes]atomic.Uint64       // how bodies failed whose head was well
	retries atomic.Uint64
	trials  atomic.Uint64
	_       [64]byte
}

// A Reading is Stats at one moment, or the difference of two.
type Reading struct {
	// Requests is how many attempts came to an outcome other than Unsent.
	Requests uint64

	// Failures counts outcomes, those included that are no failures: see Failed. An answer that
	// was cut counts twice, as Answered for its head and as what cut it.
	Failures [Outcomes]uint64

	// Heads is how many attempts brought a response head, Nanos the nanoseconds to it summed over
	// them, and Buckets the same times counted by LatencyBounds (not cumulative).
	Heads, Nanos uint64
	Buckets      [LatencyBuckets]uint64

	// Retries is how many attempts were a request's second or later, Trials how many were
	// admitted by an open breaker to try the endpoint.
	Retries, Trials uint64
}

// LatencyBounds are the inclusive upper bounds of all latency buckets but the last, which has none.
func LatencyBounds() [LatencyBuckets - 1]time.Duration {
	const ms, us = time.Millisecond, time.Microsecond
	return [LatencyBuckets - 1]time.Duration{
		1 * ms, 2500 * us, 5 * ms,
		10 * ms, 25 * ms, 50 * ms,
		100 * ms, 250 * ms, 500 * ms,
		1000 * ms, 2500 * ms, 5000 * ms,
		10000 * ms,
	}
}

// Read returns the counters as they are. Each is exact; together they may differ by the attempts
// booked while reading.
func (s *Stats) Read() Reading {
	r := Reading{Nanos: s.nanos.Load(), Retries: s.retries.Load(), Trials: s.trials.Load()}
	// Ends first: an answer whose end is seen has been counted as a request as well, and so
	// failures never exceed requests.
	for i := range s.ends {
		r.Failures[i] = s.ends[i].Load()
	}
	for i := range s.heads {
		n := s.heads[i].Load()
		r.Failures[i] += n
		r.Requests += n
	}
	for i := range s.buckets {
		r.Buckets[i] = s.buckets[i].Load()
		r.Heads += r.Buckets[i]
	}
	return r
}

// Retried counts an attempt that is a request's second or later.
func (s *Stats) Retried() { s.retries.Add(1) }

// Failed is how many attempts failed, at their head or after it: at most Requests.
func (r *Reading) Failed() uint64 {
	var n uint64
	for o, count := range r.Failures {
		if Outcome(o).Failure() {
			n += count
		}
	}
	return n
}

// Sub returns what came between prev and r.
func (r *Reading) Sub(prev *Reading) Reading {
	d := *r
	d.Requests -= prev.Requests
	d.Heads -= prev.Heads
	d.Nanos -= prev.Nanos
	d.Retries -= prev.Retries
	d.Trials -= prev.Trials
	for i := range d.Failures {
		d.Failures[i] -= prev.Failures[i]
	}
	for i := range d.Buckets {
		d.Buckets[i] -= prev.Buckets[i]
	}
	return d
}

// head books an attempt that came to o after took.
func (s *Stats) head(o Outcome, took time.Duration) {
	if o == Unsent {
		return
	}
	s.heads[o].Add(1)
	if !o.headed() {
		return
	}
	s.nanos.Add(uint64(took))
	s.buckets[latencyBucket(took)].Add(1)
}

// end books that the body of an answer, whose head was well, failed by o.
func (s *Stats) end(o Outcome) { s.ends[o].Add(1) }

// latencyBucket is the index of the first of LatencyBounds that is not below d.
func latencyBucket(d time.Duration) int {
	unit := time.Millisecond
	for i := 0; i < LatencyBuckets-2; i += 3 { // the decades: 1, 2.5 and 5 of unit
		switch {
		case d <= unit:
			return i
		case d <= unit*5/2:
			return i + 1
		case d <= unit*5:
			return i + 2
		}
		unit *= 10
	}
	if d <= unit {
		return LatencyBuckets - 2
	}
	return LatencyBuckets - 1
}
