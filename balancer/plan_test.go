package balancer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
)

func TestStillness(t *testing.T) {
	for _, policy := range PolicyNames() {
		f := wellFleet(t, policy, regionOf{name: "eu", endpoints: 3}, regionOf{name: "us", endpoints: 2})
		picker := func(r string) picker { return f.svc.Plan().pools[f.id(r)].picker }
		eu, us := picker("eu"), picker("us")
		f.plan()
		f.sched.services["pay"].tracks[0].errors = 0.9999
		f.plan()
		if picker("eu") != eu || picker("us") != us {
			t.Errorf("%s: the pickers changed though no weight did", policy)
		}
		f.sched.services["pay"].tracks[0].errors = 0.9
		f.plan()
		if same := picker("eu") == eu; same || picker("us") != us {
			t.Errorf("%s: eu kept its picker: %v, us: %v", policy, same, picker("us") == us)
		}

		// A reload that changes nothing changes nothing.
		eu = picker("eu")
		f.svc = NewService("pay", f.set, f.def, f.svc.Endpoints(), f.svc)
		f.plan()
		if picker("eu") != eu {
			t.Errorf("%s: a reload changed the picker", policy)
		}
	}
}

func TestReload(t *testing.T) {
	ramp := config.Failback{Ramp: config.Duration(10 * sec)}
	f := wellFleet(t, "round_robin", regionOf{name: "eu", endpoints: 2, failback: ramp}, regionOf{name: "us", endpoints: 1})
	f.run(2*sec, 100, Unhealthy)
	before := f.svc
	f.add("eu-3")
	if f.svc.Budget != before.Budget {
		t.Error("the budget is new")
	}
	f.probe("eu-3", true)
	lines := f.plan().Lines
	if got := fmt.Sprint(lines[0].Weight, "; ", lines[2].Weight); got != "1.00; 0.10  warmup 0.10" {
		t.Errorf("weights are %s", got)
	}
	if lines[0].shown.rate.get() == 0 {
		t.Error("what was seen of the others is forgotten")
	}
	f.sched.Forget([]*Service{f.svc})
	if len(f.sched.services) != 1 {
		t.Error("a live service is forgotten")
	}
	f.sched.Forget(nil)
	if len(f.sched.services) != 0 {
		t.Error("a dead service is remembered")
	}
}

func TestObserveTells(t *testing.T) {
	f := wellFleet(t, "p2c", regionOf{name: "eu", endpoints: 2}, regionOf{name: "us", endpoints: 1})
	observe := func() int {
		f.now += tick
		return len(f.sched.Observe(f.now, []*Service{f.svc}))
	}
	if observe() != 0 {
		t.Error("moved without any reason")
	}
	for range 100 {
		a, _ := f.by["eu-1"].Start(f.now, true)
		o := Answered
		if f.draw()%4 == 0 {
			o = ErrorStatus
		}
		a.Head(o, f.now+ms)
		a.End(Answered, f.now+ms)
	}
	if observe() != 1 {
		t.Error("errors did not move it")
	}
	for f.now < 200*sec {
		observe()
	}
	if observe() != 0 {
		t.Error("it never comes to rest")
	}
}

func TestPlanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := rapid.SampledFrom(PolicyNames()).Draw(t, "policy")
		n := rapid.IntRange(1, 6).Draw(t, "endpoints")
		state := make([]int, 2*n)
		factor := make([]float64, 2*n)
		for i := range state {
			state[i] = rapid.IntRange(0, 4).Draw(t, "state")
			factor[i] = rapid.Float64Range(0, 1).Draw(t, "errors")
		}
		order := rapid.Permutation(identity(2*n)).Draw(t, "order")
		build := func(order []int) *fleet {
			f := newFleet(t, policy, regionOf{name: "eu", endpoints: 0}, regionOf{name: "us", endpoints: 0}, regionOf{name: "ap", endpoints: 0})
			var endpoints []*Endpoint
			for _, i := range order {
				endpoints = append(endpoints, f.endpoint([]string{"eu", "us"}[i%2], i, float64(i%3)))
			}
			f.svc = NewService("pay", f.set, f.def, endpoints, nil)
			f.plan()
			for i := range state {
				name := fmt.Sprintf("%s-%d", []string{"eu", "us"}[i%2], i)
				switch state[i] {
				case 0:
					f.probe(name, false)
				case 1, 2, 3:
					f.probe(name, true)
				}
				for j, e := range f.svc.Endpoints() {
					if e == f.by[name] {
						f.sched.services["pay"].tracks[j].errors = factor[i]
					}
				}
			}
			f.plan()
			return f
		}
		a, b, c := build(identity(2*n)), build(identity(2*n)), build(order)
		if a.svc.Plan().String() != b.svc.Plan().String() {
			t.Fatalf("not the same:\n%s%s", a.svc.Plan(), b.svc.Plan())
		}
		av, bv := view(a), view(b)
		if av != bv {
			t.Fatalf("not the same:\n%s\n%s", av, bv)
		}
		al, cl := lines(a), lines(c)
		if al != cl {
			t.Fatalf("in another order:\n%s\n%s", al, cl)
		}

		for id := range a.svc.Plan().pools {
			total := 0.0
			for _, l := range a.svc.Plan().sites[id].lines {
				if (l.Weight.Configured*l.Weight.Order == 0) != (l.tier == never) {
					t.Fatalf("%s: %v, %v", l.Endpoint.ID(), l.Weight, l.tier)
				}
				total += l.Share
			}
			if total != 0 && (total < 0.999 || total > 1.001) {
				t.Fatalf("shares in region %d sum to %v", id, total)
			}
		}
	})
}

