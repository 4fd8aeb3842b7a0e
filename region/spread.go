package region

import "slices"

// Mode says when traffic may leave its home region.
type Mode uint8

const (
	// Stay never leaves home.
	Stay Mode = iota

	// Unhealthy leaves home when home cannot serve.
	Unhealthy

	// Always leaves home also when home is at its declared capacity.
	Always
)

const (
	// overprovision is how much more than its even share a well endpoint can carry: a region
	// with 1/1.4 of its endpoints well still serves all of its own. Envoy's default.
	overprovision = 1.4

	// fill is how far spilled traffic may fill a region's declared capacity.
	fill = 0.85

	// trickle is the most that a region whose breaker is half-open may get of a home's traffic, or
	// one request a second where that is more, but no more than trial: in quiet times a twentieth
	// would be a request in minutes.
	trickle = 0.05
	trial   = 1. / 3

	// faint stands in for the demand of homes that had none, in requests per second: what
	// comes next must have somewhere to go.
	faint = 1e-6
)

// Site is what one region can do for one service.
type Site struct {
	// Weight is the operator's factor on all traffic the region is given: 1 without orders,
	// 0 when drained.
	Weight float64

	// Healthy and Configured are sums of endpoint weights: of those that are well, and of all.
	Healthy, Configured float64

	// Capacity is what the region can serve, in requests per second; 0 if not known.
	Capacity float64

	// Out says that the breaker of the service in this region is open.
	Out bool

	// Trickle says that it is half-open: the region gets at most a twentieth of a home's
	// traffic (more where that is less than one request a second), unless nobody else can serve.
	Trickle bool

	// Present says that the service runs here.
	Present bool
}

// well is the share of the region's endpoints that may be used.
func (s Site) well() float64 {
	if s.Out || !(s.Healthy > 0) || !(s.Configured > 0) {
		return 0
	}
	return min(1, s.Healthy/s.Configured)
}

// Spread shares out the traffic of every home among the regions that may carry it: home first,
// then its failover in order. A home the service does not run in uses its failover order and
// then every region it does run in, by ID. sites and demand (requests per second) are indexed by
// ID, and so is the result; it is nil for what is no home and for homes nobody can serve.
//
//   - Stay: home, or nobody.
//   - Unhealthy: Envoy's priority load. Each region in order counts with its health,
//     min(1, 1.4 × healthy ÷ configured) × weight, and takes what those before it left. If all
//     together are below one, each takes in proportion. Capacity does not matter.
//     (Envoy, arch_overview/upstream/load_balancing/priority and overprovisioning.)
//   - Always: all homes together fill the regions up to 0.85 × capacity × healthy ÷ configured ×
//     weight: every region serves its own first; what is left goes to the first of each home's
//     failover, pro rata where several ask for more than there is, then to the second, and so on.
//     What nobody has room for is shared in proportion to what was given. If a region concerned
//     declares no capacity, it is as Unhealthy.
//
// What serves sums to one. Weight zero never gets anything. If a home has nobody who is well, the
// first in its order whose endpoints are, whatever its breaker says, gets all but what half-open
// regions may have: better to try than to refuse. If there is none either, the first gets all.
// Pure; the order of homes does not matter.
func Spread(homes []ID, failover func(ID) []ID, sites []Site, demand []float64, mode Mode) []Shares {
	if len(sites) > Max {
		panic("BUG: more regions than IDs")
	}
	homes = slices.Sorted(slices.Values(homes))
	homes = slices.Compact(homes)
	orders := make([][]ID, len(sites))
	for _, home := range homes {
		orders[home] = order(home, failover(home), sites)
	}

	out := make([]Shares, len(sites))
	var filled [][]float64
	if mode == Always && declared(homes, orders, sites) {
		filled = waterFill(homes, orders, sites, demand)
	}
	for _, home := range homes {
		loads := make([]float64, len(sites))
		switch {
		case len(orders[home]) == 0:
			continue
		case mode == Stay:
			if orders[home][0] != home {
				continue
			}
			loads[home] = 1
		case filled != nil && steadyLoad(filled[home], sites) > 0:
			limitTrickle(filled[home], sites, demandOf(home, demand))
			loads = filled[home]
		default:
			priorityLoad(loads, orders[home], sites, demandOf(home, demand))
		}
		out[home] = newShares(loads)
	}
	return out
}

// order lists who may serve home at all, best first: the service runs there and no order
// forbids it.
func order(home ID, failover []ID, sites []Site) []ID {
	var list []ID
	var seen [Max]bool
	add := func(id ID) {
		if int(id) >= len(sites) || seen[id] {
			return
		}
		seen[id] = true
		if sites[id].Present && sites[id].Weight > 0 {
			list = append(list, id)
		}
	}
	add(home)
	for _, id := range failover {
		add(id)
	}
	if sites[home].Present {
		return list
	}
	for id := range sites {
		add(ID(id))
	}
	return list
}

func demandOf(home ID, demand []float64) float64 {
	if int(home) < len(demand) {
		return demand[home]
	}
	return 0
}

// trickleOf is the most that a half-open region may get of a home's traffic. Where it is not known
// how much that is, it is not little.
func trickleOf(demand float64) float64 {
	if demand <= faint {
		return trickle
	}
	return min(max(trickle, 1/demand), trial)
}

