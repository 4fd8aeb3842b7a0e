package health

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidegate/tidegate/config"
)

// TestDetection: whatever part of the fleet fails, in whatever way, at whatever moment, each of its
// endpoints is down within every×1.1 + 2×timeout, and nobody else is.
func TestDetection(t *testing.T) {
	seldom := Check{Kind: "fake", Every: 10 * time.Second, Timeout: 100 * time.Millisecond, Up: 2, Down: 2}
	sluggish := Check{Kind: "fake", Every: 100 * time.Millisecond, Timeout: 500 * time.Millisecond, Up: 2, Down: 2}
	for _, c := range []struct {
		name  string
		check Check
		n     int
		dead  []int
		fault fault
	}{
		{"one of two swallows", usual, 2, []int{0}, swallow},
		{"one of two refuses", usual, 2, []int{1}, refuses},
		{"one of nine swallows", usual, 9, []int{4}, swallow},
		{"a region of three swallows", usual, 9, []int{3, 4, 5}, swallow},
		{"a region of three refuses", usual, 9, []int{3, 4, 5}, refuses},
		{"all but one swallow", usual, 9, []int{0, 1, 2, 3, 4, 5, 6, 7}, swallow},
		{"all but one refuse", usual, 9, []int{0, 1, 2, 3, 4, 5, 6, 7}, refuses},
		{"seldom asked, one of two swallows", seldom, 2, []int{0}, swallow},
		{"seldom asked, all but one swallow", seldom, 5, []int{0, 1, 2, 3}, swallow},
		{"seldom asked, all but one refuse", seldom, 5, []int{0, 1, 2, 3}, refuses},
		{"often asked, all but one swallow", sluggish, 5, []int{0, 1, 2, 3}, swallow},
		{"a single one swallows", usual, 1, []int{0}, swallow},
		{"a single one refuses", usual, 1, []int{0}, refuses},
	} {
		t.Run(c.name, func(t *testing.T) {
			bound := time.Duration(1.1*float64(c.check.Every)) + 2*c.check.Timeout
			worst := time.Duration(0)
			for seed := range uint64(20) {
				synctest.Test(t, func(t *testing.T) {
					f := watching(t, c.n, c.check, seed)
					defer f.stop()
					time.Sleep(3*c.check.Every + time.Duration(seed)*c.check.Every/7)
					if !every(f.all, Up) {
						t.Fatal("not all up to begin with")
					}
					for _, i := range c.dead {
						f.all[i].become(c.fault)
					}
					died := time.Now()
					time.Sleep(bound + time.Nanosecond)
					for i, s := range f.all {
						state, since := s.state()
						if want := slices.Contains(c.dead, i); want != (state == Down) {
							t.Fatalf("seed %d: endpoint %d is %v", seed, i, state)
						} else if want {
							worst = max(worst, since.Sub(died))
						}
					}
					if f.monitor.Suspect() {
						t.Error("self-doubt")
					}
				})
			}
			t.Logf("at worst %v, bound %v", worst, bound)
		})
	}
}

// TestConfirmation: the probe that confirms a first failure follows at once; the one that
// confirms a first success does not.
func TestConfirmation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		check := usual
		check.Down = 3
		f := watching(t, 2, check, 1)
		defer f.stop()
		sick := f.all[0]
		time.Sleep(3 * time.Second)
		sick.become(refuses)
		before := len(sick.times())
		time.Sleep(10 * time.Second)
		p := sick.times()[before:]
		if gap := p[1].Sub(p[0]); gap != 0 {
			t.Errorf("the confirming probe came %v later", gap)
		}
		for i := 2; i < len(p); i++ {
			if gap := p[i].Sub(p[i-1]); gap < 675*time.Millisecond || gap > 825*time.Millisecond {
				t.Errorf("probe %d came %v after the one before", i, gap)
			}
		}
		if _, since := sick.state(); since != p[2] {
			t.Errorf("down at %v, third failure at %v", since, p[2])
		}
		sick.become(fine)
		before = len(sick.times())
		time.Sleep(10 * time.Second)
		p = sick.times()[before:]
		if s, since := sick.state(); s != Up || since != p[1].Add(rt) || p[1].Sub(p[0]) < 675*time.Millisecond {
			t.Errorf("%v at %v after probes at %v", s, since, p[:2])
		}
	})
}

