package balancer

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The operations an Override may name.
const (
	OpSet   = "set"   // replaces the configured weight
	OpScale = "scale" // multiplies it
	OpDrain = "drain" // makes it zero: no request is begun there
)

const (
	maxValue  = 1000 // the most an order may set or scale a weight to
	maxReason = 500  // bytes
)

// An Override is an operator's order about an endpoint, a service in a region, or a region. It
// expires, and it never alters evidence: once it is lifted, the truth is back.
type Override struct {
	ID       string    `json:"id"`                 // its scope as text, so that there is one order per scope
	Service  string    `json:"service,omitempty"`  // empty: every service of the region
	Region   string    `json:"region"`             // never empty
	Endpoint string    `json:"endpoint,omitempty"` // host:port, of Service; empty: all its endpoints there
	Op       string    `json:"op"`                 // set, scale or drain
	Value    float64   `json:"value"`              // for set and scale; 0 means never, NaN that it is missing
	Reason   string    `json:"reason"`             // never empty
	Owner    string    `json:"owner,omitempty"`    // who gave the order
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
}

// Scope is what the order is about, as text: "region:cn-north", "service:pay/cn-north" or
// "endpoint:pay/cn-north/10.1.1.1:8080".
func (o Override) Scope() string {
	switch {
	case o.Endpoint != "":
		return "endpoint:" + o.Service + "/" + o.Region + "/" + o.Endpoint
	case o.Service != "":
		return "service:" + o.Service + "/" + o.Region
	}
	return "region:" + o.Region
}

// ParseScope reads what Scope writes. The error is a *BadOrder.
func ParseScope(id string) (service, region, endpoint string, err error) {
	kind, rest, _ := strings.Cut(id, ":")
	parts := strings.SplitN(rest, "/", 3)
	switch {
	case slices.Contains(parts, ""):
	case kind == "region" && len(parts) == 1:
		return "", parts[0], "", nil
	case kind == "service" && len(parts) == 2:
		return parts[0], parts[1], "", nil
	case kind == "endpoint" && len(parts) == 3:
		return parts[0], parts[1], parts[2], nil
	}
	return "", "", "", &BadOrder{"id", fmt.Sprintf(
		"must be region:REGION, service:SERVICE/REGION or endpoint:SERVICE/REGION/HOST:PORT, is %q", id)}
}

// A BadOrder is an override that cannot be accepted.
type BadOrder struct {
	Field   string `json:"field"`   // the JSON field at fault
	Message string `json:"message"` // what is wrong with it
}

// Error names the field and says what is wrong with it.
func (b *BadOrder) Error() string { return b.Field + ": " + b.Message }

// Validate says what is wrong with the order at time now: nil or a *BadOrder. Whether the service,
// region and endpoint exist is not its business.
func (o Override) Validate(now time.Time) error {
	bad := func(field, format string, args ...any) error {
		return &BadOrder{field, fmt.Sprintf(format, args...)}
	}
	if err := o.validateScope(); err != nil {
		return err
	}
	switch o.Op {
	case OpSet, OpScale:
		if math.IsNaN(o.Value) {
			return bad("value", "is required for %s", o.Op)
		}
		if o.Value < 0 || o.Value > maxValue {
			return bad("value", "must be between 0 and %d, is %g", maxValue, o.Value)
		}
	case OpDrain:
		if o.Value != 0 {
			return bad("value", "drain takes no value, it is zero; did you mean set or scale?")
		}
	case "":
		return bad("op", "is required: set, scale or drain")
	default:
		return bad("op", "must be set, scale or drain, is %q", o.Op)
	}
	if strings.TrimSpace(o.Reason) == "" {
		return bad("reason", "is required")
	}
	if len(o.Reason) > maxReason {
		return bad("reason", "must be at most %d bytes long, is %d", maxReason, len(o.Reason))
	}
	if strings.ContainsFunc(o.Reason, unicode.IsControl) {
		return bad("reason", "must be one line of text")
	}
	if strings.ContainsFunc(o.Owner, unicode.IsControl) {
		return bad("owner", "must be one line of text")
	}
	if o.Expires.IsZero() {
		return bad("expires", "is required")
	}
	if !o.Expires.After(now) {
		return bad("expires", "must be in the future, is %s", o.Expires.Format(time.RFC3339))
	}
	return nil
}

