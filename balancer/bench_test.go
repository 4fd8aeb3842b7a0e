package balancer

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// busyFleet has n endpoints in two regions, all well, with some traffic behind them and no two
// weights alike.
func busyFleet(b *testing.B, balance string, n int) *fleet {
	f := newFleet(b, balance, regionOf{name: "eu", endpoints: n - n/2}, regionOf{name: "us", endpoints: n / 2})
	f.probe("eu", true)
	f.probe("us", true)
	f.plan()
	for i := range 4 * n {
		c := Call{Home: f.set.Active[i%2], Mode: Unhealthy, Now: f.now, Draw: f.draw()}
		a, ok := f.svc.Start(&c)
		if !ok {
			b.Fatal("refused")
		}
		took := time.Duration(10+f.draw()%20) * time.Millisecond
		a.Head(Answered, f.now+took)
		a.End(Answered, f.now+took)
	}
	f.now += tick
	f.sched.Observe(f.now, []*Service{f.svc})
	f.plan()
	return f
}

func sizes() []int { return []int{10, 1000, 10000} }

// What the request path pays for its choice: the region and the endpoint.
func BenchmarkPick(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		for _, n := range sizes() {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				f := busyFleet(b, name, 2*n)
				p := f.svc.Plan()
				c := &Call{Home: f.id("eu"), Mode: Unhealthy, Now: f.now, Replayable: true}
				b.ReportAllocs()
				for b.Loop() {
					c.Draw, c.draws = c.Draw+0x9e3779b97f4a7c15, 0
					if p.choose(c).picker.pick(c) == nil {
						b.Fatal("none")
					}
				}
			})
		}
	}
}

// The whole of Start, Head and End.
func BenchmarkStart(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := busyFleet(b, "p2c", 2*n)
			c := &Call{Home: f.id("eu"), Mode: Unhealthy, Now: f.now, Replayable: true}
			b.ReportAllocs()
			for b.Loop() {
				c.Draw, c.draws = c.Draw+0x9e3779b97f4a7c15, 0
				a, ok := f.svc.Start(c)
				if !ok {
					b.Fatal("none")
				}
				a.Head(Answered, c.Now)
				a.End(Answered, c.Now)
			}
		})
	}
}

// A plan in which nothing changed, and one for which every picker is built anew.
func BenchmarkPlan(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		for _, n := range sizes() {
			for _, rebuilt := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%d/rebuilt=%v", name, n, rebuilt), func(b *testing.B) {
					f := busyFleet(b, name, n)
					m := f.sched.services["pay"]
					b.ReportAllocs()
					for b.Loop() {
						for i := range m.tracks {
							if rebuilt {
								m.tracks[i].errors = float64(f.draw()%256) / 256
							}
						}
						f.plan()
					}
				})
			}
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := busyFleet(b, "p2c", n)
			all := []*Service{f.svc}
			b.ReportAllocs()
			for b.Loop() {
				f.now += tick
				f.sched.Observe(f.now, all)
			}
		})
	}
}

func BenchmarkWeigh(b *testing.B) {
	ev := Evidence{Configured: 1, Order: OrderNone(), Requests: 100, Errors: 0.01, RT: 30 * time.Millisecond,
		Usual: 20 * time.Millisecond, Load: 0.8, Back: -1}
	var sum float64
	b.ReportAllocs()
	for b.Loop() {
		sum += Weigh(ev).Value()
	}
	if sum == 0 {
		b.Fatal("no weight")
	}
}
