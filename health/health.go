package health

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tidegate/tidegate/config"
)

// A State is what probes say about an endpoint.
type State uint32

const (
	// Unknown is the state before there was a verdict. Such an endpoint is usable, behind those
	// known to be well.
	Unknown State = iota
	// Up is well.
	Up
	// Down is not well: it gets no traffic as long as anybody else can take it.
	Down
)

// String is the state as operators read it.
func (s State) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case Up:
		return "up"
	case Down:
		return "down"
	}
	panic("BUG: a health state out of range")
}

// A Streak turns single answers into a State, with hysteresis. It is a value; its zero is Unknown.
type Streak struct {
	State State
	run   int // answers in a row that speak against State
}

// After is the streak after one more answer. Up and Down change after that many answers in a row
// that say otherwise; Unknown becomes Up with the first success, so that a gateway that starts
// uses what it knows to be well at once.
func (s Streak) After(ok bool, up, down int) Streak {
	if s.State == Unknown && ok {
		return Streak{State: Up}
	}
	if s.State == Up && ok || s.State == Down && !ok {
		return Streak{State: s.State}
	}
	verdict, need := Down, down
	if ok {
		verdict, need = Up, up
	}
	if s.run+1 < need {
		return Streak{State: s.State, run: s.run + 1}
	}
	return Streak{State: verdict}
}

// A Check is how an endpoint is examined. Compile makes it; it is immutable.
type Check struct {
	Kind    string               // a name in the probes map
	Path    string               // http: what is asked for
	Host    string               // http: the Host field; "" means the address
	Status  []config.StatusRange // http: what counts as well
	Every   time.Duration        // from the start of one probe to the start of the next, ±10 %
	Timeout time.Duration        // for one probe, connecting included
	Up      int                  // successes in a row that end Down
	Down    int                  // failures in a row that end Up or Unknown
}

// Equal reports whether c and d examine in the same way.
func (c Check) Equal(d Check) bool {
	return c.Kind == d.Kind && c.Path == d.Path && c.Host == d.Host && slices.Equal(c.Status, d.Status) &&
		c.Every == d.Every && c.Timeout == d.Timeout && c.Up == d.Up && c.Down == d.Down
}

// An Answer is what one probe found.
type Answer struct {
	OK   bool
	RT   time.Duration // http: from sending the request to the response head; tcp: of the connect
	Load float64       // the utilization the endpoint reports, 1 being all it can do; below 0: not reported
	Err  string        // why not OK, for people; "" when OK
}

// A Probe examines one address once and returns by ctx's deadline. It belongs to one subject and
// one goroutine: it may keep a connection between questions.
type Probe func(ctx context.Context, addr string) Answer

// A Subject is something whose health is watched. The Monitor knows subjects by identity, so they
// must be comparable, as pointers are. Two optional methods are used where a subject has them:
//
//	Health() (State, Answer)   // what is known already: examination goes on from that State
//	ID() string                // how the log names it; otherwise by address
type Subject interface {
	// Address is host:port. It never changes.
	Address() string

	// Check is how to examine the subject. The Monitor reads it when it gets its subjects, not
	// between.
	Check() Check

	// Observe takes the answer of every probe and the state that follows from it. It is called
	// from goroutines of the Monitor, for one subject never by two at a time, and must be cheap.
	// A verdict that was held back until the gateway knew that it can see anybody at all comes
	// with the failed answer it rests on, which is then given a second time.
	Observe(a Answer, s State)
}

// A Mistake is something wrong with a configured probe.
type Mistake struct {
	Field   string // the key below probe, such as "kind"
	Message string
	Hint    string // what may have been meant, or ""
}

// Mistakes are all that is wrong with a configured probe.
type Mistakes []Mistake

// Error lists the mistakes, separated by semicolons.
func (m Mistakes) Error() string {
	var b strings.Builder
	for i, one := range m {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString("probe." + one.Field + ": " + one.Message)
		if one.Hint != "" {
			b.WriteString("; " + one.Hint)
		}
	}
	return b.String()
}
