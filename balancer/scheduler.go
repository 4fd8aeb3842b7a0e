package balancer

import (
	"slices"
	"time"

	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/region"
)

// A Scheduler turns evidence into plans. It remembers what it saw of every endpoint from window to
// window and across reloads. It belongs to one goroutine and locks nothing.
type Scheduler struct {
	services map[string]*memory
}

// NewScheduler returns a scheduler that has seen nothing yet.
func NewScheduler() *Scheduler { return &Scheduler{services: map[string]*memory{}} }

// memory is what is remembered about one service.
type memory struct {
	svc    *Service
	set    *region.Set   // of the last plan; nil before the first
	at     time.Duration // of the last observation
	tracks []*track      // in the order of svc.Endpoints
	sites  []*site       // by region ID; nil where the service does not run
	homes  [region.Max]demand

	loadAware bool // the policy looks at latency itself
}

// demand is what one home asks for.
type demand struct {
	last uint64 // of the counter
	came window
}

// site is what is remembered about a service in one region.
type site struct {
	breaker *siteBreaker
	state   BreakerState // of breaker, at the last observation
	quota   *Quota
	mood    *mood
	total   float64 // the endpoints' weights in the last plan, before any evidence
	serves  bool    // as the last plan has it: somebody is well, and neither orders nor the breaker object

	errors float64 // the endpoints' factors for errors, weighted
	proof  float64 // the same, or less if there are enough requests that say so
	blame  float64 // what its errors leave of what it can carry, the other regions considered

	// What the picker in force was made of, and room to collect what the next would be.
	balance string
	picker  picker
	members []member
	scratch []member
}

// memory returns what is remembered about svc, brought up to date after a reload.
func (s *Scheduler) memory(svc *Service, now time.Duration) *memory {
	m := s.services[svc.Name]
	if m == nil {
		m = &memory{at: now}
		s.services[svc.Name] = m
	}
	if m.svc != svc {
		m.adopt(svc)
	}
	return m
}

// adopt makes svc the service that is remembered. An endpoint that was there before is known by its
// ID. One that is new to its pool begins like one that comes back; where the whole pool is new, as
// when the process starts, there is nobody who could spare it that.
func (m *memory) adopt(svc *Service) {
	known := make(map[string]*track, len(m.tracks))
	for i, t := range m.tracks {
		known[m.svc.endpoints[i].ID()] = t
	}
	sites := make([]*site, len(svc.Pools))
	tracks := make([]*track, 0, len(svc.endpoints))
	for id, pool := range svc.Pools {
		if len(pool) == 0 {
			continue
		}
		old := id < len(m.sites) && m.sites[id] != nil
		if old {
			sites[id] = m.sites[id]
			sites[id].quota.Resize(len(pool))
		} else {
			sites[id] = &site{
				breaker: newSiteBreaker(svc.Name, pool[0].RegionName),
				quota:   NewQuota(len(pool)),
				mood:    new(mood),
				errors:  1,
				proof:   1,
				blame:   1,
			}
		}
		for _, e := range pool {
			e.Join(sites[id].quota)
			t := known[e.ID()]
			if t == nil {
				t = newTrack(old)
			}
			tracks = append(tracks, t)
		}
	}
	m.svc, m.sites, m.tracks = svc, sites, tracks
	m.loadAware = policies[svc.Balance].loadAware
}

// Forget drops what is remembered about services that are not in live.
func (s *Scheduler) Forget(live []*Service) {
	keep := make(map[string]bool, len(live))
	for _, svc := range live {
		keep[svc.Name] = true
	}
	for name := range s.services {
		if !keep[name] {
			delete(s.services, name)
		}
	}
}

// Plan makes a plan for svc from the last observation, what probes and breakers say now, and orders,
// and puts it in force. An endpoint that must not be used is barred before the plan can be seen. The
// same inputs give the same plan.
func (s *Scheduler) Plan(now time.Duration, svc *Service, set *region.Set, orders Orders) {
	m := s.memory(svc, now)
	m.set = set
	n := max(len(svc.Pools), set.Len())
	p := &Plan{
		At:      now,
		Lines:   make([]Line, len(svc.endpoints)),
		service: svc.Name,
		balance: svc.Balance,
		set:     set,
		pools:   make([]pool, n),
		sites:   make([]siteLine, n),
		demand:  m.rates(),
	}
	at := 0
	for id, endpoints := range svc.Pools {
		p.pools[id].region = region.ID(id)
		if len(endpoints) == 0 {
			continue
		}
		st, line := m.sites[id], &p.sites[id]
		line.order = orders.site(svc.Name, endpoints[0].RegionName)
		line.lines = p.Lines[at : at+len(endpoints)]
		for i, e := range endpoints {
			order := orders.endpoint(e).under(line.order)
			m.weigh(&line.lines[i], now, e, m.tracks[at+i], &order)
		}
		at += len(endpoints)

		line.Site = st.appraise(now, line)
		line.Weight, _ = orders.Site(svc.Name, endpoints[0].RegionName)
		line.Capacity = set.Capacity(region.ID(id))
		st.serves = line.Healthy > 0 && line.Weight > 0 && !line.Out && !line.Trickle
		st.assemble(&p.pools[id], line.lines, svc.Balance)
		if line.Weight == 0 || line.Out || line.Trickle {
			p.pools[id].well = false
		}
	}
	p.spread()
	for id, st := range m.sites {
		if st != nil {
			st.breaker.relied = p.sites[id].relied
		}
	}
	svc.plan.Store(p)
}