func identity(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func view(f *fleet) string {
	data, err := json.Marshal(f.svc.Plan().View(f.now))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

func lines(f *fleet) string {
	all := strings.Split(f.svc.Plan().String(), "\n")
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func TestView(t *testing.T) {
	f := wellFleet(t, "p2c", regionOf{name: "eu", endpoints: 2, capacity: 100}, regionOf{name: "us", endpoints: 1})
	f.loads["us-1"] = 0.25
	f.run(10*sec, 40, Unhealthy)
	f.probe("eu-2", false)
	f.do("scale 0.5 region:us")
	f.plan()
	v := f.svc.Plan().View(f.now)
	if v.Service != "pay" || v.Balance != "p2c" || v.At != 10 || len(v.Homes) != 2 || len(v.Regions) != 2 {
		t.Errorf("view: %+v", v)
	}
	if h := v.Homes[0]; h.Home != "eu" || h.Mode != "unhealthy" || h.Shares["eu"] < 0.6 || h.Shares["us"] < 0.2 || h.Demand < 39 || h.Demand > 41 {
		t.Errorf("home: %+v", h)
	}
	us := v.Regions[1]
	if us.Region != "us" || us.Weight != 0.5 || us.Healthy != 1 || us.Configured != 1 || us.Breaker != "closed" || len(us.Reasons) != 1 {
		t.Errorf("region: %+v", us)
	}
	e := us.Endpoints[0]
	if e.Endpoint != "pay/us/10.1.0.1:80" || e.Address != "10.1.0.1:80" || e.Weight != 1 || e.Share != 1 || e.Factors["warmup"] != 1 ||
		e.Factors["configured"] != 1 || e.Health != "up" || e.RPS < 39 || e.RPS > 41 || e.ErrorRate != 0 || e.ProbeRT != 0.002 ||
		e.Latency <= 0 || e.Load == nil || *e.Load != 0.25 {
		t.Errorf("endpoint: %+v", e)
	}
	down := v.Regions[0].Endpoints[1]
	if down.Weight != 0 || down.Share != 0 || down.Health != health.Down.String() || len(down.Reasons) != 1 || down.Load != nil {
		t.Errorf("endpoint: %+v", down)
	}
}

// One failure in a quiet time is not the whole truth, and what is over is forgotten by time.
func TestErrorRate(t *testing.T) {
	f := wellFleet(t, "p2c", regionOf{name: "eu", endpoints: 1}, regionOf{name: "us", endpoints: 1})
	track := f.sched.services["pay"].tracks[0]
	step := func(good, bad int) float64 {
		for i := range good + bad {
			a, ok := f.by["eu-1"].Start(f.now, true)
			if !ok {
				t.Fatal("declined")
			}
			if i < bad {
				a.Head(ErrorStatus, f.now)
			} else {
				a.Head(Answered, f.now)
			}
			a.End(Answered, f.now)
		}
		f.now += tick
		f.sched.Observe(f.now, []*Service{f.svc})
		return track.errorRate()
	}
	f.now = time.Minute
	step(0, 1)
	if got := step(100, 0); got > 0.01 {
		t.Errorf("one failure, then a hundred answers: %.3f", got)
	}
	for range 100 {
		step(100, 0)
	}
	for range 40 {
		step(70, 30)
	}
	if got := step(70, 30); got < 0.15 || got > 0.25 {
		t.Errorf("after ten seconds of 30 %%: %.3f", got)
	}
	for range 120 { // half a minute with two requests a second
		step(0, 0)
		step(1, 0)
	}
	if got := track.errorRate(); got > 0.02 {
		t.Errorf("half a minute and 120 good answers later: %.3f", got)
	}
}
