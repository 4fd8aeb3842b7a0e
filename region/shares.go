package region

import (
	"math"
	"strconv"
	"strings"
)

// Shares is a distribution over regions: by ID, cumulative, scaled to the range of uint32. Nil
// means that nothing can serve. Immutable once made; safe for concurrent use.
type Shares []uint32

// newShares scales loads, by ID, so that they sum to one. Those that are zero stay exactly zero.
func newShares(loads []float64) Shares {
	total, last := 0.0, -1
	for i, load := range loads {
		if load > 0 {
			total += load
			last = i
		}
	}
	if last < 0 {
		return nil
	}
	s := make(Shares, len(loads))
	sum, at := 0.0, uint32(0)
	for i, load := range loads {
		if load > 0 {
			sum += load
			at = uint32(min(sum/total, 1) * math.MaxUint32)
		}
		if i == last {
			at = math.MaxUint32
		}
		s[i] = at
	}
	return s
}

// Pick returns the region that draw, a random word, falls on; None if nothing can serve. A
// region whose share is zero is never returned. It does not allocate.
func (s Shares) Pick(draw uint32) ID {
	draw = min(draw, math.MaxUint32-1) // every draw is below the last bound
	for i, bound := range s {
		if draw < bound {
			return ID(i)
		}
	}
	return None
}

// Share is the share of a region, in [0,1].
func (s Shares) Share(id ID) float64 {
	if int(id) >= len(s) {
		return 0
	}
	width := s[id]
	if id > 0 {
		width -= s[id-1]
	}
	return float64(width) / math.MaxUint32
}

// Text writes the shares that are not zero, with the names of set: "cn-east 0.93  cn-north 0.07".
func (s Shares) Text(set *Set) string {
	var b strings.Builder
	for i := range s {
		share := s.Share(ID(i))
		if share == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("  ")
		}
		b.WriteString(set.Name(ID(i)))
		if share < 0.005 {
			b.WriteString(" <0.01") // 0.00 would read as never
			continue
		}
		b.WriteByte(' ')
		b.WriteString(strconv.FormatFloat(share, 'f', 2, 64))
	}
	return b.String()
}