// TestRhythm: the start is spread out, and so are the probes after it.
func TestRhythm(t *testing.T) {
	for _, n := range []int{1, 9, 3000} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			f := watching(t, n, usual, 7)
			defer f.stop()
			time.Sleep(12 * time.Second)
			spread := max(startSpread, time.Duration(n)*startStep)
			tenths := [10]int{} // of the period in which the second probe falls
			for _, s := range f.all {
				p := s.times()
				if p[0].Sub(began) >= spread {
					t.Errorf("first probe after %v of %v", p[0].Sub(began), spread)
				}
				part := p[1].Sub(p[0])
				if part > usual.Every {
					t.Errorf("second probe %v after the first", part)
				}
				tenths[min(9, int(10*part/usual.Every))]++
				low, high := usual.Every, usual.Every
				for i := 2; i < len(p); i++ {
					low, high = min(low, p[i].Sub(p[i-1])), max(high, p[i].Sub(p[i-1]))
				}
				if low < 675*time.Millisecond || high > 825*time.Millisecond {
					t.Errorf("probes %v to %v apart", low, high)
				}
				if high-low < 20*time.Millisecond {
					t.Errorf("no jitter: probes %v to %v apart", low, high)
				}
			}
			for i, got := range tenths {
				if n == 3000 && (got < n/20 || got > n*3/20) {
					t.Errorf("%d of %d second probes in tenth %d of the period", got, n, i)
				}
			}
		})
	}
}

// TestOutOfProportion: a probe that takes longer than the period is followed by the next at once,
// not by the ones it kept waiting.
func TestOutOfProportion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		check := Check{Kind: "fake", Every: 100 * time.Millisecond, Timeout: time.Second, Up: 1, Down: 1}
		f := watching(t, 1, check, 7)
		defer f.stop()
		f.all[0].become(swallow)
		time.Sleep(10500 * time.Millisecond)
		if got := len(f.all[0].times()); got != 11 {
			t.Errorf("%d probes", got)
		}
	})
}

// TestSelfDoubt: when everybody fails at once, nobody changes state.
func TestSelfDoubt(t *testing.T) {
	for _, kind := range []fault{swallow, refuses} {
		for seed := range uint64(10) {
			synctest.Test(t, func(t *testing.T) {
				bound := time.Duration(1.1*float64(usual.Every)) + 2*usual.Timeout
				f := watching(t, 9, usual, seed)
				defer f.stop()
				time.Sleep(3*time.Second + time.Duration(seed)*usual.Every/10)
				for _, s := range f.all {
					s.become(kind)
				}
				time.Sleep(bound)
				if !f.monitor.Suspect() {
					t.Error("no self-doubt")
				}
				time.Sleep(time.Minute)
				for i, s := range f.all {
					if state, since := s.state(); state != Up || since.After(time.Now().Add(-time.Minute)) {
						t.Errorf("endpoint %d is %v since %v", i, state, since)
					}
				}
				// One region returns: doubt ends, and those still gone are down in the usual time.
				for _, s := range f.all[:3] {
					s.become(fine)
				}
				time.Sleep(time.Duration(1.1*float64(usual.Every)) + usual.Timeout + rt)
				if f.monitor.Suspect() {
					t.Error("self-doubt goes on though a probe succeeded")
				}
				time.Sleep(bound)
				if !every(f.all[:3], Up) || !every(f.all[3:], Down) {
					t.Error("after the doubt the verdicts are wrong")
				}
				f.stop()
				log := f.log.String()
				if strings.Count(log, "doubts itself") != 1 || strings.Count(log, "self-doubt ends") != 1 || strings.Count(log, "endpoint down") != 6 {
					t.Errorf("log:\n%s", log)
				}
			})
		}
	}
}

// TestDoubtPasses: a gateway that was cut off for a while finds everybody as before, and nobody
// was out meanwhile.
func TestDoubtPasses(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			f := watching(t, 9, usual, seed)
			time.Sleep(3*time.Second + time.Duration(seed)*usual.Every/10)
			for _, s := range f.all {
				s.become(refuses)
			}
			time.Sleep(5 * time.Second)
			for _, s := range f.all {
				s.become(fine)
			}
			time.Sleep(5 * time.Second)
			f.stop()
			for i, s := range f.all {
				for _, o := range s.seen {
					if o.state != Up {
						t.Errorf("seed %d: endpoint %d was %v", seed, i, o.state)
					}
				}
			}
			if f.monitor.Suspect() {
				t.Error("self-doubt goes on")
			}
		})
	}
}

