package proxy

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/tidegate/tidegate/balancer"
)

// An ask is a request without bytes.
type ask struct{ region string }

func (a *ask) Method() string { return "GET" }
func (a *ask) Host() string   { return "h" }
func (a *ask) Path() string   { return "/x" }
func (a *ask) Header(n string) string {
	if n == "X-Region" {
		return a.region
	}
	return ""
}
func (a *ask) Cookie(string) string { return "" }
func (a *ask) ClientIP() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }
func (a *ask) Replayable() bool     { return true }
func (a *ask) Untouched() bool      { return true }

// flightRig is a gateway whose endpoints nobody connects to.
func flightRig(t testing.TB, policy string) *rig {
	return newRig(t, fmt.Sprintf(`
region: east
regions: { east: { failover: [west] }, west: { failover: [east] } }
services:
  app:
    balance: %s
    endpoints: { east: [127.0.0.1:1, 127.0.0.1:2, 127.0.0.1:3], west: [127.0.0.1:4, 127.0.0.1:5] }
routes:
  - { path: /**, to: app }
`, policy))
}

// A whole flight, with a retry after a failed connect, allocates nothing whatever the policy.
func TestFlightAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, policy := range balancer.PolicyNames() {
		t.Run(policy, func(t *testing.T) {
			r := flightRig(t, policy)
			f, asked, draw := new(Flight), &ask{region: "west"}, uint64(1)
			table, now := r.live.Load(), time.Second
			fails := 0
			n := testing.AllocsPerRun(1000, func() {
				draw, now = draw*6364136223846793005+1, now+time.Millisecond
				if !f.Begin(table, asked, now, draw) || !f.Next(now) {
					fails++
					return
				}
				if draw>>60 == 0 { // now and then: not so often that a breaker opens
					if f.Head(Result{Outcome: balancer.ConnectFailed}, now) != Retry || !f.Next(now) {
						fails++
						return
					}
				}
				if f.Head(Result{Status: 200, Outcome: balancer.Answered}, now) != Commit {
					fails++
				}
				f.End(balancer.Answered, now)
			})
			if n != 0 || fails != 0 {
				t.Errorf("%v allocations, %d flights failed", n, fails)
			}
		})
	}
}

// What is retried, and where: never the same endpoint, and the last attempt leaves the region that failed.
func TestFlightVerdicts(t *testing.T) {
	r := flightRig(t, "p2c")
	f, now := new(Flight), time.Second
	f.Begin(r.live.Load(), &ask{region: "west"}, now, 7)
	asked := map[*balancer.Endpoint]bool{}
	for attempt := 1; ; attempt++ {
		if !f.Next(now) {
			t.Fatalf("attempt %d: nobody left", attempt)
		}
		e := f.Endpoint()
		if asked[e] {
			t.Errorf("attempt %d goes to %s again", attempt, e.ID())
		}
		asked[e] = true
		want := "west"
		if attempt == 3 {
			want = "east"
		}
		if e.RegionName != want {
			t.Errorf("attempt %d went to %s, want %s", attempt, e.RegionName, want)
		}
		verdict := f.Head(Result{Outcome: balancer.Reset}, now)
		if attempt == 3 {
			if verdict != Refuse || f.Refusal().status() != 502 {
				t.Errorf("after the last attempt: %v %v", verdict, f.Refusal())
			}
			return
		}
		if verdict != Retry {
			t.Fatalf("attempt %d: %v", attempt, verdict)
		}
	}
}
