package router

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/region"
)

// Dial makes what the proxy needs to reach an address. Compile calls it for new hosts only, and
// only once nothing can fail any more. Nil leaves hosts without, for a mere check.
type Dial func(addr string) balancer.Upstream

// Compile turns a configuration into a Table, carrying over from prev, which may be nil, all
// that did not change: hosts by address, endpoints by service, region and address, services,
// limiters and counters by name. An endpoint whose settings changed keeps what was learnt about
// it. changed is called when an endpoint's breaker or health changes; it must not block.
//
// The error is a config.Problems with everything that is wrong, in the order of the file; then
// nothing has changed. Compile is for one goroutine at a time; requests may use prev meanwhile.
func Compile(c *config.Config, prev *Table, dial Dial, changed func()) (*Table, error) {
	k := &compiler{c: c, prev: prev, checks: map[string]health.Check{}}
	if k.prev == nil {
		k.prev = &Table{Config: &config.Config{}, Unrouted: new(RouteStats)}
	}
	k.check()
	if len(k.problems) > 0 {
		sortProblems(k.problems)
		return nil, k.problems
	}
	return k.build(dial, changed), nil
}

// Check says what Compile would find wrong with a draft, added to what was found already: of two problems at
// one place the earlier says enough.
func Check(draft *config.Config, found config.Problems) config.Problems {
	type place struct{ line, column int }
	taken := make(map[place]bool, len(found))
	for _, p := range found {
		taken[place{p.Line, p.Column}] = true
	}
	k := &compiler{c: draft, prev: &Table{}, checks: map[string]health.Check{}}
	k.check()
	all := slices.Clone(found)
	for _, p := range k.problems {
		if !taken[place{p.Line, p.Column}] {
			all = append(all, p)
		}
	}
	sortProblems(all)
	return all
}

