package balancer

import (
	"time"

	"github.com/tidegate/tidegate/region"
)

// Mode says when a request may leave its home region: a route's spill.
type Mode = region.Mode

const (
	// Stay never leaves home (spill: never).
	Stay = region.Stay

	// Unhealthy leaves home when home cannot serve (spill: unhealthy).
	Unhealthy = region.Unhealthy

	// Always leaves home also when home is at its declared capacity (spill: always).
	Always = region.Always
)

// ModeOf returns the mode of a route's spill as configured; false if there is no such word.
func ModeOf(spill string) (Mode, bool) {
	switch spill {
	case "never":
		return Stay, true
	case "unhealthy":
		return Unhealthy, true
	case "always":
		return Always, true
	}
	return Unhealthy, false
}

// A Call is the question put to a Service: who may serve this request now? It lives in the exchange
// and is used for all its attempts, by one goroutine at a time. Set the fields anew for every
// request, by assigning a whole Call, which also forgets what was tried.
type Call struct {
	// Home is the region the request belongs to.
	Home region.ID

	// Mode says whether it may leave home.
	Mode Mode

	// Draw is chance: a fresh random word for every request. Every choice remixes it.
	Draw uint64

	// Now is the time of the attempt on the process's clock. Set it before every Start.
	Now time.Duration

	// Replayable says that the request can be repeated should this attempt fail.
	Replayable bool

	// Last says that there will be no further attempt: it leaves the regions that failed this
	// request if another one can serve.
	Last bool

	// Tried holds the endpoints this request has been to.
	Tried Tried

	draws uint64 // how many words were taken from Draw
}

// chance returns a fresh random word. Successive words are as good as independent: they are the
// outputs of splitmix64 (Steele, Lea and Flood, 2014) seeded with Draw. Taking bits of one word for
// two choices would tie the choices together and leave part of a pool out of reach.
func (c *Call) chance() uint64 {
	c.draws++
	return mix(c.Draw + c.draws*0x9e3779b97f4a7c15)
}

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// MaxTried is how many endpoints a Tried remembers.
const MaxTried = 12

// Tried holds the endpoints one request has been to: those that failed it, and those that declined
// it, at which nothing was begun. The zero value is empty. Not safe for concurrent use.
type Tried struct {
	endpoints [MaxTried]*Endpoint
	failed    uint16 // by bit: failed, not declined
	n         uint8
}

// Add remembers e. When there is no room left, the oldest endpoint that only declined is forgotten,
// which is harmless; it panics if all of them failed, since no route allows so many attempts.
func (t *Tried) Add(e *Endpoint, failed bool) {
	for i := range t.n {
		if t.endpoints[i] == e {
			if failed {
				t.failed |= 1 << i
			}
			return
		}
	}
	if t.n == MaxTried {
		t.forget()
	}
	t.endpoints[t.n] = e
	if failed {
		t.failed |= 1 << t.n
	}
	t.n++
}

// forget drops the oldest endpoint that only declined.
func (t *Tried) forget() {
	for i := range t.n {
		if t.failed&(1<<i) != 0 {
			continue
		}
		copy(t.endpoints[i:], t.endpoints[i+1:t.n])
		below := uint16(1)<<i - 1
		t.failed = t.failed&below | t.failed>>1&^below
		t.n--
		return
	}
	panic("BUG: a request failed more often than any route allows")
}

// Has says whether e is among them.
func (t *Tried) Has(e *Endpoint) bool {
	for i := range t.n {
		if t.endpoints[i] == e {
			return true
		}
	}
	return false
}

// HasFailed says whether an endpoint of region r failed the request.
func (t *Tried) HasFailed(r region.ID) bool {
	for i := range t.n {
		if t.failed&(1<<i) != 0 && t.endpoints[i].Region == r {
			return true
		}
	}
	return false
}

// Failed says whether any endpoint failed the request.
func (t *Tried) Failed() bool { return t.failed != 0 }

// Len is how many endpoints are remembered.
func (t *Tried) Len() int { return int(t.n) }
