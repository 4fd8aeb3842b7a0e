// Package proxy is the straight line of a request and the bytes on both sides of it.
//
// The door is Gateway: New, Configure, Run and Serve, then Leave and Drain. What happens to a request is
// on one screen, Gateway.serve. What scheduling knows of it is Flight, a value that knows no bytes,
// connections or goroutines, so that another driver can move it along.
//
// conn.go serves a client's connection, exchange.go is one request on it, forward.go writes the head an
// endpoint gets, send.go makes an attempt, upload.go moves a large body meanwhile, relay.go passes the
// answer on, refusal.go answers in the gateway's own name. upstream.go keeps connections to endpoints,
// watch.go enforces all deadlines and notices clients that leave.
//
// A protocol joins by driving Flight the way Gateway.serve does.
package proxy