// TestDoubtOnStart: a gateway that starts into the dark does not condemn anybody, and one that
// starts into a partial outage does.
func TestDoubtOnStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := watching(t, 4, usual, 3)
		defer f.stop()
		for _, s := range f.all {
			s.become(refuses)
		}
		time.Sleep(5 * time.Second)
		if !every(f.all, Unknown) || !f.monitor.Suspect() {
			t.Error("verdicts in the dark")
		}
		f.all[3].become(fine)
		time.Sleep(5 * time.Second)
		if !every(f.all[:3], Down) || !every(f.all[3:], Up) || f.monitor.Suspect() {
			t.Error("no verdicts in the light")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := watching(t, 4, usual, 3)
		defer f.stop()
		f.all[0].become(swallow)
		f.all[1].become(refuses)
		time.Sleep(1100 * time.Millisecond)
		if !every(f.all[:2], Down) || !every(f.all[2:], Up) {
			t.Error("a partial outage is not seen on start")
		}
	})
}

// TestDoubtOneByOne: whoever fails last is held, those before are not.
func TestDoubtOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := watching(t, 4, usual, 3)
		defer f.stop()
		time.Sleep(3 * time.Second)
		for _, s := range f.all {
			s.become(swallow)
			time.Sleep(5 * time.Second)
		}
		if !every(f.all[:3], Down) || !every(f.all[3:], Up) || !f.monitor.Suspect() {
			t.Error("the last known state is not held")
		}
		// What remains cannot be compared: doubt ends, and the verdict counts.
		f.send(f.all[3])
		time.Sleep(2 * time.Second)
		if !every(f.all[3:], Down) || f.monitor.Suspect() {
			t.Error("a single endpoint is held")
		}
	})
}

// TestFollow: what is received again is left alone, what is gone is told nothing more, what is
// examined otherwise starts again from the state it had.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := watching(t, 4, usual, 3)
		defer f.stop()
		time.Sleep(3*time.Second + 100*time.Millisecond)
		stays, changed, leaves := f.all[0], f.all[1], f.all[2]

		probes := len(stays.times())
		for range 5 {
			f.send(f.all...)
			f.send(f.all[0], f.all[0], f.all[1], f.all[2], f.all[3])
			synctest.Wait()
		}
		if got := len(stays.times()); got != probes {
			t.Errorf("%d probes on being sent again", got-probes)
		}

		leaves.become(swallow)
		time.Sleep(usual.Every) // in the middle of a probe
		told := len(leaves.seen)
		changed.become(refuses)
		changed.mu.Lock()
		changed.check.Every = 100 * time.Millisecond
		changed.mu.Unlock()
		before := len(changed.times())
		f.send(stays, changed, f.all[3])
		synctest.Wait()
		if got := changed.times()[before:]; len(got) == 0 || time.Since(got[0]) > 0 {
			t.Error("another check is not begun at once")
		}
		// One failure: the state is Up as before, not Unknown.
		if s, _ := changed.state(); s == Unknown {
			t.Error("another check forgets the state")
		}
		time.Sleep(5 * time.Second)
		if got := len(changed.times()) - before; got < 45 {
			t.Errorf("%d probes in 5 s by the new check", got)
		}
		if len(leaves.seen) != told {
			t.Error("one that left was told something")
		}
		if s, _ := stays.state(); s != Up {
			t.Error("the one that stays is", s)
		}
		for i, gap := range gaps(stays.times()) {
			if gap > 825*time.Millisecond { // it may be less, as a witness for the others
				t.Errorf("the one that stays waited %v for probe %d", gap, i+1)
			}
		}

		f.send()
		time.Sleep(time.Second)
		before = len(stays.times())
		time.Sleep(5 * time.Second)
		if len(stays.times()) != before {
			t.Error("nobody is watched, and still probed")
		}
		f.send(stays) // from the beginning: this subject cannot say what was known
		time.Sleep(time.Second)
		if s, _ := stays.state(); s != Up {
			t.Error("watched again, it is", s)
		}
	})
}

func gaps(t []time.Time) (g []time.Duration) {
	for i := 1; i < len(t); i++ {
		g = append(g, t[i].Sub(t[i-1]))
	}
	return g
}

// A remembering subject knows what was known, and has a name.
type remembering struct{ *fake }

