package region

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The regions of the tests below, in the order of their IDs.
const (
	east ID = iota
	north
	west
)

func up(healthy float64) Site {
	return Site{Weight: 1, Healthy: healthy, Configured: 1, Present: true}
}

func (s Site) cap(rate float64) Site     { s.Capacity = rate; return s }
func (s Site) weigh(w float64) Site      { s.Weight = w; return s }
func (s Site) out() Site                 { s.Out = true; return s }
func (s Site) trickling() Site           { s.Trickle = true; return s }
func ring(n int) func(ID) []ID           { return func(home ID) []ID { return others(home, n) } }
func alone(ID) []ID                      { return nil }
func close(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

// others lists the regions after home, going round.
func others(home ID, n int) []ID {
	var list []ID
	for i := 1; i < n; i++ {
		list = append(list, ID((int(home)+i)%n))
	}
	return list
}

func percents(s Shares, n int) string {
	if s == nil {
		return "nobody"
	}
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprintf("%g", math.Round(s.Share(ID(i))*1e4)/100))
	}
	return strings.Join(parts, "/")
}

func TestSpreadUnhealthy(t *testing.T) {
	absent := Site{Weight: 1}
	tests := []struct {
		name     string
		home     ID
		failover func(ID) []ID
		sites    []Site
		want     string
	}{
		// The examples of Envoy's priority and overprovisioning pages.
		{"envoy: all well", east, ring(2), []Site{up(1), up(1)}, "100/0"},
		{"envoy: 72 % are enough", east, ring(2), []Site{up(0.72), up(1)}, "100/0"},
		{"envoy: 71 % are not quite", east, ring(2), []Site{up(0.71), up(1)}, "99.4/0.6"},
		{"envoy: 50 and 100", east, ring(2), []Site{up(0.5), up(1)}, "70/30"},
		{"envoy: 50 and 60", east, ring(2), []Site{up(0.5), up(0.6)}, "70/30"},
		{"envoy: 25 and 100", east, ring(2), []Site{up(0.25), up(1)}, "35/65"},
		{"envoy: 25 and 25", east, ring(2), []Site{up(0.25), up(0.25)}, "50/50"},
		{"envoy: 0 and 100", east, ring(2), []Site{up(0), up(1)}, "0/100"},
		{"envoy: 25 and 50", east, ring(2), []Site{up(0.25), up(0.5)}, "35/65"},
		{"envoy: three, 20 20 60", east, ring(3), []Site{up(0.2), up(0.2), up(0.6)}, "28/28/44"},
		{"envoy: three, 0 0 50", east, ring(3), []Site{up(0), up(0), up(0.5)}, "0/0/100"},
		{"envoy: three, 20 20 20", east, ring(3), []Site{up(0.2), up(0.2), up(0.2)}, "33.33/33.33/33.33"},

		{"weights of endpoints, not their number", east, ring(2),
			[]Site{{Weight: 1, Healthy: 5, Configured: 10, Present: true}, up(1)}, "70/30"},
		{"breaker open", east, ring(3), []Site{up(1).out(), up(1), up(1)}, "0/100/0"},
		{"drained", east, ring(3), []Site{up(1).weigh(0), up(0.5), up(1)}, "0/70/30"},
		{"half by order", east, ring(2), []Site{up(1).weigh(0.5), up(1)}, "50/50"},
		{"half by order and nobody else", east, alone, []Site{up(1).weigh(0.5), up(1)}, "100/0"},
		{"half by order, as second", east, ring(3), []Site{up(0), up(1).weigh(0.5), up(1)}, "0/50/50"},
		{"more by order than it is well", east, ring(2), []Site{up(0.25).weigh(2), up(1)}, "70/30"},
		{"no failover, half dead", east, alone, []Site{up(0.1), up(1)}, "100/0"},

		{"half-open home", east, ring(2), []Site{up(1).trickling(), up(1)}, "5/95"},
		{"half-open home of few", east, ring(2), []Site{up(0.02).trickling(), up(1)}, "2.8/97.2"},
		{"half-open and alone", east, ring(2), []Site{up(1).trickling(), up(0)}, "100/0"},
		{"half-open second, not needed", east, ring(3), []Site{up(1), up(1).trickling(), up(1)}, "100/0/0"},
		{"half-open second, needed", east, ring(3), []Site{up(0.5), up(1).trickling(), up(1)}, "70/5/25"},
		{"half-open second, needed and nobody behind", east, ring(2), []Site{up(0.5), up(1).trickling()}, "95/5"},
		{"half-open second, nearly not needed", east, ring(2), []Site{up(0.7), up(1).trickling()}, "98/2"},

		{"all down: home", east, ring(3), []Site{up(0), up(0), up(0)}, "100/0/0"},
		{"all down, home drained: first in order", north, ring(3), []Site{up(0), up(0).weigh(0), up(0)}, "0/0/100"},
		{"all breakers open: home", east, ring(2), []Site{up(1).out(), up(1).out()}, "100/0"},
		{"all down, home half-open", east, ring(2), []Site{up(0).trickling(), up(0)}, "100/0"},
		{"home's breaker open, second half-open", east, ring(3), []Site{up(1).out(), up(1).trickling(), up(1).out()}, "95/5/0"},
		{"home half-open, second too", east, ring(2), []Site{up(1).trickling(), up(1).trickling()}, "95/5"},
		{"home down, second half-open", east, ring(3), []Site{up(0), up(1).trickling(), up(1).out()}, "0/100/0"},
		{"home down, breaker of second open", east, ring(2), []Site{up(0), up(1).out()}, "0/100"},
		{"all drained", east, ring(2), []Site{up(1).weigh(0), up(1).weigh(0)}, "nobody"},
		{"drained and no failover", east, alone, []Site{up(1).weigh(0), up(1)}, "nobody"},

		{"not here: failover order", east, ring(3), []Site{absent, up(1), up(1)}, "0/100/0"},
		{"not here, no failover: by ID", east, alone, []Site{absent, up(0.5), up(1)}, "0/70/30"},
		{"not here, failover first, then by ID", east, func(ID) []ID { return []ID{west} },
			[]Site{absent, up(1), up(0.5)}, "0/30/70"},
		{"nowhere", east, ring(2), []Site{absent, absent}, "nobody"},
		{"failover names it twice and itself", east, func(ID) []ID { return []ID{east, north, north, 40} },
			[]Site{up(0.25), up(0.25)}, "50/50"},
		{"nonsense counts as nothing", east, ring(2),
			[]Site{{Weight: 1, Healthy: math.NaN(), Configured: 1, Present: true}, up(1)}, "0/100"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := Spread([]ID{test.home}, test.failover, test.sites, nil, Unhealthy)
			if got := percents(out[test.home], len(test.sites)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// A half-open region gets a twentieth, or a request a second, so that a quiet home is not left away
// from it for long; and the same where traffic spills by capacity.
func TestTrickleByDemand(t *testing.T) {
	tests := []struct {
		demand float64
		want   string
	}{
		{0, "5/95"}, {1000, "5/95"}, {20, "5/95"}, {10, "10/90"}, {4, "25/75"}, {1, "33.33/66.67"}, {0.01, "33.33/66.67"},
	}
	for _, test := range tests {
		for _, mode := range []Mode{Unhealthy, Always} {
			sites := []Site{up(1).trickling(), up(1)}
			for i := range sites {
				sites[i].Capacity = 10_000
			}
			out := Spread([]ID{east}, ring(2), sites, []float64{test.demand, 0}, mode)
			if got := percents(out[east], 2); got != test.want {
				t.Errorf("mode %v, %g/s: %s, want %s", mode, test.demand, got, test.want)
			}
		}
	}
}

func TestSpreadStay(t *testing.T) {
	tests := []struct {
		name  string
		sites []Site
		want  string
	}{
		{"well", []Site{up(1), up(1)}, "100/0"},
		{"down", []Site{up(0), up(1)}, "100/0"},
		{"breaker open", []Site{up(1).out(), up(1)}, "100/0"},
		{"drained", []Site{up(1).weigh(0), up(1)}, "nobody"},
		{"not here", []Site{{Weight: 1}, up(1)}, "nobody"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := Spread([]ID{east}, ring(2), test.sites, nil, Stay)
			if got := percents(out[east], 2); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestSpreadAlways(t *testing.T) {
	well := up(1).cap(100)
	tests := []struct {
		name   string
		sites  []Site
		demand []float64
		want   string // by home
	}{
		{"room at home", []Site{well, well, well}, []float64{80, 80, 80}, "100/0/0  0/100/0  0/0/100"},
		{"over 85 % spills to the first", []Site{well, well, well}, []float64{100, 0, 0}, "85/15/0  0/100/0  0/0/100"},
		{"and then to the second", []Site{well, well, well}, []float64{200, 0, 0}, "42.5/42.5/15  0/100/0  0/0/100"},
		{"own goes first", []Site{well, well, well}, []float64{170, 85, 0}, "50/0/50  0/100/0  0/0/100"},
		{"a tier is settled before the next", []Site{well, up(0).cap(100), well}, []float64{115, 85, 55},
			// East would like 30 of west, its second; north asks for 85, its first, and gets the last 30.
			"100/0/0  0/0/100  0/0/100"},
		{"half well is half the room", []Site{up(0.5).cap(100), well, well}, []float64{85, 0, 0},
			"50/50/0  0/100/0  0/0/100"},
		{"breaker open", []Site{well.out(), well, well}, []float64{100, 0, 0}, "0/85/15  0/100/0  0/0/100"},
		{"half by order", []Site{well.weigh(0.5), well, well}, []float64{40, 0, 0}, "50/50/0  0/100/0  0/0/100"},
		{"drained", []Site{well.weigh(0), well, well}, []float64{40, 0, 0}, "0/100/0  0/100/0  0/0/100"},
		{"half-open", []Site{well.trickling(), well, well}, []float64{40, 0, 0}, "5/95/0  0/100/0  0/0/100"},
		{"half-open and the rest full", []Site{well.trickling(), well, well}, []float64{400, 0, 0},
			"5/47.5/47.5  0/100/0  0/0/100"},
		{"more than all: in proportion", []Site{well, well, up(0).cap(100)}, []float64{400, 0, 0},
			"50/50/0  0/100/0  100/0/0"},
		{"nobody has room: priority load", []Site{up(0).cap(100), well, well}, []float64{50, 85, 85},
			"0/100/0  0/100/0  0/0/100"},
		{"all down: home", []Site{up(0).cap(100), up(0).cap(100), up(0).cap(100)}, []float64{50, 50, 50},
			"100/0/0  0/100/0  0/0/100"},
		{"one declares nothing: as unhealthy", []Site{well, up(1), well}, []float64{200, 0, 0},
			"100/0/0  0/100/0  0/0/100"},
		{"one declares nothing but is not there", []Site{well, {Weight: 1}, well}, []float64{100, 0, 0},
			"85/0/15  0/0/100  0/0/100"},
		{"no demand known", []Site{well, up(0).cap(100), well}, nil, "100/0/0  0/0/100  0/0/100"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := Spread([]ID{east, north, west}, ring(3), test.sites, test.demand, Always)
			var got []string
			for _, s := range out {
				got = append(got, percents(s, 3))
			}
			if got := strings.Join(got, "  "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// East wants 60 more than it has, north 30 more, and both turn to west, which has 45.
func TestSpreadAlwaysIsProRata(t *testing.T) {
	well := up(1).cap(100)
	toWest := func(home ID) []ID { return []ID{west} }
	out := Spread([]ID{north, east}, toWest, []Site{well, well, well.cap(45 / fill)}, []float64{145, 115, 0}, Always)
	if got, want := percents(out[east], 3), "73.91/0/26.09"; got != want { // 85 and 30
		t.Errorf("east: got %s, want %s", got, want)
	}
	if got, want := percents(out[north], 3), "0/85/15"; got != want { // 85 and 15
		t.Errorf("north: got %s, want %s", got, want)
	}
}

func TestSpreadGivesNothingToWhatIsNoHome(t *testing.T) {
	out := Spread([]ID{north}, ring(3), []Site{up(1), up(1), up(1)}, nil, Unhealthy)
	if out[east] != nil || out[north] == nil || out[west] != nil {
		t.Errorf("got %v", out)
	}
}

func TestSharesPick(t *testing.T) {
	s := newShares([]float64{0, 0.25, 0, 0.75, 0})
	for draw, want := range map[uint32]ID{
		0: 1, 1<<30 - 2: 1, 1 << 30: 3, math.MaxUint32 - 1: 3, math.MaxUint32: 3,
	} {
		if got := s.Pick(draw); got != want {
			t.Errorf("Pick(%d) = %d, want %d", draw, got, want)
		}
	}
	if got := Shares(nil).Pick(7); got != None {
		t.Errorf("nobody: Pick = %d, want None", got)
	}
	if got := newShares([]float64{0, 0}); got != nil {
		t.Errorf("no load: %v, want nil", got)
	}
}

func TestSharesText(t *testing.T) {
	set := testSet(t, "cn-east", "cn-north", "cn-west")
	for want, loads := range map[string][]float64{
		"cn-east 0.93  cn-west 0.07":                  {0.93, 0, 0.07},
		"cn-north 1.00":                               {0, 1},
		"cn-east 1.00  cn-north <0.01  cn-west <0.01": {1, 0.0001, 0.004},
		"": nil,
	} {
		if got := newShares(loads).Text(set); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A world is one question put to Spread.
type world struct {
	homes    []ID
	failover [][]ID
	sites    []Site
	demand   []float64
	mode     Mode
}

func (w world) spread() []Shares {
	return Spread(w.homes, func(id ID) []ID { return w.failover[id] }, w.sites, w.demand, w.mode)
}

func (w world) order(home ID) []ID { return order(home, w.failover[home], w.sites) }

func worlds(modes ...Mode) *rapid.Generator[world] {
	part := rapid.OneOf(rapid.SampledFrom([]float64{0, 0.1, 0.5, 1}), rapid.Float64Range(0, 1))
	return rapid.Custom(func(t *rapid.T) world {
		n := rapid.IntRange(1, 6).Draw(t, "regions")
		ids := make([]ID, n)
		for i := range ids {
			ids[i] = ID(i)
		}
		w := world{mode: rapid.SampledFrom(modes).Draw(t, "mode")}
		for range ids {
			w.failover = append(w.failover, rapid.SliceOfDistinct(rapid.SampledFrom(ids), rapid.ID[ID]).Draw(t, "failover"))
			configured := rapid.Float64Range(0.1, 100).Draw(t, "configured")
			w.sites = append(w.sites, Site{
				Weight:     rapid.SampledFrom([]float64{0, 0.3, 1, 1, 1, 2}).Draw(t, "weight"),
				Configured: configured,
				Healthy:    configured * part.Draw(t, "healthy"),
				Capacity:   rapid.SampledFrom([]float64{1, 100, 100, 1000}).Draw(t, "capacity"),
				Out:        rapid.IntRange(0, 5).Draw(t, "out") == 0,
				Trickle:    rapid.IntRange(0, 4).Draw(t, "trickle") == 0,
				Present:    rapid.IntRange(0, 5).Draw(t, "absent") != 0,
			})
			w.demand = append(w.demand, 200*part.Draw(t, "demand"))
		}
		w.homes = rapid.SliceOfDistinct(rapid.SampledFrom(ids), rapid.ID[ID]).Draw(t, "homes")
		return w
	})
}

func TestSpreadSumsToOneAndZeroStaysZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(Stay, Unhealthy, Always).Draw(t, "world")
		out := w.spread()
		for i := range w.sites {
			home := ID(i)
			order := w.order(home)
			if w.mode == Stay && len(order) > 0 && order[0] != home {
				order = nil
			}
			if !slices.Contains(w.homes, home) || len(order) == 0 {
				if out[i] != nil {
					t.Fatalf("home %d has shares although nobody may serve it", i)
				}
				continue
			}
			total, steady := 0.0, false
			for id, s := range w.sites {
				share := out[i].Share(ID(id))
				total += share
				if share > 0 && (s.Weight == 0 || !s.Present || !slices.Contains(order, ID(id))) {
					t.Fatalf("home %d: region %d may not serve and gets %g", i, id, share)
				}
				if share > 0 && !s.Trickle && s.well() > 0 {
					steady = true
				}
			}
			if !close(total, 1, 1e-9) {
				t.Fatalf("home %d: shares sum to %g", i, total)
			}
			for id, s := range w.sites {
				share := out[i].Share(ID(id))
				if w.mode != Stay && steady && s.well() == 0 && share > 0 {
					t.Fatalf("home %d: region %d is down and gets %g although others are well", i, id, share)
				}
				if w.mode != Stay && steady && s.Trickle && share > trickleOf(w.demand[i])+1e-6 {
					t.Fatalf("home %d: region %d is half-open and gets %g", i, id, share)
				}
			}
			for _, draw := range []uint32{0, 1, 1 << 20, 1 << 31, math.MaxUint32 - 1, math.MaxUint32} {
				if got := out[i].Pick(draw); got == None || out[i].Share(got) == 0 {
					t.Fatalf("home %d: Pick(%d) = %d, which has no share", i, draw, got)
				}
			}
		}
	})
}

func TestSpreadIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(Unhealthy, Always).Draw(t, "world")
		home := rapid.SampledFrom(w.ids()).Draw(t, "home")
		w.homes = append(w.homes, home)
		if w.mode == Always && w.sites[home].Weight < 1 {
			w.sites[home].Weight = 1 // an order that holds home back frees room there for others' traffic
		}
		before := w.spread()[home].Share(home)
		s := &w.sites[home]
		s.Healthy += rapid.Float64Range(0, 1).Draw(t, "better") * (s.Configured - s.Healthy)
		after := w.spread()[home].Share(home)
		if after < before-1e-9 {
			t.Fatalf("home got better and its own share fell from %g to %g", before, after)
		}
	})
}

func (w world) ids() []ID {
	var ids []ID
	for i := range w.sites {
		ids = append(ids, ID(i))
	}
	return ids
}

func TestSpreadDoesNotDependOnOrderOrNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(Stay, Unhealthy, Always).Draw(t, "world")
		for i := range w.sites {
			w.sites[i].Present = true // absence makes IDs matter: by ID is the last resort
		}
		want := w.spread()

		shuffled := w
		shuffled.homes = rapid.Permutation(w.homes).Draw(t, "shuffled")
		for i, got := range shuffled.spread() {
			if !slices.Equal(got, want[i]) {
				t.Fatalf("home %d: %v with homes in another order, want %v", i, got, want[i])
			}
		}

		to := rapid.Permutation(w.ids()).Draw(t, "renamed")
		renamed := world{mode: w.mode, failover: make([][]ID, len(to)), sites: make([]Site, len(to)), demand: make([]float64, len(to))}
		for i, id := range to {
			renamed.sites[id], renamed.demand[id] = w.sites[i], w.demand[i]
			for _, other := range w.failover[i] {
				renamed.failover[id] = append(renamed.failover[id], to[other])
			}
		}
		for _, home := range w.homes {
			renamed.homes = append(renamed.homes, to[home])
		}
		got := renamed.spread()
		for _, home := range w.homes {
			for id := range w.sites {
				a, b := want[home].Share(ID(id)), got[to[home]].Share(to[id])
				if !close(a, b, 1e-6) {
					t.Fatalf("home %d, region %d: %g, and %g under other IDs", home, id, a, b)
				}
			}
		}
	})
}

// What Envoy's formula says, written down a second time, in its integer-free form.
func TestSpreadIsEnvoysPriorityLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "regions")
		var sites []Site
		var health []float64
		for range n {
			h := rapid.Float64Range(0, 1).Draw(t, "healthy")
			sites = append(sites, up(h))
			health = append(health, min(1, 1.4*h))
		}
		if sum(health) == 0 {
			t.Skip("nobody is well: Envoy panics, and that is tested elsewhere")
		}
		got := Spread([]ID{0}, ring(n), sites, nil, Unhealthy)[0]
		wantPriorityLoad(t, got, health)
	})
}