func (o Override) validateScope() error {
	for _, name := range []struct{ field, value string }{{"service", o.Service}, {"region", o.Region}} {
		if strings.ContainsFunc(name.value, noName) {
			return &BadOrder{name.field, fmt.Sprintf("must be a name, is %q", name.value)}
		}
	}
	if o.Region == "" {
		return &BadOrder{"region", "is required"}
	}
	if o.Endpoint != "" {
		if o.Service == "" {
			return &BadOrder{"service", "is required for an order about an endpoint"}
		}
		if host, port, err := net.SplitHostPort(o.Endpoint); err != nil || host == "" || port == "" {
			return &BadOrder{"endpoint", fmt.Sprintf("must be host:port, is %q", o.Endpoint)}
		}
	}
	if scope := o.Scope(); o.ID != "" && o.ID != scope {
		return &BadOrder{"id", fmt.Sprintf("must be %q, by service, region and endpoint, or left out; is %q", scope, o.ID)}
	}
	return nil
}

func noName(r rune) bool { return r == '/' || unicode.IsSpace(r) || unicode.IsControl(r) }

// why is the order as an operator reads it beside a weight, such as
// "drained by region:cn-north (deploy 42, expires 14:00Z)".
func (o Override) why() string {
	what := "drained"
	if o.Op != OpDrain {
		what = o.Op + " " + strconv.FormatFloat(o.Value, 'g', -1, 64)
	}
	layout := "15:04Z"
	if o.Expires.Sub(o.Created) >= 24*time.Hour {
		layout = "2006-01-02 15:04Z"
	}
	return fmt.Sprintf("%s by %s (%s, expires %s)", what, o.Scope(), o.Reason, o.Expires.UTC().Format(layout))
}

// Orders are the overrides in force. Immutable, safe for concurrent use; the zero value is none.
//
// Drain goes before set, and of several orders to set, the one with the narrower scope counts; then
// every scale multiplies. An order about an endpoint acts on its weight in the pool; one about a
// region, or a service in a region, acts on what the region is given of everybody's traffic. Zero,
// by whatever op and scope, bars all endpoints concerned.
type Orders struct {
	byScope map[string][]Override
}

// NewOrders compiles the overrides that are in force. It trusts that they were validated, and that
// those that expired are left out.
func NewOrders(list []Override) Orders {
	if len(list) == 0 {
		return Orders{}
	}
	by := make(map[string][]Override, len(list))
	for _, o := range list {
		by[o.Scope()] = append(by[o.Scope()], o)
	}
	return Orders{byScope: by}
}

// An Order is all that operators want of one endpoint, or of one service in a region.
type Order struct {
	Has     bool     // Set replaces the weight
	Set     float64  // if Has
	Scale   float64  // multiplies it; 1 if nobody wants anything
	Drained bool     // it is zero
	IDs     []string // the overrides behind it
	Why     []string // the same, for people
}

// OrderNone is the order that changes nothing.
func OrderNone() Order { return Order{Scale: 1} }

// take adds the orders of one scope. Narrower scopes come first: a set that is there stays.
func (d *Order) take(list []Override) {
	for _, o := range list {
		switch {
		case o.Op == OpDrain:
			d.Drained = true
		case o.Op == OpScale:
			d.Scale *= o.Value
		case !d.Has:
			d.Has, d.Set = true, o.Value
		default:
			continue // overruled
		}
		d.IDs = append(d.IDs, o.Scope())
		d.Why = append(d.Why, o.why())
	}
}

// zero says that nothing may be sent there.
func (d *Order) zero() bool { return d.Drained || d.Scale == 0 || d.Has && d.Set == 0 }

// under adds the order about the region, if it forbids all traffic.
func (d Order) under(site Order) Order {
	if site.zero() {
		d.Drained = true
		d.IDs = append(d.IDs, site.IDs...)
		d.Why = append(d.Why, site.Why...)
	}
	return d
}

// Endpoint is what the orders want of an endpoint, including those about its region that forbid it
// all traffic.
func (o Orders) Endpoint(e *Endpoint) Order {
	return o.endpoint(e).under(o.site(e.Service, e.RegionName))
}

func (o Orders) endpoint(e *Endpoint) Order {
	d := OrderNone()
	if len(o.byScope) > 0 {
		d.take(o.byScope["endpoint:"+e.ID()])
	}
	return d
}

// Site is what the orders want of a service in a region: the factor of what it is given of everybody's
// traffic, and whether it is zero.
func (o Orders) Site(service, region string) (weight float64, drained bool) {
	d := o.site(service, region)
	if d.zero() {
		return 0, true
	}
	if d.Has {
		return d.Set * d.Scale, false
	}
	return d.Scale, false
}

func (o Orders) site(service, region string) Order {
	d := OrderNone()
	if len(o.byScope) > 0 {
		d.take(o.byScope["service:"+service+"/"+region])
		d.take(o.byScope["region:"+region])
	}
	return d
}
