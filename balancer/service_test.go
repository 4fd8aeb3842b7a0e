package balancer

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/region"
)

func wellFleet(t tester, balance string, regions ...regionOf) *fleet {
	f := newFleet(t, balance, regions...)
	for _, r := range regions {
		f.probe(r.name, true)
	}
	f.plan()
	return f
}

// route sends one request that fails wherever it goes, and returns where that was, in order.
func (f *fleet) route(home string, mode Mode, attempts int) []string {
	c := Call{Home: f.id(home), Mode: mode, Draw: f.draw(), Now: f.now, Replayable: true}
	var names []string
	for i := range attempts {
		c.Last = i == attempts-1
		a, ok := f.svc.Start(&c)
		if !ok {
			break
		}
		names = append(names, f.name(a.Endpoint()))
		c.Tried.Add(a.Endpoint(), true)
		a.Head(Unsent, f.now) // not held against it
	}
	return names
}

func regionsOf(names []string) string {
	var out []string
	for _, name := range names {
		r, _, _ := strings.Cut(name, "-")
		out = append(out, r)
	}
	return strings.Join(out, " ")
}

func TestStartWalks(t *testing.T) {
	three := []regionOf{{name: "eu", endpoints: 3}, {name: "us", endpoints: 2}, {name: "ap", endpoints: 1}}
	tests := []struct {
		name     string
		do       string // separated by commas
		home     string
		mode     Mode
		attempts int
		want     string // regions
	}{
		{"home first, the last attempt leaves it", "", "eu", Unhealthy, 3, "eu eu us"},
		{"one attempt stays", "", "eu", Unhealthy, 1, "eu"},
		{"two attempts", "", "us", Unhealthy, 2, "us ap"},
		{"home, then the order, then it is over", "", "eu", Unhealthy, 8, "eu eu eu us us ap"},
		{"stay", "", "eu", Stay, 5, "eu eu eu"},
		{"stay, last", "", "us", Stay, 2, "us us"},
		{"home is down", "eu down", "eu", Unhealthy, 3, "us us ap"},
		{"home is down, stay", "eu down", "eu", Stay, 3, ""},
		{"home is down, and all else fails", "eu down", "eu", Unhealthy, 9, "us us ap eu eu eu"},
		{"one of home is down", "eu-1 down,eu-2 down,us down,ap down", "eu", Unhealthy, 9, "eu us us ap eu eu"},
		{"all are down", "eu down,us down,ap down", "us", Unhealthy, 4, "us us ap eu"},
		{"all are down, stay", "eu down,us down,ap down", "us", Stay, 4, "us us"},
		{"home is drained", "drain region:eu", "eu", Unhealthy, 9, "us us ap"},
		{"home is drained, stay", "drain region:eu", "eu", Stay, 9, ""},
		{"drained and down", "drain region:eu,us down,ap down", "eu", Unhealthy, 9, "us us ap"},
		{"all are drained", "drain region:eu,drain region:us,drain region:ap", "eu", Unhealthy, 9, ""},
		{"one is drained", "drain endpoint:pay/eu/10.1.0.1:80", "eu", Unhealthy, 9, "eu eu us us ap"},
	}
	for _, tt := range tests {
		for _, policy := range PolicyNames() {
			f := wellFleet(t, policy, three...)
			for _, line := range strings.Split(tt.do, ",") {
				f.do(line)
			}
			f.plan()
			for range 20 {
				got := f.route(tt.home, tt.mode, tt.attempts)
				seen := slices.Clone(got)
				slices.Sort(seen)
				if len(slices.Compact(seen)) != len(got) {
					t.Fatalf("%s, %s: somebody was asked twice: %v", tt.name, policy, got)
				}
				regions := regionsOf(got)
				if f.svc.Plan().Share(Unhealthy, f.id(tt.home), f.id(tt.home)) < 1 && tt.mode == Unhealthy && len(got) > 3 {
					// Some draws fall on other regions: all that counts is who was asked.
					regions = sorted(regions)
					tt.want = sorted(tt.want)
				}
				if regions != tt.want {
					t.Fatalf("%s, %s: %v, want %s", tt.name, policy, got, tt.want)
				}
			}
		}
	}
}

