package balancer

import (
	"time"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/region"
)

// An Endpoint is one address of one service in one region.
type Endpoint struct {
	Service    string
	Region     region.ID
	RegionName string
	Host       *Host

	id    string
	def   config.Endpoint
	check health.Check
	stats Stats
}

// BreakerState is the state of a breaker.
type BreakerState uint8

// The states of a breaker.
const (
	Closed BreakerState = iota
	HalfOpen
	Open
)

// String returns the state's name.
func (s BreakerState) String() string { return [...]string{"closed", "half-open", "open"}[s] }

// NewEndpoint ...
func NewEndpoint(service string, id region.ID, regionName string, def config.Endpoint, br config.Breaker,
	check health.Check, host *Host, changed func()) *Endpoint {
	return &Endpoint{Service: service, Region: id, RegionName: regionName, Host: host, def: def, check: check,
		id: service + "/" + regionName + "/" + host.Addr}
}

// With ...
func (e *Endpoint) With(def config.Endpoint, br config.Breaker, check health.Check, host *Host) *Endpoint {
	return e
}

func (e *Endpoint) ID() string                                       { return e.id }
func (e *Endpoint) Addr() string                                     { return e.Host.Addr }
func (e *Endpoint) Address() string                                  { return e.Host.Addr }
func (e *Endpoint) Check() health.Check                              { return e.check }
func (e *Endpoint) Observe(a health.Answer, s health.State)          {}
func (e *Endpoint) Weight() float64                                  { return e.def.Weight }
func (e *Endpoint) Def() config.Endpoint                             { return e.def }
func (e *Endpoint) Barred() bool                                     { return false }
func (e *Endpoint) Bar(bool)                                         {}
func (e *Endpoint) Health() (health.State, health.Answer)            { return 0, health.Answer{} }
func (e *Endpoint) Probes() uint64                                   { return 0 }
func (e *Endpoint) ProbeRT() time.Duration                           { return 0 }
func (e *Endpoint) Load() (float64, bool)                            { return 0, false }
func (e *Endpoint) Breaker() (BreakerState, time.Duration)           { return Closed, 0 }
func (e *Endpoint) Join(q *Quota)                                    {}
func (e *Endpoint) Stats() *Stats                                    { return &e.stats }
func (e *Endpoint) TrialDue(now time.Duration, replayable bool) bool { return false }
