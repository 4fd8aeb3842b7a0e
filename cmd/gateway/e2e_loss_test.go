package main_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tidegate/tidegate/bench/openloop"
	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// regionKilled: a region's three processes are killed under load, and come back.
func regionKilled(t *testing.T, r *rig) {
	f := newFleet(t)
	g := r.gateway(t, f.oneService())
	g.start()
	g.settled()
	tr := send(t, g, bearable(t, g, 2000), 12*time.Second)
	tr.at(5 * time.Second)
	before := time.Now()
	for _, s := range f.servers["cn-north"] {
		s.Kill()
	}
	after := time.Now()
	tr.at(8 * time.Second)
	for _, s := range f.servers["cn-north"] {
		if err := s.Heal(); err != nil {
			t.Fatal(err)
		}
	}
	healed := time.Now()
	all := tr.end()

	// Calm weather keeps callers at home, but on a busy machine a few may have been spilled to cn-north
	// when it died. An answer that never came does not say where from.
	struck := pick(all, func(x *exchange) bool { return x.within(before, after) })
	cut := pick(all, func(x *exchange) bool { return x.Outcome == openloop.Cut })
	lost := pick(all, func(x *exchange) bool { return x.method == "POST" && !x.well() && x.Outcome != openloop.Cut })
	t.Logf("killing took %v; %d requests under way then, %d answers cut, %d POSTs lost", ms(after.Sub(before)), len(struck), len(cut), len(lost))

	complain(t, "GET that failed before it had a head", pick(all, func(x *exchange) bool {
		return x.method == "GET" && !x.well() && x.Outcome != openloop.Cut
	}))
	complain(t, "POST lost that was not under way at the kill", pick(lost, func(x *exchange) bool {
		return !x.within(before, after)
	}))
	complain(t, "answer cut that was not under way at the kill", pick(cut, func(x *exchange) bool {
		return !x.within(before, after)
	}))
	complain(t, "answer short of its body that looks whole", pick(all, func(x *exchange) bool {
		return x.Outcome == openloop.Answered && x.Status == 200 && !x.well()
	}))
	onlyOnce(t, f, all)

	between := pick(all, func(x *exchange) bool { return x.home == "cn-north" && x.Sent.After(after) && x.Ended.Before(healed) })
	if astray := pick(between, func(x *exchange) bool { return x.served != "cn-east" }); len(astray) > len(between)/20 {
		complain(t, "request not served by the next region while cn-north was gone", astray)
	}
	var back time.Duration
	for i := range all {
		if x := &all[i]; x.Sent.After(healed) && x.served == "cn-north" && (back == 0 || x.Sent.Sub(healed) < back) {
			back = x.Sent.Sub(healed)
		}
	}
	t.Logf("after healing, cn-north served again after %v", ms(back))
	if back == 0 {
		t.Error("cn-north did not serve again after healing")
	}
}

// A silence is a way in which a region stops answering without a word.
type silence func(t *testing.T, s *upstreamtest.Server)

// freeze stops the process: its kernel still accepts.
func freeze(_ *testing.T, s *upstreamtest.Server) { s.Freeze() }

// cutOff drops the packets: connects time out.
func cutOff(t *testing.T, s *upstreamtest.Server) {
	t.Helper()
	if err := s.Blackhole(); err != nil {
		t.Fatal(err)
	}
}

// outOfUse is how soon a region that went silent must be out of use.
const outOfUse = 2 * time.Second

// A lateness is how late this machine lets sleepers wake. What a detector takes is a few sleeps one
// after the other, so on a machine that others keep busy it can only be judged with that in mind.
type lateness struct {
	stop, stopped chan struct{}
	worst         time.Duration
}

func watchLateness() *lateness {
	l := &lateness{stop: make(chan struct{}), stopped: make(chan struct{})}
	go func() {
		defer close(l.stopped)
		const nap = 5 * time.Millisecond
		for {
			began := time.Now()
			select {
			case <-l.stop:
				return
			case <-time.After(nap):
				l.worst = max(l.worst, time.Since(began)-nap)
			}
		}
	}()
	return l
}