func sorted(words string) string {
	list := strings.Fields(words)
	slices.Sort(list)
	return strings.Join(list, " ")
}

// Where a service does not run at home.
func TestHomeWithoutService(t *testing.T) {
	f := wellFleet(t, "p2c", regionOf{name: "eu", endpoints: 2}, regionOf{name: "us", endpoints: 0}, regionOf{name: "ap", endpoints: 1})
	if got := regionsOf(f.route("us", Unhealthy, 3)); got != "ap eu eu" {
		t.Errorf("asked %s", got)
	}
	if got := f.route("us", Stay, 3); len(got) != 0 {
		t.Errorf("stayed at %v", got)
	}
	// A home that no configuration knows any more is served like our own.
	c := Call{Home: 17, Mode: Unhealthy, Now: f.now}
	if a, ok := f.svc.Start(&c); !ok || a.Endpoint().RegionName != "eu" {
		t.Errorf("an unknown home is served: %v", ok)
	}
	if _, ok := f.svc.Start(&Call{Home: 17, Mode: Stay}); ok {
		t.Error("an unknown home serves")
	}
}

func TestNoPlan(t *testing.T) {
	f := newFleet(t, "p2c", regionOf{name: "eu", endpoints: 2})
	if _, ok := f.svc.Start(&Call{}); ok || f.svc.Plan() != nil {
		t.Error("started without a plan")
	}
}

// open trips the breaker of an endpoint.
func (f *fleet) open(name string) {
	for range 5 {
		a, ok := f.by[name].Start(f.now, true)
		if !ok {
			break
		}
		a.Head(Reset, f.now)
	}
	if state, _ := f.by[name].Breaker(); state != Open {
		f.t.Fatalf("the breaker of %s is %v", name, state)
	}
}

func TestTrial(t *testing.T) {
	for _, policy := range PolicyNames() {
		f := wellFleet(t, policy, regionOf{name: "eu", endpoints: 3}, regionOf{name: "us", endpoints: 1})
		f.now = sec
		f.open("eu-1")

		// Before the next plan: it declines, and others are asked at once.
		for range 20 {
			if got := f.route("eu", Unhealthy, 3); len(got) != 3 || slices.Contains(got, "eu-1") {
				t.Fatalf("%s: %v", policy, got)
			}
		}
		line := f.plan().Lines[0]
		if line.Weight.Value() != 0 || f.by["eu-1"].Barred() {
			t.Errorf("%s: weight %v, barred %v", policy, line.Weight, f.by["eu-1"].Barred())
		}

		// When it is due, one request is the trial, and only one.
		f.now += 3 * sec
		start := func(c Call) (string, Attempt) {
			a, ok := f.svc.Start(&c)
			if !ok {
				t.Fatalf("%s: refused", policy)
			}
			return f.name(a.Endpoint()), a
		}
		call := Call{Home: f.id("eu"), Mode: Unhealthy, Now: f.now, Replayable: true}
		hurt := call
		hurt.Tried.Add(f.by["eu-2"], true)
		if name, _ := start(hurt); name == "eu-1" {
			t.Errorf("%s: a request that failed before is the trial", policy)
		}
		once := call
		once.Replayable = false
		if name, _ := start(once); name == "eu-1" {
			t.Errorf("%s: a request that cannot be repeated is the trial", policy)
		}
		name, trial := start(call)
		if name != "eu-1" || !trial.Trial() {
			t.Errorf("%s: the trial is at %s", policy, name)
		}
		for range 20 {
			if name, _ := start(call); name == "eu-1" {
				t.Fatalf("%s: a second trial", policy)
			}
		}
		trial.Head(Answered, f.now+ms)
		trial.End(Answered, f.now+ms)
		if state, _ := f.by["eu-1"].Breaker(); state != Closed {
			t.Errorf("%s: after a good trial the breaker is %v", policy, state)
		}
	}
}

