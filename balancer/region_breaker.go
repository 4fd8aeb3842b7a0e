package balancer

import (
	"errors"
	"hash/fnv"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/tidegate/tidegate/config"
)

const (
	siteFirst = 2 * time.Second // the first wait of a region's breaker
	siteMost  = 30 * time.Second
	siteCalm  = 10 * time.Minute // closed so long, the wait begins anew
	siteShort = 10               // the short window is so many times shorter than the long one
	siteRow   = time.Second      // failures in a row must have gone on for so long
)

var errBadTick = errors.New("too many failures in this interval")

// A siteBreaker is the circuit breaker of one service in one region. It is fed once per tick from
// what the counters of the endpoints gained, so no request knows of it. Open, it takes the region
// out of the shares; half-open, it lets a twentieth through, by which the next tick judges it.
//
// gobreaker keeps the state. How long to wait is decided here, on the process's clock, since
// gobreaker's own Timeout is fixed when it is made and reads another clock. It belongs to the
// scheduler and is not safe for concurrent use.
type siteBreaker struct {
	cb     *gobreaker.CircuitBreaker[struct{}]
	long   window // over the breaker's window
	short  window // over a tenth of it, which at a high rate is long enough to tell
	seed   uint64
	trips  uint          // since it was calm
	until  time.Duration // open until then
	closed time.Duration // when it last closed

	row   uint64        // failures since the last request that did not fail
	since time.Duration // when the first of them was seen

	// relied says that the plan sends traffic here although the breaker is not closed, because
	// nobody else is well either. What becomes of that is no trial but the truth.
	relied bool
}

func newSiteBreaker(service, region string) *siteBreaker {
	h := fnv.New64a()
	_, _ = h.Write([]byte(service + "/" + region))
	b := &siteBreaker{seed: h.Sum64()}
	b.reset()
	return b
}

// reset closes the breaker and forgets why it was open: probes have said since that the region is
// down, and their saying that it is up again is the better witness.
func (b *siteBreaker) reset() {
	b.cb = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: 1,
		Timeout:     1, // nothing: see until
		ReadyToTrip: func(gobreaker.Counts) bool { return true },
	})
	b.trips, b.until = 0, 0
	b.forget()
}

// forget drops what was counted.
func (b *siteBreaker) forget() { b.long, b.short, b.row = window{}, window{}, 0 }

// state is the state at now.
func (b *siteBreaker) state(now time.Duration) BreakerState {
	if now < b.until {
		return Open
	}
	switch b.cb.State() {
	case gobreaker.StateClosed:
		return Closed
	case gobreaker.StateOpen: // its clock has not moved on yet
		return Open
	}
	return HalfOpen
}

// tick judges the region by d, what came in the last dt. It returns whether the state changed. inRow
// is how many failures in a row open it, however few requests there are; 0: none do.
func (b *siteBreaker) tick(now, dt time.Duration, d *Reading, terms config.Breaker, inRow int) bool {
	state := b.state(now)
	if state == Open && !b.relied || terms.Of <= 0 {
		return false
	}
	var bad bool
	if state == HalfOpen {
		var now window
		now.add(d, dt, 0)
		bad = now.bad(1, terms)
	} else {
		b.long.add(d, dt, decay(dt, terms.In.Std()))
		b.short.add(d, dt, decay(dt, terms.In.Std()/siteShort))
		b.countRow(now, d)
		bad = b.long.bad(terms.Of, terms) || b.short.bad(terms.Of, terms) ||
			inRow > 0 && b.row >= uint64(inRow) && now-b.since >= siteRow
	}
	switch {
	case d.Requests == 0 || state == Closed && !bad:
		return false
	case state == Open && (b.short.requests < float64(terms.Of) || b.short.bad(terms.Of, terms)):
		return false
	case state == Open:
		b.until, bad = now, false
	}

	_, _ = b.cb.Execute(func() (struct{}, error) {
		if bad {
			return struct{}{}, errBadTick
		}
		return struct{}{}, nil
	})
	b.forget()
	if !bad {
		b.closed = now
		return true
	}
	if state == Closed && now-b.closed >= siteCalm {
		b.trips = 0
	}
	b.until = now + b.wait()
	b.trips++
	return true
}

// countRow counts failures in a row, as far as sums can tell.
func (b *siteBreaker) countRow(now time.Duration, d *Reading) {
	failed := d.Failed()
	switch {
	case failed < d.Requests:
		b.row = 0
	case failed > 0:
		if b.row == 0 {
			b.since = now
		}
		b.row += failed
	}
}

// bad says whether there were enough requests, and too many of them failed.
func (w *window) bad(of int, terms config.Breaker) bool {
	return w.requests >= float64(of) && w.failures >= float64(terms.Errors)*w.requests
}

// wait is how long to stay open this time: twice as long every time, ±20 % so that regions that fell
// together are not tried together.
func (b *siteBreaker) wait() time.Duration {
	d := min(siteFirst<<min(b.trips, 8), siteMost)
	unit := float64(mix(b.seed+uint64(b.trips))>>11) / (1 << 53)
	return time.Duration(float64(d) * (0.8 + 0.4*unit))
}
