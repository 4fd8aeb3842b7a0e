package balancer

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
)

const ms = time.Millisecond

func TestWeigh(t *testing.T) {
	back := config.Failback{Hold: config.Duration(5 * sec), Ramp: config.Duration(10 * sec)}
	tests := []struct {
		name string
		ev   func(*Evidence)
		want string
	}{
		{"nothing against it", func(ev *Evidence) {}, "1.00"},
		{"twice the weight", func(ev *Evidence) { ev.Configured = 2 }, "2.00"},
		{"weight zero", func(ev *Evidence) { ev.Configured = 0 }, "0"},

		{"down", func(ev *Evidence) { ev.Health = health.Down }, "0  health 0"},
		{"not probed yet", func(ev *Evidence) { ev.Health = health.Unknown }, "1.00"},
		{"breaker open", func(ev *Evidence) { ev.Breaker = Open }, "0  breaker 0"},
		{"breaker half-open", func(ev *Evidence) { ev.Breaker = HalfOpen }, "0  breaker 0"},

		{"few errors", func(ev *Evidence) { ev.Requests, ev.Errors = 100, 0.005 }, "0.94  errors 0.94"},
		{"errors at the knee", func(ev *Evidence) { ev.Requests, ev.Errors = 100, 0.02 }, "0.50  errors 0.50"},
		{"many errors", func(ev *Evidence) { ev.Requests, ev.Errors = 100, 0.3 }, "0.02  errors 0.004"},
		{"errors of too few", func(ev *Evidence) { ev.Requests, ev.Errors = 19, 1 }, "1.00"},

		{"as usual", func(ev *Evidence) { ev.Requests, ev.RT, ev.Usual = 100, 40*ms, 40*ms }, "1.00"},
		{"faster than usual", func(ev *Evidence) { ev.Requests, ev.RT, ev.Usual = 100, 20*ms, 40*ms }, "1.00"},
		{"twice as slow", func(ev *Evidence) { ev.Requests, ev.RT, ev.Usual = 100, 80*ms, 40*ms }, "0.51  latency 0.51"},
		{"ten times as slow", func(ev *Evidence) { ev.Requests, ev.RT, ev.Usual = 100, 400*ms, 40*ms }, "0.30  latency 0.30"},
		{"below a millisecond", func(ev *Evidence) { ev.Requests, ev.RT, ev.Usual = 100, ms/2, ms/10 }, "0.84  latency 0.84"},
		{"slow, but few", func(ev *Evidence) { ev.Requests, ev.RT, ev.Usual = 10, 400*ms, 40*ms }, "1.00"},
		{"slow probes", func(ev *Evidence) { ev.ProbeRT, ev.UsualProbe = 80*ms, 40*ms }, "0.51  latency 0.51"},
		{"slow probes, and traffic", func(ev *Evidence) {
			ev.Requests, ev.RT, ev.Usual, ev.ProbeRT, ev.UsualProbe = 100, 40*ms, 40*ms, 80*ms, 40*ms
		}, "1.00"},

		{"moderate load", func(ev *Evidence) { ev.Load = 0.7 }, "1.00"},
		{"high load", func(ev *Evidence) { ev.Load = 0.85 }, "0.50  load 0.50"},
		{"full load", func(ev *Evidence) { ev.Load = 1.2 }, "0.10  load 0.10"},
		{"near its capacity", func(ev *Evidence) { ev.Rate, ev.Capacity = 85, 100 }, "0.50  load 0.50"},
		{"what it says goes first", func(ev *Evidence) { ev.Rate, ev.Capacity, ev.Load = 85, 100, 0.2 }, "1.00"},

		{"new", func(ev *Evidence) { ev.Away = true }, "0.10  warmup 0.10"},
		{"held", func(ev *Evidence) { ev.Back, ev.Failback = 4*sec, back }, "0  warmup 0"},
		{"warming up", func(ev *Evidence) { ev.Back, ev.Failback = 10*sec, back }, "0.55  warmup 0.55"},
		{"warm", func(ev *Evidence) { ev.Back, ev.Failback = 15*sec, back }, "1.00"},
		{"no ramp", func(ev *Evidence) { ev.Back = 0 }, "1.00"},

		{"drained", func(ev *Evidence) { ev.Order.Drained = true }, "0  order 0"},
		{"scaled up", func(ev *Evidence) { ev.Order.Scale = 1.5 }, "1.50  order 1.50"},
		{"set", func(ev *Evidence) { ev.Order.Has, ev.Order.Set = true, 0.2 }, "0.20"},
		{"set where there was nothing", func(ev *Evidence) { ev.Configured, ev.Order.Has, ev.Order.Set = 0, true, 2 }, "2.00"},
		{"an order does not change evidence", func(ev *Evidence) {
			ev.Order.Has, ev.Order.Set, ev.Health = true, 5, health.Down
		}, "0  health 0"},

		{"several", func(ev *Evidence) {
			ev.Configured, ev.Requests, ev.Errors, ev.RT, ev.Usual, ev.Load = 4, 100, 0.01, 80*ms, 40*ms, 0.85
		}, "0.82  errors 0.80 latency 0.51 load 0.50"},
		{"all there is leaves something", func(ev *Evidence) {
			ev.Requests, ev.Errors, ev.RT, ev.Usual, ev.Load = 100, 0.5, sec, 40*ms, 1
		}, "0.02  errors 0.002 latency 0.30 load 0.10"},
	}
	for _, tt := range tests {
		ev := Evidence{Configured: 1, Order: OrderNone(), Health: health.Up, Load: -1, Back: -1}
		tt.ev(&ev)
		if got := Weigh(ev).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestForLoadAware(t *testing.T) {
	w := Weight{2, 1, 1, 0.5, 0.3, 1, 1, 1}
	if w.ForLoadAware() != 1 || math.Abs(w.Value()-0.3) > 1e-9 {
		t.Errorf("%v with latency, %v without", w.Value(), w.ForLoadAware())
	}
}

func TestApproach(t *testing.T) {
	tests := []struct {
		prev, target float64
		dt           time.Duration
		want         float64
	}{
		{1, 1, sec, 1},
		{1, 0.5, sec, 0.8},        // fast down
		{1, 0.5, 250 * ms, 0.95},  // by the time that passed
		{1, 0.9, sec, 0.9},        // not past the target
		{0.5, 0.9, sec, 0.55},     // slowly up
		{0.5, 0.9, 10 * sec, 0.9}, //
		{0.5, 0.52, sec, 0.5},     // a trifle
		{0.96, 1, sec, 1},         // one is reached
		{0.96, 0.995, sec, 1},     // nearly one is one
		{0.004, 0.5, sec, 0.054},  // from the bottom
	}
	for _, tt := range tests {
		if got := approach(tt.prev, tt.target, tt.dt); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("from %v to %v in %v: %v, want %v", tt.prev, tt.target, tt.dt, got, tt.want)
		}
	}
}

// Steady evidence is approached from one side and then left alone.
func TestApproachSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at, target := rapid.Float64Range(0.01, 1).Draw(t, "from"), rapid.Float64Range(0, 1).Draw(t, "to")
		from := at
		for range 1000 {
			next := approach(at, target, tick)
			if (next-at)*(target-from) < 0 && target <= nearlyOne {
				t.Fatalf("turned round at %v", at)
			}
			at = next
		}
		if at != approach(at, target, tick) {
			t.Fatalf("still moving at %v", at)
		}
		if math.Abs(at-target) > deadBand*at+0.011 {
			t.Fatalf("stopped at %v", at)
		}
	})
}

