package admin

import (
	"context"
	"errors"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/router"
)

// A Gateway is the running process, as this room sees it. All methods are safe for concurrent use.
type Gateway interface {
	// Table returns the table in force; nil before the first.
	Table() *router.Table

	// Overrides returns the orders in force.
	Overrides() Overrides

	// PutOverride adds o, or replaces the order with its ID. It returns nil when the order is
	// in force (endpoints barred, plans published) and on disk. With match, the revision must
	// be that one: otherwise ErrConflict. A *balancer.BadOrder says which field is at fault.
	PutOverride(ctx context.Context, o balancer.Override, match *uint64) (Overrides, error)

	// DeleteOverride lifts the order with this ID, likewise. ErrNotFound: there is none.
	DeleteOverride(ctx context.Context, id string, match *uint64) (Overrides, error)

	// Reload returns what became of the configuration file.
	Reload() Reload

	// Now is the time on the process's monotonic clock, the one balancer and router are driven by.
	Now() time.Duration

	// Suspect reports whether this gateway doubts its own probes, since all of them fail, and holds
	// their verdicts.
	Suspect() bool

	// Ready returns nil if traffic should be sent here, else why not.
	Ready() error
}

// Overrides is the orders in force at one moment, and what the state file holds. Immutable.
type Overrides struct {
	Revision uint64              `json:"revision"` // grows with every change, across restarts too
	List     []balancer.Override `json:"overrides"`
}

// Reload is what became of the configuration file.
type Reload struct {
	OK           bool      // the last attempt succeeded
	Last         time.Time // when an attempt last succeeded
	Hash         string    // of the configuration in force
	Err          error     // why the last attempt failed; nil if it did not
	ErrAt        time.Time // when it failed
	Successes    uint64
	Failures     uint64
	NeedsRestart []string // changed keys that only a restart brings into force
}

// Sentinel errors of a Gateway's answers.
var (
	// ErrConflict says that the overrides are not at the revision the caller named.
	ErrConflict = errors.New("the overrides have changed meanwhile")

	// ErrNotFound says that there is no override with this ID.
	ErrNotFound = errors.New("no such override")
)
