package config

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxRegions  = 64
	maxAttempts = 6
	maxWeight   = 1_000_000
)

// checker judges what the values mean together and fills the defaults that depend on others.
// Whatever only another room can know (policies, probe kinds, affinity kinds, path patterns) is
// judged there, and reported through Config.Problem.
type checker struct {
	*Config
	found *findings
	names []string // of the regions, sorted
}

func check(c *Config, found *findings) {
	k := &checker{Config: c, found: found, names: slices.Sorted(maps.Keys(c.Regions))}
	k.listen()
	k.regions()
	k.affinity()
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		k.service(name, c.Services[name])
	}
	if len(c.Services) == 0 {
		found.add("services", "there is no service", "write services: { NAME: { endpoints: { REGION: [host:port] } } }")
	}
	k.routes()
	k.bounds()
	if c.State == "" {
		c.State = filepath.Join(filepath.Dir(c.Name()), "tidegate.state.json")
	}
}

// listen checks the two addresses and that the admin API is not open to everybody.
func (k *checker) listen() {
	httpHost, httpPort, err1 := listenAddress(k.Listen.HTTP)
	adminHost, adminPort, err2 := listenAddress(k.Listen.Admin)
	if err1 != nil {
		k.found.add("listen.http", err1.message, err1.hint)
	}
	if err2 != nil {
		k.found.add("listen.admin", err2.message, err2.hint)
	}
	if err1 != nil || err2 != nil {
		return
	}
	if httpPort == adminPort && httpPort != "0" && (httpHost == adminHost || everywhere(httpHost) || everywhere(adminHost)) {
		path, taken, by := "listen.admin", k.Listen.Admin, "listen.http is "+k.Listen.HTTP
		if !k.found.written(path) {
			path, taken, by = "listen.http", k.Listen.HTTP, "listen.admin is "+k.Listen.Admin
		}
		k.found.add(path, fmt.Sprintf("%s is taken: %s", taken, by), "choose another port")
	}
	if k.Admin.Token == "" && !loopback(adminHost) {
		k.found.add("listen.admin", k.Listen.Admin+" can be reached from other machines, and there is no admin.token",
			"set admin.token, or listen on 127.0.0.1")
	}
	if strings.ContainsFunc(k.Admin.Token.Reveal(), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		k.found.add("admin.token", "a bearer token is printable ASCII without blanks", "")
	}
}

func (k *checker) regions() {
	switch {
	case k.Region == "":
		k.found.add("region", "it is not said which region this gateway runs in", "write region: NAME")
	case len(k.Regions) > 0:
		k.knownRegion("region", k.Region)
	}
	if len(k.Regions) == 0 {
		k.found.add("regions", "there is no region", "write regions: { NAME: {} }")
	}
	if len(k.Regions) > maxRegions {
		k.found.add("regions", fmt.Sprintf("there are %d regions; %d is the most", len(k.Regions), maxRegions), "")
	}
	for _, name := range k.names {
		k.name("regions."+name, "region", name)
		r, path := k.Regions[name], "regions."+name
		for i, other := range r.Failover {
			at := fmt.Sprintf("%s.failover[%d]", path, i)
			switch {
			case other == name:
				k.found.add(at, "a region cannot take over from itself", "")
			case slices.Contains(r.Failover[:i], other):
				k.found.add(at, fmt.Sprintf("%s is in this list already", other), "")
			default:
				k.knownRegion(at, other)
			}
		}
	}
}

// knownRegion reports a region that is not under regions.
func (k *checker) knownRegion(path, name string) bool {
	if _, ok := k.Regions[name]; ok {
		return true
	}
	k.found.add(path, fmt.Sprintf("there is no region %q", name), Among(name, k.names))
	return false
}

// oneOf reports a word that is not among those a setting knows.
func (k *checker) oneOf(path, word string, known ...string) {
	if slices.Contains(known, word) {
		return
	}
	hint := cmp.Or(DidYouMean(word, known), "write "+strings.Join(known, ", "))
	k.found.add(path, fmt.Sprintf("%q is not known here", word), hint)
}

