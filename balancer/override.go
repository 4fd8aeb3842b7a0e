package balancer

import "time"

// Override is an operator's order; it expires, and never alters evidence.
type Override struct {
	ID       string    `json:"id"`                 // what it is about, as Scope writes it; one order per scope
	Service  string    `json:"service,omitempty"`  // empty: all services of the region
	Region   string    `json:"region"`             // never empty
	Endpoint string    `json:"endpoint,omitempty"` // host:port; needs a service
	Op       string    `json:"op"`                 // set, scale or drain
	Value    float64   `json:"value"`              // of set and scale, 0 to 1000
	Reason   string    `json:"reason"`             // never empty
	Owner    string    `json:"owner,omitempty"`    // who gave the order
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
}

// Scope is what the order is about.
func (o Override) Scope() string { return "" }

// ParseScope reads what Scope writes.
func ParseScope(id string) (service, region, endpoint string, err error) { return "", "", "", nil }

// Validate says what is wrong with the order at time now; the error is a *BadOrder.
func (o Override) Validate(now time.Time) error { return nil }

// A BadOrder is an override that cannot be accepted.
type BadOrder struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error names the field and what is wrong with it.
func (b *BadOrder) Error() string { return b.Field + ": " + b.Message }

// Orders are the overrides in force. Immutable; the zero value is none.
type Orders struct{}

// NewOrders compiles overrides.
func NewOrders(list []Override) Orders { return Orders{} }

// An Order is what the operators want of one endpoint.
type Order struct {
	Has     bool // Set replaces the configured weight
	Set     float64
	Scale   float64
	Drained bool
	IDs     []string
}

// Endpoint is what the orders say about an endpoint.
func (o Orders) Endpoint(e *Endpoint) Order { return Order{Scale: 1} }

// Site is what they say about a service in a region.
func (o Orders) Site(service, region string) (weight float64, drained bool) { return 1, false }
