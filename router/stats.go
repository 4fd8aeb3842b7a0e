package router

import (
	"sync/atomic"
	"time"

	"github.com/tidegate/tidegate/balancer"
)

// A Reason says why the gateway answered in its own name. The set is closed: it is a metric
// label, and what operators search for.
type Reason uint8

const (
	NoRoute         Reason = iota // no route matches
	BadRequest                    // the request is malformed
	OverLimit                     // the route's rate limit is reached
	RegionUnknown                 // the request names a region that does not exist
	NoEndpoint                    // no endpoint can take the request
	ConnectFailed                 // no connection to an endpoint could be made
	UpstreamReset                 // the endpoint broke off before it answered
	UpstreamTimeout               // no endpoint answered in time
	BadResponse                   // the endpoint's answer is malformed
	ClientGone                    // the client left
	BodyTooLarge                  // the request body is larger than allowed
	BodyTimeout                   // the request body did not arrive in time
	Internal                      // the gateway failed

	// Reasons is how many there are.
	Reasons = iota
)

// String is the reason as a metric label, such as "no_route".
func (r Reason) String() string {
	switch r {
	case NoRoute:
		return "no_route"
	case BadRequest:
		return "bad_request"
	case OverLimit:
		return "over_limit"
	case RegionUnknown:
		return "region_unknown"
	case NoEndpoint:
		return "no_endpoint"
	case ConnectFailed:
		return "connect_failed"
	case UpstreamReset:
		return "upstream_reset"
	case UpstreamTimeout:
		return "upstream_timeout"
	case BadResponse:
		return "bad_response"
	case ClientGone:
		return "client_gone"
	case BodyTooLarge:
		return "body_too_large"
	case BodyTimeout:
		return "body_timeout"
	case Internal:
		return "internal"
	}
	return "unknown"
}

// RouteStats counts what became of a route's requests. The counts only grow, and reloads carry
// them over by the route's name. Safe for concurrent use.
type RouteStats struct {
	_        [64]byte
	classes  [6]atomic.Uint64
	nanos    atomic.Uint64
	buckets  [balancer.LatencyBuckets]atomic.Uint64
	refusals [Reasons]atomic.Uint64
	_        [64]byte
}

// A RouteReading is the state of a RouteStats at one moment.
type RouteReading struct {
	Classes  [6]uint64                       // answers of endpoints by status class: 1 for 1xx to 5 for 5xx, 0 for others
	Nanos    uint64                          // time they took, added up
	Buckets  [balancer.LatencyBuckets]uint64 // the same times counted by balancer.LatencyBounds, not cumulative
	Refusals [Reasons]uint64                 // answers in the gateway's own name
}

// Answer books an endpoint's answer that was passed on: its status and the time from the
// request's arrival. It does not allocate.
func (s *RouteStats) Answer(status int, d time.Duration) {
	class := status / 100
	if class < 1 || class > 5 {
		class = 0
	}
	s.classes[class].Add(1)
	s.nanos.Add(uint64(max(d, 0)))
	s.buckets[bucketOf(d)].Add(1)
}

// Refuse books an answer the gateway gave in its own name. It does not allocate.
func (s *RouteStats) Refuse(r Reason) { s.refusals[r].Add(1) }

// Read returns the counts. Each is exact; together they may be torn by requests that are
// booked meanwhile.
func (s *RouteStats) Read() RouteReading {
	var r RouteReading
	for i := range s.classes {
		r.Classes[i] = s.classes[i].Load()
	}
	r.Nanos = s.nanos.Load()
	for i := range s.buckets {
		r.Buckets[i] = s.buckets[i].Load()
	}
	for i := range s.refusals {
		r.Refusals[i] = s.refusals[i].Load()
	}
	return r
}

// bucketOf is the first bucket whose bound is not below d.
func bucketOf(d time.Duration) int {
	for i, bound := range balancer.LatencyBounds() {
		if d <= bound {
			return i
		}
	}
	return balancer.LatencyBuckets - 1
}
