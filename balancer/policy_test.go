package balancer

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
)

// poolOf returns a pool of endpoints with these weights.
func poolOf(weights ...float64) []member {
	pool := make([]member, len(weights))
	for i, w := range weights {
		addr := fmt.Sprintf("10.0.%d.%d:80", i/200, i%200)
		pool[i] = member{NewEndpoint("pay", 0, "eu", config.Endpoint{Weight: w}, config.Breaker{}, health.Check{}, NewHost(addr), func() {}), w}
	}
	return pool
}

// shares picks n times and returns how often each member was picked, as a share.
func shares(p picker, pool []member, n int) []float64 {
	index := map[*Endpoint]int{}
	for i, m := range pool {
		index[m.endpoint] = i
	}
	got := make([]float64, len(pool))
	var draw uint64
	for range n {
		draw += 0x9e3779b97f4a7c15
		got[index[p.pick(&Call{Draw: draw, Now: time.Second})]] += 1 / float64(n)
	}
	return got
}

// What every policy must do. A new one is tested by being in the map.
func TestPolicies(t *testing.T) {
	many := make([]float64, 60)
	for i := range many {
		many[i] = float64(1 + i%7)
	}
	pools := [][]float64{{1}, {1, 1}, {1, 1, 1}, {5, 1, 1}, {1, 2, 4}, {0.02, 1}, {3, 0.4, 1.7, 0.333, 2}, many}
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		build := policies[name].build
		t.Run(name, func(t *testing.T) {
			for _, weights := range pools {
				pool := poolOf(weights...)
				p := build(pool, new(mood))
				total := 0.0
				for _, w := range weights {
					total += w
				}
				for i, got := range shares(p, pool, 200_000) {
					want := weights[i] / total
					if name == "first" {
						want = 0
						if i == 0 {
							want = 1
						}
					}
					if math.Abs(got-want) > 0.01 {
						t.Errorf("%v: member %d was picked %.3f of the time, want %.3f", weights, i, got, want)
					}
				}
				t.Run(fmt.Sprintf("tried/%d", len(pool)), func(t *testing.T) { neverTried(t, p, pool) })

				c := &Call{Draw: 1, Now: time.Second}
				c.Tried.Add(pool[0].endpoint, true)
				if n := testing.AllocsPerRun(100, func() { c.draws = 0; p.pick(c) }); n != 0 {
					t.Errorf("a pick of %d allocates %v times", len(pool), n)
				}
			}
		})
	}
}

// neverTried has a request go through a whole pool: nobody twice, and nil in the end.
func neverTried(t *testing.T, p picker, pool []member) {
	for draw := range uint64(50) {
		c := &Call{Draw: mix(draw), Now: time.Second}
		seen := map[*Endpoint]bool{}
		for range min(len(pool), MaxTried) {
			e := p.pick(c)
			if e == nil {
				t.Fatalf("nobody left after %d of %d", len(seen), len(pool))
			}
			if seen[e] {
				t.Fatalf("%s was picked twice", e.ID())
			}
			seen[e] = true
			c.Tried.Add(e, true)
		}
		if e := p.pick(c); len(pool) <= MaxTried && e != nil {
			t.Fatalf("%s was picked when all had been tried", e.ID())
		}
	}
}

func TestPolicyNames(t *testing.T) {
	if got, want := strings.Join(PolicyNames(), " "), "first least_request p2c round_robin"; got != want {
		t.Errorf("policies are %s, want %s", got, want)
	}
}

// A heavy endpoint that is busy must not push everything to a light one that is not.
func TestLightStaysLight(t *testing.T) {
	for _, name := range []string{"p2c", "least_request"} {
		pool := poolOf(1, 0.02)
		for range 5 {
			pool[0].endpoint.Start(time.Second, true)
		}
		got := shares(policies[name].build(pool, new(mood)), pool, 100_000)
		if got[1] > 0.03 {
			t.Errorf("%s: a fiftieth of the weight gets %.3f of the requests", name, got[1])
		}
	}
}

// Load decides among equals.
func TestBusyIsAvoided(t *testing.T) {
	for _, name := range []string{"p2c", "least_request"} {
		for _, n := range []int{2, 3, 10, 40} {
			weights := make([]float64, n)
			for i := range weights {
				weights[i] = 1
			}
			pool := poolOf(weights...)
			for range 20 {
				pool[0].endpoint.Start(time.Second, true)
			}
			got := shares(policies[name].build(pool, new(mood)), pool, 50_000)
			if got[0] > 0.002 {
				t.Errorf("%s: the busy one of %d gets %.4f of the requests", name, n, got[0])
			}
		}
	}
}

