package balancer

import (
	"time"

	"github.com/tidegate/tidegate/region"
)

// A Scheduler turns evidence into plans. It belongs to one goroutine.
type Scheduler struct{}

// NewScheduler returns a scheduler that has seen nothing yet.
func NewScheduler() *Scheduler { return &Scheduler{} }

// Observe closes the windows and returns the services that need a new plan for it.
func (s *Scheduler) Observe(now time.Duration, services []*Service) []*Service { return services }

// Plan publishes a new plan for svc.
func (s *Scheduler) Plan(now time.Duration, svc *Service, set *region.Set, orders Orders) {}

// Forget drops what is remembered about services not in live.
func (s *Scheduler) Forget(live []*Service) {}
