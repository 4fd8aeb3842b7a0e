package balancer

import (
	"strconv"
	"time"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
)

// The figures of the weight's formulas.
const (
	errorKnee    = 0.02                 // the error rate that halves a weight
	enough       = 20                   // requests in the window before live readings count
	noise        = 2 * time.Millisecond // a difference in latency that says nothing
	latencyFloor = 0.3                  // the least factor for latency
	loadKnee     = 0.7                  // utilization up to here costs nothing
	loadFloor    = 0.1                  // the least factor for load
	softFloor    = 0.02                 // the least that errors, latency and load leave together
)

// A Weight is a share of a region's traffic relative to the region's other endpoints, with the
// reasons for it: one factor per reason, multiplied. All factors but Configured and Order are in
// [0,1].
type Weight struct {
	Configured float64 // by the file, or what an operator set it to
	Health     float64 // 0 while probes say down
	Breaker    float64 // 0 while the breaker is not closed
	Errors     float64 // real requests that failed
	Latency    float64 // slower than usual for this endpoint
	Load       float64 // near what it can do
	Warmup     float64 // coming back after having been away
	Order      float64 // operators' scale; 0 when drained
}

// Value is the weight itself. While nothing forbids traffic, errors, latency and load together
// never take more than 98 % of it: an endpoint that gets nothing could not show that it is well
// again.
func (w Weight) Value() float64 { return w.hard() * max(w.Errors*w.Latency*w.Load, softFloor) }

// ForLoadAware is the weight without its latency factor, for policies that look at latency
// themselves: it would count twice.
func (w Weight) ForLoadAware() float64 { return w.hard() * max(w.Errors*w.Load, softFloor) }

func (w Weight) hard() float64 { return w.Configured * w.Order * w.Health * w.Breaker * w.Warmup }

// A Factor is one reason in a Weight.
type Factor struct {
	Name  string
	Value float64
}

// Factors lists w's factors without Configured, which is the weight they all act on.
func (w Weight) Factors() [7]Factor {
	return [7]Factor{
		{"health", w.Health},
		{"breaker", w.Breaker},
		{"errors", w.Errors},
		{"latency", w.Latency},
		{"load", w.Load},
		{"warmup", w.Warmup},
		{"order", w.Order},
	}
}

// String is the value and every factor that changes it, such as "0.42  errors 0.70 latency 0.60".
func (w Weight) String() string {
	b := appendNumber(nil, w.Value())
	sep := "  "
	for _, f := range w.Factors() {
		if f.Value == 1 {
			continue
		}
		b = append(append(b, sep...), f.Name...)
		b = appendNumber(append(b, ' '), f.Value)
		sep = " "
	}
	return string(b)
}

// appendNumber writes a weight or a share with two decimals, more if there would be nothing left of
// it, and a true zero as "0".
func appendNumber(b []byte, v float64) []byte {
	switch {
	case v == 0:
		return append(b, '0')
	case v < 0.01:
		return strconv.AppendFloat(b, v, 'g', 1, 64)
	}
	return strconv.AppendFloat(b, v, 'f', 2, 64)
}

// Evidence is everything a weight depends on, at one moment.
type Evidence struct {
	Configured float64 // weight in the file
	Order      Order   // what operators want; OrderNone if nothing
	Health     health.State
	Breaker    BreakerState

	Requests float64 // real ones in the window, which decays over 10 s
	Errors   float64 // the share of them that failed, in [0,1]: a mean over the same time

	RT, Usual           time.Duration // mean time to the head, and what is usual here; 0: no data
	ProbeRT, UsualProbe time.Duration // the same of probes

	Load           float64 // utilization the endpoint reports, 1 being all it can do; below 0: not reported
	Rate, Capacity float64 // requests per second it gets, and can take; capacity 0: not known

	Away     bool            // it is out, or new, and has not come back yet
	Back     time.Duration   // since it came back; below 0: it has never been away
	Failback config.Failback // how traffic returns to it
}

// Weigh is this gateway's whole opinion about an endpoint: what its weight should be. Pure. The
// factors for errors, latency and load are targets; how fast a weight follows them is approach's
// matter.
func Weigh(ev Evidence) Weight {
	w := ev.hard()
	w.Errors, w.Latency, w.Load = ev.errors(), ev.latency(), ev.load()
	return w
}

// hard is the weight without those three.
func (ev *Evidence) hard() Weight {
	w := Weight{ev.Configured, 1, 1, 1, 1, 1, 1, ev.Order.Scale}
	if ev.Order.Has {
		w.Configured = ev.Order.Set
	}
	if ev.Order.Drained {
		w.Order = 0
	}
	if ev.Health == health.Down {
		w.Health = 0
	}
	if ev.Breaker != Closed {
		w.Breaker = 0
	}
	switch {
	case ev.Away:
		w.Warmup = rampStart
	case ev.Back >= 0:
		w.Warmup = warmup(ev.Back, ev.Failback)
	}
	return w
}

// errors falls to a half at an error rate of 2 %, and to nearly nothing above 20 %.
func (ev *Evidence) errors() float64 {
	if ev.Requests < enough {
		return 1
	}
	e := ev.Errors / errorKnee
	return 1 / (1 + e*e)
}

// latency compares the endpoint with itself: compared with others, a far one would be sick.
// Probes stand in where there is too little traffic to tell.
func (ev *Evidence) latency() float64 {
	rt, usual := ev.RT, ev.Usual
	if ev.Requests < enough {
		rt, usual = ev.ProbeRT, ev.UsualProbe
	}
	if rt <= 0 || usual <= 0 {
		return 1
	}
	return min(max(float64(usual+noise)/float64(rt+noise), latencyFloor), 1)
}

// load falls from utilization 0.7 on. What the endpoint says of itself goes before what its
// rate suggests.
func (ev *Evidence) load() float64 {
	used := ev.Load
	if used < 0 {
		if ev.Capacity <= 0 {
			return 1
		}
		used = ev.Rate / ev.Capacity
	}
	return min(max((1-used)/(1-loadKnee), loadFloor), 1)
}
