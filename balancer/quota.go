package balancer

// A Quota bounds how many endpoints of one pool (one service in one region) may be out by their
// breakers at once.
type Quota struct{}

// NewQuota returns the quota of a pool of n endpoints.
func NewQuota(n int) *Quota { return &Quota{} }

// Resize says that the pool has n endpoints now.
func (q *Quota) Resize(n int) {}

// Out is how many endpoints are out by their breakers.
func (q *Quota) Out() int { return 0 }