// name reports a name that could not be a header value, a metric label and a part of a URL.
func (k *checker) name(path, what, name string) {
	ok := name != "" && len(name) <= 63
	for i := 0; ok && i < len(name); i++ {
		ok = isAlnum(name[i]) || i > 0 && strings.IndexByte("-_.", name[i]) >= 0
	}
	if ok {
		return
	}
	hint := "letters, digits, and - _ . after the first, at most 63"
	if strings.Contains(name, "${") {
		hint = "variables stand for values, not for keys"
	}
	k.found.add(path, fmt.Sprintf("%q cannot be the name of a %s", name, what), hint)
}

func (k *checker) affinity() {
	k.oneOf("affinity.unknown", k.Affinity.Unknown, "nearest", "default", "reject")
	if k.Affinity.Default == "" {
		k.Affinity.Default = k.Region
		return
	}
	k.knownRegion("affinity.default", k.Affinity.Default)
}

func (k *checker) service(name string, s *Service) {
	path := "services." + name
	k.name(path, "service", name)
	if s.Balance == "" {
		k.found.add(path+".balance", "the name of the policy is empty", "")
	}
	k.probe(path+".probe", &s.Probe)
	k.share(path+".breaker.errors", s.Breaker.Errors)
	k.atLeast(path+".breaker.of", s.Breaker.Of, 1)
	if s.Breaker.In < Duration(100*time.Millisecond) {
		k.found.add(path+".breaker.in", fmt.Sprintf("%s is too short a window", s.Breaker.In), "write 100ms or more")
	}
	if len(s.Endpoints) == 0 {
		k.found.add(path+".endpoints", "the service has no endpoint", "write endpoints: { REGION: [host:port] }")
	}
	seen := make(map[string]string)
	for _, region := range slices.Sorted(maps.Keys(s.Endpoints)) {
		k.knownRegion(path+".endpoints."+region, region)
		k.pool(path+".endpoints."+region, region, s.Endpoints[region], seen)
	}
}

func (k *checker) probe(path string, p *Probe) {
	if p.Kind == "" {
		p.Kind = "tcp"
		if p.Path != "" {
			p.Kind = "http"
		}
	}
	if p.Kind == "http" && p.Path == "" {
		p.Path = "/"
	}
	if p.Path != "" && (p.Path[0] != '/' || !isVisible(p.Path) || strings.Contains(p.Path, "#")) {
		k.found.add(path+".path", fmt.Sprintf("%q is not a path to ask for", p.Path), "write /healthz")
	}
	if !isVisible(p.Host) || strings.ContainsAny(p.Host, "/?#@") {
		k.found.add(path+".host", fmt.Sprintf("%q is not a host", p.Host), "")
	}
	if len(p.Status) == 0 {
		k.found.add(path+".status", "no status would mean well", "write [200-299]")
	}
	k.positive(path+".every", p.Every)
	k.positive(path+".timeout", p.Timeout)
	k.atLeast(path+".down", p.Down, 1)
	k.atLeast(path+".up", p.Up, 1)
}

// pool checks the endpoints of a service in one region. seen has the region of every address of the
// service so far.
func (k *checker) pool(path, region string, pool []*Endpoint, seen map[string]string) {
	weight := 0.0
	for i, e := range pool {
		at := func(key string) string { return fmt.Sprintf("%s[%d].%s", path, i, key) }
		if !(e.Weight >= 0 && e.Weight <= maxWeight) {
			k.found.add(at("weight"), fmt.Sprintf("%v is not a weight from 0 to %d", e.Weight, maxWeight), "")
		}
		weight += e.Weight
		if e.MaxFails < 1 {
			k.atLeast(at("max_fails"), e.MaxFails, 1)
		}
		if e.FailTimeout <= 0 {
			k.positive(at("fail_timeout"), e.FailTimeout)
		}
		address, err := endpointAddress(e.Address)
		if err != nil {
			k.found.add(at("address"), err.message, err.hint)
			continue
		}
		e.Address = address
		if other, ok := seen[address]; ok {
			k.found.add(at("address"), fmt.Sprintf("%s is listed already, in %s", address, other), "one address, one entry: give it a weight instead")
		}
		seen[address] = region
	}
	switch {
	case len(pool) == 0:
		k.found.add(path, "there is no endpoint in this region", "leave the region out")
	case weight == 0:
		k.found.add(path, "all weights are zero, so no request could go here", "leave the region out, or drain it by an override")
	}
}

