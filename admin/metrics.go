package admin

import (
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/router"
)

// metrics serves /metrics: the collector, the runtime and the process.
func (a *api) metrics() action {
	r := prometheus.NewRegistry()
	r.MustRegister(newCollector(a.gateway, a.options), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	h := promhttp.HandlerFor(r, promhttp.HandlerOpts{
		Registry:            r,
		ErrorHandling:       promhttp.ContinueOnError, // one bad series must not hide the others
		EnableOpenMetrics:   true,
		MaxRequestsInFlight: 4, // reading ten thousand endpoints takes a while
	})
	return func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

// newCollector returns the metrics of g. It keeps nothing: each scrape reads the table in force,
// so a series goes when its endpoint goes, and counters are those that requests write.
func newCollector(g Gateway, o Options) prometheus.Collector {
	return &collector{gateway: g, options: o, families: newFamilies()}
}

type collector struct {
	gateway  Gateway
	options  Options
	families families
}

// Describe sends the families.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.families.all() {
		out <- d
	}
}

// Collect reads what is in force.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := sink{out}
	c.collectProcess(s)
	c.collectConfig(s)
	c.collectOverrides(s)
	t := c.gateway.Table()
	if t == nil {
		return
	}
	s.count(c.families.affinityUnknown, t.Affinity.Unknown())
	c.collectRoutes(s, t)
	spills := spillsOf(t)
	for _, service := range t.Services() {
		c.collectService(s, t, service, spills[service])
	}
}

func (c *collector) collectProcess(s sink) {
	f := c.families
	s.gauge(f.build, 1, c.options.Version, c.options.Commit, runtime.Version())
	s.gauge(f.ready, truth(c.gateway.Ready() == nil))
	s.gauge(f.suspect, truth(c.gateway.Suspect()))
	if edge := c.options.Edge; edge != nil {
		s.count(f.connections, edge.Accepted.Load(), "accepted")
		s.count(f.connections, edge.Rejected.Load(), "rejected")
		s.gauge(f.connectionsOpen, float64(edge.Open.Load()))
		s.gauge(f.inflight, float64(edge.InFlight.Load()))
		s.count(f.malformed, edge.Malformed.Load())
		s.count(f.panics, edge.Panics.Load())
	}
}

func (c *collector) collectConfig(s sink) {
	f, r := c.families, c.gateway.Reload()
	s.gauge(f.reloadOK, truth(r.OK))
	if !r.Last.IsZero() {
		s.gauge(f.reloadTime, epoch(r.Last))
	}
	s.count(f.reloads, r.Successes, "success")
	s.count(f.reloads, r.Failures, "failure")
	s.gauge(f.needsRestart, float64(len(r.NeedsRestart)))
	s.gauge(f.configInfo, 1, r.Hash)
}

func (c *collector) collectOverrides(s sink) {
	f, o := c.families, c.gateway.Overrides()
	count := map[string]int{"set": 0, "scale": 0, "drain": 0}
	var soonest time.Time
	for _, one := range o.List {
		count[one.Op]++
		if soonest.IsZero() || one.Expires.Before(soonest) {
			soonest = one.Expires
		}
	}
	for op, n := range count {
		s.gauge(f.overrides, float64(n), op)
	}
	s.gauge(f.overridesRevision, float64(o.Revision))
	if !soonest.IsZero() {
		s.gauge(f.overrideExpiry, epoch(soonest))
	}
}

func (c *collector) collectRoutes(s sink, t *router.Table) {
	c.collectRequests(s, "", t.Unrouted.Read())
	for _, route := range t.Routes() {
		r := route.Stats.Read()
		c.collectRequests(s, route.Name, r)
		s.histogram(c.families.requestSeconds, r.Buckets, r.Nanos, route.Name)
	}
}

// collectRequests emits what a route answered. The usual classes are there from the start, so
// that their first increase is seen; the others once they happened.
func (c *collector) collectRequests(s sink, route string, r router.RouteReading) {
	for class, n := range r.Classes {
		if n > 0 || (route != "" && class >= 2) {
			s.count(c.families.requests, n, route, codeOf(class), "")
		}
	}
	for i, n := range r.Refusals {
		reason := router.Reason(i)
		if n > 0 {
			s.count(c.families.requests, n, route, refusalCode(reason), reason.String())
		}
	}
}

// codeOf is a class of statuses as a label.
func codeOf(class int) string {
	if class == 0 {
		return "other"
	}
	return strconv.Itoa(class) + "xx"
}

