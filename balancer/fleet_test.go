package balancer

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/region"
)

// tester is what a fleet needs of a test: testing and rapid have it.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// A fleet is a service in several regions, a scheduler over it and a clock, all under the control
// of a test. The endpoints of region eu are called eu-1, eu-2, and so on.
type fleet struct {
	t       tester
	set     *region.Set
	def     *config.Service
	svc     *Service
	sched   *Scheduler
	list    []Override
	now     time.Duration
	sleep   func(time.Duration) // moves the clock that gobreaker reads; nil: it need not move
	homes   []string            // who asks; empty: every region
	tries   int                 // attempts a request has
	each    func(*Plan)         // is shown every plan that run makes, if set
	draws   uint64
	by      map[string]*Endpoint
	failing map[string]float64
	slow    map[string]time.Duration
	loads   map[string]float64
	down    map[string]bool
	served  map[string]int
	failed  map[string]int
	refused map[string]int
}

// regionOf is one region of a fleet: its failover follows the order of the list.
type regionOf struct {
	name      string
	endpoints int
	capacity  float64
	failback  config.Failback
	alone     bool // no failover
}

func newFleet(t tester, balance string, regions ...regionOf) *fleet {
	t.Helper()
	c := &config.Config{Region: regions[0].name, Regions: map[string]*config.Region{}}
	for i, r := range regions {
		def := &config.Region{Capacity: config.Rate(r.capacity), Failback: r.failback}
		for j := range regions[1:] {
			if !r.alone {
				def.Failover = append(def.Failover, regions[(i+1+j)%len(regions)].name)
			}
		}
		c.Regions[r.name] = def
	}
	set, err := region.Compile(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{
		t: t, set: set, sched: NewScheduler(), tries: 3, by: map[string]*Endpoint{},
		failing: map[string]float64{}, slow: map[string]time.Duration{}, down: map[string]bool{}, loads: map[string]float64{},
		def: &config.Service{Balance: balance, Breaker: config.Breaker{Errors: 0.5, Of: 20, In: config.Duration(10 * time.Second)}},
	}
	var endpoints []*Endpoint
	for _, r := range regions {
		for i := range r.endpoints {
			endpoints = append(endpoints, f.endpoint(r.name, i+1, 1))
		}
	}
	f.svc = NewService("pay", set, f.def, endpoints, nil)
	f.reset()
	return f
}

func (f *fleet) endpoint(in string, i int, weight float64) *Endpoint {
	id, ok := f.set.ID(in)
	if !ok {
		f.t.Fatalf("no region %s", in)
	}
	addr := fmt.Sprintf("10.%d.%d.%d:80", id, i/200, i%200)
	e := NewEndpoint("pay", id, in,
		config.Endpoint{Address: addr, Weight: weight, MaxFails: 5, FailTimeout: config.Duration(2 * time.Second)},
		f.def.Breaker, health.Check{}, NewHost(addr), func() {})
	f.by[fmt.Sprintf("%s-%d", in, i)] = e
	return e
}

// add reloads the service with one more endpoint.
func (f *fleet) add(name string) {
	in, _, _ := strings.Cut(name, "-")
	all := append(slices.Clone(f.svc.Endpoints()), f.endpoint(in, len(f.svc.Pools[f.id(in)])+1, 1))
	f.svc = NewService("pay", f.set, f.def, all, f.svc)
}

func (f *fleet) reset() {
	f.served, f.failed, f.refused = map[string]int{}, map[string]int{}, map[string]int{}
}

func (f *fleet) name(e *Endpoint) string {
	for name, x := range f.by {
		if x == e {
			return name
		}
	}
	f.t.Fatalf("who is %s?", e.ID())
	return ""
}

func (f *fleet) id(name string) region.ID {
	id, ok := f.set.ID(name)
	if !ok {
		f.t.Fatalf("no region %s", name)
	}
	return id
}

// probe tells the verdict of probes about an endpoint, or a whole region.
func (f *fleet) probe(who string, up bool) {
	for name, e := range f.by {
		if name != who && !strings.HasPrefix(name, who+"-") {
			continue
		}
		if f.down[name] = !up; up {
			load, ok := f.loads[name]
			if !ok {
				load = -1
			}
			e.Observe(health.Answer{OK: true, RT: 2 * time.Millisecond, Load: load}, health.Up)
			continue
		}
		e.Observe(health.Answer{Load: -1, Err: "dial tcp " + e.Addr() + ": connection refused"}, health.Down)
	}
}

func (f *fleet) plan() *Plan {
	f.sched.Plan(f.now, f.svc, f.set, NewOrders(f.list))
	return f.svc.Plan()
}

// draw is the next word of a fixed sequence.
func (f *fleet) draw() uint64 {
	f.draws++
	return mix(f.draws * 0x9e3779b97f4a7c15)
}

// request sends one request from home, with up to tries attempts, and books where it was answered.
func (f *fleet) request(home string, mode Mode) {
	f.svc.Arrive(f.id(home))
	c := Call{Home: f.id(home), Mode: mode, Draw: f.draw(), Replayable: true}
	for attempt := range f.tries {
		c.Now, c.Last = f.now, attempt > 0 && attempt == f.tries-1
		a, ok := f.svc.Start(&c)
		if !ok {
			f.refused[home]++
			return
		}
		name := f.name(a.Endpoint())
		if a.Endpoint().Barred() {
			f.t.Fatalf("%s is barred and was asked", name)
		}
		took := 20 * time.Millisecond
		if d := f.slow[name]; d > 0 {
			took = d
		}
		rate := f.failing[name]
		if f.down[name] {
			rate = 1
		}
		// Evenly spread: a random row of five would open a breaker.
		n := f.served[name] + f.failed[name]
		if rate > 0 && math.Floor(float64(n+1)*rate) > math.Floor(float64(n)*rate) {
			f.failed[name]++
			a.Head(ErrorStatus, f.now+took)
			a.End(Answered, f.now+took)
			c.Tried.Add(a.Endpoint(), true)
			continue
		}
		f.served[name]++
		a.Head(Answered, f.now+took)
		a.End(Answered, f.now+took)
		return
	}
	f.refused[home]++
}

const tick = 250 * time.Millisecond

// run lets time pass until at, with rate requests per second from every home.
func (f *fleet) run(at time.Duration, rate int, mode Mode) {
	homes := f.homes
	if len(homes) == 0 {
		for _, home := range f.set.Active {
			homes = append(homes, f.set.Name(home))
		}
	}
	for f.now < at {
		// As many as are due by now, so that a rate below four has any.
		n := int(f.now / tick)
		due := (n+1)*rate/4 - n*rate/4
		for _, home := range homes {
			for range due {
				f.request(home, mode)
			}
		}
		f.now += tick
		if f.sleep != nil {
			f.sleep(tick)
		}
		for name, e := range f.by {
			if state, _ := e.Health(); state == health.Up {
				f.probe(name, true)
			}
		}
		f.sched.Observe(f.now, []*Service{f.svc})
		if p := f.plan(); f.each != nil {
			f.each(p)
		}
	}
}

// do carries out one line of a script.
func (f *fleet) do(line string) {
	words := strings.Fields(line)
	switch {
	case len(words) == 0:
	case len(words) == 2 && words[1] == "up":
		f.probe(words[0], true)
	case len(words) == 2 && words[1] == "down":
		f.probe(words[0], false)
	case len(words) == 3 && words[1] == "fails":
		rate, err := strconv.ParseFloat(strings.TrimSuffix(words[2], "%"), 64)
		if err != nil {
			f.t.Fatal(err)
		}
		for name := range f.by {
			if name == words[0] || strings.HasPrefix(name, words[0]+"-") {
				f.failing[name] = rate / 100
			}
		}
	case len(words) == 3 && words[1] == "takes":
		d, err := time.ParseDuration(words[2])
		if err != nil {
			f.t.Fatal(err)
		}
		f.slow[words[0]] = d
	case len(words) == 3 && words[1] == "load":
		load, err := strconv.ParseFloat(words[2], 64)
		if err != nil {
			f.t.Fatal(err)
		}
		f.loads[words[0]] = load
	case len(words) == 2 && words[0] == "add":
		f.add(words[1])
	case words[0] == "lift":
		f.list = nil
	default: // an order: drain region:eu, set 0.5 endpoint:pay/eu/10.0.0.1:80
		o := Override{Op: words[0], Reason: "deploy 42",
			Created: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Expires: time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)}
		if o.Op != OpDrain {
			v, err := strconv.ParseFloat(words[1], 64)
			if err != nil {
				f.t.Fatal(err)
			}
			o.Value = v
		}
		var err error
		if o.Service, o.Region, o.Endpoint, err = ParseScope(words[len(words)-1]); err != nil {
			f.t.Fatal(err)
		}
		if err := o.Validate(o.Created); err != nil {
			f.t.Fatal(err)
		}
		f.list = append(f.list, o)
	}
}
