// Package admin is what an operator can see and order: health of the process, metrics, the
// configuration, table and plans in force, and overrides.
//
// The door is [Handler], served by [NewServer] on a listener that [CheckListen] found safe. What
// the room knows it reads from a [Gateway] at each request; it keeps nothing. Orders are handed
// to the Gateway, which acknowledges them when they are in force and on disk.
//
//	server.go     where and with what time limits it is served
//	handler.go    the list of paths, and what every request passes: host, token, origin
//	accept.go     text or JSON
//	status.go     /healthz and /readyz
//	config.go     /v1/config
//	plan.go       /v1/table and /v1/plan
//	overrides.go  /v1/overrides;  order.go: reading an order strictly
//	metrics.go    a collector that reads the live table at each scrape;  families.go: its names
//	problem.go    every error, as application/problem+json
//
// To add a path: a line in the list in handler.go and a function that returns an error; the
// index, 405 and the checks follow from the list. To add a metric: a family in families.go and
// the line that emits it; the golden list of names must then be renewed.
package admin
