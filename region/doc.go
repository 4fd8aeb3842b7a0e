// Package region says where a request belongs and where it may go instead.
//
// Its door is four calls: [Compile] interns the configured regions as dense IDs, [NewAffinity]
// builds the list of sources that is asked for a request's home, [Affinity.Home] asks it, and
// [Spread] shares out the traffic of every home among the regions that can carry it. Nothing
// here starts a goroutine, reads a clock or draws a random number.
//
// To add an affinity source: one file affinity_<kind>.go with its constructor, and one line in
// the map sources. The names in the configuration are checked against the map, and the
// conformance test ranges over it.
package region
