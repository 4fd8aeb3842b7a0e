package balancer

import (
	"sync/atomic"
	"time"
)

// Upstream is how the proxy reaches one address. The balancer only carries it along.
type Upstream interface{ Close() error }

// A Host is one address, and what is about the machine behind it rather than about one service there.
type Host struct {
	Addr     string
	Upstream Upstream

	waiting, bodies, tunnels atomic.Int64
}

// NewHost returns the host at addr, which is host:port.
func NewHost(addr string) *Host { return &Host{Addr: addr} }

// Waiting is how many requests wait for a response head.
func (h *Host) Waiting() int64 { return h.waiting.Load() }

// Bodies is how many answers are past their head and not at their end.
func (h *Host) Bodies() int64 { return h.bodies.Load() }

// Tunnels counts the upgraded connections; the proxy counts them up and down.
func (h *Host) Tunnels() *atomic.Int64 { return &h.tunnels }

// Latency is the peak EWMA of the time to the head; 0 means there is no data.
func (h *Host) Latency(now time.Duration) time.Duration { return 0 }

// Age is how long the oldest request still without a head has been waiting; 0 if there is none.
func (h *Host) Age(now time.Duration) time.Duration { return 0 }

// Refresh takes the reading that Age returns.
func (h *Host) Refresh(now time.Duration) {}