// Slow endpoints, and silent ones, are found out without a verdict on them.
func TestP2CAvoidsSlow(t *testing.T) {
	answer := func(e *Endpoint, took time.Duration) {
		a, _ := e.Start(0, true)
		a.Head(Answered, took)
		a.End(Answered, took)
	}
	pool := poolOf(1, 1, 1)
	answer(pool[0].endpoint, 200*time.Millisecond)
	answer(pool[1].endpoint, 20*time.Millisecond)
	answer(pool[2].endpoint, 20*time.Millisecond)
	if got := shares(newP2C(pool, new(mood)), pool, 50_000); got[0] > 0 {
		t.Errorf("the slow one gets %.3f", got[0])
	}

	// No answer at all for 400 ms.
	pool = poolOf(1, 1, 1)
	for _, m := range pool {
		answer(m.endpoint, 20*time.Millisecond)
	}
	pool[0].endpoint.Start(600*time.Millisecond, true)
	pool[0].endpoint.Host.Refresh(time.Second)
	if got := shares(newP2C(pool, new(mood)), pool, 50_000); got[0] > 0 {
		t.Errorf("the silent one gets %.3f", got[0])
	}

	// One without data is tried, by three at a time and not by everybody.
	pool = poolOf(1, 1, 1)
	answer(pool[1].endpoint, 20*time.Millisecond)
	answer(pool[2].endpoint, 22*time.Millisecond)
	m := new(mood)
	m.typical.Store(int64(21 * time.Millisecond))
	for range 3 {
		if got := shares(newP2C(pool, m), pool, 50_000); got[0] < 0.5 {
			t.Errorf("the unknown one gets %.3f with %d waiting there", got[0], pool[0].endpoint.Host.Waiting())
		}
		pool[0].endpoint.Start(time.Second, true)
	}
	pool[0].endpoint.Start(time.Second, true)
	if got := shares(newP2C(pool, m), pool, 50_000); got[0] > 0 {
		t.Errorf("the unknown one gets %.3f with %d waiting there", got[0], pool[0].endpoint.Host.Waiting())
	}
}

func TestCycle(t *testing.T) {
	for _, tt := range []struct {
		weights []float64
		want    string
	}{
		{[]float64{1}, "a"},
		{[]float64{1, 1, 1}, "abc"},
		{[]float64{2.5, 2.5}, "ab"},
		{[]float64{5, 1, 1}, "abaaaca"},
		{[]float64{1, 1.5}, "babab"},
		{[]float64{1, 2, 4}, "cbcacbc"},
	} {
		var got strings.Builder
		for _, i := range cycle(poolOf(tt.weights...)) {
			got.WriteByte('a' + byte(i))
		}
		if got.String() != tt.want {
			t.Errorf("%v: %s, want %s", tt.weights, got.String(), tt.want)
		}
	}
}

// Whatever the weights: everybody has a slot, slots follow the weights, and nobody waits much
// longer for the next than the weight asks for.
func TestCycleProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Float64Range(0.05, 20), 1, 40).Draw(t, "weights")
		order := cycle(poolOf(weights...))
		total := 0.0
		for _, w := range weights {
			total += w
		}
		slots := make([]int, len(weights))
		last := make([]int, len(weights))
		widest := make([]int, len(weights))
		for i := range last {
			last[i] = -1
		}
		for at := range 2 * len(order) {
			i := order[at%len(order)]
			if at < len(order) {
				slots[i]++
			}
			if last[i] >= 0 {
				widest[i] = max(widest[i], at-last[i])
			}
			last[i] = at
		}
		for i, w := range weights {
			want := w / total * float64(len(order))
			if slots[i] == 0 || math.Abs(float64(slots[i])-want) > 2 {
				t.Fatalf("member %d has %d of %d slots, want %.1f", i, slots[i], len(order), want)
			}
			if even := float64(len(order)) / float64(slots[i]); float64(widest[i]) > even+2*float64(len(weights))+2 {
				t.Fatalf("member %d waits %d slots, %.1f would be even", i, widest[i], even)
			}
		}
	})
}

// When weights change, the walk goes on where it was.
func TestCursorGoesOn(t *testing.T) {
	m := new(mood)
	pool := poolOf(1, 1, 1, 1)
	before := newRoundRobin(pool, m)
	a, b := before.pick(&Call{}), before.pick(&Call{})
	c := newRoundRobin(pool, m).pick(&Call{})
	if a != pool[0].endpoint || b != pool[1].endpoint || c != pool[2].endpoint {
		t.Error("the new picker starts from the beginning")
	}
}

// The dice has the weights, to the limit of its resolution.
func TestDice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Float64Range(0.001, 1000), 1, 200).Draw(t, "weights")
		pool := make([]member, len(weights))
		total := 0.0
		for i, w := range weights {
			pool[i].weight = w
			total += w
		}
		d := newDice(pool)
		got := make([]float64, len(weights))
		for i, f := range d.faces {
			keep := float64(f.keep) / (1<<32 - 1)
			got[i] += keep / float64(len(weights))
			got[f.alias] += (1 - keep) / float64(len(weights))
		}
		for i, w := range weights {
			if math.Abs(got[i]-w/total) > 1e-8 {
				t.Fatalf("member %d: %g, want %g", i, got[i], w/total)
			}
		}
	})
}
