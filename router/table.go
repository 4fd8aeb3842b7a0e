package router

import (
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/region"
)

// A Table is a compiled configuration. It is immutable and safe for concurrent use.
type Table struct {
	// Config is what the table was compiled from.
	Config *config.Config

	// Regions are the configured regions.
	Regions *region.Set

	// Affinity finds the home of requests.
	Affinity *region.Affinity

	// Unrouted counts what became of requests that no route was found for: those that
	// match none, and those refused before they could be matched. Reloads carry it over.
	Unrouted *RouteStats

	hosts map[string]*node // by exact host
	wild  map[string]*node // by what follows "*."
	any   *node            // routes for any host

	routes     []*Route // most specific first
	byRoute    map[string]*Route
	services   []*balancer.Service
	byName     map[string]*balancer.Service
	pools      map[string][]*balancer.Endpoint // by service, in the order of Endpoints
	machines   []*balancer.Host
	byAddress  map[string]*balancer.Host
	endpoints  []*balancer.Endpoint
	byIdentity map[identity]*balancer.Endpoint
	subjects   []health.Subject
}

// A Route is the terms under which matching requests are served. Immutable, but for what its
// counters count; safe for concurrent use.
type Route struct {
	// Name is the route's name in metrics, logs and plans, unique in its table.
	Name string

	// Host is the host it is for, in lower case: exact, "*.example.com", or "" for any.
	Host string

	// Service serves it.
	Service *balancer.Service

	// Attempts is how often a request may be tried in all.
	Attempts int

	// Connect bounds one connect, Try one attempt to the response head, Total all attempts.
	Connect, Try, Total time.Duration

	// Mode says when requests may leave their home region.
	Mode balancer.Mode

	// Strip is the prefix taken off the path before it is forwarded, by whole segments and
	// without a slash at its end; "" for none.
	Strip string

	// Stats counts what became of its requests.
	Stats *RouteStats

	// Def is the route as configured.
	Def *config.Route

	place   int // in the file
	pattern pattern
	methods []string
	headers []header // sorted by name
	limit   *limiter // nil: none
}

// Admit asks the route's rate limit for one request at now. If it is refused, retryAfter says
// when there will be room for one. It locks the route's limiter and does not allocate.
func (r *Route) Admit(now time.Duration) (retryAfter time.Duration, ok bool) {
	if r.limit == nil {
		return 0, true
	}
	return r.limit.admit(now)
}

// Routes lists the routes from the most specific to the least. Do not change the slice.
func (t *Table) Routes() []*Route { return t.routes }

// Services lists the services by name. Do not change the slice.
func (t *Table) Services() []*balancer.Service { return t.services }

// Service returns the service of this name, or nil.
func (t *Table) Service(name string) *balancer.Service { return t.byName[name] }

// Hosts lists the hosts by address, each once however many services are there. Do not change
// the slice.
func (t *Table) Hosts() []*balancer.Host { return t.machines }

// Endpoints lists all endpoints, by service and region, then in the order of the file. Do not
// change the slice.
func (t *Table) Endpoints() []*balancer.Endpoint { return t.endpoints }

// Subjects lists the endpoints as those whose health is watched. An endpoint that a reload left
// alone is the same subject as before. Do not change the slice.
func (t *Table) Subjects() []health.Subject { return t.subjects }

// identity tells endpoints apart: two services at one address are two health questions.
type identity struct {
	service string
	region  region.ID
	address string
}
