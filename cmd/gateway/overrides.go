package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidegate/tidegate/admin"
	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/router"
	"github.com/tidegate/tidegate/state"
)

// An order is an operator's order, on its way to control.
type order struct {
	put   *balancer.Override // nil: delete id
	id    string
	match *uint64
	reply chan answer
}

// An answer is what became of a command.
type answer struct {
	now admin.Overrides
	err error
}

// Now is the time on the process's clock.
func (g *gateway) Now() time.Duration { return g.clock.Now() }

// Table returns the table in force.
func (g *gateway) Table() *router.Table { return g.live.Load() }

// Overrides returns the orders in force.
func (g *gateway) Overrides() admin.Overrides { return *g.overrides.Load() }

// Reload returns what became of the configuration file.
func (g *gateway) Reload() admin.Reload { return *g.reload.Load() }

// Suspect reports whether the probes' verdicts are held because all of them fail.
func (g *gateway) Suspect() bool { return g.monitor.Suspect() }

// Ready returns nil if traffic should be sent here.
func (g *gateway) Ready() error {
	if !g.warm.Load() {
		return errors.New("waiting for the first probes")
	}
	if !g.ready.Load() {
		return errors.New("draining")
	}
	return nil
}

// PutOverride adds or replaces an order; it is in force when this returns.
func (g *gateway) PutOverride(ctx context.Context, o balancer.Override, match *uint64) (admin.Overrides, error) {
	return g.command(ctx, order{put: &o, match: match})
}

// DeleteOverride lifts an order.
func (g *gateway) DeleteOverride(ctx context.Context, id string, match *uint64) (admin.Overrides, error) {
	return g.command(ctx, order{id: id, match: match})
}

func (g *gateway) command(ctx context.Context, c order) (admin.Overrides, error) {
	c.reply = make(chan answer, 1)
	select {
	case g.commands <- c:
	case <-ctx.Done():
		return admin.Overrides{}, ctx.Err()
	}
	select {
	case a := <-c.reply:
		return a.now, a.err
	case <-ctx.Done():
		return admin.Overrides{}, ctx.Err()
	}
}

// obey carries out a command; control calls it. The order is on disk before it is in force, and
// in force (endpoints barred, plans published) before it is acknowledged.
func (g *gateway) obey(c order) answer {
	now := g.Overrides()
	if c.match != nil && *c.match != now.Revision {
		return answer{now, admin.ErrConflict}
	}
	next := admin.Overrides{Revision: now.Revision + 1}
	if c.put == nil {
		next.List = slices.DeleteFunc(slices.Clone(now.List), func(o balancer.Override) bool { return o.ID == c.id })
		if len(next.List) == len(now.List) {
			return answer{now, admin.ErrNotFound}
		}
	} else {
		next.List = slices.DeleteFunc(slices.Clone(now.List), func(o balancer.Override) bool { return o.ID == c.put.ID })
		next.List = append(next.List, *c.put)
		slices.SortFunc(next.List, func(a, b balancer.Override) int { return strings.Compare(a.ID, b.ID) })
	}
	if err := state.Save(g.statePath, next); err != nil {
		return answer{now, fmt.Errorf("the order can't be kept, so it is refused: %w", err)}
	}
	g.setOverrides(next)
	g.planAll()
	if c.put == nil {
		g.log.Info("override lifted", "id", c.id)
	} else {
		g.log.Info("override in force", "id", c.put.ID, "op", c.put.Op, "value", c.put.Value, "reason", c.put.Reason, "owner", c.put.Owner, "expires", c.put.Expires)
	}
	return answer{next, nil}
}

// expire lifts orders whose time has come, and says whether there were any.
func (g *gateway) expire(now time.Time) bool {
	current := g.Overrides()
	left := slices.DeleteFunc(slices.Clone(current.List), func(o balancer.Override) bool { return !now.Before(o.Expires) })
	if len(left) == len(current.List) {
		return false
	}
	next := admin.Overrides{Revision: current.Revision + 1, List: left}
	if err := state.Save(g.statePath, next); err != nil {
		// It has expired all the same: loading drops what is past.
		g.log.Error("expired overrides can't be taken off the state file", "err", err)
	}
	for _, o := range current.List {
		if !now.Before(o.Expires) {
			g.log.Info("override expired", "id", o.ID, "op", o.Op, "reason", o.Reason, "owner", o.Owner)
		}
	}
	g.setOverrides(next)
	return true
}

// setOverrides makes the orders part of every plan from the next on.
func (g *gateway) setOverrides(o admin.Overrides) {
	g.overrides.Store(&o)
	g.orders = balancer.NewOrders(o.List)
}
