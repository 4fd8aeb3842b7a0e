package balancer

import (
	"time"

	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/region"
)

// A Plan is how one service's traffic is spread just now. Immutable; safe for concurrent use.
type Plan struct {
	// At is when it was made, on the process's clock.
	At time.Duration

	// Lines are the endpoints and their weights, in the order of Service.Endpoints.
	Lines []Line

	service, balance string

	set    *region.Set
	pools  []pool     // by region ID
	sites  []siteLine // by region ID
	demand []float64  // by region ID, requests per second

	unhealthy, always []region.Shares // by home
	orders            [][]region.ID   // by home: who may serve it, best first
	failOpen          bool            // no region is well
}

// A Line is one endpoint's part in a plan.
type Line struct {
	Endpoint *Endpoint
	Weight   Weight  // as it is used: zero for an endpoint that gets nothing
	Share    float64 // of what its region gets, by weight alone

	why       []string      // the orders behind the weight
	err       string        // of the last probe
	until     time.Duration // of breaker
	held      time.Duration // how long it is still held back; 0: it is not
	shown     *shown
	health    health.State
	breaker   BreakerState
	tier      tier
	fresh     bool    // new to its pool, still warming up
	desperate bool    // used although it is not well, because nobody is
	slow      float64 // the factor for latency, where the policy looks at latency itself; 1 otherwise
}

// full is the weight the endpoint has in the file or by a set order, whatever else is ordered: what
// the region was meant to have.
func (l *Line) full() float64 {
	if l.Weight.Configured > 0 {
		return l.Weight.Configured
	}
	return l.Endpoint.Weight()
}

// A siteLine is one region's part in a plan.
type siteLine struct {
	region.Site
	lines   []Line
	order   Order
	breaker BreakerState
	until   time.Duration
	relied  bool // most of some home's traffic goes here although the breaker is not closed
}

// Share is the part of home's traffic that region to gets under a mode, in [0,1]. For Stay it is 1
// where home can serve, or 0.
func (p *Plan) Share(mode Mode, home, to region.ID) float64 {
	if mode != Stay {
		return p.shares(mode, home).Share(to)
	}
	if home == to && p.servesItself(home) {
		return 1
	}
	return 0
}

// servesItself says whether requests that may not leave home are served there. A home that is down
// while other regions are well is really down: to refuse at once is kinder than to let them wait for
// it. If nobody is well, it may be the probes. The breaker of a region has no say: it moves traffic
// elsewhere, and here there is no elsewhere.
func (p *Plan) servesItself(home region.ID) bool {
	if int(home) >= len(p.pools) {
		return false
	}
	q := &p.pools[home]
	return len(q.members) > 0 && (!q.desperate || p.failOpen)
}

// RegionBreaker is what the breaker of the service in a region did when the plan was made; Closed
// where the service does not run.
func (p *Plan) RegionBreaker(id region.ID) BreakerState {
	if int(id) >= len(p.sites) {
		return Closed
	}
	return p.sites[id].breaker
}

// shares is how home's traffic is spread; nil if nobody can serve it.
func (p *Plan) shares(mode Mode, home region.ID) region.Shares {
	by := p.unhealthy
	if mode == Always {
		by = p.always
	}
	if int(home) >= len(by) {
		return nil
	}
	return by[home]
}

// order is who may serve home, best first, home itself included. A home that is no longer
// configured is served like this gateway's own.
func (p *Plan) order(home region.ID) []region.ID {
	if int(home) < len(p.orders) && p.orders[home] != nil {
		return p.orders[home]
	}
	return p.orders[p.set.Own]
}

// spread works out the shares of every home, and the order in which regions are asked when the one
// that was drawn has nobody left.
func (p *Plan) spread() {
	sites := make([]region.Site, p.set.Len())
	for i := range sites {
		sites[i] = p.sites[i].Site
	}
	homes := p.set.Active
	p.unhealthy = region.Spread(homes, p.set.Failover, sites, p.demand, region.Unhealthy)
	p.always = region.Spread(homes, p.set.Failover, sites, p.demand, region.Always)

	p.failOpen = true
	for i := range p.pools {
		if p.pools[i].well {
			p.failOpen = false
		}
	}
	for id := range p.pools {
		p.settle(region.ID(id))
		p.sites[id].relied = (p.sites[id].Out || p.sites[id].Trickle) && p.mostOf(region.ID(id)) > 0.5
	}
	p.orders = make([][]region.ID, p.set.Len())
	for _, home := range homes {
		p.orders[home] = p.walk(home)
	}
}

// settle makes the weights in a region where nobody is well what they come to: what they are used with
// if the region gets any traffic, or nothing.
func (p *Plan) settle(id region.ID) {
	q := &p.pools[id]
	given := 0.0
	for _, home := range p.set.Active {
		given += p.unhealthy[home].Share(id) + p.always[home].Share(id)
	}
	for i := range p.sites[id].lines {
		l := &p.sites[id].lines[i]
		switch {
		case l.Share == 0 || l.tier < held:
		case given > 0:
			l.Weight, l.desperate = l.used(), q.desperate
		default:
			l.Share = 0
		}
	}
}

// mostOf is the largest part of any home's traffic that a region gets.
func (p *Plan) mostOf(id region.ID) float64 {
	most := 0.0
	for _, home := range p.set.Active {
		most = max(most, p.unhealthy[home].Share(id), p.always[home].Share(id))
	}
	return most
}

func (p *Plan) walk(home region.ID) []region.ID {
	list := make([]region.ID, 0, len(p.pools))
	var seen [region.Max]bool
	add := func(id region.ID) {
		if !seen[id] && len(p.pools[id].members) > 0 && p.sites[id].Weight > 0 {
			list = append(list, id)
		}
		seen[id] = true
	}
	add(home)
	for _, id := range p.set.Failover(home) {
		add(id)
	}
	for id := range p.pools {
		add(region.ID(id))
	}
	return list
}
