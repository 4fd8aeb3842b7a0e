package balancer

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/region"
)

// PlanView is a plan and the evidence behind it as data, for people and their tools.
type PlanView struct {
	Service string       `json:"service"`
	Balance string       `json:"balance"`
	At      float64      `json:"at"` // when the plan was made, in seconds on the process's clock
	Homes   []HomeView   `json:"homes"`
	Regions []RegionView `json:"regions"`
}

// HomeView is how the traffic of one home is spread under one mode.
type HomeView struct {
	Home   string             `json:"home"`
	Mode   string             `json:"mode"`   // unhealthy; always, where that differs
	Shares map[string]float64 `json:"shares"` // by region, those without a share left out
	Demand float64            `json:"demand"` // requests per second that call it home
}

// RegionView is a service in one region.
type RegionView struct {
	Region     string         `json:"region"`
	Weight     float64        `json:"weight"`          // the operators' factor; 0 when drained
	Healthy    float64        `json:"healthy"`         // endpoint weight that can serve
	Configured float64        `json:"configured"`      // endpoint weight in all
	Capacity   float64        `json:"capacity"`        // requests per second; 0: not declared
	Breaker    string         `json:"breaker"`         // closed, open or half-open
	Trial      float64        `json:"trial,omitempty"` // seconds until an open breaker lets some through
	Reasons    []string       `json:"reasons,omitempty"`
	Endpoints  []EndpointView `json:"endpoints"`
}

// EndpointView is one endpoint: what the plan says, and live readings.
type EndpointView struct {
	Endpoint  string             `json:"endpoint"` // service/region/address
	Address   string             `json:"address"`
	Weight    float64            `json:"weight"`
	Share     float64            `json:"share"`   // of what its region gets, by weight alone
	Factors   map[string]float64 `json:"factors"` // what the weight is made of, "configured" included
	Reasons   []string           `json:"reasons,omitempty"`
	Health    string             `json:"health"`
	Breaker   string             `json:"breaker"`
	Trial     float64            `json:"trial,omitempty"` // seconds until an open breaker's trial
	Waiting   int64              `json:"waiting"`         // without a response head, all services here
	Latency   float64            `json:"latency"`         // seconds, peak EWMA, all services here
	RPS       float64            `json:"rps"`
	ErrorRate float64            `json:"error_rate"`     // in [0,1], of the last 10 s or so
	ProbeRT   float64            `json:"probe_rt"`       // seconds
	Load      *float64           `json:"load,omitempty"` // utilization the endpoint reports
}

// View is the plan as data, with live readings as of now.
func (p *Plan) View(now time.Duration) PlanView {
	v := PlanView{Service: p.service, Balance: p.balance, At: p.At.Seconds(), Homes: p.viewHomes()}
	for id := range p.sites {
		s := &p.sites[id]
		if !s.Present {
			continue
		}
		r := RegionView{
			Region:     p.set.Name(region.ID(id)),
			Weight:     s.Weight,
			Healthy:    s.Healthy,
			Configured: s.Configured,
			Capacity:   s.Capacity,
			Breaker:    s.breaker.String(),
			Reasons:    s.reasons(now),
			Endpoints:  make([]EndpointView, 0, len(s.lines)),
		}
		if s.breaker == Open {
			r.Trial = max(0, (s.until - now).Seconds())
		}
		for i := range s.lines {
			r.Endpoints = append(r.Endpoints, s.lines[i].view(now))
		}
		v.Regions = append(v.Regions, r)
	}
	return v
}

func (p *Plan) viewHomes() []HomeView {
	var out []HomeView
	view := func(home region.ID, mode string, shares region.Shares) {
		h := HomeView{Home: p.set.Name(home), Mode: mode, Demand: p.demand[home], Shares: map[string]float64{}}
		for id := range p.sites {
			if share := shares.Share(region.ID(id)); share > 0 {
				h.Shares[p.set.Name(region.ID(id))] = share
			}
		}
		out = append(out, h)
	}
	for _, home := range p.set.Active {
		view(home, "unhealthy", p.unhealthy[home])
		if !slices.Equal(p.unhealthy[home], p.always[home]) {
			view(home, "always", p.always[home])
		}
	}
	return out
}

func (l *Line) view(now time.Duration) EndpointView {
	e := l.Endpoint
	v := EndpointView{
		Endpoint:  e.ID(),
		Address:   e.Addr(),
		Weight:    l.Weight.Value(),
		Share:     l.Share,
		Factors:   map[string]float64{"configured": l.Weight.Configured},
		Reasons:   l.reasons(now),
		Health:    l.health.String(),
		Breaker:   l.breaker.String(),
		Waiting:   e.Host.Waiting(),
		Latency:   e.Host.Latency(now).Seconds(),
		RPS:       l.shown.rate.get(),
		ErrorRate: l.shown.errors.get(),
		ProbeRT:   l.shown.probeRT.get(),
	}
	for _, f := range l.Weight.Factors() {
		v.Factors[f.Name] = f.Value
	}
	if l.breaker == Open {
		v.Trial = max(0, (l.until - now).Seconds())
	}
	if load, ok := e.Load(); ok {
		v.Load = &load
	}
	return v
}

