package balancer

import (
	"math"
	"testing"
)

func TestTried(t *testing.T) {
	pool := poolOf(make([]float64, 20)...)
	at := func(i int) *Endpoint { return pool[i].endpoint }
	var tried Tried
	if tried.Has(at(0)) || tried.Failed() || tried.Len() != 0 {
		t.Error("the zero value is not empty")
	}
	tried.Add(at(0), false)
	tried.Add(at(1), true)
	tried.Add(at(1), false) // it failed, and that stays so
	if !tried.Has(at(0)) || !tried.Has(at(1)) || tried.Has(at(2)) || tried.Len() != 2 || !tried.Failed() {
		t.Errorf("wrong: %+v", tried)
	}
	if !tried.HasFailed(0) || tried.HasFailed(1) {
		t.Error("the region that failed is another")
	}

	// Full: those that declined are forgotten, oldest first; those that failed never.
	for i := 2; i < 20; i++ {
		tried.Add(at(i), i%4 == 1)
	}
	for i := range 20 {
		failed := i%4 == 1
		if failed && !tried.Has(at(i)) {
			t.Errorf("%d failed and is forgotten", i)
		}
		if !failed && i < 8 && tried.Has(at(i)) {
			t.Errorf("%d only declined, long ago, and is remembered", i)
		}
	}
	for i := range tried.Len() {
		failed := tried.failed&(1<<i) != 0
		var n int
		for j := range pool {
			if pool[j].endpoint == tried.endpoints[i] {
				n = j
			}
		}
		if failed != (n%4 == 1) {
			t.Errorf("place %d holds %d, failed: %v", i, n, failed)
		}
	}
	tried.Add(at(18), true) // it had declined
	if n := len(pool); tried.Len() != MaxTried || n != 20 {
		t.Error("it grew")
	}

	defer func() {
		if recover() == nil {
			t.Error("room for more failures than there can be")
		}
	}()
	for i := range 13 {
		tried.Add(at(i), true)
	}
}

// Words that are taken one after the other say nothing about each other.
func TestChance(t *testing.T) {
	const n, cells = 100_000, 8
	var joint [cells][cells]float64
	for i := range uint64(n) {
		c := Call{Draw: i}
		joint[c.chance()>>61][c.chance()>>61]++
	}
	for a := range joint {
		for b, got := range joint[a] {
			if want := float64(n) / cells / cells; math.Abs(got-want) > 5*math.Sqrt(want) {
				t.Errorf("%d then %d: %v times, want about %v", a, b, got, want)
			}
		}
	}
}

func TestModeOf(t *testing.T) {
	for word, want := range map[string]Mode{"never": Stay, "unhealthy": Unhealthy, "always": Always} {
		if got, ok := ModeOf(word); !ok || got != want {
			t.Errorf("%s is %v, %v", word, got, ok)
		}
	}
	if _, ok := ModeOf("sometimes"); ok {
		t.Error("sometimes is no mode")
	}
}
