package balancer

import (
	"sync/atomic"
	"time"
)

// hostRefresh is how often Refresh is to be called.
const hostRefresh = 50 * time.Millisecond

// Upstream is how the proxy reaches one address. The balancer only carries it along.
type Upstream interface{ Close() error }

// A Host is one address and what is about the machine behind it, whatever service is asked for
// there. All services that name the address share it, and it outlives reloads.
// Addr and Upstream are set before it is shared; the methods are safe for concurrent use.
type Host struct {
	Addr     string   // host:port
	Upstream Upstream // belongs to the proxy

	_       [64]byte // what picks read lies together, apart from what does not change
	waiting atomic.Int64
	bodies  atomic.Int64
	tunnels atomic.Int64
	latency latency
	reading atomic.Uint64 // of Refresh: when (ms, upper half) and the age then (ms)
	_       [64]byte
	ages    ages
}

// NewHost returns the host at addr, host:port, with nothing known about it.
func NewHost(addr string) *Host { return &Host{Addr: addr} }

// Waiting is how many requests wait for their response head.
func (h *Host) Waiting() int64 { return h.waiting.Load() }

// Bodies is how many answers are past their head and not at their end.
func (h *Host) Bodies() int64 { return h.bodies.Load() }

// Tunnels counts upgraded connections. The proxy counts it up and down.
func (h *Host) Tunnels() *atomic.Int64 { return &h.tunnels }

// Latency is the peak EWMA of the time to the response head (see latency): 0 means there is no
// data, or none recent enough.
func (h *Host) Latency(now time.Duration) time.Duration { return h.latency.read(now) }

// Age is how long the oldest request that waits for its head had been waiting when Refresh looked
// last; 0 if none waits. Below 3.2 s it never says more than was true then (above, at most 3.2 s more),
// and at most 50 ms less: an age that ran on between two readings would make every busy host look
// up to 50 ms slow.
func (h *Host) Age(now time.Duration) time.Duration {
	r := h.reading.Load()
	age := time.Duration(uint32(r)) * time.Millisecond
	if age == 0 || h.waiting.Load() == 0 {
		return 0
	}
	// Nobody looked for long: whoever refreshes is starved, but the request may still wait.
	late := time.Duration(uint32(now/time.Millisecond)-uint32(r>>32)) * time.Millisecond
	if late > 2*hostRefresh && late < time.Hour {
		age += late - hostRefresh
	}
	return age
}

// Refresh takes the reading that Age returns. The control loop calls it every 50 ms for hosts in use.
func (h *Host) Refresh(now time.Duration) {
	age := time.Duration(0)
	if h.waiting.Load() > 0 {
		if slot, any := h.ages.oldest(); any {
			// Counted from the slot's end, so as not to say more than is true.
			age = max(0, now-time.Duration(slot+1)*ageSlot)
		}
	}
	h.reading.Store(uint64(uint32(now/time.Millisecond))<<32 | uint64(uint32(age/time.Millisecond)))
}

// enter counts a request that begins at now. What it returns must be given to leave.
func (h *Host) enter(now time.Duration) (slot uint32) {
	h.waiting.Add(1)
	return h.ages.enter(now)
}

// leave takes back what enter counted.
func (h *Host) leave(slot uint32) {
	h.ages.leave(slot)
	if h.waiting.Add(-1) == 0 && h.reading.Load() != 0 {
		// Or the next request, perhaps long after, would be taken for the one that has left.
		h.reading.Store(0)
	}
}
