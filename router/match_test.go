package router

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/config"
)

// asked is a request as a match sees it.
type asked struct {
	method, host, path string
	headers            map[string]string
}

func (a *asked) Method() string       { return a.method }
func (a *asked) Host() string         { return a.host }
func (a *asked) Path() string         { return a.path }
func (a *asked) Cookie(string) string { return "" }
func (a *asked) ClientIP() netip.Addr { return netip.Addr{} }

func (a *asked) Header(name string) string {
	for key, value := range a.headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

func (a *asked) String() string {
	return fmt.Sprintf("%s %s%s %v", a.method, a.host, a.path, a.headers)
}

// oracle is the order of doc.go written down a second time: all routes that fit, and of them the
// one that no other comes before.
func oracle(routes []*config.Route, a *asked) string {
	best := -1
	for i, r := range routes {
		if oracleFits(r, a) && (best < 0 || oracleBefore(r, routes[best])) {
			best = i
		}
	}
	if best < 0 {
		return "none"
	}
	return routes[best].Name
}

func oracleFits(r *config.Route, a *asked) bool {
	host := strings.TrimSuffix(a.host, ".")
	switch sub, wild := strings.CutPrefix(r.Host, "*"); {
	case r.Host == "":
	case wild && strings.HasSuffix(host, sub) && len(host) > len(sub):
	case r.Host == host:
	default:
		return false
	}
	if !strings.HasPrefix(a.path, "/") || !oraclePath(split(r.Path), split(a.path)) {
		return false
	}
	if len(r.Methods) > 0 && !slices.Contains(r.Methods, a.method) {
		return false
	}
	for name, want := range r.Headers {
		if got := a.Header(name); got == "" || want != "*" && got != want {
			return false
		}
	}
	return true
}

func split(path string) []string { return strings.Split(path, "/")[1:] }

func oraclePath(pattern, path []string) bool {
	switch {
	case len(pattern) == 0:
		return len(path) == 0
	case pattern[0] == "**":
		return true
	case len(path) == 0:
		return false
	case pattern[0] == "*" && path[0] == "":
		return false
	}
	return oracleGlob(pattern[0], path[0]) && oraclePath(pattern[1:], path[1:])
}

func oracleGlob(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return oracleGlob(pattern[1:], text) || text != "" && oracleGlob(pattern, text[1:])
	}
	return text != "" && pattern[0] == text[0] && oracleGlob(pattern[1:], text[1:])
}

// oracleBefore says whether r, the later in the file, nevertheless comes before s.
func oracleBefore(r, s *config.Route) bool {
	if c := oracleHost(r.Host) - oracleHost(s.Host); c != 0 {
		return c < 0
	}
	p, q := split(r.Path), split(s.Path)
	for i := range max(len(p), len(q)) {
		a, b := oraclePlace(p, i), oraclePlace(q, i)
		if a != b {
			return a < b
		}
		if a == "2" { // stars among other bytes
			x, y := len(strings.ReplaceAll(p[i], "*", "")), len(strings.ReplaceAll(q[i], "*", ""))
			if x != y {
				return x > y
			}
			if p[i] != q[i] {
				return p[i] < q[i]
			}
		}
	}
	return oraclePredicates(r) > oraclePredicates(s)
}

func oracleHost(host string) int {
	switch {
	case host == "":
		return 1000
	case host[0] == '*':
		return 999 - len(host)
	}
	return 0
}

func oraclePlace(pattern []string, i int) string {
	switch {
	case i >= len(pattern):
		return "0"
	case pattern[i] == "*":
		return "3"
	case pattern[i] == "**":
		return "4"
	case strings.Contains(pattern[i], "*"):
		return "2"
	}
	return "1"
}

func oraclePredicates(r *config.Route) int {
	return len(r.Headers) + min(len(r.Methods), 1)
}

// tableOf compiles a table that has these routes only.
func tableOf(t testing.TB, routes []*config.Route) *Table {
	t.Helper()
	c := load(t, "{region: e, regions: {e: {}}, services: {s: {endpoints: {e: [10.0.0.1:80]}}}, routes: [{to: s}]}")
	c.Routes = routes
	for i, r := range routes {
		r.Name, r.To, r.Spill = fmt.Sprint(i), "s", "unhealthy"
	}
	return compile(t, c, nil)
}

