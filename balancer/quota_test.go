package balancer

import (
	"sync"
	"sync/atomic"
	"testing"

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
