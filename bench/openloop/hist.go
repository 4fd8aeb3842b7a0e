package openloop

import (
	"math/bits"
	"time"
)

const (
	subBits = 6 // 64 buckets for every doubling: a reading is off by at most 1/64
	subs    = 1 << subBits
	buckets = (64 - subBits + 1) * subs
)

// A Hist counts durations in buckets of equal relative width, as HdrHistogram does. The zero value
// is empty. Not safe for concurrent use.
type Hist struct {
	counts []uint64
	n      uint64
	sum    time.Duration
	max    time.Duration
}

// Add counts one duration. A negative one counts as zero.
func (h *Hist) Add(d time.Duration) {
	if h.counts == nil {
		h.counts = make([]uint64, buckets)
	}
	d = max(d, 0)
	h.counts[bucket(uint64(d))]++
	h.n++
	h.sum += d
	h.max = max(h.max, d)
}

// Merge adds what o counted.
func (h *Hist) Merge(o *Hist) {
	if o.n == 0 {
		return
	}
	if h.counts == nil {
		h.counts = make([]uint64, buckets)
	}
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
	h.sum += o.sum
	h.max = max(h.max, o.max)
}

// Count returns how many were counted.
func (h *Hist) Count() uint64 { return h.n }

// Max returns the largest, exactly.
func (h *Hist) Max() time.Duration { return h.max }

// Mean returns the mean, exactly; 0 if empty.
func (h *Hist) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n)
}

// Quantile returns a duration that the share q (in [0,1]) of those counted does not exceed, at
// most 1/64 too high; 0 if empty.
func (h *Hist) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := min(uint64(q*float64(h.n)), h.n-1)
	var seen uint64
	for i, c := range h.counts {
		seen += c
		if seen > rank {
			return min(time.Duration(upper(i)), h.max)
		}
	}
	panic("BUG: a histogram counts less than it says")
}

// bucket returns v's bucket: exact below 64, then 64 for every doubling.
func bucket(v uint64) int {
	shift := bits.Len64(v) - subBits - 1
	if shift <= 0 {
		return int(v)
	}
	return shift*subs + int(v>>shift)
}

// upper returns the largest value of bucket i.
func upper(i int) uint64 {
	shift := i/subs - 1
	if shift <= 0 {
		return uint64(i)
	}
	return uint64(i-shift*subs+1)<<shift - 1
}
