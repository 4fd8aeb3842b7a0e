// Package health asks whether endpoints are well. It knows addresses, not traffic: what real
// requests learn about an endpoint is the balancer's business.
//
// The door is [Monitor.Run], which examines exactly those it was last given ([Subject]), and
// [Compile], which turns a configured probe into a [Check]. Behind it: the probes and their kept
// connections, timeouts, jitter, [Streak] (how many answers in a row make a verdict), and
// self-doubt (when every probe fails at once, the prober is the likelier patient).
//
// # Self-doubt
//
// No endpoint is declared down before some probe succeeded after its first failure, and none while
// everybody's last probe failed: a gateway that sees nobody keeps what it last knew, says so once
// in the log and by [Monitor.Suspect], and traffic goes on to the last known good. The loss of a part
// of the fleet, be it all but one endpoint, is found within every×1.1 + 2×timeout (with down: 2).
// Its price: a fleet that dies whole, in one moment, is held to be as it was, too. Real traffic's
// breakers still act then. Addresses are what is compared, so with a single one there is no doubt.
//
// # A new kind of probe
//
// Write probe_x.go with a constructor and one line for it in the probes map (probe.go). Names in
// the configuration are checked against that map, and the conformance test ranges over it; it asks
// for one line that says what a well upstream of the new kind looks like.
package health
