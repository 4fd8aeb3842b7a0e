package balancer

import (
	"time"

	"github.com/tidegate/tidegate/health"
)

// A Weight is a share of a region's traffic, relative to the region's other endpoints, together with the reasons for it.
type Weight struct {
	Configured                                            float64
	Health, Breaker, Errors, Latency, Load, Warmup, Order float64
}

// Value is the weight itself.
func (w Weight) Value() float64 { return 0 }

// ForLoadAware is the weight without its latency factor.
func (w Weight) ForLoadAware() float64 { return 0 }

// String is the value and every factor that is not one.
func (w Weight) String() string { return "" }

// Evidence is everything a weight depends on.
type Evidence struct {
	Configured float64
	Health     health.State
	Breaker    BreakerState
	Order      Order
	Since      time.Duration
}

// Weigh is this gateway's whole opinion about an endpoint.
func Weigh(ev Evidence) Weight { return Weight{} }
