// Package openloop sends HTTP/1.1 requests at instants that do not depend on the answers.
//
// The door is [Load.Run]. Arrivals are drawn beforehand (Poisson, or evenly spaced); a request that
// finds no free connection waits in a queue, and its latency counts from the instant it was meant
// for. So a server that stalls is charged for everybody it kept waiting, which a closed loop, whose
// clients politely stop asking, hides.
//
// Requests are bytes, written to plain connections and read back by a parser of our own, because a
// generator that shares the machine with what it measures must be cheap. What became of each is an
// [Outcome]; what became of all of them is a [Report].
package openloop
