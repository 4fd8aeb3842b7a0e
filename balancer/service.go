package balancer

import (
	"sync/atomic"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/region"
)

// A Service is a logical API, the endpoints it runs on, and the plan in force for them. Safe for
// concurrent use; its exported fields are set by NewService and not written again.
type Service struct {
	// Name is the service's name in the configuration.
	Name string

	// Balance is the name of its policy.
	Balance string

	// Pools are its endpoints by region ID, in the order of the configuration; nil where it does
	// not run. IDs beyond the end: it does not run there either.
	Pools [][]*Endpoint

	// Budget bounds its retries, over all routes.
	Budget *Budget

	endpoints []*Endpoint
	breaker   config.Breaker
	arrivals  *arrivals
	plan      atomic.Pointer[Plan]
}

// arrivals counts requests by home, each count on a cache line of its own.
type arrivals [region.Max]struct {
	n atomic.Uint64
	_ [56]byte
}

// NewService builds a service over endpoints, which are in the order of the configuration within each
// region. It has no plan yet: Scheduler.Plan makes one. prev is the service of that name before
// a reload, or nil: its budget and its counters go on. What was learnt about endpoints is theirs.
func NewService(name string, set *region.Set, def *config.Service, endpoints []*Endpoint, prev *Service) *Service {
	if _, ok := policies[def.Balance]; !ok {
		panic("BUG: no policy " + def.Balance)
	}
	s := &Service{Name: name, Balance: def.Balance, breaker: def.Breaker}
	s.Pools = make([][]*Endpoint, set.Len())
	for _, e := range endpoints {
		s.Pools[e.Region] = append(s.Pools[e.Region], e)
	}
	for _, pool := range s.Pools {
		s.endpoints = append(s.endpoints, pool...)
	}
	if prev != nil {
		s.Budget, s.arrivals = prev.Budget, prev.arrivals
		return s
	}
	s.Budget, s.arrivals = NewBudget(), new(arrivals)
	return s
}

// Endpoints lists the endpoints by region ID, and in the order of the configuration within a
// region. The slice is shared: do not change it.
func (s *Service) Endpoints() []*Endpoint { return s.endpoints }

// Plan is the plan in force; nil before the first.
func (s *Service) Plan() *Plan { return s.plan.Load() }

// Arrive counts one request whose home that is. It is called once per request, not per attempt.
func (s *Service) Arrive(home region.ID) { s.arrivals[home].n.Add(1) }

// Start picks an endpoint by the plan in force and admits the request there, counting it. Endpoints
// that decline are noted in c.Tried; none is asked twice. False means that there is none left, or none
// the request may go to. It does not allocate, lock or block.
//
// The region is chosen by the shares of c's home. If nothing is left in it, and the request may
// leave home, the other regions follow in the order of home's failover, then all others; the well ones
// before those that are not.
func (s *Service) Start(c *Call) (Attempt, bool) {
	p := s.plan.Load()
	if p == nil {
		return Attempt{}, false
	}
	if c.Mode == Stay {
		return p.stay(c)
	}

	chosen := p.choose(c)
	avoid := c.Last && c.Tried.Failed()
	if chosen != nil && !(avoid && c.Tried.HasFailed(chosen.region)) {
		if a, ok := chosen.start(c); ok {
			return a, true
		}
	}
	order := p.order(c.Home)
	for i := range order {
		q := &p.pools[order[i]]
		if q.well && q != chosen && !(avoid && c.Tried.HasFailed(q.region)) {
			if a, ok := q.start(c); ok {
				return a, true
			}
		}
	}
	if avoid {
		for i := range order {
			q := &p.pools[order[i]]
			if (q.well || q == chosen) && c.Tried.HasFailed(q.region) {
				if a, ok := q.start(c); ok {
					return a, true
				}
			}
		}
	}
	// What is left is unlikely to answer. But refusing is certain not to.
	for i := range order {
		if q := &p.pools[order[i]]; !q.well && q != chosen {
			if a, ok := q.start(c); ok {
				return a, true
			}
		}
	}
	for i := range order {
		if a, ok := sweep(p.pools[order[i]].rest, c); ok {
			return a, true
		}
	}
	return Attempt{}, false
}