func match(table *Table, a *asked) string {
	if r := table.Match(a); r != nil {
		return r.Name
	}
	return "none"
}

func TestMatch(t *testing.T) {
	c, err := config.LoadFile("testdata/order.yaml")
	if err != nil {
		t.Fatal(err)
	}
	table := compile(t, c, nil)
	beta := map[string]string{"x-beta": "1"}
	tests := []struct {
		asked asked
		want  string
	}{
		{asked{host: "www.example.com", path: "/a"}, "exact host"},
		{asked{host: "api.example.com", path: "/a"}, "second host"},
		{asked{host: "api.example.com.", path: "/a"}, "second host"},
		{asked{host: "x.eu.example.com", path: "/a"}, "longer wildcard"},
		{asked{host: "eu.example.com", path: "/a"}, "any depth"},
		{asked{host: "x.y.z.example.com", path: "/a"}, "any depth"},
		{asked{host: "example.com", path: "/a"}, "any host"},
		{asked{host: ".example.com", path: "/a"}, "any host"},
		{asked{host: "badexample.com", path: "/a"}, "any host"},
		{asked{host: "", path: "/a"}, "any host"},
		{asked{host: "eu.example.com", path: "/b"}, "everything"},

		{asked{path: "/"}, "root"},
		{asked{path: "//"}, "everything"},
		{asked{path: "/a/"}, "slash at the end"},
		{asked{path: "/a/b"}, "literal"},
		{asked{path: "/a/b/"}, "longer prefix"},
		{asked{path: "/a/b/c/d"}, "longer prefix"},
		{asked{path: "/a/c.png"}, "short glob"},
		{asked{path: "/a/.png"}, "short glob"},
		{asked{path: "/a/b.png"}, "long glob"},
		{asked{path: "/a/b.pngx"}, "star"},
		{asked{path: "/a/x.gif"}, "equal glob"},
		{asked{path: "/a/c"}, "star"},
		{asked{path: "/a/c/d"}, "prefix"},
		{asked{path: "/a/c.png/d"}, "prefix"},
		{asked{path: "/b/b"}, "star then literal"},
		{asked{path: "/b/c"}, "everything"},
		{asked{path: "//b"}, "everything"},
		{asked{path: "/ax"}, "everything"},
		{asked{path: ""}, "none"},
		{asked{path: "*"}, "none"},
		{asked{path: "a"}, "none"},

		{asked{path: "/a/b", method: "GET"}, "GET"},
		{asked{path: "/a/b", method: "get"}, "literal"},
		{asked{path: "/a/b", method: "HEAD"}, "literal"},
		{asked{path: "/a/b", method: "GET", headers: beta}, "GET"},
		{asked{path: "/a/b", method: "HEAD", headers: beta}, "one field"},
		{asked{path: "/a/b", method: "PUT", headers: beta}, "one field and POST"},
		{asked{path: "/a/b", method: "PUT", headers: map[string]string{"X-Beta": "2"}}, "one field and POST"},
		{asked{path: "/a/b", method: "PUT", headers: map[string]string{"X-Beta": ""}}, "literal"},
		{asked{path: "/a/b", method: "HEAD", headers: map[string]string{"X-Beta": "2"}}, "literal"},
		{asked{path: "/a/b", method: "HEAD", headers: map[string]string{"X-Beta": "1", "A": "b"}}, "two fields"},
	}
	for _, test := range tests {
		if got := match(table, &test.asked); got != test.want {
			t.Errorf("%s: got %s, want %s", &test.asked, got, test.want)
		}
		if want := oracle(c.Routes, &test.asked); want != test.want {
			t.Errorf("%s: the oracle says %s, the test %s", &test.asked, want, test.want)
		}
	}
}

