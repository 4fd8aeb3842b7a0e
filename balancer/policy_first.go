package balancer

// first asks the members in the order of the configuration: all traffic goes to the first that may
// have any. For stand-bys.
type first struct{ pool []member }

func newFirst(pool []member, _ *mood) picker { return &first{pool} }

func (f *first) pick(c *Call) *Endpoint {
	for i := range f.pool {
		if e := f.pool[i].endpoint; !c.Tried.Has(e) {
			return e
		}
	}
	return nil
}