// priorityLoad fills loads, by ID, with what each region in order takes of one home's traffic.
func priorityLoad(loads []float64, order []ID, sites []Site, demand float64) {
	health := func(id ID) float64 {
		return sites[id].Weight * min(1, overprovision*sites[id].well())
	}
	total, steady := 0.0, false
	for _, id := range order {
		if h := health(id); h > 0 && !sites[id].Trickle {
			total += h
			steady = true
		}
	}
	if !steady {
		nobodyWell(loads, order, sites, demand)
		return
	}

	total = min(1, total)
	left := 1.0
	for _, id := range order {
		if sites[id].Trickle {
			continue
		}
		loads[id] = min(left, health(id)/total)
		left -= loads[id]
	}

	// A half-open region must see some traffic to recover. It comes from those behind it, which
	// would not get it were the region well, and if the others are not all well, from all of them.
	short := 1 - total
	for i, id := range order {
		if !sites[id].Trickle {
			continue
		}
		want := min(trickleOf(demand), health(id))
		loads[id] = take(want, loads, order[i+1:], sites)
		more := take(min(want-loads[id], short), loads, order, sites)
		loads[id] += more
		short -= more
	}
}

// nobodyWell fills loads where no region is well, save perhaps half-open ones. To give these all
// would move everybody at once to where it was bad a moment ago, and back again if it still is.
func nobodyWell(loads []float64, order []ID, sites []Site, demand float64) {
	base := order[0]
	for _, id := range order {
		if sites[id].Healthy > 0 {
			base = id
			break
		}
	}
	left := 1.0
	for _, id := range order {
		if s := sites[id]; id != base && s.Trickle && s.well() > 0 {
			loads[id] = min(trickleOf(demand), left/2)
			left -= loads[id]
		}
	}
	loads[base] = left
}

// take takes up to want from what the regions among ids that are not half-open were to get, from
// each in proportion, and returns how much that was.
func take(want float64, loads []float64, ids []ID, sites []Site) float64 {
	there := 0.0
	for _, id := range ids {
		if !sites[id].Trickle {
			there += loads[id]
		}
	}
	taken := min(want, there)
	if !(taken > 0) {
		return 0
	}
	for _, id := range ids {
		if !sites[id].Trickle {
			loads[id] *= (there - taken) / there
		}
	}
	return taken
}

// declared says whether all regions that may serve any of the homes declare their capacity.
func declared(homes []ID, orders [][]ID, sites []Site) bool {
	for _, home := range homes {
		for _, id := range orders[home] {
			if !(sites[id].Capacity > 0) {
				return false
			}
		}
	}
	return true
}

// waterFill returns by home and region what each region is given, in requests per second.
func waterFill(homes []ID, orders [][]ID, sites []Site, demand []float64) [][]float64 {
	var free, rest, wants [Max]float64
	given := make([][]float64, len(sites))
	for id, s := range sites {
		if s.Present && s.Weight > 0 {
			free[id] = fill * s.Capacity * s.well() * s.Weight
		}
	}

	// Everybody's own first.
	tiers := 0
	spill := make([][]ID, len(sites))
	for _, home := range homes {
		wants[home] = faint
		if int(home) < len(demand) && demand[home] > faint {
			wants[home] = demand[home]
		}
		rest[home] = wants[home]
		given[home] = make([]float64, len(sites))
		spill[home] = orders[home]
		if len(orders[home]) > 0 && orders[home][0] == home {
			spill[home] = orders[home][1:]
			x := min(accepts(sites[home], rest[home], wants[home]), free[home])
			given[home][home] = x
			free[home] -= x
			rest[home] -= x
		}
		tiers = max(tiers, len(spill[home]))
	}

	// Then the first of each home's failover, all homes at once, then the second.
	for tier := range tiers {
		var asked [Max]float64
		offer := func(home, id ID) float64 { return accepts(sites[id], rest[home], wants[home]) }
		for _, home := range homes {
			if tier < len(spill[home]) {
				id := spill[home][tier]
				asked[id] += offer(home, id)
			}
		}
		for _, home := range homes {
			if tier >= len(spill[home]) {
				continue
			}
			id := spill[home][tier]
			x := offer(home, id)
			if asked[id] > free[id] {
				x *= free[id] / asked[id]
			}
			given[home][id] = x
			rest[home] -= x
		}
		for id := range sites {
			free[id] = max(0, free[id]-asked[id])
		}
	}
	return given
}

// accepts is how much of rest a region takes if it has room: an order that halves a region
// halves what it is given, room or not.
func accepts(s Site, rest, want float64) float64 {
	x := rest * min(1, s.Weight)
	if s.Trickle {
		x = min(x, trickleOf(want)*want)
	}
	return x
}

// limitTrickle brings half-open regions down to their twentieth where others serve as well:
// what nobody had room for must not be added to theirs.
func limitTrickle(loads []float64, sites []Site, demand float64) {
	total, steady := sum(loads), steadyLoad(loads, sites)
	most := trickleOf(demand) * total
	left := total
	for id := range loads {
		if sites[id].Trickle {
			loads[id] = min(loads[id], most)
			left -= loads[id]
		}
	}
	for id := range loads {
		if !sites[id].Trickle {
			loads[id] *= left / steady
		}
	}
}

// steadyLoad is what regions that are not half-open get.
func steadyLoad(loads []float64, sites []Site) float64 {
	total := 0.0
	for id, load := range loads {
		if !sites[id].Trickle {
			total += load
		}
	}
	return total
}

func sum(loads []float64) float64 {
	total := 0.0
	for _, load := range loads {
		total += load
	}
	return total
}