// refusalCode is the class of the answer that goes with a reason.
func refusalCode(r router.Reason) string {
	switch r {
	case router.NoEndpoint, router.ConnectFailed, router.UpstreamReset, router.UpstreamTimeout,
		router.BadResponse, router.Internal:
		return "5xx"
	}
	return "4xx"
}

// spillsOf is how the routes to each service may leave home.
func spillsOf(t *router.Table) map[*balancer.Service]map[string]balancer.Mode {
	all := map[*balancer.Service]map[string]balancer.Mode{}
	for _, route := range t.Routes() {
		if all[route.Service] == nil {
			all[route.Service] = map[string]balancer.Mode{}
		}
		all[route.Service][route.Def.Spill] = route.Mode
	}
	return all
}

func (c *collector) collectService(s sink, t *router.Table, service *balancer.Service, spills map[string]balancer.Mode) {
	f := c.families
	s.gauge(f.retryBudget, service.Budget.Balance(c.gateway.Now()), service.Name)
	for _, e := range service.Endpoints() {
		c.collectEndpoint(s, e)
	}
	plan := service.Plan()
	if plan == nil {
		return
	}
	for _, line := range plan.Lines {
		c.collectWeight(s, line)
	}
	for _, id := range t.Regions.Active {
		if int(id) >= len(service.Pools) || len(service.Pools[id]) == 0 {
			continue
		}
		name := t.Regions.Name(id)
		s.gauge(f.regionBreakerState, float64(plan.RegionBreaker(id)), service.Name, name)
		for _, home := range t.Regions.Active {
			for spill, mode := range spills {
				s.gauge(f.regionShare, plan.Share(mode, home, id), service.Name, t.Regions.Name(home), name, spill)
			}
		}
	}
}

func (c *collector) collectEndpoint(s sink, e *balancer.Endpoint) {
	f := c.families
	service, region, addr := e.Service, e.RegionName, e.Addr()
	r := e.Stats().Read()
	s.count(f.endpointRequests, r.Requests, service, region, addr)
	for i, n := range r.Failures {
		if kind := balancer.Outcome(i); kind.Failure() {
			s.count(f.endpointFailures, n, service, region, addr, kind.String())
		}
	}
	s.count(f.endpointOverloads, r.Failures[balancer.Overloaded], service, region, addr)
	s.histogram(f.endpointSeconds, r.Buckets, r.Nanos, service, region, addr)
	s.count(f.retries, r.Retries, service, region, addr)
	s.count(f.breakerTrials, r.Trials, service, region, addr)

	s.gauge(f.endpointInflight, float64(e.Host.Waiting()), service, region, addr, "waiting")
	s.gauge(f.endpointInflight, float64(e.Host.Bodies()), service, region, addr, "bodies")
	s.gauge(f.endpointInflight, float64(e.Host.Tunnels().Load()), service, region, addr, "tunnels")

	state, _ := e.Health()
	s.gauge(f.healthState, healthValue(state), service, region, addr)
	breaker, _ := e.Breaker()
	s.gauge(f.breakerState, float64(breaker), service, region, addr)
}

// healthValue orders the states so that alerts on a minimum make sense.
func healthValue(s health.State) float64 {
	switch s {
	case health.Up:
		return 1
	case health.Down:
		return 0
	}
	return -1
}

func (c *collector) collectWeight(s sink, l balancer.Line) {
	gauge := func(factor string, v float64) {
		s.gauge(c.families.endpointWeight, v, l.Endpoint.Service, l.Endpoint.RegionName, l.Endpoint.Addr(), factor)
	}
	gauge("value", l.Weight.Value())
	gauge("configured", l.Weight.Configured)
	for _, f := range l.Weight.Factors() {
		gauge(f.Name, f.Value)
	}
}

// A sink takes metrics.
type sink struct{ out chan<- prometheus.Metric }

func (s sink) count(d *prometheus.Desc, v uint64, labels ...string) {
	s.out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s.out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

// histogram emits times counted by balancer.LatencyBounds. The count is that of the buckets, so
// that the two agree although requests are booked meanwhile.
func (s sink) histogram(d *prometheus.Desc, buckets [balancer.LatencyBuckets]uint64, nanos uint64, labels ...string) {
	bounds := balancer.LatencyBounds()
	cumulative := make(map[float64]uint64, len(bounds))
	var sum uint64
	for i, n := range buckets {
		sum += n
		if i < len(bounds) {
			cumulative[bounds[i].Seconds()] = sum
		}
	}
	s.out <- prometheus.MustNewConstHistogram(d, sum, time.Duration(nanos).Seconds(), cumulative, labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// epoch is t in seconds since 1970.
func epoch(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }
