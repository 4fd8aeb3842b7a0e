package balancer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidegate/tidegate/config"
)

// A region's breaker, tick by tick: how many requests came, how many of them failed.
func TestSiteBreaker(t *testing.T) {
	terms := config.Breaker{Errors: 0.5, Of: 20, In: config.Duration(10 * sec)}
	type step struct {
		ticks            int
		requests, failed uint64
		want             BreakerState
	}
	tests := []struct {
		name  string
		steps []step
		inRow int
	}{
		{"good", []step{{100, 50, 5, Closed}}, 0},
		{"idle", []step{{100, 0, 0, Closed}}, 0},
		{"too few to tell", []step{{1, 19, 19, Closed}}, 0},
		{"enough", []step{{1, 20, 20, Open}}, 0},
		{"few, but for long", []step{{27, 1, 1, Closed}, {1, 1, 1, Open}}, 0},
		{"half of them", []step{{1, 20, 10, Open}}, 0},
		{"less than half", []step{{100, 20, 9, Closed}}, 0},
		{"after a good time", []step{{100, 50, 0, Closed}, {2, 50, 50, Closed}, {1, 50, 50, Open}}, 0},
		{"back when a tick is good", []step{{1, 20, 20, Open}, {6, 0, 0, Open}, {4, 0, 0, HalfOpen}, {1, 1, 0, Closed}}, 0},
		{"a bad tick opens it again, for longer", []step{{1, 20, 20, Open}, {10, 0, 0, HalfOpen}, {1, 2, 1, Open}, {11, 0, 0, Open}, {9, 0, 0, HalfOpen}}, 0},
		{"what was bad is forgotten", []step{{1, 20, 20, Open}, {10, 0, 0, HalfOpen}, {1, 5, 0, Closed}, {1, 10, 4, Closed}, {1, 10, 4, Closed}}, 0},
		{"failures that come late, while it is open", []step{{1, 20, 20, Open}, {1, 50, 50, Open}, {10, 0, 0, HalfOpen}}, 0},
		{"few, but all", []step{{3, 1, 1, Closed}, {1, 1, 0, Closed}, {4, 1, 1, Closed}, {1, 1, 1, Open}}, 5},
		{"few and far between", []step{{1, 1, 1, Closed}, {9, 0, 0, Closed}, {1, 3, 3, Closed}, {9, 0, 0, Closed}, {1, 1, 1, Open}}, 5},
		{"all, but for a moment", []step{{1, 19, 19, Closed}, {1, 1, 0, Closed}}, 5},
		{"many rows, but not of five", []step{{10, 2, 1, Closed}}, 5},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			b := newSiteBreaker("pay", "eu")
			now := time.Hour
			for i, s := range tt.steps {
				for range s.ticks {
					now += tick
					time.Sleep(tick)
					before := b.state(now)
					d := Reading{Requests: s.requests}
					d.Failures[ErrorStatus] = s.failed
					b.tick(now, tick, &d, terms, tt.inRow)
					if b.state(now) == HalfOpen && before == Closed {
						t.Fatalf("%s: half-open from closed", tt.name)
					}
				}
				if got := b.state(now); got != s.want {
					t.Fatalf("%s: after step %d it is %v, want %v", tt.name, i, got, s.want)
				}
			}
		})
	}
}

// The wait doubles to half a minute, a fifth more or less, and starts anew after ten good minutes.
func TestSiteBreakerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		terms := config.Breaker{Errors: 0.5, Of: 20, In: config.Duration(10 * sec)}
		b := newSiteBreaker("pay", "eu")
		now := time.Hour
		bad, good := Reading{Requests: 100}, Reading{Requests: 100}
		bad.Failures[ErrorStatus] = 100
		feed := func(d *Reading) {
			time.Sleep(tick)
			now += tick
			b.tick(now, tick, d, terms, 0)
		}
		trip := func(want time.Duration) {
			t.Helper()
			feed(&bad)
			wait := b.until - now
			if wait < want*8/10 || wait > want*12/10 {
				t.Errorf("it waits %v, want about %v", wait, want)
			}
			now = b.until
			time.Sleep(wait)
		}
		for _, want := range []time.Duration{2 * sec, 4 * sec, 8 * sec, 16 * sec, 30 * sec, 30 * sec} {
			trip(want)
		}
		feed(&good)
		for range 3 {
			feed(&good)
		}
		b.long, b.short = window{}, window{}
		trip(30 * sec)
		feed(&good)
		now += 11 * time.Minute
		trip(2 * sec)

		b.reset()
		if b.state(now) != Closed {
			t.Error("it is not closed by a reset")
		}
		trip(2 * sec)
	})
}