func (k *checker) routes() {
	if len(k.Routes) == 0 {
		k.found.add("routes", "there is no route", "write routes: [{ path: /**, to: SERVICE }]")
	}
	services := slices.Sorted(maps.Keys(k.Services))
	names := make(map[string]int, len(k.Routes))
	for i, r := range k.Routes {
		path := "routes[" + strconv.Itoa(i) + "]"
		k.route(path, r)
		switch {
		case r.To == "":
			k.found.add(path+".to", "the route leads nowhere", "write to: SERVICE")
		case k.Services[r.To] == nil && len(services) > 0:
			k.found.add(path+".to", fmt.Sprintf("there is no service %q", r.To), Among(r.To, services))
		}
		given := r.Name != ""
		if !given {
			r.Name = r.Host + r.Path
		}
		first, taken := names[r.Name]
		switch {
		case taken && given:
			k.found.add(path+".name", fmt.Sprintf("routes[%d] has the name %q already", first, r.Name), "names tell routes apart in metrics")
		case taken:
			k.found.add(path, fmt.Sprintf("routes[%d] is called %q, too", first, r.Name), "give this one a name, or another host or path")
		default:
			names[r.Name] = i
		}
	}
}

// route checks what a route matches and its terms.
func (k *checker) route(path string, r *Route) {
	if len(r.Name) > 200 || strings.ContainsFunc(r.Name, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		k.found.add(path+".name", "a name is one line of at most 200 bytes", "")
	}
	if r.Host != "" {
		if err := routeHost(r.Host); err != nil {
			k.found.add(path+".host", err.message, err.hint)
		}
		r.Host = strings.ToLower(r.Host)
	}
	k.pathPattern(path+".path", r.Path)
	if r.StripPrefix != "" {
		k.pathPattern(path+".strip_prefix", r.StripPrefix)
	}
	for i, m := range r.Methods {
		if !isToken(m) || m != strings.ToUpper(m) {
			hint := ""
			if isToken(m) {
				hint = "write " + strings.ToUpper(m)
			}
			k.found.add(fmt.Sprintf("%s.methods[%d]", path, i), fmt.Sprintf("%q is not a method", m), hint)
		}
	}
	k.headers(path+".headers", r.Headers)
	if r.Attempts < 1 || r.Attempts > maxAttempts {
		k.found.add(path+".attempts", fmt.Sprintf("%d is not a number of attempts from 1 to %d", r.Attempts, maxAttempts), "")
	}
	if r.Spill != "unhealthy" {
		k.oneOf(path+".spill", r.Spill, "never", "unhealthy", "always")
	}
	k.timeout(path+".timeout", &r.Timeout)
	if r.Limit != nil {
		k.limit(path+".limit", r.Limit)
	}
}

func (k *checker) pathPattern(path, pattern string) {
	switch {
	case pattern == "" || pattern[0] != '/':
		k.found.add(path, fmt.Sprintf("%q does not begin with a /", pattern), "write "+strconv.Quote("/"+pattern))
	case !isVisible(pattern) || strings.ContainsAny(pattern, "?#"):
		k.found.add(path, fmt.Sprintf("%q is not a path", pattern), "a path has no query, blanks or control characters")
	}
}

