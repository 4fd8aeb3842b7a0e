package balancer

import (
	"testing"
	"time"
)

func TestHostAge(t *testing.T) {
	const ms = time.Millisecond
	h := NewHost("10.0.0.1:80")
	at := func(now, want time.Duration) {
		t.Helper()
		if got := h.Age(now); got != want {
			t.Errorf("at %v the age is %v, want %v", now, got, want)
		}
	}
	refresh := func(now time.Duration) { t.Helper(); h.Refresh(now) }

	refresh(1000 * ms)
	at(1000*ms, 0)
	old := h.enter(1010 * ms)
	young := h.enter(1190 * ms)
	at(1190*ms, 0) // not looked yet
	refresh(1200 * ms)
	at(1200*ms, 150*ms) // 190 in truth: a slot may be lost
	at(1250*ms, 150*ms) // it does not run on between readings
	h.leave(old)
	refresh(1250 * ms)
	at(1250*ms, 50*ms)
	at(1350*ms, 50*ms)
	at(1450*ms, 200*ms) // nobody refreshes any more
	h.leave(young)
	at(1450*ms, 0)

	// The next one does not inherit the reading.
	next := h.enter(9000 * ms)
	at(9000*ms, 0)
	refresh(9001 * ms)
	at(9001*ms, 0) // younger than its slot
	h.leave(next)
}

// With a reading every 50 ms, an age is never reported more than a slot and a reading too low, and
// never higher than it was when last read.
func TestHostAgeIsNear(t *testing.T) {
	for start := 10 * time.Second; start < 10*time.Second+ageSlot; start += 7 * time.Millisecond {
		h := NewHost("10.0.0.1:80")
		slot := h.enter(start)
		read := start
		for now := start; now < start+3*time.Second; now += time.Millisecond {
			if now-read >= hostRefresh {
				h.Refresh(now)
				read = now
			}
			age := h.Age(now)
			if truth := now - start; age < truth-ageSlot-hostRefresh || age > read-start {
				t.Fatalf("started %v, at %v: %v", start, now, age)
			}
		}
		h.leave(slot)
	}
}

func TestHostReads(t *testing.T) {
	h := NewHost("10.0.0.1:80")
	slot := h.enter(time.Second)
	h.Refresh(2 * time.Second)
	if n := testing.AllocsPerRun(100, func() {
		h.Refresh(3 * time.Second)
		_, _, _, _ = h.Latency(3*time.Second), h.Age(3*time.Second), h.Waiting(), h.Bodies()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	h.leave(slot)
	h.Tunnels().Add(1)
	if h.Waiting() != 0 || h.Tunnels().Load() != 1 {
		t.Errorf("waiting %d, tunnels %d", h.Waiting(), h.Tunnels().Load())
	}
}
