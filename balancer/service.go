package balancer

import (
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/region"
)

// A Service is a logical API and the plan in force for it. Safe for concurrent use; its exported
// fields are set once and not written again.
type Service struct {
	// Name is the service's name in the configuration.
	Name string

	// Balance is the name of its policy.
	Balance string

	// Pools are its endpoints by region ID, in the order of the configuration.
	Pools [][]*Endpoint

	// Budget bounds its retries.
	Budget *Budget
}

// NewService builds a service.
func NewService(name string, set *region.Set, def *config.Service, endpoints []*Endpoint, prev *Service) *Service {
	return &Service{Name: name, Balance: def.Balance, Budget: NewBudget()}
}

// Endpoints lists the endpoints, by region ID and then in the order of the configuration. The slice is shared: do not change it.
func (s *Service) Endpoints() []*Endpoint { return nil }

// Plan is the plan in force; nil before the first.
func (s *Service) Plan() *Plan { return nil }

// Arrive counts one request from home. Called once per request.
func (s *Service) Arrive(home region.ID) {}

// Start picks an endpoint and admits the request there.
func (s *Service) Start(c *Call) (Attempt, bool) { return Attempt{}, false }