// weigh fills l with the weight of one endpoint, and bars it or lifts the bar.
func (m *memory) weigh(l *Line, now time.Duration, e *Endpoint, t *track, order *Order) {
	var last health.Answer
	l.Endpoint, l.why, l.shown, l.fresh = e, order.Why, t.shown, t.fresh
	l.health, last = e.Health()
	l.err = last.Err
	l.breaker, l.until = e.Breaker()
	t.turn(now, l.health, l.breaker)

	ev := Evidence{Configured: e.Weight(), Order: *order, Health: l.health, Breaker: l.breaker, Away: t.away, Back: -1}
	if t.back >= 0 {
		ev.Back, ev.Failback = now-t.back, m.set.Failback(e.Region)
	}
	l.Weight = ev.hard()
	l.Weight.Errors, l.Weight.Latency, l.Weight.Load = t.errors, t.latency, t.load
	l.slow = 1
	if m.loadAware {
		l.slow, l.Weight.Latency = t.latency, 1
	}
	if l.Weight.Warmup == 0 {
		l.held = ev.Failback.Hold.Std() - ev.Back
	}

	t.base = l.Weight.Configured * l.Weight.Order
	l.tier = l.rank()
	if barred := l.tier == never; e.Barred() != barred {
		e.Bar(barred)
	}
}

// appraise sums up what the service can do in a region. Latency and load have no part in it: they say
// who in a pool is better, not what the region can carry.
func (st *site) appraise(now time.Duration, line *siteLine) region.Site {
	s := region.Site{Present: true}
	st.total = 0
	well, trial, down, up := 0.0, 0.0, 0, 0
	for i := range line.lines {
		l := &line.lines[i]
		w := &l.Weight
		s.Configured += l.full()
		if l.fresh {
			// It has never been part of what the region can do: it adds what it brings.
			s.Configured -= l.full() * (1 - w.Warmup)
		}
		if l.tier == never {
			continue
		}
		st.total += w.Configured * w.Order
		if l.health == health.Down {
			down++
			continue
		}
		up++
		if l.breaker != Closed {
			trial += w.Configured * w.Order
		}
		if l.health == health.Unknown && l.err != "" {
			continue // the only probe so far has failed
		}
		well += w.hard()
	}

	// Probes have taken over: the region is down whatever its breaker says, and when they find it
	// up, it comes back by its ramp and need not wait for a trial as well.
	if down > 0 && up == 0 {
		st.breaker.reset()
	}
	line.breaker, line.until = st.breaker.state(now), st.breaker.until
	st.state = line.breaker
	s.Out = line.breaker == Open
	s.Trickle = line.breaker == HalfOpen
	s.Healthy = well
	if !s.Trickle { // a twentieth is little enough
		s.Healthy *= st.blame
	}

	// All that probes call well is out by its breaker. Without some real requests that would stay
	// so for ever.
	if well == 0 && trial > 0 {
		s.Healthy, s.Trickle = trial, true
	}
	return s
}

// A tier says how good a reason there is to use an endpoint. Only the best tier of a pool that is
// not empty gets traffic.
type tier uint8

const (
	serving tier = iota // well
	guessed             // not probed yet
	held                // well again, but held back for the moment
	lost                // down, or out by its breaker
	never               // barred
)

func (l *Line) rank() tier {
	switch {
	case l.Weight.Configured*l.Weight.Order == 0:
		return never
	case l.health == health.Down || l.breaker != Closed:
		return lost
	case l.Weight.Warmup == 0:
		return held
	case l.health == health.Unknown:
		return guessed
	}
	return serving
}

// assemble fills q from lines. The picker in force stays as long as it would be no different.
func (st *site) assemble(q *pool, lines []Line, balance string) {
	best := never
	for i := range lines {
		best = min(best, lines[i].tier)
	}
	st.scratch = st.scratch[:0]
	sum := 0.0
	for i := range lines {
		l := &lines[i]
		if l.tier == never {
			continue
		}
		if l.breaker != Closed && l.health != health.Down {
			q.open = append(q.open, l.Endpoint)
		}
		if l.tier > best {
			q.rest = append(q.rest, l.Endpoint)
			if l.tier == guessed {
				l.Weight.Health = 0
			}
			continue
		}
		w := l.used()
		l.Share = quantise(w.Value(), w.Configured*w.Order)
		sum += l.Share
		st.scratch = append(st.scratch, member{l.Endpoint, l.Share})
	}
	for i := range lines {
		if lines[i].Share > 0 {
			lines[i].Share /= sum
		}
	}

	if balance != st.balance || !slices.Equal(st.members, st.scratch) {
		st.balance, st.picker, st.members = balance, nil, nil
		if len(st.scratch) > 0 {
			st.members = slices.Clone(st.scratch)
			st.picker = policies[balance].build(st.members, st.mood)
		}
	}
	q.picker, q.members = st.picker, st.members
	q.well = best <= guessed
	q.desperate = best == lost
}

// used is the weight an endpoint of a pool's best tier is used with.
func (l *Line) used() Weight {
	w := l.Weight
	switch l.tier {
	case held:
		w.Warmup = 1
	case lost:
		w = Weight{w.Configured, 1, 1, 1, 1, 1, 1, w.Order}
	}
	return w
}
