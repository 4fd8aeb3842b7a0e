package balancer

import (
	"io"
	"time"

	"github.com/tidegate/tidegate/region"
)

// A Plan is how one service's traffic is spread just now. Immutable.
type Plan struct {
	// At is when it was made, on the process's clock.
	At time.Duration

	// Lines are the endpoints and their weights, in the order of Service.Endpoints.
	Lines []Line
}

// A Line is one endpoint's part in a plan.
type Line struct {
	Endpoint *Endpoint
	Weight   Weight
}

// Share is the share of home's traffic that region to gets, in [0,1].
func (p *Plan) Share(mode Mode, home, to region.ID) float64 { return 0 }

// RegionBreaker is the state of the breaker of the service in a region, when the plan was made.
func (p *Plan) RegionBreaker(id region.ID) BreakerState { return Closed }

// String is the plan as an operator reads it, as of p.At.
func (p *Plan) String() string { return "" }

// WriteText writes the plan as an operator reads it at time now.
func (p *Plan) WriteText(w io.Writer, now time.Duration) error { return nil }

// View is the plan as data, with live readings as of now.
func (p *Plan) View(now time.Duration) PlanView { return PlanView{} }

// PlanView is a plan and the evidence behind it, for people and their tools.
type PlanView struct {
	Service string       `json:"service"`
	Balance string       `json:"balance"`
	At      float64      `json:"at"` // when the plan was made, in seconds on the process's clock
	Homes   []HomeView   `json:"homes"`
	Regions []RegionView `json:"regions"`
}

// HomeView is how one home's traffic is spread.
type HomeView struct {
	Home   string             `json:"home"`
	Mode   string             `json:"mode"` // never, unhealthy or always
	Shares map[string]float64 `json:"shares"`
}

// RegionView is a service in one region.
type RegionView struct {
	Region     string         `json:"region"`
	Weight     float64        `json:"weight"`          // the operators' factor; 0 when drained
	Healthy    float64        `json:"healthy"`         // endpoint weight that can serve
	Configured float64        `json:"configured"`      // endpoint weight in all
	Capacity   float64        `json:"capacity"`        // requests per second; 0 if not declared
	Demand     float64        `json:"demand"`          // requests per second that call the region home
	Breaker    string         `json:"breaker"`         // closed, open or half-open
	Trial      float64        `json:"trial,omitempty"` // seconds until an open breaker's trial
	Reasons    []string       `json:"reasons,omitempty"`
	Endpoints  []EndpointView `json:"endpoints"`
}

// EndpointView is one endpoint of a plan.
type EndpointView struct {
	Endpoint  string             `json:"endpoint"` // the ID: service/region/address
	Address   string             `json:"address"`
	Weight    float64            `json:"weight"`
	Share     float64            `json:"share"` // of the region's traffic
	Factors   map[string]float64 `json:"factors"`
	Reasons   []string           `json:"reasons,omitempty"`
	Health    string             `json:"health"`
	Breaker   string             `json:"breaker"`
	Trial     float64            `json:"trial,omitempty"` // seconds until an open breaker's trial
	Waiting   int64              `json:"waiting"`         // requests without a response head yet
	Latency   float64            `json:"latency"`         // peak EWMA of the time to the head, seconds
	RPS       float64            `json:"rps"`
	ErrorRate float64            `json:"error_rate"`
	ProbeRT   float64            `json:"probe_rt"` // seconds
	Load      *float64           `json:"load"`     // reported by the endpoint; null if it reports none
}
