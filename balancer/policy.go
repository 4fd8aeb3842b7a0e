package balancer

import (
	"maps"
	"math/bits"
	"slices"
	"sync/atomic"
)

// A picker chooses within one pool. Safe for concurrent use, without locks: it is immutable but for
// what lies in the pool's mood.
type picker interface {
	// pick returns an endpoint that is not in c.Tried, nil if there is none left. Chance comes from c.
	pick(c *Call) *Endpoint
}

// A member is an endpoint that may be picked and its weight, which is above zero.
type member struct {
	endpoint *Endpoint
	weight   float64
}

// A mood is what outlives a pool's pickers: the scheduler replaces them when weights change, and the
// next one goes on from here.
type mood struct {
	cursor  atomic.Uint64 // of a rotation
	typical atomic.Int64  // latency in the pool, nanoseconds: stands in for endpoints without data
}

// A policy is one way to choose.
type policy struct {
	loadAware bool // it looks at latency itself: its weights come without the factor for it
	build     func(pool []member, m *mood) picker
}

// policies are the ways to choose, by the name a service's balance has in the configuration.
var policies = map[string]policy{
	"first":         {build: newFirst},
	"least_request": {build: newLeastRequest},
	"p2c":           {build: newP2C, loadAware: true},
	"round_robin":   {build: newRoundRobin},
}

// PolicyNames lists the policies a service may name, sorted.
func PolicyNames() []string { return slices.Sorted(maps.Keys(policies)) }

// A dice falls on the indices of a pool in proportion to their weights, in constant time: the alias
// method (Walker, 1977) as built by Vose, 1991.
type dice struct {
	faces []face
}

type face struct {
	keep  uint32 // the part of the face that is its own, scaled to the range of uint32
	alias uint32 // whose the rest is
}

func newDice(pool []member) dice {
	n := len(pool)
	sum := 0.0
	for _, m := range pool {
		sum += m.weight
	}
	faces := make([]face, n)
	part := make([]float64, n)
	short, long := make([]uint32, 0, n), make([]uint32, 0, n)
	for i, m := range pool {
		part[i] = m.weight / sum * float64(n)
		if part[i] < 1 {
			short = append(short, uint32(i))
		} else {
			long = append(long, uint32(i))
		}
	}
	for len(short) > 0 && len(long) > 0 {
		s, l := short[len(short)-1], long[len(long)-1]
		short = short[:len(short)-1]
		faces[s] = face{keep: uint32(part[s] * (1<<32 - 1)), alias: l}
		part[l] -= 1 - part[s]
		if part[l] < 1 {
			long = long[:len(long)-1]
			short = append(short, l)
		}
	}
	for _, i := range append(short, long...) { // these are whole, but for rounding
		faces[i] = face{keep: 1<<32 - 1, alias: i}
	}
	return dice{faces}
}

// roll turns a random word into an index: its upper part says which face, the rest which side of it.
func (d dice) roll(word uint64) int {
	i, rest := bits.Mul64(word, uint64(len(d.faces)))
	f := d.faces[i]
	if uint32(rest>>32) <= f.keep {
		return int(i)
	}
	return int(f.alias)
}

// A contender is a member as the policies that compare load see it.
type contender struct {
	endpoint *Endpoint
	host     *Host
	per      float64 // what one request weighs here: the pool's mean weight ÷ this one's
}

// A contest is a pool whose members are drawn by weight and compared by load.
type contest struct {
	dice
	pool []contender
	mood *mood
}

func newContest(pool []member, m *mood) contest {
	sum := 0.0
	for _, x := range pool {
		sum += x.weight
	}
	mean := sum / float64(len(pool))
	all := make([]contender, len(pool))
	for i, x := range pool {
		all[i] = contender{x.endpoint, x.endpoint.Host, mean / x.weight}
	}
	return contest{newDice(pool), all, m}
}

// draw draws a member by weight that was not tried and is not the one at index not; -1 if there is
// none. Where the dice keeps falling on what may not be, its neighbours come in.
func (t *contest) draw(c *Call, not int) int {
	i := 0
	for range 3 {
		i = t.roll(c.chance())
		if i != not && !c.Tried.Has(t.pool[i].endpoint) {
			return i
		}
	}
	for range t.pool {
		if i++; i == len(t.pool) {
			i = 0
		}
		if i != not && !c.Tried.Has(t.pool[i].endpoint) {
			return i
		}
	}
	return -1
}

// The comparison of two members must keep two promises that pull apart: while nobody is busy, each is
// picked in proportion to its weight, so that draws alone decide; when they are, the one with the
// lower load for its weight gets the request. So the one drawn first is charged for what it is doing,
// and the one that would take its place for that and for the new request as well, at no less than
// the pool's mean price. At its own price, a heavy member would win every comparison with an idle
// light one; for nothing, a light one would be swamped as soon as a heavy one had a single request.

// held is the charge of the member drawn first.
func (m *contender) held(busy int64) float64 { return 1 + float64(busy)*m.per }

// taken is the charge of a member that would take its place.
func (m *contender) taken(busy int64) float64 { return max(1, m.per) + float64(busy)*m.per }
