// Package demo is a fleet on one machine: three regions of three upstreams with different speeds, the
// gateway in front, light traffic through it, and a view of what becomes of it all.
//
// The door is [Run]. The fleet is real in all but distance: every upstream is a server on a socket,
// told by the fleet's own control address to die, heal, slow down or fail, and the gateway knows
// nothing of it but what it sees. So what works here works because the gateway works.
//
// To add something that can befall the fleet: a row in orders (control.go) and its method in fleet.go.
package demo
