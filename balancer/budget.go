package balancer

import (
	"sync/atomic"
	"time"
)

const (
	// A budget's terms: every request of the last budgetSeconds pays for this share of a retry,
	// and so many retries are free, or a service with little traffic could never retry.
	budgetShare   = 0.15
	budgetReserve = 100 // 10 a second
	budgetSeconds = 10
)

// A Budget bounds the retries of one service, so that they cannot multiply an outage: in any ten
// seconds at most 15 % of the requests, and 100 more. After the token bucket of Finagle and
// Linkerd, whose deposits expire after ten seconds. Safe for concurrent use; nothing locks or
// allocates. The zero Budget is ready.
type Budget struct {
	_        [64]byte
	requests perSecond
	_        [64]byte
	retries  perSecond
	_        [64]byte
}

// NewBudget returns an unspent budget.
func NewBudget() *Budget { return new(Budget) }

// Deposit books one request: its first attempt, not its retries.
func (b *Budget) Deposit(now time.Duration) { b.requests.add(now) }

// Withdraw books one retry, or returns false if the budget does not cover it.
func (b *Budget) Withdraw(now time.Duration) bool {
	// Booked first and checked afterwards: of several that ask at once for the last retry, none
	// may get it, but never two.
	slot := b.retries.add(now)
	if b.Balance(now) >= 0 {
		return true
	}
	b.retries.undo(slot, now)
	return false
}

// Balance is how many retries are left at now; less than one means none.
func (b *Budget) Balance(now time.Duration) float64 {
	return budgetShare*float64(b.requests.sum(now)) + budgetReserve - float64(b.retries.sum(now))
}

// perSecond counts events in slots of one second: the present one and the budgetSeconds before it.
// A slot packs the second it stands for and the count, and is taken over by a later second when
// that comes round.
type perSecond [budgetSeconds + 1]atomic.Uint64

func second(now time.Duration) uint64 { return uint64(now / time.Second) }

// add counts one event and returns the slot it went to.
func (p *perSecond) add(now time.Duration) *atomic.Uint64 {
	sec := second(now)
	slot := &p[sec%uint64(len(p))]
	for {
		w := slot.Load()
		if w>>32 >= sec {
			// If the slot turns over just now, the event counts in the newer second: harmless.
			slot.Add(1)
			return slot
		}
		if slot.CompareAndSwap(w, sec<<32|1) {
			return slot
		}
	}
}

// undo takes back one event that add put into slot at now.
func (p *perSecond) undo(slot *atomic.Uint64, now time.Duration) {
	for {
		w := slot.Load()
		if w>>32 != second(now) || uint32(w) == 0 {
			return
		}
		if slot.CompareAndSwap(w, w-1) {
			return
		}
	}
}

// sum is how many events were counted in the present second and the budgetSeconds before it.
func (p *perSecond) sum(now time.Duration) uint64 {
	sec := second(now)
	var n uint64
	for i := range p {
		if w := p[i].Load(); w>>32+budgetSeconds >= sec {
			n += w & (1<<32 - 1)
		}
	}
	return n
}