// All that probes call well is out by its breaker: without some traffic it would stay so.
func TestTrialOfTheOnlyOne(t *testing.T) {
	f := wellFleet(t, "p2c", regionOf{name: "eu", endpoints: 2}, regionOf{name: "us", endpoints: 1})
	f.now = sec
	f.open("eu-1")
	f.probe("eu-2", false)
	if share := f.plan().Share(Unhealthy, f.id("eu"), f.id("eu")); share <= 0 || share > 0.05 {
		t.Errorf("home keeps %v", share)
	}
	f.now += 3 * sec
	tried := 0
	for range 400 {
		c := Call{Home: f.id("eu"), Mode: Unhealthy, Now: f.now, Replayable: true, Draw: f.draw()}
		a, ok := f.svc.Start(&c)
		if !ok {
			t.Fatal("refused")
		}
		if a.Trial() {
			tried++
		}
		a.Head(Answered, f.now+ms)
		a.End(Answered, f.now+ms)
		if tried > 0 {
			break
		}
	}
	if tried != 1 {
		t.Errorf("%d trials", tried)
	}
}

// When Plan returns, no request begins at an endpoint that is drained, by whatever plan it goes.
func TestBarsComeFirst(t *testing.T) {
	f := wellFleet(t, "p2c", regionOf{name: "eu", endpoints: 2}, regionOf{name: "us", endpoints: 1})
	var acknowledged atomic.Bool
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			old := f.svc.Plan()
			for draw := uint64(i); ; draw++ {
				select {
				case <-stop:
					return
				default:
				}
				before := acknowledged.Load()
				c := Call{Home: f.svc.Pools[0][0].Region, Mode: Unhealthy, Draw: mix(draw), Replayable: true}
				a, ok := old.stay(&c)
				if !ok {
					a, ok = f.svc.Start(&c)
				}
				if !ok {
					t.Error("refused")
					return
				}
				if before && a.Endpoint().RegionName == "eu" {
					t.Errorf("%s was asked after it was drained", a.Endpoint().ID())
				}
				a.Head(Answered, 0)
				a.End(Answered, 0)
			}
		}()
	}
	time.Sleep(2 * time.Millisecond)
	f.do("drain region:eu")
	f.plan()
	acknowledged.Store(true)
	time.Sleep(5 * time.Millisecond)
	close(stop)
	wg.Wait()

	f.do("lift")
	f.plan()
	if got := regionsOf(f.route("eu", Unhealthy, 1)); got != "eu" {
		t.Errorf("when the order is lifted, requests go to %q", got)
	}
}

