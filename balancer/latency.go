package balancer

import (
	"math"
	"sync/atomic"
	"time"
)

// latencyDecay is how fast an estimate forgets: to 37 % in this time.
const latencyDecay = 10 * time.Second

// latency is a peak EWMA of the time to a response head: it takes a higher sample over at once
// and follows lower ones slowly, and without samples it decays to nothing, so that a slow endpoint
// is tried again. After Finagle's PeakEwma, as in tower's load/peak_ewma.rs. One word holds it all:
// the estimate in nanoseconds (float32) and the millisecond it stands for (32 bits, wrapping after
// 49 days, far beyond the decay). The zero latency knows nothing.
type latency struct{ word atomic.Uint64 }

// read is the estimate as of now; 0 means there is no data, or none recent enough.
func (l *latency) read(now time.Duration) time.Duration {
	est, _ := decayed(l.word.Load(), now)
	return time.Duration(est)
}

// observe takes the sample x.
func (l *latency) observe(x, now time.Duration) {
	for {
		w := l.word.Load()
		est, kept := decayed(w, now)
		sample := float64(max(x, 1))
		switch {
		case sample > est:
			est = sample
		case kept == 1:
			// Within the millisecond of the last sample a lower one has no weight yet.
			return
		default:
			est += sample * (1 - kept)
		}
		if l.word.CompareAndSwap(w, packLatency(est, now)) {
			return
		}
	}
}

// atLeast takes a sample of which only a lower bound is known: what failed or was given up after x
// would have taken longer. A quick failure says nothing.
func (l *latency) atLeast(x, now time.Duration) {
	if x > l.read(now) {
		l.observe(x, now)
	}
}

// decayed is the estimate in w as of now, and the share of it that is kept.
func decayed(w uint64, now time.Duration) (est, kept float64) {
	est = float64(math.Float32frombits(uint32(w >> 32)))
	passed := uint32(now/time.Millisecond) - uint32(w)
	if passed == 0 || passed > 1<<31 { // or it stands for a moment just ahead of ours
		return est, 1
	}
	kept = math.Exp(-float64(passed) / float64(latencyDecay/time.Millisecond))
	return est * kept, kept
}

func packLatency(est float64, now time.Duration) uint64 {
	return uint64(math.Float32bits(float32(est)))<<32 | uint64(uint32(now/time.Millisecond))
}
