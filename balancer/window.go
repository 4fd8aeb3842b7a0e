package balancer

import (
	"math"
	"time"
)

const (
	windowSpan   = 10 * time.Second // what live readings decay over
	smoothSpan   = 5 * time.Second  // what probe readings are averaged over
	usualSpan    = 30 * time.Minute // what a usual latency is averaged over
	usualFall    = time.Minute      // the same where the latency is below it
	usualFreezes = 0.8              // below this factor for latency, the usual one is not learnt from
)

// decay is what is left after dt of something that decays over span.
func decay(dt, span time.Duration) float64 { return math.Exp(-float64(dt) / float64(span)) }

// A window sums what came lately; what came earlier counts less and less.
type window struct {
	requests, failures float64
	heads, nanos       float64
	span               float64 // seconds the sums stand for
}

// add closes one interval of length dt, in which d came; k is decay over the window's span.
func (w *window) add(d *Reading, dt time.Duration, k float64) {
	w.requests = w.requests*k + float64(d.Requests)
	w.failures = w.failures*k + float64(d.Failed())
	w.heads = w.heads*k + float64(d.Heads)
	w.nanos = w.nanos*k + float64(d.Nanos)
	w.span = w.span*k + dt.Seconds()
}

// rate is requests per second.
func (w *window) rate() float64 { return ratio(w.requests, w.span) }

// mean is the mean time to the head; 0 if none came.
func (w *window) mean() time.Duration {
	if w.heads < 0.5 { // what is left of a single head is no measurement
		return 0
	}
	return time.Duration(w.nanos / w.heads)
}

func ratio(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

// An average is an exponentially weighted mean that is honest from its first sample on. The zero
// value has none.
type average struct {
	value float64
	seen  time.Duration // how long it has been fed
}

// feed takes a sample that stands for the last dt.
func (a *average) feed(x float64, dt, span time.Duration) {
	a.seen += dt
	k := 1 - decay(dt, min(span, a.seen))
	if a.seen == dt {
		k = 1
	}
	a.value += (x - a.value) * k
}

// usual learns what latency is usual for an endpoint: slowly, faster downwards, and not at all from
// times that are bad, or sickness would become the norm.
func (a *average) usual(rt, dt time.Duration) {
	if rt <= 0 {
		return
	}
	x := float64(rt)
	span := usualSpan
	switch {
	case a.seen == 0:
	case x < a.value:
		span = usualFall
	case (a.value+float64(noise))/(x+float64(noise)) < usualFreezes:
		return
	}
	a.feed(x, dt, span)
}