func TestQuantise(t *testing.T) {
	for _, tt := range []struct{ w, base, want float64 }{
		{1, 1, 1}, {0, 1, 0}, {0, 0, 0}, {0.0001, 1, 1.0 / 256}, {0.5, 1, 0.5}, {0.501, 1, 0.5}, {3, 3, 3}, {1.5, 3, 1.5},
	} {
		if got := quantise(tt.w, tt.base); got != tt.want {
			t.Errorf("%v of %v: %v, want %v", tt.w, tt.base, got, tt.want)
		}
	}
}

func TestUsual(t *testing.T) {
	var a average
	feed := func(rt time.Duration, d time.Duration) time.Duration {
		for range d / tick {
			a.usual(rt, tick)
		}
		return time.Duration(a.value).Round(ms)
	}
	for _, tt := range []struct {
		what  string
		rt, d time.Duration
		want  time.Duration
	}{
		{"the first sample is believed", 40 * ms, tick, 40 * ms},
		{"it stays", 40 * ms, 10 * time.Minute, 40 * ms},
		{"bad times are not learnt from", 400 * ms, time.Hour, 40 * ms},
		{"a little more is", 48 * ms, 3 * time.Hour, 48 * ms},
		{"less is learnt fast", 20 * ms, 5 * time.Minute, 20 * ms},
		{"no data is no sample", 0, time.Hour, 20 * ms},
	} {
		if got := feed(tt.rt, tt.d); got != tt.want {
			t.Errorf("%s: usual is %v, want %v", tt.what, got, tt.want)
		}
	}
}
