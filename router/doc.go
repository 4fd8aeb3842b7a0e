// Package router says which route a request takes and on what terms, and turns a configuration
// into the table that knows it.
//
// Its door is [Compile], which makes a [Table] of a config.Config and of the table before it,
// and [Table.Match]. A table is immutable and safe for concurrent use; what it points to —
// services, endpoints, hosts, limiters, counters — is carried over from table to table as long
// as its own definition does not change, so a reload forgets nothing and disturbs nobody.
//
// # Which route wins
//
// The most specific route whose path, methods and header fields all fit. Specificity is decided
// by the first of these that makes a difference; the order of the file comes last:
//
//  1. Host: an exact host, then "*.wildcards" from the longest to the shortest, then any host.
//     "*.example.com" stands for subdomains of any depth, not for example.com itself.
//  2. Path, compared segment by segment from the left. In each place: the end of the pattern
//     (the path must end there as well), then a literal segment, then a segment with stars in it
//     ("*.png"; more literal bytes first, then in the order of their text), then "*" (one whole
//     segment, not empty), then "**" (everything from here on, nothing included: "/pay/**" is
//     /pay, /pay/ and /pay/x, not /payx). So /a is before /a/**, and /a/** before /*/b.
//  3. Predicates: the more the better. Methods count as one if there are any, each header
//     field as one.
//  4. The order of the file.
//
// A route that fits by host and path but whose methods or header fields do not is passed over,
// and the next most specific is asked, if need be down to a wildcard or any host.
//
// "**" may only be the last segment. Paths are compared byte by byte, in the normal form that
// [Request] describes: /a and /a/ are different. A pattern in another form, which could never
// fit, is refused.
//
// # To add a predicate
//
// A field in config.Route and one in [Route]; a line each in Route.fits, Route.predicates and
// sameRequests, all in match.go; then the oracle in match_test.go, which is the order above
// written down a second time.
package router
