package region

// Mode says when traffic may leave its home region.
type Mode uint8

const (
	// Stay never leaves home.
	Stay Mode = iota

	// Unhealthy leaves home when home cannot serve.
	Unhealthy

	// Always leaves home also when home is at its declared capacity.
	Always
)

// Shares is a distribution over regions: by ID, cumulative, scaled to the range of uint32.
type Shares []uint32

// Pick returns the region a draw falls on, or None if nothing may be served. A region whose
// share is zero is never returned.
func (s Shares) Pick(draw uint32) ID { return None }

// Share is the share of a region, in [0,1].
func (s Shares) Share(id ID) float64 { return 0 }

// Text writes the shares with the names of set.
func (s Shares) Text(set *Set) string { return "" }

// Site is what one region can do for one service.
type Site struct {
	// Weight is the operator's factor, 1 without orders, 0 when drained.
	Weight float64

	// Healthy and Configured are sums of endpoint weights: of those that are well, and of all.
	Healthy, Configured float64

	// Capacity is what the region can serve, in requests per second; 0 if not known.
	Capacity float64

	// Out says that the breaker of the service in this region is open.
	Out bool

	// Trickle says that it is half-open: the region gets at most a twentieth, unless nobody
	// else can serve.
	Trickle bool

	// Present says that the service runs here.
	Present bool
}

// Spread shares out the traffic of every home.
func Spread(homes []ID, failover func(ID) []ID, sites []Site, demand []float64, mode Mode) []Shares {
	return make([]Shares, len(sites))
}