func sortProblems(ps config.Problems) {
	slices.SortStableFunc(ps, func(a, b config.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

func (k *compiler) check() {
	k.regions()
	k.services()
	k.routes()
}

// A compiler holds what the checks found out, for build, which cannot fail any more.
type compiler struct {
	c        *config.Config
	prev     *Table
	problems config.Problems

	set      *region.Set
	affinity *region.Affinity
	names    []string                // of services, sorted
	checks   map[string]health.Check // by service
	patterns []pattern               // by route
	modes    []balancer.Mode         // by route
}

func (k *compiler) problem(path, message, hint string) {
	k.problems = append(k.problems, k.c.Problem(path, message, hint))
}

// unknown reports a word that is none of those known.
func (k *compiler) unknown(path, what, word string, known []string) {
	k.problem(path, fmt.Sprintf("there is no %s %q", what, word), config.Among(word, known))
}

// adopt takes over the problems of another room.
func (k *compiler) adopt(err error) {
	problems, ok := err.(config.Problems)
	if !ok {
		panic(fmt.Sprintf("BUG: an error of meaning that is no problem: %v", err))
	}
	k.problems = append(k.problems, problems...)
}

func (k *compiler) regions() {
	set, err := region.Compile(k.c, k.prev.Regions)
	if err != nil {
		k.adopt(err)
		set = new(region.Set) // so that the affinity is judged all the same
	}
	k.set = set
	affinity, err := region.NewAffinity(k.c, set, k.prev.Affinity)
	if err != nil {
		k.adopt(err)
	}
	k.affinity = affinity
}

func (k *compiler) services() {
	k.names = slices.Sorted(maps.Keys(k.c.Services))
	policies := balancer.PolicyNames()
	regions := slices.Sorted(maps.Keys(k.c.Regions))
	for _, name := range k.names {
		def, path := k.c.Services[name], "services."+name
		if def == nil { // of a draft
			continue
		}
		if !slices.Contains(policies, def.Balance) {
			k.unknown(path+".balance", "policy", def.Balance, policies)
		}
		check, err := health.Compile(def.Probe)
		k.checks[name] = check
		if err != nil {
			k.probe(path+".probe", err)
		}
		for _, in := range slices.Sorted(maps.Keys(def.Endpoints)) {
			if k.c.Regions[in] == nil {
				k.unknown(path+".endpoints."+in, "region", in, regions)
			}
		}
	}
}

func (k *compiler) probe(path string, err error) {
	mistakes, ok := err.(health.Mistakes)
	if !ok {
		k.problem(path, err.Error(), "")
		return
	}
	for _, m := range mistakes {
		k.problem(path+"."+m.Field, m.Message, m.Hint)
	}
}

func (k *compiler) routes() {
	k.patterns = make([]pattern, len(k.c.Routes))
	k.modes = make([]balancer.Mode, len(k.c.Routes))
	names := make(map[string]int, len(k.c.Routes))
	same := make(map[string]int, len(k.c.Routes))
	for i, def := range k.c.Routes {
		if def == nil { // of a draft
			continue
		}
		path := fmt.Sprintf("routes[%d]", i)
		if k.c.Services[def.To] == nil {
			k.unknown(path+".to", "service", def.To, k.names)
		}
		mode, ok := balancer.ModeOf(def.Spill)
		if !ok {
			k.unknown(path+".spill", "mode", def.Spill, []string{"never", "unhealthy", "always"})
		}
		k.modes[i] = mode

		p, wrong := parsePattern(def.Path)
		if wrong != nil {
			k.problem(path+".path", wrong.message, wrong.hint)
		} else {
			k.strip(path+".strip_prefix", def, p)
		}
		k.patterns[i] = p

		if first, taken := names[def.Name]; taken {
			k.problem(path+".name", fmt.Sprintf("routes[%d] has the name %q already", first, def.Name),
				"names tell routes apart in metrics")
		} else {
			names[def.Name] = i
		}
		key := sameRequests(def)
		if first, taken := same[key]; taken {
			k.problem(path, fmt.Sprintf("routes[%d] (%s) matches exactly the same requests, so this one never would",
				first, k.c.Routes[first].Name), "remove one, or tell them apart by host, path, methods or headers")
		} else {
			same[key] = i
		}
	}
}

// strip checks that the prefix a route takes off is one its paths can have.
func (k *compiler) strip(path string, def *config.Route, p pattern) {
	prefix := stripOf(def)
	switch {
	case prefix == "":
	case strings.Contains(prefix, "*"):
		k.problem(path, "a prefix that is taken off has no stars", "write it out, as in /api")
	case prefix != normalForm(prefix):
		k.problem(path, fmt.Sprintf("no path is spelt like %q when it is matched", prefix), fmt.Sprintf("write %q", normalForm(prefix)))
	case !p.allows(prefix):
		k.problem(path, fmt.Sprintf("no path that fits %s begins with %s", def.Path, prefix), "")
	}
}

// stripOf is the prefix a route takes off, without a slash at its end.
func stripOf(def *config.Route) string { return strings.TrimRight(def.StripPrefix, "/") }

// build makes the table. Everything has been checked.
func (k *compiler) build(dial Dial, changed func()) *Table {
	t := &Table{
		Config:     k.c,
		Regions:    k.set,
		Affinity:   k.affinity,
		Unrouted:   k.prev.Unrouted,
		hosts:      map[string]*node{},
		wild:       map[string]*node{},
		any:        new(node),
		byName:     make(map[string]*balancer.Service, len(k.names)),
		byAddress:  make(map[string]*balancer.Host, len(k.prev.byAddress)),
		byIdentity: make(map[identity]*balancer.Endpoint, len(k.prev.byIdentity)),
		pools:      make(map[string][]*balancer.Endpoint, len(k.names)),
		byRoute:    make(map[string]*Route, len(k.c.Routes)),
	}
	for _, name := range k.names {
		svc := k.service(t, name, dial, changed)
		t.services = append(t.services, svc)
		t.byName[name] = svc
	}
	t.machines = slices.SortedFunc(maps.Values(t.byAddress), func(a, b *balancer.Host) int { return cmp.Compare(a.Addr, b.Addr) })
	t.subjects = make([]health.Subject, len(t.endpoints))
	for i, e := range t.endpoints {
		t.subjects[i] = e
	}

	for i, def := range k.c.Routes {
		r := k.route(t, def, k.patterns[i], k.modes[i])
		r.place = i
		t.byRoute[r.Name] = r
		t.routes = append(t.routes, r)
		t.root(r.Host).add(r.pattern, r)
	}
	slices.SortFunc(t.routes, compareRoutes)
	return t
}

// service carries a service over if it and all its endpoints are as before, and otherwise makes
// one that goes on from what the former had learnt.
func (k *compiler) service(t *Table, name string, dial Dial, changed func()) *balancer.Service {
	def, was, prev := k.c.Services[name], k.prev.Config.Services[name], k.prev.byName[name]
	var pool []*balancer.Endpoint
	for _, id := range t.Regions.Active {
		for _, e := range def.Endpoints[t.Regions.Name(id)] {
			pool = append(pool, k.endpoint(t, identity{name, id, e.Address}, e, dial, changed))
		}
	}
	t.endpoints = append(t.endpoints, pool...)
	t.pools[name] = pool
	if prev != nil && was.Balance == def.Balance && was.Breaker == def.Breaker && slices.Equal(pool, k.prev.pools[name]) {
		return prev
	}
	return balancer.NewService(name, t.Regions, def, pool, prev)
}

// endpoint carries an endpoint over. One whose own settings changed keeps what was learnt.
func (k *compiler) endpoint(t *Table, id identity, def *config.Endpoint, dial Dial, changed func()) *balancer.Endpoint {
	host := k.host(t, id.address, dial)
	svc, check := k.c.Services[id.service], k.checks[id.service]
	e := k.prev.byIdentity[id]
	switch {
	case e == nil:
		e = balancer.NewEndpoint(id.service, id.region, t.Regions.Name(id.region), *def, svc.Breaker, check, host, changed)
	case e.Def() != *def || k.prev.Config.Services[id.service].Breaker != svc.Breaker || !e.Check().Equal(check):
		e = e.With(*def, svc.Breaker, check, host)
	}
	t.byIdentity[id] = e
	return e
}

// host carries the host at an address over, whichever services are there.
func (k *compiler) host(t *Table, addr string, dial Dial) *balancer.Host {
	if h := t.byAddress[addr]; h != nil {
		return h
	}
	h := k.prev.byAddress[addr]
	if h == nil {
		h = balancer.NewHost(addr)
		if dial != nil {
			h.Upstream = dial(addr)
		}
	}
	t.byAddress[addr] = h
	return h
}

// route makes a route, with the counters it had under its name, and with its limiter if the
// limit is the same.
func (k *compiler) route(t *Table, def *config.Route, p pattern, mode balancer.Mode) *Route {
	r := &Route{
		Name:     def.Name,
		Host:     strings.TrimSuffix(strings.ToLower(def.Host), "."),
		Service:  t.byName[def.To],
		Attempts: def.Attempts,
		Connect:  def.Timeout.Connect.Std(),
		Try:      def.Timeout.Try.Std(),
		Total:    def.Timeout.Total.Std(),
		Mode:     mode,
		Strip:    stripOf(def),
		Def:      def,
		pattern:  p,
		methods:  def.Methods,
		headers:  headersOf(def),
	}
	was := k.prev.byRoute[def.Name]
	if was != nil {
		r.Stats = was.Stats
	} else {
		r.Stats = new(RouteStats)
	}
	switch {
	case def.Limit == nil:
	case was != nil && was.limit != nil && was.limit.def == *def.Limit:
		r.limit = was.limit
	default:
		r.limit = newLimiter(*def.Limit)
	}
	return r
}

// root is where the paths of a host's routes begin.
func (t *Table) root(host string) *node {
	roots := t.hosts
	switch {
	case host == "":
		return t.any
	case strings.HasPrefix(host, "*."):
		roots, host = t.wild, host[2:]
	}
	if roots[host] == nil {
		roots[host] = new(node)
	}
	return roots[host]
}

// compareRoutes orders routes by specificity, as doc.go has it.
func compareRoutes(a, b *Route) int {
	if c := compareHosts(a.Host, b.Host); c != 0 {
		return c
	}
	if c := a.pattern.compare(b.pattern); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(b.predicates(), a.predicates()), cmp.Compare(a.place, b.place))
}

// Retired lists the hosts that old has and next has not, by address. They are the caller's to
// close, once nothing is in flight there. Either may be nil.
func Retired(old, next *Table) []*balancer.Host {
	if old == nil {
		return nil
	}
	var gone []*balancer.Host
	for _, h := range old.machines {
		if next == nil || next.byAddress[h.Addr] != h {
			gone = append(gone, h)
		}
	}
	return gone
}