// stay is Start for a request that may not leave home.
func (p *Plan) stay(c *Call) (Attempt, bool) {
	if int(c.Home) >= len(p.pools) {
		return Attempt{}, false
	}
	q := &p.pools[c.Home]
	if a, ok := q.trial(c); ok {
		return a, true
	}
	if !p.servesItself(c.Home) {
		return Attempt{}, false
	}
	if a, ok := q.pick(c); ok {
		return a, true
	}
	return sweep(q.rest, c)
}

// choose draws the pool c goes to by the shares of its home; nil if they name none.
func (p *Plan) choose(c *Call) *pool {
	shares := p.shares(c.Mode, c.Home)
	if shares == nil {
		return nil
	}
	id := shares.Pick(uint32(c.chance() >> 32))
	if int(id) >= len(p.pools) {
		return nil
	}
	return &p.pools[id]
}

// A pool is a service's endpoints in one region, as a plan sees them.
type pool struct {
	region  region.ID
	picker  picker      // over members; nil if there are none
	members []member    // who shares the traffic
	rest    []*Endpoint // who does not, though not barred: down, out by a breaker, held, not probed
	open    []*Endpoint // of those, who may have to be tried with a real request

	well      bool // it can serve, and its breaker does not object
	desperate bool // members are all that are not forbidden, none of them is well
}

const (
	picks  = 3 // a picker is asked so often before the whole pool is
	trials = 4 // so many open breakers are looked at for a trial
)

// start admits c at one of the pool's endpoints, at an open breaker whose trial is due first.
func (q *pool) start(c *Call) (Attempt, bool) {
	if a, ok := q.trial(c); ok {
		return a, true
	}
	return q.pick(c)
}

// pick admits c at one of the pool's members.
func (q *pool) pick(c *Call) (Attempt, bool) {
	if q.picker == nil {
		return Attempt{}, false
	}
	for range picks {
		e := q.picker.pick(c)
		if e == nil {
			return Attempt{}, false
		}
		if a, ok := e.Start(c.Now, c.Replayable); ok {
			return a, true
		}
		c.Tried.Add(e, false)
	}
	// Several in a row declined: the plan is older than what happened to the pool.
	at := int(c.chance() % uint64(len(q.members)))
	for i := range q.members {
		if a, ok := admit(q.members[(at+i)%len(q.members)].endpoint, c); ok {
			return a, true
		}
	}
	return Attempt{}, false
}

// trial admits c as the trial of an open breaker, if one is due. Only requests that have not failed
// before are taken: who was unlucky once has a right to the best there is.
func (q *pool) trial(c *Call) (Attempt, bool) {
	if len(q.open) == 0 || c.Tried.Failed() {
		return Attempt{}, false
	}
	at := int(c.chance() % uint64(len(q.open)))
	for i := range min(len(q.open), trials) {
		e := q.open[(at+i)%len(q.open)]
		if e.TrialDue(c.Now, c.Replayable) {
			if a, ok := admit(e, c); ok {
				return a, true
			}
		}
	}
	return Attempt{}, false
}

// sweep admits c at any of list.
func sweep(list []*Endpoint, c *Call) (Attempt, bool) {
	if len(list) == 0 {
		return Attempt{}, false
	}
	at := int(c.chance() % uint64(len(list)))
	for i := range list {
		if a, ok := admit(list[(at+i)%len(list)], c); ok {
			return a, true
		}
	}
	return Attempt{}, false
}

func admit(e *Endpoint, c *Call) (Attempt, bool) {
	if c.Tried.Has(e) {
		return Attempt{}, false
	}
	return e.Start(c.Now, c.Replayable)
}
