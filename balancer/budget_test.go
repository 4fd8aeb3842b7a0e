package balancer

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func withdrawAll(b *Budget, now time.Duration) int {
	n := 0
	for b.Withdraw(now) {
		n++
	}
	return n
}

func TestBudgetReserve(t *testing.T) {
	b := NewBudget()
	if got := withdrawAll(b, 0); got != 100 {
		t.Errorf("%d retries without traffic, want the reserve of 100", got)
	}
	if got := withdrawAll(b, 10*time.Second); got != 0 {
		t.Errorf("%d more within ten seconds", got)
	}
	if got := withdrawAll(b, 11*time.Second); got != 100 {
		t.Errorf("%d after they have expired, want 100", got)
	}
}

func TestBudgetShare(t *testing.T) {
	b := NewBudget()
	const from = 1000 * time.Second
	for range 2000 {
		b.Deposit(from)
	}
	if got := b.Balance(from); got != 400 {
		t.Errorf("balance %v, want 15 %% of 2000 and 100", got)
	}
	if got := withdrawAll(b, from+5*time.Second); got != 400 {
		t.Errorf("%d retries, want 400", got)
	}
	// The deposits expire before the retries do.
	if got := b.Balance(from + 11*time.Second); got != -300 {
		t.Errorf("balance %v, want -300", got)
	}
	if b.Withdraw(from + 11*time.Second) {
		t.Error("a retry in debt")
	}
	if got := b.Balance(from + 30*time.Second); got != 100 {
		t.Errorf("balance %v long after, want 100", got)
	}
}

// At a steady rate, retries stay at 15 % and 10 a second, however many are asked for.
func TestBudgetSteady(t *testing.T) {
	b := NewBudget()
	const seconds, rate = 120, 1000
	retries := 0
	for i := range seconds * rate {
		now := time.Duration(i) * time.Second / rate
		b.Deposit(now)
		for range 2 {
			if b.Withdraw(now) {
				retries++
			}
		}
	}
	if most := seconds*rate*15/100 + seconds*10 + 100; retries > most || retries < most*9/10 {
		t.Errorf("%d retries of %d requests, want at most %d and not far from it", retries, seconds*rate, most)
	}
}

func TestBudgetRace(t *testing.T) {
	b := NewBudget()
	var wg sync.WaitGroup
	var won atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if b.Withdraw(time.Second) {
					won.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if won.Load() > 100 {
		t.Errorf("%d retries, want at most 100", won.Load())
	}
	// Refusals in a race may have been too strict, but they cost nothing.
	if all := int(won.Load()) + withdrawAll(b, time.Second); all != 100 {
		t.Errorf("%d retries in all, want 100", all)
	}
	if b.Balance(time.Second) != 0 {
		t.Errorf("balance %v", b.Balance(time.Second))
	}
}

func TestBudgetAllocates0(t *testing.T) {
	b := NewBudget()
	now := time.Duration(0)
	if n := testing.AllocsPerRun(1000, func() {
		now += 10 * time.Millisecond
		b.Deposit(now)
		b.Withdraw(now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
