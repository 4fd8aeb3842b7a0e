package region

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tidegate/tidegate/config"
)

// An ID is a dense index of a region, so that the request path compares and indexes integers,
// never names. It is given once and means the same region for the life of the process,
// across reloads.
type ID uint8

const (
	// Max is how many regions a process may ever have known.
	Max = 64

	// None is no region.
	None ID = 255
)

// A Set is the regions of one configuration. Immutable; safe for concurrent use.
type Set struct {
	// Own is the region of this gateway.
	Own ID

	// Active lists the configured regions, sorted by name.
	Active []ID

	names    []string // by ID, regions of earlier configurations included
	ids      map[string]ID
	folded   map[string]ID // the same by lower-case name, for what people type into header fields
	failover [][]ID        // by ID: who takes over, in order, itself not included
	capacity []float64
	failback []config.Failback
}

// Compile builds the set of c's regions. A region that prev knows, now or from an earlier
// configuration, keeps its ID; new ones get the next free IDs in the order of their names.
// prev may be nil. The error is a config.Problems that names everything wrong at once.
func Compile(c *config.Config, prev *Set) (*Set, error) {
	s := &Set{
		Own:    None,
		ids:    make(map[string]ID, len(c.Regions)),
		folded: make(map[string]ID, len(c.Regions)),
	}
	var problems config.Problems
	known := map[string]ID{}
	if prev != nil {
		s.names = slices.Clone(prev.names)
		for i, name := range s.names {
			known[name] = ID(i)
		}
	}

	sorted := slices.Sorted(maps.Keys(c.Regions))
	for _, name := range sorted {
		id, ok := known[name]
		if !ok && len(s.names) == Max {
			problems = append(problems, c.Problem("regions."+name,
				fmt.Sprintf("one region too many: this process has known %d, and %d is the most it can", Max, Max),
				"regions that left the configuration count as well; a restart forgets them"))
			continue
		}
		if !ok {
			id = ID(len(s.names))
			s.names = append(s.names, name)
		}
		s.ids[name] = id
		low := lower(name)
		if twin, ok := s.folded[low]; ok {
			problems = append(problems, c.Problem("regions."+name,
				fmt.Sprintf("region %q differs from %q in case only", name, s.names[twin]),
				"requests name regions in any case; choose names that stay apart"))
			continue
		}
		s.folded[low] = id
		s.Active = append(s.Active, id)
	}

	problems = append(problems, s.terms(c, sorted)...)
	own, ok := s.ids[c.Region]
	if !ok {
		problems = append(problems, c.Problem("region", fmt.Sprintf("no region %q", c.Region), config.DidYouMean(c.Region, sorted)))
	}
	if len(problems) > 0 {
		return nil, problems
	}
	s.Own = own
	return s, nil
}

// terms takes over what the configuration says about each region, and reports who takes over from it
// and is not known.
func (s *Set) terms(c *config.Config, sorted []string) (problems config.Problems) {
	s.failover = make([][]ID, len(s.names))
	s.capacity = make([]float64, len(s.names))
	s.failback = make([]config.Failback, len(s.names))
	for _, id := range s.Active {
		name := s.names[id]
		def := c.Regions[name]
		if def == nil {
			continue
		}
		s.capacity[id] = float64(def.Capacity)
		s.failback[id] = def.Failback
		for i, other := range def.Failover {
			to, ok := s.ids[other]
			if !ok {
				problems = append(problems, c.Problem(
					fmt.Sprintf("regions.%s.failover[%d]", name, i),
					fmt.Sprintf("no region %q", other), config.DidYouMean(other, sorted)))
				continue
			}
			if to != id && !slices.Contains(s.failover[id], to) {
				s.failover[id] = append(s.failover[id], to)
			}
		}
	}
	return problems
}

// ID returns the ID of a configured region.
func (s *Set) ID(name string) (ID, bool) {
	id, ok := s.ids[name]
	return id, ok
}

// fold is ID without regard to ASCII case. It does not allocate.
func (s *Set) fold(name string) (ID, bool) {
	if id, ok := s.ids[name]; ok {
		return id, true
	}
	var room [longestFolded]byte
	if len(name) > len(room) {
		return None, false
	}
	for i := range len(name) {
		room[i] = lowerByte(name[i])
	}
	id, ok := s.folded[string(room[:len(name)])]
	return id, ok
}

// longestFolded bounds the names that are found in another case than their own, in bytes.
const longestFolded = 256

// Name returns the name of a region, also of one that is no longer configured; "" for an ID
// that was never given.
func (s *Set) Name(id ID) string {
	if int(id) >= len(s.names) {
		return ""
	}
	return s.names[id]
}

// Len is the number of IDs ever given: every valid ID is below it.
func (s *Set) Len() int { return len(s.names) }

// Failover lists the regions that take over from home, in order, home itself not included.
// The slice is shared: do not change it.
func (s *Set) Failover(home ID) []ID {
	if int(home) >= len(s.failover) {
		return nil
	}
	return s.failover[home]
}

// Capacity is what the region can serve, in requests per second; 0 if not declared.
func (s *Set) Capacity(id ID) float64 {
	if int(id) >= len(s.capacity) {
		return 0
	}
	return s.capacity[id]
}

// Failback says how traffic returns to the region.
func (s *Set) Failback(id ID) config.Failback {
	if int(id) >= len(s.failback) {
		return config.Failback{}
	}
	return s.failback[id]
}

// lower folds ASCII only, as lowerByte does, so that both sides of a lookup agree.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lowerByte(c)
	}
	return string(b)
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
