package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// reloadsUnderLoad: a hundred reloads in twenty seconds, half of them of broken files.
func reloadsUnderLoad(t *testing.T, r *rig) {
	const reloads, every = 100, 200 * time.Millisecond
	f := newFleet(t)
	g := r.gateway(t, f.oneService())
	g.start()
	g.settled()
	successes, failures := g.reloads()
	tr := send(t, g, bearable(t, g, 1000), reloads*every+time.Second)
	good := f.oneService()
	broken := []string{
		good + "  - { path: /x, to: nobody }\n",
		strings.Replace(good, "probe:", "prob:", 1),
		good[:len(good)/2],
		strings.Replace(good, "cn-west:", "cn-mars:", 1),
		"services: [\n",
	}
	for i := range reloads {
		tr.at(time.Duration(i) * every)
		if i%2 == 1 {
			g.write(g.config(broken[i/2%len(broken)]))
			continue
		}
		// Each good one differs from the last: in a weight, in the policy, in a route's terms.
		text := good
		switch i / 2 % 4 {
		case 0:
			text = strings.Replace(good, "cn-east: [", fmt.Sprintf("cn-east: [{ address: %s, weight: %d }, ", f.servers["cn-east"][0].Addr(), 2+i%5), 1)
			text = strings.Replace(text, "}, "+f.servers["cn-east"][0].Addr()+",", "},", 1)
		case 1:
			text = strings.Replace(good, "probe:", "balance: round_robin\n    probe:", 1)
		case 2:
			text = strings.Replace(good, "to: shop", fmt.Sprintf("to: shop, timeout: %dms", 5000+i), 1)
		}
		g.write(g.config(text))
	}
	all := tr.end()
	complain(t, "request that failed", pick(all, func(x *exchange) bool { return !x.well() }))
	onlyOnce(t, f, all)
	s, fl := g.reloads()
	t.Logf("%d reloads succeeded, %d failed", s-successes, fl-failures)
	if s-successes < reloads/4 || fl-failures < reloads/4 { // a machine that stalls makes two changes one
		t.Errorf("want about %d of either", reloads/2)
	}
}

// A still is what a reload must leave alone.
type still struct {
	metrics  map[string]float64
	accepted int64
}

// still reads it. Nothing is sent meanwhile; what moves by itself (probes, clocks, memory, the
// reloads' own counters) is left out.
func (g *gateway) still(f *fleet, keep func(series string) bool) still {
	g.t.Helper()
	m := g.metrics()
	maps.DeleteFunc(m, func(series string, _ float64) bool {
		return !strings.HasPrefix(series, "tidegate_") || moves(series) || !keep(series)
	})
	return still{m, f.accepted()}
}

func moves(series string) bool {
	for _, part := range []string{"_config_", "_probe", "_age", "_latency", "_uptime", "_reload", "_build_info", "_connections", "_goroutines"} {
		if strings.Contains(series, part) {
			return true
		}
	}
	return false
}

// same fails the test where two readings differ.
func (a still) same(t *testing.T, b still) {
	t.Helper()
	for _, series := range slices.Sorted(maps.Keys(a.metrics)) {
		if after, ok := b.metrics[series]; !ok || after != a.metrics[series] {
			t.Errorf("%s was %v and is %v (there: %v)", series, a.metrics[series], after, ok)
		}
	}
	for series := range b.metrics {
		if _, ok := a.metrics[series]; !ok {
			t.Errorf("%s is new", series)
		}
	}
	if a.accepted != b.accepted {
		t.Errorf("upstreams had accepted %d connections and now %d", a.accepted, b.accepted)
	}
}

func everything(string) bool { return true }

// twoServices is the rest of a configuration with services a and b on two fleets, both round robin,
// whose cursor shows in the order of the answers. They are probed once: weights follow what probes
// measure, and here only a reload is to be seen.
func twoServices(a, b *fleet, routeB string) string {
	return "services:\n" +
		"  a:\n    balance: round_robin\n    probe: { path: /healthz, every: 1h }\n    endpoints:\n" + a.endpoints("      ") +
		"  b:\n    balance: round_robin\n    probe: { path: /healthz, every: 1h }\n    endpoints:\n" + b.endpoints("      ") +
		"routes:\n  - { name: a, path: /a/**, to: a, limit: { rate: 1000/h, burst: 100 } }\n  - " + routeB + "\n"
}