func (k *checker) headers(path string, headers map[string]string) {
	if len(headers) == 0 {
		return
	}
	seen := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		at, canonical := path+"."+name, http.CanonicalHeaderKey(name)
		if !isToken(name) {
			k.found.add(at, fmt.Sprintf("%q is not the name of a header field", name), "")
		}
		if first, ok := seen[canonical]; ok {
			k.found.add(at, fmt.Sprintf("%s and %s are the same field", first, name), "")
		}
		seen[canonical] = name
		if strings.ContainsFunc(headers[name], func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			k.found.add(at, "a field's value has no line breaks or control characters", "")
		}
	}
}

// timeout checks the phases of a route. A default never exceeds what the operator wrote for the
// phase around it.
func (k *checker) timeout(path string, t *Timeout) {
	if t.Connect <= 0 || t.Try <= 0 || t.Total <= 0 {
		k.positive(path+".connect", t.Connect)
		k.positive(path+".try", t.Try)
		k.positive(path+".total", t.Total)
		return
	}
	if t.Try > t.Total && !k.found.written(path+".try") {
		t.Try = t.Total
	}
	if t.Connect > t.Try && !k.found.written(path+".connect") {
		t.Connect = t.Try
	}
	if t.Try > t.Total {
		k.found.add(path+".try", fmt.Sprintf("one try (%s) is longer than all together (%s)", t.Try, t.Total), "shorten it, or raise total")
	}
	if t.Connect > t.Try {
		k.found.add(path+".connect", fmt.Sprintf("one connect (%s) is longer than the try it is part of (%s)", t.Connect, t.Try), "shorten it, or raise try")
	}
}

func (k *checker) limit(path string, l *Limit) {
	if l.Rate <= 0 {
		message := "a limit needs a rate"
		if k.found.written(path + ".rate") {
			message = "a rate of zero would refuse everything"
		}
		k.found.add(path+".rate", message, "write rate: 2000/s")
		return
	}
	if l.Burst == 0 && !k.found.written(path+".burst") {
		l.Burst = int(min(max(1, math.Ceil(float64(l.Rate))), math.MaxInt32))
	}
	k.atLeast(path+".burst", l.Burst, 1)
}

// bounds checks the settings that only have to be in a range.
func (k *checker) bounds() {
	l := &k.Limits
	for _, d := range []struct {
		key   string
		value Duration
	}{
		{"head", l.Head}, {"idle", l.Idle}, {"stall", l.Stall}, {"upstream_stall", l.UpstreamStall},
		{"write_stall", l.WriteStall}, {"upstream_idle", l.UpstreamIdle},
	} {
		k.positive("limits."+d.key, d.value)
	}
	for _, s := range []struct {
		key           string
		value, lo, hi Size
	}{
		{"line", l.Line, 256, 1 << 20}, {"fields", l.Fields, 1 << 10, 1 << 20}, {"body", l.Body, 0, 1 << 50},
	} {
		if s.value < s.lo || s.value > s.hi {
			k.found.add("limits."+s.key, fmt.Sprintf("%s is out of range", s.value), fmt.Sprintf("write %s to %s", s.lo, s.hi))
		}
	}
	k.atLeast("limits.field_count", l.FieldCount, 1)
	k.atLeast("limits.connections", l.Connections, 1)
	k.oneOf("log.level", k.Log.Level, "debug", "info", "warn", "error")
	k.oneOf("log.format", k.Log.Format, "auto", "text", "json")
}

func (k *checker) positive(path string, d Duration) {
	if d <= 0 {
		k.found.add(path, "this duration must be more than zero", "")
	}
}

func (k *checker) atLeast(path string, n, least int) {
	if n < least {
		k.found.add(path, fmt.Sprintf("%d is too small", n), fmt.Sprintf("write %d or more", least))
	}
}

func (k *checker) share(path string, p Percent) {
	if p <= 0 || p > 1 {
		k.found.add(path, fmt.Sprintf("%s is out of range", p), "write more than 0%, at most 100%")
	}
}