// Stillness: a plan in which nothing of a pool changed by a step keeps its picker.
// What a reload carries over, and what it does not.
// Observe says whose plan has to be made anew.
// Whatever is the case: nobody who is barred is asked, nobody twice, nobody abroad when staying; and
// a refusal means that there was nobody left.
func TestStartProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := rapid.SampledFrom(PolicyNames()).Draw(t, "policy")
		f := newFleet(t, policy,
			regionOf{name: "eu", endpoints: rapid.IntRange(0, 4).Draw(t, "eu")},
			regionOf{name: "us", endpoints: rapid.IntRange(0, 3).Draw(t, "us"), alone: true},
			regionOf{name: "ap", endpoints: rapid.IntRange(1, 20).Draw(t, "ap")})
		f.now = time.Minute
		for _, name := range slices.Sorted(maps.Keys(f.by)) {
			switch rapid.IntRange(0, 6).Draw(t, name) {
			case 0:
				f.probe(name, false)
			case 1, 2, 3:
				f.probe(name, true)
			case 4:
				f.do("drain endpoint:" + f.by[name].ID())
			case 5:
				f.do("set 0 endpoint:" + f.by[name].ID())
			}
		}
		for _, name := range []string{"eu", "us", "ap"} {
			switch rapid.IntRange(0, 5).Draw(t, "region "+name) {
			case 0:
				f.do("drain region:" + name)
			case 1:
				f.do("scale 0.3 service:pay/" + name)
			}
		}
		p := f.plan()
		for name, e := range f.by {
			if order := NewOrders(f.list).Endpoint(e); e.Barred() != order.zero() {
				t.Fatalf("%s is barred: %v", name, e.Barred())
			}
		}
		for _, name := range slices.Sorted(maps.Keys(f.by)) {
			// Breakers trip after the plan was made.
			if rapid.IntRange(0, 9).Draw(t, "trip "+name) == 0 {
				for range 5 {
					if a, ok := f.by[name].Start(f.now, true); ok {
						a.Head(Reset, f.now)
					}
				}
			}
		}

		home := rapid.SampledFrom([]string{"eu", "us", "ap"}).Draw(t, "home")
		mode := rapid.SampledFrom([]Mode{Stay, Unhealthy, Always}).Draw(t, "mode")
		c := Call{Home: f.id(home), Mode: mode, Now: f.now, Replayable: true, Draw: rapid.Uint64().Draw(t, "draw")}
		attempts := rapid.IntRange(1, 6).Draw(t, "attempts")
		asked := map[*Endpoint]bool{}
		for i := range attempts {
			c.Last = i == attempts-1
			failedIn := map[region.ID]bool{}
			for e := range asked {
				failedIn[e.Region] = true
			}
			a, ok := f.svc.Start(&c)
			if !ok {
				for name, e := range f.by {
					state, _ := e.Breaker()
					stays := mode == Stay && (e.Region != c.Home || !p.servesItself(c.Home))
					if !asked[e] && !e.Barred() && state == Closed && !stays {
						t.Fatalf("refused, but %s is left", name)
					}
				}
				return
			}
			e := a.Endpoint()
			if e.Barred() || asked[e] || mode == Stay && e.Region != c.Home {
				t.Fatalf("asked %s: barred %v, before %v, home %s", f.name(e), e.Barred(), asked[e], home)
			}
			if c.Last && mode != Stay && failedIn[e.Region] {
				for id := range p.pools {
					q := &p.pools[id]
					if !q.well || failedIn[q.region] {
						continue
					}
					for _, m := range q.members {
						if state, _ := m.endpoint.Breaker(); state == Closed {
							t.Fatalf("the last attempt is at %s again, and %s is left", f.name(e), f.name(m.endpoint))
						}
					}
				}
			}
			asked[e] = true
			c.Tried.Add(e, true)
			a.Head(Unsent, f.now)
		}
	})
}

// The same evidence gives the same plan, and the order of the endpoints does not matter.
// lines is a plan's text, sorted, but for the policy's order.
func TestStartAllocates0(t *testing.T) {
	for _, policy := range PolicyNames() {
		f := wellFleet(t, policy, regionOf{name: "eu", endpoints: 20}, regionOf{name: "us", endpoints: 3})
		f.now = sec
		f.open("eu-4")
		f.plan()
		home, failed := f.id("eu"), f.by["eu-3"]
		c := new(Call)
		draw := uint64(0)
		if n := testing.AllocsPerRun(1000, func() {
			draw++
			*c = Call{Home: home, Mode: Unhealthy, Draw: mix(draw), Now: f.now, Replayable: true}
			f.svc.Arrive(home)
			for i := range 3 {
				c.Last = i == 2
				a, ok := f.svc.Start(c)
				if !ok {
					t.Fatal("refused")
				}
				c.Tried.Add(failed, true)
				a.Head(Answered, f.now)
				a.End(Answered, f.now)
			}
		}); n != 0 {
			t.Errorf("%s: a request allocates %v times", policy, n)
		}
	}
}

// The plan as data has all that an operator asks for.
