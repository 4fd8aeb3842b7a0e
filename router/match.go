package router

import "github.com/tidegate/tidegate/region"

// Request is what a match may look at. The strings are borrowed: they are valid until the
// exchange ends.
type Request interface {
	region.Request

	// Method is the request's method, as sent.
	Method() string

	// Host is the host asked for, in lower case and without a port.
	Host() string

	// Path is the normalised path, without the query.
	Path() string
}

type node struct{}

// Match returns the most specific route that fits r, or nil. It does not allocate.
func (t *Table) Match(r Request) *Route { return nil }
