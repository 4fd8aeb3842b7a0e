package balancer

import (
	"math"
	"time"

	"github.com/tidegate/tidegate/config"
)

// How fast a factor may follow its target.
const (
	deadBand  = 0.05 // a change smaller than this part of the factor is not made
	nearlyOne = 0.99 // from here on a target is one
	fallRate  = 0.20 // per second
	riseRate  = 0.05 // per second
	rampStart = 0.10 // what an endpoint gets at first when it comes back
)

// approach moves a factor from where it is towards its target: fast down, slowly up, and not at
// all for a trifle. One is always reached in the end, or a scratch would stay for ever.
func approach(prev, target float64, dt time.Duration) float64 {
	if target > nearlyOne {
		target = 1
	} else if math.Abs(target-prev) < deadBand*prev {
		return prev
	}
	s := dt.Seconds()
	return min(max(target, prev-fallRate*s), prev+riseRate*s)
}

// warmup is the factor of an endpoint that came back some time ago: nothing while it is held, then
// from a tenth to all.
func warmup(back time.Duration, f config.Failback) float64 {
	back -= f.Hold.Std()
	ramp := f.Ramp.Std()
	switch {
	case back < 0:
		return 0
	case back >= ramp:
		return 1
	}
	return rampStart + (1-rampStart)*float64(back)/float64(ramp)
}

// steps is how finely weights are cut: changes below a step leave a picker as it is.
const steps = 256

// quantise cuts w into steps of base; what is above zero stays above zero.
func quantise(w, base float64) float64 {
	if w <= 0 || base <= 0 {
		return 0
	}
	return max(math.Round(w/base*steps), 1) / steps * base
}
