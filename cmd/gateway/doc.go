// Command gateway is tidegate: the edge gateway of one region of a multi-active fleet.
//
// main.go reads the command line, run.go wires the parts together and ends them in order,
// control.go is the one goroutine that decides anything, overrides.go takes operators' orders to
// it. Everything else is in the rooms beside cmd/.
package main
