package balancer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
)

// outage is a service in three regions, in two of which are homes, on a clock that gobreaker shares.
func outage(t *testing.T, endpoints int) *fleet {
	back := config.Failback{Ramp: config.Duration(10 * time.Second)}
	f := newFleet(t, "p2c",
		regionOf{name: "eu", endpoints: endpoints, failback: back},
		regionOf{name: "us", endpoints: endpoints, failback: back},
		regionOf{name: "ap", endpoints: endpoints, failback: back})
	f.sleep, f.tries, f.homes = time.Sleep, 1, []string{"eu", "us"}
	for _, region := range f.regions() {
		f.probe(region, true)
	}
	f.plan()
	return f
}

func (f *fleet) regions() []string { return []string{"eu", "us", "ap"} }

// fail makes the share of requests fail everywhere.
func (f *fleet) fail(rate float64) {
	for name := range f.by {
		f.failing[name] = rate
	}
}

// least watches the least share of its own traffic that home eu keeps from now on.
func (f *fleet) least() *float64 {
	least := 1.0
	f.each = func(p *Plan) { least = min(least, p.Share(Unhealthy, f.id("eu"), f.id("eu"))) }
	return &least
}

// When every region fails alike, it is the requests: the region nobody has asked yet is not better, it
// is not known. A part may go and find out, not everybody, and not for ever again.
func TestAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := outage(t, 3)
		f.run(5*time.Second, 200, Unhealthy)
		f.fail(0.3)
		f.reset()
		least := f.least()
		f.run(125*time.Second, 200, Unhealthy)
		if *least < 0.6 {
			t.Errorf("eu gives away all but %.2f of its traffic to regions that are no better", *least)
		}
		strangers := 0
		for _, name := range []string{"ap-1", "ap-2", "ap-3"} {
			strangers += f.served[name] + f.failed[name]
		}
		if all := 2 * 200 * 120; strangers > all/20 {
			t.Errorf("%d of %d requests went to ap", strangers, all)
		}
	})
}

// But if the other regions are better, all but a sample moves, as soon as that is known, also at a low rate.
func TestNotAlike(t *testing.T) {
	for _, rate := range []int{200, 8} {
		synctest.Test(t, func(t *testing.T) {
			f := outage(t, 1)
			f.homes = []string{"eu"}
			f.run(20*time.Second, rate, Unhealthy)
			f.failing["eu-1"] = 0.3
			f.run(40*time.Second, rate, Unhealthy)
			if share := f.plan().Share(Unhealthy, f.id("eu"), f.id("eu")); share > 0.3 {
				t.Errorf("at %d/s eu fails 30 %%, the others nothing, and it keeps %.2f of its traffic", rate, share)
			}
		})
	}
}

// A whole service that fails everywhere stays where it is, and is there when it is well again: a
// region that everybody relied on for want of a better need not prove itself by a twentieth.
func TestAllFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := outage(t, 3)
		f.run(5*time.Second, 200, Unhealthy)
		f.fail(1)
		f.run(10*time.Second, 200, Unhealthy) // until all have been tried
		least := f.least()
		f.run(30*time.Second, 200, Unhealthy)
		if *least < 0.9 {
			t.Errorf("while all fail, home keeps %.2f of its traffic", *least)
		}
		f.fail(0)
		least = f.least()
		f.run(120*time.Second, 200, Unhealthy)
		if *least < 0.9 {
			t.Errorf("when all are well again, home keeps %.2f of its traffic", *least)
		}
		if state := f.plan().RegionBreaker(f.id("eu")); state != Closed {
			t.Errorf("a minute and a half later the breaker of eu is %v", state)
		}
	})
}

// A region that is half-open gets its twentieth, whatever its errors were: they opened the breaker.
func TestHalfOpenGetsATwentieth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := outage(t, 1)
		f.homes = []string{"eu"}
		f.run(5*time.Second, 100, Unhealthy)
		f.failing["eu-1"] = 1
		half := 0
		f.each = func(p *Plan) {
			if p.RegionBreaker(f.id("eu")) != HalfOpen {
				return
			}
			half++
			if share := p.Share(Unhealthy, f.id("eu"), f.id("eu")); share < 0.049 || share > 0.051 {
				t.Errorf("at %v it is half-open and gets %.3f", f.now, share)
			}
		}
		f.run(40*time.Second, 100, Unhealthy)
		if half == 0 {
			t.Error("it never was half-open")
		}
	})
}

// With a request every second, five that fail in a row are all there is to know.
func TestQuietRegionFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := outage(t, 1)
		f.homes = []string{"eu"}
		f.run(20*time.Second, 1, Unhealthy)
		f.failing["eu-1"] = 1
		f.run(27*time.Second, 1, Unhealthy)
		if state := f.plan().RegionBreaker(f.id("eu")); state == Closed {
			t.Errorf("seven failed in a row, and its breaker is %v", state)
		}
		f.failing["eu-1"] = 0
		f.reset()
		f.run(60*time.Second, 1, Unhealthy)
		if f.served["eu-1"] < 10 {
			t.Errorf("well again for half a minute, it got %d of 33 requests", f.served["eu-1"])
		}
	})
}

// Who has failed its only probe so far is nobody to leave a region to while others are known to be well.
func TestUnprobedRegion(t *testing.T) {
	f := newFleet(t, "p2c", regionOf{name: "eu", endpoints: 2}, regionOf{name: "us", endpoints: 2})
	share := func() float64 { return f.plan().Share(Unhealthy, f.id("eu"), f.id("eu")) }
	f.probe("us", true)
	if got := share(); got != 1 {
		t.Errorf("not probed yet, eu keeps %.2f", got)
	}
	for _, name := range []string{"eu-1", "eu-2"} {
		f.by[name].Observe(health.Answer{Load: -1, Err: "no answer within 500ms"}, health.Unknown)
	}
	if got := share(); got != 0 {
		t.Errorf("after its first probes failed, eu keeps %.2f", got)
	}
	f.probe("us", false)
	if got := share(); got != 1 {
		t.Errorf("with nobody well, eu keeps %.2f", got)
	}
}
