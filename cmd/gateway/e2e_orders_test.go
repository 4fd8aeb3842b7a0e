package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// grace is how late a request may arrive at a drained endpoint: it was begun before the order was
// acknowledged, and the network and two schedulers lie between.
const grace = 10 * time.Millisecond

// drained: after a drain is acknowledged nothing begins at the drained endpoints, not even a retry.
func drained(t *testing.T, r *rig) {
	f := newFleet(t)
	// Retries look for somewhere to go all the time: a third of what the others answer is 503.
	for _, region := range []string{"cn-east", "cn-west"} {
		for _, s := range f.servers[region] {
			s.Set(upstreamtest.Behavior{Delay: 3 * time.Millisecond, FailRate: 0.33})
		}
	}
	g := r.gateway(t, f.oneService())
	g.start()
	g.settled()
	one := f.servers["cn-north"][0]
	orders := []struct {
		name, id, body string
		last           func() time.Time
	}{
		{"a region", "region:cn-north", `{"region":"cn-north","op":"drain","reason":"test","for":"1h"}`, func() time.Time { return f.last("cn-north") }},
		{"a service in a region", "service:shop/cn-north", `{"service":"shop","region":"cn-north","op":"drain","reason":"test","for":"1h"}`, func() time.Time { return f.last("cn-north") }},
		{"an endpoint", "endpoint:shop/cn-north/" + one.Addr(), fmt.Sprintf(`{"service":"shop","region":"cn-north","endpoint":"%s","op":"drain","reason":"test","for":"1h"}`, one.Addr()), func() time.Time { return one.Stats().Last }},
	}
	const each = 2500 * time.Millisecond
	tr := send(t, g, bearable(t, g, 1000), time.Duration(len(orders))*each+time.Second)
	for i, o := range orders {
		tr.at(time.Duration(i)*each + time.Second)
		if idle := time.Since(o.last()); idle > 500*time.Millisecond {
			t.Errorf("%s: it was not in use before: the last request began %v ago", o.name, idle)
		}
		acknowledged := g.order(o.body)
		tr.at(time.Duration(i)*each + 2500*time.Millisecond)
		late := o.last().Sub(acknowledged)
		t.Logf("drained %s: the last request began %v after the acknowledgement", o.name, ms(late))
		if late > grace {
			t.Errorf("drained %s: a request began %v after the acknowledgement", o.name, late)
		}
		g.lift(o.id)
		time.Sleep(100 * time.Millisecond)
	}
	all := tr.end()
	retried := 0
	for i := range all {
		if all[i].method == "GET" && f.ledger.Executed(all[i].id) > 1 {
			retried++
		}
	}
	t.Logf("%d GETs were tried more than once", retried)
	if retried == 0 {
		t.Error("nothing was retried, so this shows too little")
	}
	onlyOnce(t, f, all)
}

// killedAndRestarted: orders outlive the process, however it ends.
func killedAndRestarted(t *testing.T, r *rig) {
	f := newFleet(t)
	g := r.gateway(t, f.oneService())
	g.start()
	g.settled()
	g.order(`{"region":"cn-north","op":"drain","reason":"before the crash","for":"1h"}`)
	g.order(`{"service":"shop","region":"cn-west","op":"scale","value":0.5,"reason":"half","for":"2h"}`)
	before := g.overrides()
	g.signal(syscall.SIGKILL)
	g.wait(5 * time.Second)
	asked := f.requests("cn-north")
	took := g.start()
	t.Logf("taking traffic again %v after the restart", ms(took))
	if took > time.Second && !raceBuild() {
		t.Errorf("it took %v to take traffic again, want below 1 s", took)
	}
	if after := g.overrides(); after != before {
		t.Errorf("overrides were\n%s\nand are\n%s", before, after)
	}
	c := upstreamtest.Dial(t, g.http)
	for range 100 {
		if res := c.Get("/", "X-Region: cn-north\r\n"); res.Status != http.StatusOK {
			t.Fatalf("answered %d: %s", res.Status, res.Body)
		}
	}
	if now := f.requests("cn-north"); now != asked {
		t.Errorf("%d requests went to the drained region", now-asked)
	}
}

// overrides reads the orders in force, without the revision.
func (g *gateway) overrides() string {
	g.t.Helper()
	var o struct {
		Overrides []json.RawMessage `json:"overrides"`
	}
	if err := json.Unmarshal(g.get("/v1/overrides"), &o); err != nil {
		g.t.Fatal(err)
	}
	return fmt.Sprintf("%s", o.Overrides)
}

// terminated: SIGTERM lets what is under way end, and then ends the process.
func terminated(t *testing.T, r *rig) {
	const flying, length = 50, time.Second
	f := newFleet(t)
	g := r.gateway(t, f.oneService())
	g.start()
	g.settled()
	type answer struct {
		res *upstreamtest.Response
		err error
		at  time.Time
	}
	answers := make(chan answer, flying)
	idle := upstreamtest.Dial(t, g.http)
	idle.Get("/", "")
	for i := range flying {
		c := upstreamtest.Dial(t, g.http)
		c.Send(fmt.Sprintf("GET /?delay=%v HTTP/1.1\r\nHost: t\r\nX-Region: %s\r\n\r\n", length, regionNames[i%3]))
		go func() {
			res, err := c.Read("GET")
			answers <- answer{res, err, time.Now()}
		}()
	}
	upstreamtest.Eventually(t, 3*time.Second, "all are under way", func() bool { return f.inFlight() == flying })
	g.signal(syscall.SIGTERM)
	told := time.Now()
	var last time.Time
	for range flying {
		a := <-answers
		if a.err != nil || a.res.Status != http.StatusOK || a.res.Err != nil {
			t.Errorf("a request under way was answered with %+v, %v", a.res, a.err)
			continue
		}
		if v, _ := a.res.Field("Connection"); v != "close" {
			t.Errorf("an answer does not say that the connection closes: %q", a.res.Head)
		}
		last = a.at
	}
	code := g.wait(5 * time.Second)
	t.Logf("answered all %d; ended %v after the last answer, %v after the signal", flying, ms(time.Since(last)), ms(time.Since(told)))
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	if late := time.Since(last); late > 200*time.Millisecond && !raceBuild() {
		t.Errorf("it ended %v after the last answer, want below 200 ms", late)
	}
	if rest, err := idle.Closed(time.Second); err != nil || len(rest) > 0 {
		t.Errorf("the idle connection was not closed in order: %q, %v", rest, err)
	}
}

func (f *fleet) inFlight() (n int64) {
	for _, servers := range f.servers {
		for _, s := range servers {
			n += s.Stats().InFlight
		}
	}
	return n
}