// A route whose predicates fail is passed over, down to less specific paths and hosts.
func TestMatchFallsBack(t *testing.T) {
	only := []string{"PUT"}
	routes := []*config.Route{
		{Host: "www.example.com", Path: "/a/b", Methods: only},
		{Host: "www.example.com", Path: "/a/b*", Methods: only},
		{Host: "www.example.com", Path: "/a/**", Headers: map[string]string{"X": "1"}},
		{Host: "*.example.com", Path: "/a/b", Methods: only},
		{Host: "*.example.com", Path: "/*/b", Headers: map[string]string{"X": "2"}},
		{Path: "/**"},
	}
	table := tableOf(t, routes)
	for want, a := range map[string]*asked{
		"0": {method: "PUT"},
		"2": {method: "GET", headers: map[string]string{"X": "1"}},
		"4": {method: "GET", headers: map[string]string{"X": "2"}},
		"5": {method: "GET"},
	} {
		a.host, a.path = "www.example.com", "/a/b"
		if got := match(table, a); got != want {
			t.Errorf("%s: got %s, want %s", a, got, want)
		}
	}
}

func TestRoutesAreInTheOrderTheyAreAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		routes := routeLists().Draw(t, "routes")
		table := rapidTable(t, routes)
		a := askeds().Draw(t, "asked")
		want := "none"
		for _, r := range table.Routes() {
			if oracleFits(r.Def, a) {
				want = r.Name
				break
			}
		}
		if got := match(table, a); got != want {
			t.Fatalf("%s: Match says %s, Routes %s", a, got, want)
		}
	})
}

func TestMatchAgreesWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		routes := routeLists().Draw(t, "routes")
		table := rapidTable(t, routes)
		for range 20 {
			a := askeds().Draw(t, "asked")
			if got, want := match(table, a), oracle(routes, a); got != want {
				t.Fatalf("%s: got %s, want %s", a, got, want)
			}
		}
	})
}

// rapidTable is tableOf for a *rapid.T.
func rapidTable(t *rapid.T, routes []*config.Route) *Table {
	c, err := config.Load("", []byte("{region: e, regions: {e: {}}, services: {s: {endpoints: {e: [10.0.0.1:80]}}}, routes: [{to: s}]}"), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Routes = routes
	for i, r := range routes {
		r.Name, r.To, r.Spill = fmt.Sprint(i), "s", "unhealthy"
	}
	table, err := Compile(c, nil, nil, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// The words of the property tests are few, so that routes meet.
func routeLists() *rapid.Generator[[]*config.Route] {
	hosts := []string{"", "", "a.x", "b.a.x", "*.x", "*.a.x", "*.b.a.x"}
	segments := []string{"a", "b", "ab", "*", "*", "a*", "*b", "a*b", "*a*", "a*a*"}
	route := rapid.Custom(func(t *rapid.T) *config.Route {
		path := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(segments), 0, 3).Draw(t, "segments"), "/")
		switch rapid.SampledFrom([]string{"", "/", "/**"}).Draw(t, "end") {
		case "/":
			path += "/"
		case "/**":
			path += "/**"
		}
		path = normalForm(path)
		r := &config.Route{
			Host:    rapid.SampledFrom(hosts).Draw(t, "host"),
			Path:    path,
			Methods: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"GET", "PUT"}), 0, 2, rapid.ID[string]).Draw(t, "methods"),
			Headers: map[string]string{},
		}
		for _, name := range []string{"X", "Y"} {
			if value := rapid.SampledFrom([]string{"", "", "1", "2", "*"}).Draw(t, name); value != "" {
				r.Headers[name] = value
			}
		}
		return r
	})
	return rapid.SliceOfNDistinct(route, 1, 12, sameRequests)
}

func askeds() *rapid.Generator[*asked] {
	return rapid.Custom(func(t *rapid.T) *asked {
		segments := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab", "aab", "aba", ""}), 1, 4).Draw(t, "segments")
		return &asked{
			method: rapid.SampledFrom([]string{"GET", "PUT", "POST"}).Draw(t, "method"),
			host:   rapid.SampledFrom([]string{"a.x", "b.a.x", "x", "c.b.a.x", "c.x", "a.x.", "", "ax"}).Draw(t, "host"),
			path:   "/" + strings.Join(segments, "/"),
			headers: map[string]string{
				"x": rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "X"),
				"y": rapid.SampledFrom([]string{"", "1", "3"}).Draw(t, "Y"),
			},
		}
	})
}

