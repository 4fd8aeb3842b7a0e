package balancer

// fewEnough is the size up to which all members are compared. Above it two are drawn, which is
// nearly as good and does not depend on the size.
const fewEnough = 16

// leastRequest picks the member with the fewest requests in flight, bodies included, for its
// weight. It does not see a slow endpoint that answers what little it gets: p2c does.
type leastRequest struct{ contest }

func newLeastRequest(pool []member, m *mood) picker { return &leastRequest{newContest(pool, m)} }

func (l *leastRequest) pick(c *Call) *Endpoint {
	i := l.draw(c, -1)
	if i < 0 {
		return nil
	}
	best, charge := &l.pool[i], l.pool[i].held(l.pool[i].busy())
	if len(l.pool) > fewEnough {
		if j := l.draw(c, i); j >= 0 && l.pool[j].taken(l.pool[j].busy()) < charge {
			best = &l.pool[j]
		}
		return best.endpoint
	}
	// From the one drawn on, or the first of several equals would always win.
	for k := range len(l.pool) - 1 {
		m := &l.pool[(i+1+k)%len(l.pool)]
		if x := m.taken(m.busy()); x < charge && !c.Tried.Has(m.endpoint) {
			best, charge = m, x
		}
	}
	return best.endpoint
}

func (m *contender) busy() int64 { return m.host.Waiting() + m.host.Bodies() }
