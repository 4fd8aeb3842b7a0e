package balancer

import (
	"math"
	"sync/atomic"
	"time"
)

const (
	ageSlot  = 50 * time.Millisecond
	ageSlots = 64

	// noSlot is the place of a request that is counted among the older ones from the start.
	noSlot = math.MaxUint32
)

// ages knows when the oldest of the requests in progress began, without a list of them: it counts
// them by the slot of time they began in. No lock, no allocation; safe for concurrent use.
//
// There are 64 slots of 50 ms in fine, so a slot's place is needed again after 3.2 s. What is left
// in it then moves to coarse, by rounds of 3.2 s; and what is left there after 205 s, to older, which
// keeps one count and the earliest start. A reading is therefore late by at most one slot, and
// early by at most 3.2 s, for requests older than that. (With older alone, a service that always
// has some long request in progress would seem to have one that never ends.)
type ages struct {
	fine, coarse ring
	older        atomic.Uint64 // the earliest slot in the upper half, the count in the lower
}

// A ring counts by slots. A word packs the slot it stands for (upper half) and the count.
type ring [ageSlots]atomic.Uint64

// enter counts a request that begins at now. What it returns must be given to leave.
func (a *ages) enter(now time.Duration) uint32 {
	slot := uint32(now / ageSlot)
	word := &a.fine[slot%ageSlots]
	for {
		w := word.Load()
		stands, count := uint32(w>>32), uint32(w)
		if stands > slot {
			// Somebody is a round ahead: we were held up since now was read.
			a.addOlder(slot, 1)
			return noSlot
		}
		if stands == slot {
			if word.CompareAndSwap(w, w+1) {
				return slot
			}
			continue
		}
		// What is left is counted in its new place before it leaves the old one: for a moment
		// twice, but never not at all. Who loses the race takes it back.
		a.addCoarse(stands/ageSlots, count)
		if word.CompareAndSwap(w, uint64(slot)<<32|1) {
			return slot
		}
		a.leaveCoarse(stands/ageSlots, count)
	}
}

// leave takes back what enter counted and returned slot for.
func (a *ages) leave(slot uint32) {
	if slot == noSlot {
		a.leaveOlder(1)
		return
	}
	if !a.fine.sub(slot, 1) {
		a.leaveCoarse(slot/ageSlots, 1)
	}
}

// oldest is the first slot that a request in progress may have begun in.
func (a *ages) oldest() (slot uint32, any bool) {
	slot = noSlot
	for i := range a.fine {
		if w := a.fine[i].Load(); uint32(w) > 0 {
			slot = min(slot, uint32(w>>32))
		}
	}
	for i := range a.coarse {
		if w := a.coarse[i].Load(); uint32(w) > 0 {
			slot = min(slot, uint32(w>>32)*ageSlots)
		}
	}
	if w := a.older.Load(); uint32(w) > 0 {
		slot = min(slot, uint32(w>>32))
	}
	return slot, slot != noSlot
}

// addCoarse counts n requests that began in the given round.
func (a *ages) addCoarse(round, n uint32) {
	if n == 0 {
		return
	}
	word := &a.coarse[round%ageSlots]
	for {
		w := word.Load()
		stands, count := uint32(w>>32), uint32(w)
		if stands > round {
			a.addOlder(round*ageSlots, n)
			return
		}
		if stands == round {
			if word.CompareAndSwap(w, w+uint64(n)) {
				return
			}
			continue
		}
		a.addOlder(stands*ageSlots, count)
		if word.CompareAndSwap(w, uint64(round)<<32|uint64(n)) {
			return
		}
		a.leaveOlder(count)
	}
}

func (a *ages) leaveCoarse(round, n uint32) {
	if !a.coarse.sub(round, n) {
		a.leaveOlder(n)
	}
}

// addOlder counts n requests that began in the fine slot or after it.
func (a *ages) addOlder(slot, n uint32) {
	for n > 0 {
		w := a.older.Load()
		first, count := uint32(w>>32), uint32(w)
		if count == 0 {
			first = slot
		}
		if a.older.CompareAndSwap(w, uint64(min(first, slot))<<32|uint64(count+n)) {
			return
		}
	}
}

func (a *ages) leaveOlder(n uint32) {
	for n > 0 {
		w := a.older.Load()
		if uint32(w) < n {
			panic("BUG: more requests left a host than entered it")
		}
		if a.older.CompareAndSwap(w, w-uint64(n)) {
			return
		}
	}
}

// sub takes n from the given slot; it returns false if the ring is past that.
func (r *ring) sub(slot, n uint32) bool {
	word := &r[slot%ageSlots]
	for {
		w := word.Load()
		if uint32(w>>32) != slot {
			return false
		}
		if uint32(w) < n {
			panic("BUG: more requests left a host than entered it")
		}
		if word.CompareAndSwap(w, w-uint64(n)) {
			return true
		}
	}
}

// count is how many requests are in progress, exact only while nobody enters or leaves.
func (a *ages) count() int {
	n := int(uint32(a.older.Load()))
	for i := range a.fine {
		n += int(uint32(a.fine[i].Load())) + int(uint32(a.coarse[i].Load()))
	}
	return n
}
