// Package balancer answers one question: which endpoint may serve this request?
//
// Facts come in on one side. Every attempt ([Endpoint.Start], [Attempt.Head], [Attempt.End]) books
// what became of it with its [Endpoint], which is one address of one service in one region, and with
// the [Host] at that address, which all services share; probes report to [Endpoint.Observe]. That is
// counters, a breaker, a latency, an age: atomics, no locks but one per breaker, no allocation.
//
// One goroutine thinks. Every 250 ms [Scheduler.Observe] takes the differences of the counters and
// turns them, through windows that decay, into [Evidence]. [Weigh] is the gateway's whole opinion on
// it, a pure function: a [Weight] is a product of factors, one for each reason, so that an operator
// can be told why an endpoint gets so little. [Scheduler.Plan] puts weights, breakers and operators'
// [Orders] together into a [Plan], which is immutable: how the traffic of every home region is shared
// among the regions (package region), and for each region a picker made by the service's policy.
//
// Choices come out on the other side. [Service.Start] is given a [Call], which is the request's home
// and what it has tried; it draws a region by the plan's shares, asks the region's picker for an
// endpoint, and admits the request there. Given the plan it is a function of the call and of
// counters: chance and time are arguments. What an endpoint declines goes elsewhere at once.
//
// Rules that hold on every path:
//
//   - Zero means never. An endpoint that is drained, or whose weight is zero, is barred:
//     [Scheduler.Plan] says so on the endpoint itself before the new plan can be seen, and admission
//     looks there. No retry, no trial and no emergency gets past it.
//   - Hard facts act at once: down, breaker open, drain, an order. Errors, latency and load pull a
//     weight down by at most 20 points a second and let it rise by 5; a change below 5 % is none.
//   - Who comes back warms up: held, then from a tenth to all, as the region's failback says.
//   - Stillness: as long as a pool's weights are the same in steps of 1/256, its picker stays.
//   - Requests that fail everywhere alike are not held against a region. A region that was not asked
//     is not known to be better: a part goes and finds out.
//   - A region that carries the traffic for want of a better one is judged by it: it need not wait
//     for a trial, nor warm up.
//   - If nobody is well, everybody who is not barred is used: then it is more likely that the probes
//     are wrong than that refusing is right.
//
// To add a policy: one file policy_<name>.go, one line in the map policies. The configuration is
// checked against the map and the conformance test ranges over it. To add a reason to a weight: a
// field in Weight, a line in Factors and in Weigh; the plan's text and its JSON follow.
package balancer