// String is the plan as an operator reads it, as of when it was made.
func (p *Plan) String() string {
	var b strings.Builder
	_ = p.WriteText(&b, p.At) // a strings.Builder takes everything
	return b.String()
}

// WriteText writes the plan as an operator reads it; times until something happens are from now on.
func (p *Plan) WriteText(w io.Writer, now time.Duration) error {
	b := fmt.Appendf(nil, "%s  %s\n", p.service, p.balance)
	wide, address := 0, 0
	for _, home := range p.set.Active {
		wide = max(wide, len(p.set.Name(home)))
	}
	for i := range p.Lines {
		wide = max(wide, len(p.Lines[i].Endpoint.RegionName))
		address = max(address, len(p.Lines[i].Endpoint.Addr()))
	}

	for _, home := range p.set.Active {
		shares, always := p.unhealthy[home], p.always[home]
		b = fmt.Appendf(b, "  home %-*s  %s\n", wide, p.set.Name(home), sharesText(shares, p.set))
		if !slices.Equal(shares, always) {
			b = fmt.Appendf(b, "  home %-*s  %s  (spill: always)\n", wide, p.set.Name(home), sharesText(always, p.set))
		}
	}
	for id := range p.sites {
		if why := p.sites[id].reasons(now); len(why) > 0 {
			b = fmt.Appendf(b, "  %-*s  %s\n", wide, p.set.Name(region.ID(id)), strings.Join(why, "; "))
		}
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		b = fmt.Appendf(b, "  %-*s  %-*s  %s\n", wide, l.Endpoint.RegionName, address, l.Endpoint.Addr(), l.text(now))
	}
	_, err := w.Write(b)
	return err
}

func sharesText(s region.Shares, set *region.Set) string {
	if t := s.Text(set); t != "" {
		return t
	}
	return "nobody"
}

// text is the weight, the factors that say more than the reasons beside them, and the reasons.
func (l *Line) text(now time.Duration) string {
	w := l.Weight
	b := appendNumber(nil, w.Value())
	why := l.reasons(now)
	if len(why) == 0 && w == (Weight{w.Configured, 1, 1, 1, 1, 1, 1, 1}) {
		return string(b)
	}
	for len(b) < 4 {
		b = append(b, ' ')
	}
	if w.Value() > 0 {
		sep := "  "
		for _, f := range w.Factors() {
			if f.Value != 1 {
				b = append(append(append(b, sep...), f.Name...), ' ')
				b = appendNumber(b, f.Value)
				sep = " "
			}
		}
	}
	if len(why) > 0 {
		b = append(append(b, "  "...), strings.Join(why, "; ")...)
	}
	return string(b)
}

// reasons says in words what a factor cannot.
func (l *Line) reasons(now time.Duration) []string {
	why := slices.Clone(l.why)
	if l.Endpoint.Weight() == 0 && l.tier == never {
		why = append(why, "weight 0 in the configuration")
	}
	switch {
	case l.health == health.Down && l.err != "":
		why = append(why, "unhealthy: "+l.err)
	case l.health == health.Down:
		why = append(why, "unhealthy")
	case l.health == health.Unknown && l.err != "":
		why = append(why, "unknown: "+l.err)
	case l.health == health.Unknown:
		why = append(why, "unknown: not probed yet")
	}
	if text := breakerText(l.breaker, l.until-now); text != "" {
		why = append(why, text)
	}
	if l.held > 0 {
		why = append(why, "well again, held for "+seconds(l.held))
	}
	if l.slow < 1 {
		why = append(why, "latency "+string(appendNumber(nil, l.slow))+", left to the policy")
	}
	if l.desperate {
		why = append(why, "used because nobody here is well")
	}
	return why
}

// reasons says what there is to say about a region.
func (s *siteLine) reasons(now time.Duration) []string {
	why := slices.Clone(s.order.Why)
	if text := breakerText(s.breaker, s.until-now); text != "" {
		why = append(why, text)
	}
	if s.relied {
		why = append(why, "used because no region is well")
	}
	return why
}

func breakerText(s BreakerState, left time.Duration) string {
	switch {
	case s == Closed:
		return ""
	case s == HalfOpen:
		return "breaker half-open, on trial"
	case left <= 0:
		return "breaker open, trial due"
	}
	return "breaker open, trial in " + seconds(left)
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
}