// wantPriorityLoad checks that each region took in order what its health is of all, until nothing
// was left.
func wantPriorityLoad(t *rapid.T, got Shares, health []float64) {
	t.Helper()
	total, before := min(1, sum(health)), 0.0
	for i := range health {
		want := min(1-before, health[i]/total)
		before += want
		if !close(got.Share(ID(i)), want, 1e-6) {
			t.Fatalf("region %d: got %g, want %g", i, got.Share(ID(i)), want)
		}
	}
}

// With one home's demand only and equal capacities, the water-fill is Envoy's priority load with
// an overprovisioning factor of what a whole region can take over what is asked of it.
func TestWaterFillIsEnvoysPriorityLoadForOneHome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "regions")
		demand := make([]float64, n)
		demand[0] = rapid.Float64Range(10, 400).Draw(t, "demand")
		factor := fill * 100 / demand[0]
		var sites []Site
		var health []float64
		for range n {
			h := rapid.Float64Range(0.01, 1).Draw(t, "healthy")
			sites = append(sites, up(h).cap(100))
			health = append(health, min(1, factor*h))
		}
		got := Spread([]ID{0}, ring(n), sites, demand, Always)[0]
		wantPriorityLoad(t, got, health)
	})
}

// Wherever there is room for everything, nobody is filled beyond 85 %.
func TestWaterFillRespectsCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(Always).Draw(t, "world")
		w.homes = w.ids()
		for i := range w.sites {
			s := &w.sites[i]
			s.Present, s.Trickle, s.Weight = true, false, 1
			w.failover[i] = others(ID(i), len(w.sites))
		}
		room := 0.0
		for _, s := range w.sites {
			room += fill * s.Capacity * s.well()
		}
		asked := sum(w.demand)
		if room == 0 {
			t.Skip("nobody is well")
		}
		if asked > room { // ask for no more than there is
			for i := range w.demand {
				w.demand[i] *= 0.999 * room / asked
			}
		}
		out := w.spread()
		for id, s := range w.sites {
			load := 0.0
			for home, demand := range w.demand {
				load += demand * out[home].Share(ID(id))
			}
			if limit := fill * s.Capacity * s.well(); load > limit*(1+1e-6)+1e-3 {
				t.Fatalf("region %d gets %g requests per second and has room for %g", id, load, limit)
			}
		}
	})
}

func BenchmarkSpread(b *testing.B) {
	for _, n := range []int{3, 64} {
		for name, mode := range map[string]Mode{"unhealthy": Unhealthy, "always": Always} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				w := world{mode: mode}
				for i := range n {
					w.homes = append(w.homes, ID(i))
					w.failover = append(w.failover, others(ID(i), n))
					w.sites = append(w.sites, up(float64(i%7)/7).cap(float64(100+i)))
					w.demand = append(w.demand, float64(i%5)*40)
				}
				b.ReportAllocs()
				for b.Loop() {
					w.spread()
				}
			})
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for _, n := range []int{3, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			loads := make([]float64, n)
			for i := range loads {
				loads[i] = 1
			}
			s := newShares(loads)
			draw := uint32(1)
			for b.Loop() {
				draw = draw*1664525 + 1013904223
				if s.Pick(draw) == None {
					b.Fatal("nobody")
				}
			}
		})
	}
}
