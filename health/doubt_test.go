package health

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestVerdicts lets probers join, leave and answer in any order, and holds what comes of it against
// the rules in a slower and plainer form.
func TestVerdicts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := newVerdicts()
		check := Check{Up: rapid.IntRange(1, 3).Draw(t, "up"), Down: rapid.IntRange(1, 3).Draw(t, "down")}
		type record struct {
			p       *prober
			fails   int  // in a row, as the endpoint sees it
			witness bool // somebody succeeded since the first of these
			last    int  // 0 none, 1 success, 2 failure, 3 a failure that was forgotten
		}
		var seats []*record
		steps := rapid.IntRange(1, 120).Draw(t, "steps")
		for range steps {
			switch action := rapid.IntRange(0, 11).Draw(t, "action"); {
			case action == 0 || len(seats) == 0:
				p := &prober{
					addr:  fmt.Sprint("host", rapid.IntRange(0, 4).Draw(t, "host")),
					check: check,
					seat:  seat{streak: Streak{State: State(rapid.IntRange(0, 2).Draw(t, "state"))}, place: nowhere},
				}
				v.join(p)
				seats = append(seats, &record{p: p})
				continue
			case action == 1:
				i := rapid.IntRange(0, len(seats)-1).Draw(t, "who leaves")
				v.leave(seats[i].p)
				if out := v.hear(seats[i].p, Answer{OK: true}); out.doubt != nil || out.released != nil || out.confirm {
					t.Fatalf("one that left is heard: %+v", out)
				}
				seats = slices.Delete(seats, i, i+1)
				if v.settle() {
					for _, q := range seats {
						if q.p.streak.State != Down && q.last == 2 {
							q.fails, q.witness, q.last = 0, false, 3
						}
					}
				}
			default:
				r := seats[rapid.IntRange(0, len(seats)-1).Draw(t, "who")]
				ok := rapid.Bool().Draw(t, "ok")
				before, doubted := r.p.streak.State, v.doubt
				out := v.hear(r.p, Answer{OK: ok})

				hosts := map[string]bool{}
				for _, q := range seats {
					hosts[q.p.addr] = true
				}
				if ok {
					r.fails, r.witness, r.last = 0, false, 1
					for _, q := range seats {
						q.witness = q.fails > 0
						if doubted && q != r && q.p.streak.State != Down && q.last == 2 {
							q.fails, q.witness, q.last = 0, false, 3
						}
					}
				} else {
					if r.fails++; r.fails == 1 {
						r.witness = false
					}
					r.last = 2
				}
				blind := len(hosts) > 1
				for _, q := range seats {
					blind = blind && q.last == 2
				}

				// Who went down did so by enough failures, seen by a gateway that sees somebody.
				fell := slices.Clone(out.released)
				if before != Down && r.p.streak.State == Down {
					fell = append(fell, r.p)
				}
				for _, p := range fell {
					q := seats[slices.IndexFunc(seats, func(q *record) bool { return q.p == p })]
					if p.streak.State != Down || q.fails < check.Down {
						t.Fatalf("%v after %d failures", p.streak.State, q.fails)
					}
					if len(hosts) > 1 && (!q.witness || blind || doubted) {
						t.Fatalf("down with witness %v, blind %v, doubted %v", q.witness, blind, doubted)
					}
				}
				// Nobody is held without a cause.
				for _, q := range seats {
					late := q.p.streak.State != Down && q.fails >= check.Down
					if late != v.held[q.p] {
						t.Fatalf("%d failures of %d, state %v, held %v", q.fails, check.Down, q.p.streak.State, v.held[q.p])
					}
					if late && q == r && !ok && (len(hosts) < 2 || q.witness && !blind && !doubted) {
						t.Fatal("held without a cause")
					}
				}
				if ok && (v.doubt || len(v.held) > 0) {
					t.Fatal("a success that lets doubt go on")
				}
				if !ok && blind && len(v.held) > 0 && !v.doubt {
					t.Fatal("nobody is seen, verdicts are held, and no doubt")
				}
				if began := !doubted && v.doubt; began != (out.doubt != nil && out.doubt.begins) {
					t.Fatal("the beginning of doubt is not told")
				}
				if out.wake != nil && (out.wake.place == nowhere || out.wake == r.p) {
					t.Fatal("a bad witness is woken")
				}
			}

			// The books are right.
			failing, well := 0, 0
			for _, q := range seats {
				if q.p.failures > 0 {
					failing++
				}
				if q.p.place != nowhere {
					well++
					if v.well[q.p.place] != q.p || q.last != 1 {
						t.Fatal("a wrong place")
					}
				}
			}
			if failing != v.failing || well != len(v.well) || len(seats) != len(v.all) {
				t.Fatalf("%d failing of %d, %d well of %d, %d in all of %d", v.failing, failing, len(v.well), well, len(v.all), len(seats))
			}
			if v.doubt && len(v.addrs) < 2 {
				t.Fatal("doubt with nobody to compare with")
			}
		}
	})
}