// FuzzMatch reads routes, one a line, as "host path method header", and holds Match against the oracle.
func FuzzMatch(f *testing.F) {
	f.Add("a.x /a/** GET 1\n*.x /a/*\n /**", "a.x", "/a/b", "GET", "1")
	f.Add(" /*a*b*/c\n /ab*/**\n /a*a/**", "", "/aab/c", "PUT", "")
	f.Add("*.x /a/\n*.a.x /a", "b.a.x.", "/a/", "", "")
	f.Add(" /a/**\n / \n /*/", "x", "//", "GET", "*")
	f.Fuzz(func(t *testing.T, text, host, path, method, value string) {
		if len(text) > 300 || len(path) > 100 {
			return // the oracle takes its time
		}
		var routes []*config.Route
		seen := map[string]bool{}
		for line := range strings.Lines(text) {
			words := append(strings.Split(strings.TrimSuffix(line, "\n"), " "), "", "", "", "")
			r := &config.Route{Host: words[0], Path: words[1]}
			if words[2] != "" {
				r.Methods = []string{words[2]}
			}
			if words[3] != "" {
				r.Headers = map[string]string{"X": words[3]}
			}
			if _, wrong := parsePattern(r.Path); wrong != nil || !plainHost(r.Host) || seen[sameRequests(r)] {
				continue
			}
			seen[sameRequests(r)] = true
			routes = append(routes, r)
		}
		if len(routes) == 0 {
			return
		}
		a := &asked{method: method, host: host, path: path, headers: map[string]string{"x": value}}
		if got, want := match(tableOf(t, routes), a), oracle(routes, a); got != want {
			t.Errorf("%s\n%s: got %s, want %s", text, a, got, want)
		}
	})
}

// plainHost says whether config would let a host through, more or less.
func plainHost(host string) bool {
	name := strings.TrimPrefix(host, "*.")
	if name == "" {
		return host == ""
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// manyRoutes is what a large gateway might have: a fifth with hosts of their own, some with stars.
func manyRoutes(n int) []*config.Route {
	routes := make([]*config.Route, n)
	for i := range routes {
		r := &config.Route{Path: fmt.Sprintf("/api/v%d/service-%d/**", i%3, i)}
		switch i % 5 {
		case 1:
			r.Host = fmt.Sprintf("host-%d.example.com", i%50)
		case 2:
			r.Path = fmt.Sprintf("/api/v%d/service-%d/users/*/orders", i%3, i)
		case 3:
			r.Host = fmt.Sprintf("*.zone-%d.example.com", i%50)
			r.Methods = []string{"GET"}
		case 4:
			r.Path = fmt.Sprintf("/files/service-%d/*.png", i)
		}
		routes[i] = r
	}
	return routes
}

// asking makes requests that hit routes of each sort, and one that falls through everything.
func asking(n int) map[string]*asked {
	last := n - 5
	return map[string]*asked{
		"prefix":   {method: "GET", host: "www.example.com", path: fmt.Sprintf("/api/v%d/service-%d/a/b", last%3, last)},
		"host":     {method: "GET", host: fmt.Sprintf("host-%d.example.com", (last+1)%50), path: fmt.Sprintf("/api/v%d/service-%d/a", (last+1)%3, last+1)},
		"star":     {method: "GET", host: "www.example.com", path: fmt.Sprintf("/api/v%d/service-%d/users/7/orders", (last+2)%3, last+2)},
		"wildcard": {method: "GET", host: fmt.Sprintf("a.zone-%d.example.com", (last+3)%50), path: fmt.Sprintf("/api/v%d/service-%d/a", (last+3)%3, last+3)},
		"glob":     {method: "GET", host: "www.example.com", path: fmt.Sprintf("/files/service-%d/picture.png", last+4)},
		"none":     {method: "GET", host: "a.zone-1.example.com", path: "/api/v1/nobody/here/a/b"},
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	table := tableOf(t, manyRoutes(5000))
	for name, a := range asking(5000) {
		if got := match(table, a); (got == "none") != (name == "none") {
			t.Errorf("%s: %s", name, got)
		}
		if n := testing.AllocsPerRun(100, func() { table.Match(a) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 5000} {
		table := tableOf(b, manyRoutes(n))
		for name, a := range asking(n) {
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					table.Match(a)
				}
			})
		}
	}
}
