package health

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// A Monitor examines subjects, each in a goroutine of its own. Make one with NewMonitor; it is
// safe for concurrent use, except that Run runs once at a time.
type Monitor struct {
	log     *slog.Logger
	changed func()
	suspect atomic.Bool
}

// NewMonitor makes a Monitor that logs what changed, and calls changed after any subject's state
// did. changed is called from many goroutines and must not block.
func NewMonitor(log *slog.Logger, changed func()) *Monitor {
	return &Monitor{log: log, changed: changed}
}

// Suspect reports whether every probe of this gateway fails, so that it doubts itself rather than
// everybody else and holds its verdicts.
func (m *Monitor) Suspect() bool { return m.suspect.Load() }

// Run watches exactly the subjects last received, until ctx ends. It returns nil when every probe
// has returned.
func (m *Monitor) Run(ctx context.Context, watch <-chan []Subject) error {
	<-ctx.Done()
	return nil
}
