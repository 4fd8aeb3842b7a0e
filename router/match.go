package router

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/region"
)

// Request is what a match may look at. The strings are borrowed: they are valid until the
// exchange ends.
type Request interface {
	region.Request

	// Method is the request's method, as sent.
	Method() string

	// Host is the host asked for, in lower case and without a port.
	Host() string

	// Path is the path without the query, in normal form: escapes of unreserved characters
	// decoded, other escapes in upper case, dot segments removed, slashes merged.
	Path() string
}

// Match returns the most specific route that fits r, or nil; doc.go says which that is. Its cost
// grows with the length of the path, not with the number of routes, except that patterns with
// stars within a segment are tried one by one where they share a place. It does not allocate.
func (t *Table) Match(r Request) *Route {
	host, path := r.Host(), r.Path()
	if path == "" || path[0] != '/' {
		return nil
	}
	host = strings.TrimSuffix(host, ".") // the same name, spelled to the root
	if n := t.hosts[host]; n != nil {
		if route := n.find(path, r); route != nil {
			return route
		}
	}
	if len(t.wild) > 0 {
		for domain := parent(host); domain != ""; domain = parent(domain) {
			if n := t.wild[domain]; n != nil {
				if route := n.find(path, r); route != nil {
					return route
				}
			}
		}
	}
	return t.any.find(path, r)
}

// parent is the domain a host is in, "" if none.
func parent(host string) string {
	i := strings.IndexByte(host, '.')
	if i <= 0 {
		return ""
	}
	return host[i+1:]
}

// A node is a place in a path, after some segments: the routes that end here and where the
// others go on. Patterns that begin alike share their nodes, so a request visits each node at
// most once, however many routes there are.
type node struct {
	literals map[string]*node
	globs    []*branch // most specific first
	one      *node     // "*"
	exact    []*Route  // those that end here, most predicates first
	rest     []*Route  // those that go on with "**", most predicates first
}

// A branch leads on through a segment with stars in it.
type branch struct {
	segment segment
	matcher matcher
	next    *node
}

// find returns the most specific route below n that fits, or nil. path is what is left of the
// request's path, from a slash on, or "" at its end.
func (n *node) find(path string, r Request) *Route {
	if path == "" {
		if route := firstFit(n.exact, r); route != nil {
			return route
		}
		return firstFit(n.rest, r)
	}

	text, after := path[1:], ""
	if i := strings.IndexByte(text, '/'); i >= 0 {
		text, after = text[:i], text[i:]
	}
	if next := n.literals[text]; next != nil {
		if route := next.find(after, r); route != nil {
			return route
		}
	}
	for _, b := range n.globs {
		if !b.matcher.match(text) {
			continue
		}
		if route := b.next.find(after, r); route != nil {
			return route
		}
	}
	if n.one != nil && text != "" {
		if route := n.one.find(after, r); route != nil {
			return route
		}
	}
	return firstFit(n.rest, r)
}

func firstFit(routes []*Route, r Request) *Route {
	for _, route := range routes {
		if route.fits(r) {
			return route
		}
	}
	return nil
}

// fits says whether the route's predicates hold for r.
func (r *Route) fits(x Request) bool {
	if len(r.methods) > 0 && !slices.Contains(r.methods, x.Method()) {
		return false
	}
	for i := range r.headers {
		h := &r.headers[i]
		value := x.Header(h.name)
		if value == "" || value != h.value && h.value != "*" {
			return false
		}
	}
	return true
}

// A header is a predicate on a header field: this value, or any if it is "*".
type header struct{ name, value string }

// predicates is how many there are, for what comes first of routes with the same path.
func (r *Route) predicates() int {
	n := len(r.headers)
	if len(r.methods) > 0 {
		n++
	}
	return n
}

// add puts a route where its pattern leads. Routes must come in the order of the file.
func (n *node) add(p pattern, route *Route) {
	for _, s := range p {
		if s.kind == rest {
			n.rest = insert(n.rest, route)
			return
		}
		n = n.child(s)
	}
	n.exact = insert(n.exact, route)
}

// child is where segment s leads, made if it is not there yet.
func (n *node) child(s segment) *node {
	switch s.kind {
	case literal:
		next := n.literals[s.text]
		if next == nil {
			next = new(node)
			if n.literals == nil {
				n.literals = map[string]*node{}
			}
			n.literals[s.text] = next
		}
		return next
	case glob:
		i, found := slices.BinarySearchFunc(n.globs, s, func(b *branch, s segment) int { return b.segment.compare(s) })
		if !found {
			n.globs = slices.Insert(n.globs, i, &branch{segment: s, matcher: newMatcher(s.text), next: new(node)})
		}
		return n.globs[i].next
	}
	if n.one == nil {
		n.one = new(node)
	}
	return n.one
}

// insert puts route behind those with as many predicates or more.
func insert(routes []*Route, route *Route) []*Route {
	i := len(routes)
	for i > 0 && routes[i-1].predicates() < route.predicates() {
		i--
	}
	return slices.Insert(routes, i, route)
}

// compareHosts orders the hosts of routes, the most specific first.
func compareHosts(a, b string) int {
	class := func(host string) int {
		switch {
		case host == "":
			return 2
		case strings.HasPrefix(host, "*."):
			return 1
		}
		return 0
	}
	if c := cmp.Compare(class(a), class(b)); c != 0 {
		return c
	}
	if class(a) == 1 && len(a) != len(b) {
		return cmp.Compare(len(b), len(a))
	}
	return cmp.Compare(a, b)
}

// sameRequests is a key that two routes share if they match exactly the same requests.
func sameRequests(def *config.Route) string {
	methods := slices.Compact(slices.Sorted(slices.Values(def.Methods)))
	var b strings.Builder
	b.WriteString(def.Host + "\n" + def.Path + "\n" + strings.Join(methods, " "))
	for _, h := range headersOf(def) {
		b.WriteString("\n" + strings.ToLower(h.name) + ": " + h.value)
	}
	return b.String()
}

// headersOf lists the predicates on header fields, by name.
func headersOf(def *config.Route) []header {
	var list []header
	for name, value := range def.Headers {
		list = append(list, header{name, value})
	}
	slices.SortFunc(list, func(a, b header) int {
		return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
	})
	return list
}
