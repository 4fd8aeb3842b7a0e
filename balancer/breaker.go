package balancer

import (
	"errors"
	"hash/fnv"
	"math"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/tidegate/tidegate/config"
)

const (
	trialLease   = 10 * time.Second // how long a trial may take to bring a head
	breakerMost  = 30 * time.Second // what doubling the wait stops at
	breakerCalm  = 10 * time.Minute // closed so long, the wait begins anew
	breakerSlots = 10               // the window rolls in so many steps
)

// BreakerState is what a breaker does with requests.
type BreakerState uint8

// The states of a breaker.
const (
	Closed   BreakerState = iota // admits all
	HalfOpen                     // one trial is under way; declines the others
	Open                         // declines all until a trial is due, then admits one
)

// String returns the state's name.
func (s BreakerState) String() string {
	switch s {
	case Closed:
		return "closed"
	case HalfOpen:
		return "half-open"
	case Open:
		return "open"
	}
	panic("BUG: a breaker state out of range")
}

// The gate is one word that says what a breaker does with requests: 0 admits all, a positive value
// is when the next trial is due (ns), a negative one is, negated, until when the trial under way
// may take. So admission is one load, and who changes it by compare-and-swap holds the trial.
const (
	gateClosed  = 0
	gateDue     = 1             // a trial is due, since when nobody has noted
	gateFirst   = 2             // the earliest time a gate can hold
	gateBooking = math.MinInt64 // the result of a trial is being booked
)

var (
	errFailed = errors.New("the endpoint failed")
	errStale  = errors.New("began under an older generation")
)

// breaker is a circuit breaker for one endpoint: gobreaker counts results in a rolling window and
// keeps the state; who is admitted, and when a trial is due, is decided here.
//
// Results are booked after the fact, with an Execute that returns what is known already: it cannot
// block and does not allocate, and a request that never ends holds nothing. (Otherwise one trial
// without a result would keep the breaker half-open for ever.) gobreaker's own Timeout is therefore
// the shortest possible. It would be a lower bound for our waits, which must be able to end at once
// when probes turn up, and gobreaker cannot be closed from outside.
//
// Safe for concurrent use. gobreaker's mutex, one per endpoint, is the only lock, and what it calls
// back while holding it touches only atomics.
type breaker struct {
	gate       atomic.Int64
	generation atomic.Uint64 // changes of gobreaker's state

	cb     *gobreaker.CircuitBreaker[struct{}]
	row    uint32        // failures in a row; only under gobreaker's mutex
	waits  atomic.Uint32 // how often the wait has been begun since it was last reset
	clock  atomic.Int64  // the latest time a result that can change the state was booked at
	closed atomic.Int64  // when it last closed

	quota   atomic.Pointer[Quota]
	permit  atomic.Pointer[tally] // where it counts as out; nil while closed
	changed func()

	maxFails int
	first    time.Duration // the first wait
	terms    config.Breaker
	seed     uint64 // of the jitter
}

// newBreaker returns a closed breaker for the endpoint with that id. changed is called when it trips
// and when it closes, under a lock: it must not block.
func newBreaker(id string, maxFails int, failTimeout time.Duration, terms config.Breaker, changed func()) *breaker {
	h := fnv.New64a()
	h.Write([]byte(id))
	b := &breaker{changed: changed, maxFails: maxFails, first: failTimeout, terms: terms, seed: h.Sum64()}
	b.cb = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   1,
		Interval:      terms.In.Std(),
		BucketPeriod:  terms.In.Std() / breakerSlots,
		Timeout:       1,
		IsSuccessful:  b.judge,
		IsExcluded:    func(err error) bool { return err == errStale },
		ReadyToTrip:   b.trips,
		OnStateChange: b.turn,
	})
	return b
}

// same says whether a breaker with these terms would be no different.
func (b *breaker) same(maxFails int, failTimeout time.Duration, terms config.Breaker) bool {
	return b.maxFails == maxFails && b.first == failTimeout && b.terms == terms
}

// admit decides whether a request may pass. The token goes back with its result: to settle if it is
// the trial, to book otherwise. up: the probes do not say down; replayable: the request may be sent
// again if it fails.
func (b *breaker) admit(now time.Duration, up, replayable bool) (token int64, ok bool) {
	// In this order: if it trips in between, the result will count as of the older generation.
	generation := b.generation.Load()
	if b.gate.Load() == gateClosed {
		return int64(generation), true
	}
	gate, due := b.due(now, up, replayable)
	if !due {
		return 0, false
	}
	token = -int64(now + trialLease)
	return token, b.gate.CompareAndSwap(gate, token)
}

// isTrial tells a trial's token, its lease, from the others, which are generations.
func isTrial(token int64) bool { return token < 0 }

// due says whether a trial would be admitted now, and under which gate.
func (b *breaker) due(now time.Duration, up, replayable bool) (gate int64, ok bool) {
	gate = b.gate.Load()
	if gate < 0 && now >= time.Duration(-gate) && gate != gateBooking {
		// The trial never told. That is a failure, and its result will not count any more.
		next := b.next(time.Duration(-gate))
		if !b.gate.CompareAndSwap(gate, next) {
			return 0, false
		}
		gate = next
	}
	if gate <= 0 || !up || now < time.Duration(gate) {
		return 0, false
	}
	if replayable {
		return gate, true
	}
	// A request that cannot be sent again pays for a failed trial with its life. It is taken only
	// where others do not come.
	if gate == gateDue {
		b.gate.CompareAndSwap(gateDue, max(gateFirst, int64(now)))
		return 0, false
	}
	return gate, now > time.Duration(gate)+b.first
}

// book counts the result of a request that was admitted as no trial.
func (b *breaker) book(token int64, failed bool, now time.Duration) {
	if b.generation.Load() == uint64(token) {
		b.execute(uint64(token), false, failed, now)
	}
}

