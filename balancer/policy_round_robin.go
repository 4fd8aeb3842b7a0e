package balancer

import "math"

const (
	minSlots  = 1024 // a cycle may always have so many slots
	perMember = 4    // and more in a large pool: so many per member
)

// roundRobin walks a fixed cycle in which every member has slots in proportion to its weight,
// spread evenly (smooth weighted round robin, worked out beforehand instead of at every pick). The
// cursor outlives the cycle: when weights change, the walk goes on.
type roundRobin struct {
	pool  []member
	cycle []uint32 // indices into pool
	mood  *mood
}

func newRoundRobin(pool []member, m *mood) picker {
	return &roundRobin{pool, cycle(pool), m}
}

func (r *roundRobin) pick(c *Call) *Endpoint {
	at := int((r.mood.cursor.Add(1) - 1) % uint64(len(r.cycle)))
	if e := r.pool[r.cycle[at]].endpoint; !c.Tried.Has(e) {
		return e
	}
	for range r.cycle {
		if at++; at == len(r.cycle) {
			at = 0
		}
		if e := r.pool[r.cycle[at]].endpoint; !c.Tried.Has(e) {
			return e
		}
	}
	return nil
}

// cycle lays out the slots. A member with k slots of n wants one every n ÷ k, beginning in the middle
// of that; those with equally many slots take turns. Sorted by these places, nobody's slots are in a
// row that need not be.
func cycle(pool []member) []uint32 {
	slots := divide(pool)
	total := 0
	alike := map[int]int{} // members by how many slots they have
	for _, k := range slots {
		total += k
		alike[k]++
	}
	// Sorted by counting: a place, cut to a whole number, is below total.
	each := func(f func(place int, who uint32)) {
		turn := make(map[int]int, len(alike))
		for i, k := range slots {
			step := float64(total) / float64(k)
			first := step * (float64(turn[k]) + 0.5) / float64(alike[k])
			turn[k]++
			for j := range k {
				f(min(int(first+float64(j)*step), total-1), uint32(i))
			}
		}
	}
	starts := make([]int, total+1)
	each(func(place int, _ uint32) { starts[place+1]++ })
	for i := range total {
		starts[i+1] += starts[i]
	}
	out := make([]uint32, total)
	each(func(place int, who uint32) {
		out[starts[place]] = who
		starts[place]++
	})
	return out
}

// divide says how many slots each member gets: by the ratio of the weights if that is a simple one,
// else within one slot of its share. Nobody gets none.
func divide(pool []member) []int {
	slots := make([]int, len(pool))
	most := max(minSlots, perMember*len(pool))
	low, sum := pool[0].weight, 0.0
	for _, m := range pool {
		low = min(low, m.weight)
		sum += m.weight
	}
	if exact(pool, low, most, slots) {
		return slots
	}
	upTo, given := 0.0, 0
	for i, m := range pool {
		upTo += m.weight / sum * float64(most)
		slots[i] = max(int(math.Round(upTo))-given, 1)
		given = int(math.Round(upTo))
	}
	return slots
}

// exact finds the shortest cycle that has the weights' ratios exactly, where the lightest member needs
// no more than a few slots.
func exact(pool []member, low float64, most int, slots []int) bool {
	for k := 1; k <= 8; k++ {
		total := 0
		fits := true
		for i, m := range pool {
			want := m.weight / low * float64(k)
			slots[i] = int(math.Round(want))
			total += slots[i]
			if fits = math.Abs(want-float64(slots[i])) < 1e-9*want && total <= most; !fits {
				break
			}
		}
		if fits {
			return true
		}
	}
	return false
}