// allow ends the watch and returns how much longer something may take here: three sleeps.
func (l *lateness) allow() time.Duration {
	close(l.stop)
	<-l.stopped
	if raceBuild() {
		return 3*l.worst + time.Second
	}
	return 3 * l.worst
}

// regionSilent: a region goes silent under load.
func regionSilent(t *testing.T, r *rig, fall silence) {
	f := newFleet(t)
	g := r.gateway(t, f.oneService())
	g.start()
	g.settled()
	tr := send(t, g, bearable(t, g, 2000), 10*time.Second)
	tr.at(5 * time.Second)
	fell := time.Now()
	for _, s := range f.servers["cn-north"] {
		fall(t, s)
	}
	late := untilUnused(t, g, fell)
	// A frozen process wakes up and does what it has been sent: that must not be a second time. And
	// answers that were half way get to their end.
	tr.at(14 * time.Second)
	if last := f.last("cn-north"); last.After(late.Add(grace)) {
		t.Errorf("a request began at cn-north %v after it was out of use", last.Sub(late))
	}
	f.healAll(t)
	all := tr.end()

	complain(t, "GET that failed", pick(all, func(x *exchange) bool { return x.method == "GET" && !x.well() }))
	complain(t, "POST that failed although cn-north was out of use", pick(all, func(x *exchange) bool {
		return x.method == "POST" && !x.well() && x.Sent.After(late)
	}))
	lost := pick(all, func(x *exchange) bool { return x.method == "POST" && !x.well() })
	waited := pick(all, func(x *exchange) bool { return x.method == "GET" && x.Headed.Sub(x.Intended) > 500*time.Millisecond })
	var worst time.Duration
	for i := range waited {
		worst = max(worst, waited[i].Headed.Sub(waited[i].Intended))
	}
	t.Logf("%d POSTs lost; %d GETs waited above 500 ms for their head, %v at most", len(lost), len(waited), ms(worst))
	onlyOnce(t, f, all)
}

func (f *fleet) healAll(t *testing.T) {
	t.Helper()
	for _, servers := range f.servers {
		for _, s := range servers {
			if err := s.Heal(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// untilUnused waits until the plan gives cn-north nothing of its own callers, checks how long after
// fell that was, and returns from when on nothing may begin there: that instant, or when it must be
// out of use.
func untilUnused(t *testing.T, g *gateway, fell time.Time) time.Time {
	t.Helper()
	late := watchLateness()
	share := 1.0
	for share != 0 && time.Since(fell) < 3*outOfUse {
		time.Sleep(10 * time.Millisecond)
		share = g.plan("").share("cn-north", "cn-north")
	}
	took, allowed := time.Since(fell), late.allow()
	t.Logf("out of the plan after %v; this machine was late by %v at most", ms(took), ms(late.worst))
	if took > outOfUse+allowed {
		t.Errorf("cn-north was out of use after %v with a share of %v, want %v and %v for the machine", took, share, outOfUse, allowed)
	}
	return fell.Add(max(outOfUse, took))
}

// regionSilentUnnoticed: a region goes silent while nobody asks anything of it, so that only probes
// can tell.
func regionSilentUnnoticed(t *testing.T, r *rig, fall silence) {
	f := newFleet(t)
	g := r.gateway(t, f.oneService())
	g.start()
	g.settled()
	c := upstreamtest.Dial(t, g.http)
	for range 10 { // connections are pooled
		c.Get("/", "X-Region: cn-north\r\n")
	}
	fell := time.Now()
	for _, s := range f.servers["cn-north"] {
		fall(t, s)
	}
	time.Sleep(time.Until(untilUnused(t, g, fell)))
	for range 20 {
		began := time.Now()
		res := c.Get("/", "X-Region: cn-north\r\n")
		var self upstreamtest.Self
		if err := json.Unmarshal(res.Body, &self); err != nil || res.Status != 200 || self.Region != "cn-east" {
			t.Errorf("answered %d by %q, want 200 by cn-east: %s", res.Status, self.Region, res.Body)
		}
		if took := time.Since(began); took > 400*time.Millisecond { // one that met the silence takes longer
			t.Errorf("a request took %v", took)
		}
	}
}