// settle counts the result of a trial, unless its lease has run out.
func (b *breaker) settle(token int64, failed bool, now time.Duration) {
	if !b.gate.CompareAndSwap(token, gateBooking) {
		return
	}
	b.execute(0, true, failed, now)
	// The booking has moved the gate on. If not, because a straggler was being sorted out in
	// gobreaker just then, another trial is due.
	b.gate.CompareAndSwap(gateBooking, max(gateFirst, int64(now)))
}

// release ends a trial that had no result. Who sent something and was then abandoned has asked
// enough of clients for the moment: another wait, but no longer one.
func (b *breaker) release(token int64, sent bool, now time.Duration) {
	next := int64(now)
	if sent {
		next += int64(b.wait(1))
	}
	b.gate.CompareAndSwap(token, max(gateFirst, next))
}

// poke makes a trial due at once, and the next wait a first one: the probes have turned up.
func (b *breaker) poke() {
	b.waits.Store(0)
	for {
		gate := b.gate.Load()
		if gate <= gateDue || b.gate.CompareAndSwap(gate, gateDue) {
			return
		}
	}
}

// state is what the breaker does, and until when: Open until a trial is due (which may have passed,
// when there is no traffic to try), HalfOpen until the lease of the trial runs out.
func (b *breaker) state() (BreakerState, time.Duration) {
	gate := b.gate.Load()
	switch {
	case gate == gateClosed:
		return Closed, 0
	case gate > 0:
		return Open, time.Duration(gate)
	case gate == gateBooking:
		return HalfOpen, 0
	}
	return HalfOpen, time.Duration(-gate)
}

// join puts the breaker under q, as it is sized now.
func (b *breaker) join(q *Quota) {
	b.quota.Store(q)
	b.movePermit()
}

// movePermit makes a breaker that is out already count where it belongs now.
func (b *breaker) movePermit() {
	for {
		held, q := b.permit.Load(), b.quota.Load()
		if held == nil || q == nil {
			return
		}
		t := q.tally.Load()
		if held == t {
			return
		}
		t.force()
		if b.permit.CompareAndSwap(held, t) {
			held.give()
			continue
		}
		t.give()
	}
}

func (b *breaker) execute(generation uint64, trial, failed bool, now time.Duration) {
	if failed || trial {
		b.advance(now)
	}
	// Neither error tells anything new: it is our own, or says that there is nothing to count for.
	_, _ = b.cb.Execute(func() (struct{}, error) {
		// Asked again where gobreaker has fixed its own generation: if the state has changed since
		// book looked, the result is of a request that no longer matters.
		if !trial && b.generation.Load() != generation {
			return struct{}{}, errStale
		}
		if failed {
			return struct{}{}, errFailed
		}
		return struct{}{}, nil
	})
}

// advance notes the time of a booking that can change the state, for turn, which is not told.
func (b *breaker) advance(now time.Duration) {
	for {
		t := b.clock.Load()
		if t >= int64(now) || b.clock.CompareAndSwap(t, int64(now)) {
			return
		}
	}
}

// judge is gobreaker's IsSuccessful, called once for each result under its mutex. It counts failures
// in a row, because gobreaker forgets those that are older than its window.
func (b *breaker) judge(err error) bool {
	if err == nil {
		b.row = 0
		return true
	}
	b.row++
	return false
}

// trips is gobreaker's ReadyToTrip, called after a failure while closed. If the pool cannot spare
// the endpoint now, the next failure asks again.
func (b *breaker) trips(c gobreaker.Counts) bool {
	inRow := b.maxFails > 0 && b.row >= uint32(b.maxFails)
	of := c.TotalSuccesses + c.TotalFailures
	ratio := b.terms.Of > 0 && of >= uint32(b.terms.Of) &&
		float64(c.TotalFailures) >= float64(b.terms.Errors)*float64(of)
	if !inRow && !ratio {
		return false
	}
	q := b.quota.Load()
	if q == nil {
		return true
	}
	t := q.tally.Load()
	if !t.take() {
		return false
	}
	b.permit.Store(t)
	b.movePermit() // if it joined another in between
	return true
}

// turn is gobreaker's OnStateChange, called under its mutex.
func (b *breaker) turn(_ string, from, to gobreaker.State) {
	b.row = 0
	now := time.Duration(b.clock.Load())
	b.generation.Add(1)
	switch to {
	case gobreaker.StateOpen:
		if from == gobreaker.StateClosed && now-time.Duration(b.closed.Load()) >= breakerCalm {
			b.waits.Store(0)
		}
		b.gate.Store(b.next(now))
	case gobreaker.StateClosed:
		b.closed.Store(int64(now))
		if t := b.permit.Swap(nil); t != nil {
			t.give()
		}
		b.gate.Store(gateClosed)
	}
	if to == gobreaker.StateClosed || from == gobreaker.StateClosed {
		b.changed()
	}
}

// next is the gate of another wait that begins at from.
func (b *breaker) next(from time.Duration) int64 {
	return max(gateFirst, int64(from+b.wait(b.waits.Add(1))))
}

// wait is how long the nth wait is: fail_timeout, doubling to 30 s, ±20 %.
func (b *breaker) wait(n uint32) time.Duration {
	d, most := b.first, max(b.first, breakerMost)
	for ; n > 1 && d < most; n-- {
		d *= 2
	}
	// Spread, so that endpoints that fell together are not tried together; and the same in every
	// run: mixed as in SplitMix64 from the endpoint's name and n.
	x := b.seed + uint64(n)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	unit := float64(x>>11) / (1 << 53)
	return time.Duration(float64(min(d, most)) * (0.8 + 0.4*unit))
}
