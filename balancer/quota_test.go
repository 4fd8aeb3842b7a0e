package balancer

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestQuotaSizes(t *testing.T) {
	for n, want := range []int{0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 2, 10: 5} {
		if n > 5 && n < 10 {
			continue
		}
		q := NewQuota(n)
		got := 0
		for q.take() {
			got++
		}
		if got != want || q.Out() != want {
			t.Errorf("of %d endpoints %d may be out, want %d", n, got, want)
		}
	}
}

func TestQuotaResize(t *testing.T) {
	q := NewQuota(4)
	q.take()
	q.take()
	q.Resize(2)
	q.give()
	if q.take() {
		t.Error("two of two are out")
	}
	q.give()
	if !q.take() {
		t.Error("none of two is out, and none may go")
	}
}

func TestQuotaRace(t *testing.T) {
	q := NewQuota(6)
	var wg sync.WaitGroup
	var out, most atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				if !q.take() {
					continue
				}
				if n := out.Add(1); n > 3 {
					most.Store(n)
				}
				out.Add(-1)
				q.give()
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 || q.Out() != 0 {
		t.Errorf("%d were out at once, %d still are", most.Load(), q.Out())
	}
}