func (r remembering) Health() (State, Answer) { s, _ := r.state(); return s, Answer{} }
func (r remembering) ID() string              { return "pay/cn-north/" + r.addr }

// TestResume: a new subject that stands for an old one goes on where that was.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := watching(t, 3, usual, 3)
		defer f.stop()
		f.all[0].become(refuses)
		time.Sleep(3 * time.Second)
		f.mu.Lock()
		changes := f.changes
		f.mu.Unlock()
		f.all[0].become(fine)
		probes := len(f.all[0].times())
		f.watch <- []Subject{remembering{f.all[0]}, remembering{f.all[1]}, f.all[2]}
		time.Sleep(2 * rt) // for its first probe only
		f.mu.Lock()
		if f.changes != changes || len(f.all[0].times()) != probes+1 {
			t.Errorf("%d changes by %d probes", f.changes-changes, len(f.all[0].times())-probes)
		}
		f.mu.Unlock()
		if !every(f.all[:1], Down) || !every(f.all[1:], Up) {
			t.Error("what was known is forgotten")
		}
		time.Sleep(3 * time.Second)
		if !every(f.all, Up) {
			t.Error("not up again")
		}
		f.stop()
		const want = `level=WARN msg="endpoint down" endpoint=10.0.0.1:80 probe=fake reason=refused
level=INFO msg="endpoint up" endpoint=pay/cn-north/10.0.0.1:80 probe=fake rt=5ms
`
		if f.log.String() != want {
			t.Errorf("log:\n%s\nwant:\n%s", f.log, want)
		}
	})
}

// TestObserve: every answer is told, one at a time, and changes are announced.
func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := watching(t, 3, usual, 3)
		time.Sleep(3 * time.Second)
		f.all[0].become(swallow)
		time.Sleep(3 * time.Second)
		f.all[0].become(fine)
		time.Sleep(3 * time.Second)
		f.stop()
		for i, s := range f.all {
			if len(s.seen) < len(s.probes)-1 || len(s.seen) > len(s.probes) {
				t.Errorf("endpoint %d: %d probes, told %d times", i, len(s.probes), len(s.seen))
			}
			for _, o := range s.seen {
				if o.answer.OK && o.answer != (Answer{OK: true, RT: rt, Load: notReported}) {
					t.Errorf("endpoint %d: %+v", i, o.answer)
				}
			}
		}
		if f.changes != 3+2 {
			t.Errorf("%d changes, want 5: three up, one down and up", f.changes)
		}
	})
}

// TestRunEnds: Run waits for the probes under way, which its end cuts short.
func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		check := usual
		check.Timeout = time.Hour
		f := watching(t, 50, check, 3)
		for _, s := range f.all {
			s.become(swallow)
		}
		time.Sleep(time.Minute)
		began := time.Now()
		f.stop()
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v", took)
		}
		if len(f.all[0].seen) > 0 {
			t.Error("a probe cut short was told of")
		}
	})
}

// TestMonitorOverSockets is the whole room over real connections: two upstreams are up, one leaves.
func TestMonitorOverSockets(t *testing.T) {
	check, err := Compile(config.Probe{Kind: "http", Path: "/", Status: []config.StatusRange{{From: 200, To: 200}},
		Every: config.Duration(20 * time.Millisecond), Timeout: config.Duration(5 * time.Second), Up: 2, Down: 2})
	if err != nil {
		t.Fatal(err)
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok")) })
	stays, leaves := httptest.NewServer(ok), httptest.NewServer(ok)
	defer stays.Close()
	a := &fake{addr: stays.Listener.Addr().String(), check: check}
	b := &fake{addr: leaves.Listener.Addr().String(), check: check}

	changed := make(chan struct{}, 1)
	m := NewMonitor(slog.New(slog.DiscardHandler), func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	watch := make(chan []Subject, 1)
	go func() { ended <- m.Run(ctx, watch) }()
	await := func(wantA, wantB State) {
		t.Helper()
		limit := time.After(20 * time.Second)
		for !every([]*fake{a}, wantA) || !every([]*fake{b}, wantB) {
			select {
			case <-changed:
			case <-limit:
				t.Fatal("the states do not come")
			}
		}
	}
	watch <- []Subject{a, b}
	await(Up, Up)
	leaves.CloseClientConnections()
	leaves.Close()
	await(Up, Down)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
