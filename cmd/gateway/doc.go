// Command gateway is tidegate: the edge gateway of one region of a multi-active fleet.
//
// main.go reads the command line, run.go wires the parts together and ends them in order,
// control.go is the one goroutine that decides anything, overrides.go takes operators' orders to
// it, moves.go tells the log when a region goes out of service. check.go and demo.go are verbs of
// their own. Everything else is in the rooms beside cmd/.
package main
