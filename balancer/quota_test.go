package balancer

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidegate/tidegate/health"
)

func TestQuotaSizes(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 2, 10: 5} {
		q := NewQuota(n)
		got := 0
		for q.tally.Load().take() {
			got++
		}
		if got != want || q.Out() != want {
			t.Errorf("of %d endpoints %d may be out, want %d", n, got, want)
		}
	}
}

// When a pool changes, who is out still counts, and who has gone does not: its place is free.
func TestQuotaResize(t *testing.T) {
	treat(t, func(p *patient) {
		q := NewQuota(3)
		gone := &patient{T: t, Endpoint: newEndpoint("10.0.0.2:80", p.changes), began: p.began, changes: p.changes}
		p.Join(q)
		gone.Join(q)
		gone.trip()
		for range 10 {
			p.ask(Reset)
		}
		p.is(Closed)

		q.Resize(2)
		p.Join(q)
		p.ask(Reset)
		p.is(Open)
		q.Resize(5)
		p.Join(q)
		if q.Out() != 1 {
			t.Errorf("%d out, want 1", q.Out())
		}
		// Who has gone may come back in the meantime; it is nobody's business any more.
		gone.wait(0)
		gone.ask(Answered)
		gone.is(Closed)
		if q.Out() != 1 {
			t.Errorf("%d out, want 1", q.Out())
		}
		p.Observe(health.Answer{OK: true}, health.Up)
		p.ask(Answered)
		p.is(Closed)
		if q.Out() != 0 {
			t.Errorf("%d out, want none", q.Out())
		}
	})
}

func TestQuotaRace(t *testing.T) {
	q := NewQuota(6)
	var wg sync.WaitGroup
	var out, most atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				one := q.tally.Load()
				if !one.take() {
					continue
				}
				if n := out.Add(1); n > 3 {
					most.Store(n)
				}
				out.Add(-1)
				one.give()
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 || q.Out() != 0 {
		t.Errorf("%d were out at once, %d still are", most.Load(), q.Out())
	}
}

func TestBreakerQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		q := NewQuota(4)
		var changes atomic.Int64
		var pool []*patient
		for i := range 4 {
			p := &patient{T: t, Endpoint: newEndpoint(fmt.Sprintf("10.0.0.%d:80", i), &changes), began: began, changes: &changes}
			p.Join(q)
			pool = append(pool, p)
		}
		pool[0].trip()
		pool[1].trip()
		for range 40 {
			pool[2].ask(Reset)
			pool[3].ask(Reset)
		}
		pool[2].is(Closed)
		pool[3].is(Closed)

		// A failed trial keeps its place, a good one makes room for the next failure.
		pool[0].wait(0)
		pool[0].ask(Reset)
		if q.Out() != 2 {
			t.Errorf("%d out, want 2", q.Out())
		}
		pool[0].wait(0)
		pool[0].ask(Answered)
		if q.Out() != 1 {
			t.Errorf("%d out, want 1", q.Out())
		}
		pool[2].ask(Reset)
		pool[2].is(Open)
		pool[3].ask(Reset)
		pool[3].is(Closed)

		// Another quota: who is out is out there as well, and comes back there.
		next := NewQuota(6)
		for _, p := range pool {
			p.Join(next)
			p.Join(next)
		}
		if q.Out() != 0 || next.Out() != 2 {
			t.Errorf("%d and %d out, want 0 and 2", q.Out(), next.Out())
		}
		pool[3].ask(Reset)
		pool[3].is(Open)
		for _, p := range pool[1:] {
			p.Observe(health.Answer{OK: true}, health.Up)
			p.ask(Answered)
			p.is(Closed)
		}
		if next.Out() != 0 {
			t.Errorf("%d out in the end", next.Out())
		}
	})
}

// The last endpoint of a pool never goes.
func TestBreakerQuotaOfOne(t *testing.T) {
	treat(t, func(p *patient) {
		p.Join(NewQuota(1))
		for range 100 {
			p.ask(Reset)
		}
		p.is(Closed)
	})
}

// Many goroutines, all outcomes, probes that come and go: no more are ever out than the quota
// allows, and when all is well again, everything closes.
func TestBreakerStress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		q := NewQuota(4)
		var changes atomic.Int64
		var pool []*patient
		for i := range 4 {
			p := &patient{T: t, Endpoint: newEndpoint(fmt.Sprintf("10.0.0.%d:80", i), &changes), began: began, changes: &changes}
			p.Join(q)
			pool = append(pool, p)
		}
		var wg sync.WaitGroup
		for g := range 16 {
			wg.Go(func() {
				draw := rand.New(rand.NewPCG(uint64(g), 2))
				for range 1500 {
					p := pool[draw.IntN(len(pool))]
					if g == 0 {
						p.Observe(health.Answer{}, health.State(1+draw.IntN(2)))
					}
					a, ok := p.Start(p.now(), draw.IntN(4) > 0)
					switch draw.IntN(20) {
					case 0:
						time.Sleep(12 * sec)
					case 1, 2:
						// at once, beside others
					default:
						time.Sleep(time.Duration(draw.IntN(int(300 * time.Millisecond))))
					}
					a.Head([]Outcome{Answered, Reset, TimedOut, Abandoned, Unsent, Overloaded, ErrorStatus}[draw.IntN(7)], p.now())
					a.End(Answered, p.now())
					if n := q.Out(); ok && n > 2 {
						t.Errorf("%d out", n)
					}
				}
			})
		}
		wg.Wait()
		for _, p := range pool {
			p.Observe(health.Answer{OK: true}, health.Down)
			p.Observe(health.Answer{OK: true}, health.Up)
			time.Sleep(time.Minute) // beyond any lease
			p.ask(Answered)
			p.is(Closed)
			if p.Host.Waiting() != 0 || p.Host.Bodies() != 0 || p.Host.ages.count() != 0 {
				t.Errorf("left behind: %d waiting, %d bodies, %d ages", p.Host.Waiting(), p.Host.Bodies(), p.Host.ages.count())
			}
		}
		if q.Out() != 0 {
			t.Errorf("%d out", q.Out())
		}
	})
}
