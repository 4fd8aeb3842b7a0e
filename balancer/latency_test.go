package balancer

import (
	"math"
	"sync"
	"testing"
	"time"
)

func TestLatencyIsPeakEWMA(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	near := func(name string, got, want time.Duration) {
		t.Helper()
		if math.Abs(float64(got-want)) > 0.001*float64(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	var l latency
	if got := l.read(5 * s); got != 0 {
		t.Errorf("without a sample: %v", got)
	}
	l.observe(10*ms, 5*s)
	near("first sample", l.read(5*s), 10*ms)
	l.observe(200*ms, 5*s)
	near("a higher sample is taken over at once", l.read(5*s), 200*ms)
	l.observe(10*ms, 5*s)
	near("a lower one at the same moment has no weight", l.read(5*s), 200*ms)
	near("a clock that is a little behind", l.read(5*s-3*ms), 200*ms)

	kept := math.Exp(-1)
	l.observe(10*ms, 15*s)
	want := time.Duration(float64(200*ms)*kept + float64(10*ms)*(1-kept))
	near("a lower one after one decay time", l.read(15*s), want)
	near("idle for another", l.read(25*s), time.Duration(float64(want)*kept))
	if got := l.read(15*s + 5*time.Minute); got != 0 {
		t.Errorf("after five idle minutes: %v, want nothing known", got)
	}
}

func TestLatencyAtLeast(t *testing.T) {
	var l latency
	l.observe(50*time.Millisecond, time.Second)
	l.atLeast(time.Millisecond, 2*time.Second)
	if got, want := l.read(2*time.Second), 45*time.Millisecond; got < want {
		t.Errorf("a quick failure pulled the estimate down to %v", got)
	}
	l.atLeast(3*time.Second, 4*time.Second)
	if got := l.read(4 * time.Second).Round(time.Millisecond); got != 3*time.Second {
		t.Errorf("after a timeout of 3s: %v", got)
	}
}

// Many samples at once: the peak is never lost.
func TestLatencyRace(t *testing.T) {
	var l latency
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				now := time.Second + time.Duration(i)*time.Microsecond
				l.observe(time.Duration(g+1)*time.Millisecond, now)
			}
		})
	}
	wg.Wait()
	if got := l.read(time.Second + 2*time.Millisecond); got < 7990*time.Microsecond || got > 8*time.Millisecond {
		t.Errorf("%v, want the peak of 8ms", got)
	}
}