// turns asks n times and returns who answered, in order.
func turns(c *upstreamtest.Client, target string, n int) string {
	var out strings.Builder
	for range n {
		res := c.Get(target, "X-Region: cn-east\r\n")
		var self upstreamtest.Self
		if err := json.Unmarshal(res.Body, &self); err != nil {
			fmt.Fprintf(&out, "[%d %v]", res.Status, err)
			continue
		}
		out.WriteString(strings.TrimPrefix(self.Endpoint, "cn-east/"))
	}
	return out.String()
}

// cycles tells that three upstreams took turns without a break.
func cycles(order string) bool {
	for i := 3; i < len(order); i++ {
		if order[i] != order[i-3] {
			return false
		}
	}
	return len(order) > 3 && order[0] != order[1] && order[1] != order[2] && order[0] != order[2]
}

// identicalReload: the same file again changes nothing at all.
func identicalReload(t *testing.T, r *rig) {
	a, b := newFleet(t), newFleet(t)
	rest := twoServices(a, b, "{ name: b, path: /b/**, to: b }")
	g := r.gateway(t, rest)
	g.start()
	g.settledAll("a", "b")
	c := upstreamtest.Dial(t, g.http)
	order := turns(c, "/a/", 7)
	before := g.still(a, everything)
	successes, _ := g.reloads()
	g.signal(syscall.SIGHUP) // reads the file even if no byte has changed
	upstreamtest.Eventually(t, 3*time.Second, "the reload is through", func() bool { s, _ := g.reloads(); return s > successes })
	g.write(g.config(rest))
	time.Sleep(500 * time.Millisecond) // the watcher sees it
	before.same(t, g.still(a, everything))
	order += turns(c, "/a/", 7)
	if !cycles(order) {
		t.Errorf("upstreams answered in the order %s: the cursor moved", order)
	}
	if got := a.accepted(); got != before.accepted {
		t.Errorf("pooled connections were not used again: %d accepted, then %d", before.accepted, got)
	}
}

// settledAll waits until probes have found every endpoint of these services well.
func (g *gateway) settledAll(services ...string) {
	g.t.Helper()
	for _, service := range services {
		upstreamtest.Eventually(g.t, 5*time.Second, "every endpoint of "+service+" is found well", func() bool {
			for _, e := range g.plan(service).endpoints() {
				if e.Health != "up" {
					return false
				}
			}
			return true
		})
	}
}

// oneRouteEdited: an edited route, and an edited service, leave the others alone.
func oneRouteEdited(t *testing.T, r *rig) {
	a, b := newFleet(t), newFleet(t)
	g := r.gateway(t, twoServices(a, b, "{ name: b, path: /b/**, to: b }"))
	g.start()
	g.settledAll("a", "b")
	c := upstreamtest.Dial(t, g.http)
	order := turns(c, "/a/", 7)
	turns(c, "/b/", 4)
	ofA := func(series string) bool {
		return strings.Contains(series, `service="a"`) || strings.Contains(series, `route="a"`)
	}
	before := g.still(a, ofA)
	if len(before.metrics) == 0 {
		t.Fatal("no metrics of service a")
	}
	edits := []string{
		"{ name: b, path: /b/**, to: b, timeout: 4s, attempts: 2, limit: { rate: 10/s } }",
		"{ name: b, path: /bb/**, to: b }",
	}
	for _, route := range edits {
		g.reload(twoServices(a, b, route))
		before.same(t, g.still(a, ofA))
	}
	// A service edited: two of b's regions go.
	rest := twoServices(a, b, edits[1])
	i := strings.LastIndex(rest, "      cn-north:")
	g.reload(rest[:i] + rest[strings.Index(rest, "routes:"):])
	before.same(t, g.still(a, ofA))
	order += turns(c, "/a/", 7)
	if !cycles(order) {
		t.Errorf("upstreams answered in the order %s: the cursor moved", order)
	}
	if got := a.accepted(); got != before.accepted {
		t.Errorf("pooled connections were not used again: %d accepted, then %d", before.accepted, got)
	}
}

// reload puts a new configuration in place and waits until it is in force.
func (g *gateway) reload(rest string) {
	g.t.Helper()
	successes, _ := g.reloads()
	g.write(g.config(rest))
	upstreamtest.Eventually(g.t, 3*time.Second, "the reload is through", func() bool { s, _ := g.reloads(); return s > successes })
}
