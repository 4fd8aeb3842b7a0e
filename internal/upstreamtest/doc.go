// Package upstreamtest is an upstream that can be slow, sick or gone, on cue.
//
// The door is [Start] (or [New] in a test): an HTTP/1.1 server on a real socket that answers at
// once and names itself. What else it does is a [Behavior], set on the whole server with
// [Server.Set], on its probes with [Server.SetProbe], or by one request in its query
// ("/?delay=50ms&cut=100"). What happens to the machine it stands for is a method: [Server.Kill],
// [Server.Freeze], [Server.Blackhole], [Server.Heal].
//
// What it saw is kept in a [Ledger] (which request was executed how often, shared by many servers),
// in [Server.Stats] and, byte for byte, in [Server.Requests].
//
// Where that is not enough, [Script] gives a test the bare connection, and [Client] is its
// counterpart on the other side: it sends bytes and tells a whole answer from a cut one.
//
// It is written on net.Conn, not on net/http, because its purpose is to misbehave in ways that a
// correct server cannot, and to show the bytes exactly as they came. It imports nothing of ours.
//
// To add a way of misbehaving: a field in Behavior, its key in [Behavior.Directed], and the line in
// exchange.go that obeys it.
package upstreamtest
