package balancer

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	fineReach   = ageSlots * ageSlot
	coarseReach = ageSlots * fineReach
)

// Against a model that remembers every start.
func TestAgesModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type request struct {
			start time.Duration
			slot  uint32
		}
		var a ages
		var open []request
		now := rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "from")
		step := rapid.OneOf(
			rapid.Int64Range(0, int64(ageSlot)),
			rapid.Int64Range(0, int64(fineReach)),
			rapid.Int64Range(0, int64(coarseReach)),
		)
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			now += time.Duration(step.Draw(t, "step"))
			if len(open) > 0 && rapid.Bool().Draw(t, "leave") {
				i := rapid.IntRange(0, len(open)-1).Draw(t, "who")
				a.leave(open[i].slot)
				open = append(open[:i], open[i+1:]...)
			} else {
				open = append(open, request{now, a.enter(now)})
			}

			if a.count() != len(open) {
				t.Fatalf("%d counted, %d in progress", a.count(), len(open))
			}
			slot, any := a.oldest()
			if any != (len(open) > 0) {
				t.Fatalf("any %v, %d in progress", any, len(open))
			}
			if !any {
				continue
			}
			oldest := open[0].start
			for _, r := range open {
				oldest = min(oldest, r.start)
			}
			said := time.Duration(slot) * ageSlot
			if said > oldest {
				t.Fatalf("the oldest began at %v, reported from %v", oldest, said)
			}
			early := ageSlot
			if now-oldest > fineReach-ageSlot {
				early = fineReach
			}
			if now-oldest < coarseReach-fineReach && oldest-said >= early {
				t.Fatalf("the oldest began at %v, reported from %v: too early by %v", oldest, said, oldest-said-early)
			}
		}
	})
}

// A service that always has some request of 5 s in progress, and never one that is older.
func TestAgesDoNotGrowUnderOverlap(t *testing.T) {
	var a ages
	var slots []uint32
	const every, long = 100 * time.Millisecond, 5 * time.Second
	for now := time.Duration(0); now < 10*time.Minute; now += every {
		slots = append(slots, a.enter(now))
		if len(slots) > int(long/every) {
			a.leave(slots[0])
			slots = slots[1:]
		}
		slot, _ := a.oldest()
		if age := now - time.Duration(slot)*ageSlot; age > long+fineReach+ageSlot {
			t.Fatalf("at %v the oldest seems to be %v old", now, age)
		}
	}
}

// Who was held up between reading the clock and entering, for more than a round.
func TestAgesLateEntry(t *testing.T) {
	var a ages
	first := a.enter(10 * time.Second)
	late := a.enter(10*time.Second - fineReach)
	if late != noSlot {
		t.Fatalf("slot %d, want none", late)
	}
	if slot, _ := a.oldest(); slot != uint32((10*time.Second-fineReach)/ageSlot) {
		t.Errorf("oldest is slot %d", slot)
	}
	a.leave(first)
	a.leave(late)
	if n := a.count(); n != 0 {
		t.Errorf("%d left", n)
	}
}

// Many goroutines while the clock races through rounds: a request that is held is always seen, and
// nothing is left in the end.
func TestAgesStress(t *testing.T) {
	t.Run("rounds of fine", func(t *testing.T) { stressAges(t, 20*time.Millisecond) })
	t.Run("rounds of coarse", func(t *testing.T) { stressAges(t, 10*time.Second) })
}

func stressAges(t *testing.T, step time.Duration) {
	var a ages
	var clock atomic.Int64
	done := make(chan struct{})
	var workers, holders sync.WaitGroup
	for g := range 6 {
		workers.Go(func() {
			draw := rand.New(rand.NewPCG(uint64(g), 1))
			var held []uint32
			for range 20_000 {
				now := clock.Add(int64(draw.IntN(int(step))))
				held = append(held, a.enter(time.Duration(now)))
				for len(held) > draw.IntN(30) {
					i := draw.IntN(len(held))
					a.leave(held[i])
					held[i] = held[len(held)-1]
					held = held[:len(held)-1]
				}
			}
			for _, slot := range held {
				a.leave(slot)
			}
		})
	}
	for range 2 {
		holders.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				start := time.Duration(clock.Load())
				slot := a.enter(start)
				for range 200 {
					if first, any := a.oldest(); !any || first > uint32(start/ageSlot) {
						t.Errorf("in progress since slot %d, oldest is said to be %d (%v)", start/ageSlot, first, any)
					}
				}
				a.leave(slot)
			}
		})
	}
	workers.Wait()
	close(done)
	holders.Wait()
	if n := a.count(); n != 0 {
		t.Errorf("%d left", n)
	}
	if _, any := a.oldest(); any {
		t.Error("somebody is still the oldest")
	}
}
