package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidegate/tidegate/admin"
	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
	"github.com/tidegate/tidegate/proxy"
	"github.com/tidegate/tidegate/router"
	"github.com/tidegate/tidegate/state"
)

const (
	tickEvery    = 250 * time.Millisecond // windows close, weights move
	refreshEvery = 50 * time.Millisecond  // the age of the oldest request is read
	settleEvery  = 10 * time.Millisecond  // verdicts that come together make one plan
	warmUp       = time.Second            // how long readiness waits for the first probes

	mostProblems = 10 // of a rejected file, in the log; the admin API and check tell all
)

// A gateway is the process: the table in force, and the one goroutine (control) that decides what
// it says. Everything but control reads atomics.
type gateway struct {
	log     *slog.Logger
	level   *slog.LevelVar
	quiet   bool // the level is not the configuration's to set
	clock   proxy.Clock
	proxy   *proxy.Gateway
	monitor *health.Monitor

	live      atomic.Pointer[router.Table]
	overrides atomic.Pointer[admin.Overrides]
	reload    atomic.Pointer[admin.Reload]
	ready     atomic.Bool // listening, and not draining
	warm      atomic.Bool // every endpoint was probed, or had its time
	statePath string
	hash      string

	configs  chan config.Update
	commands chan order
	changed  chan struct{} // a verdict or a breaker turned: plan again
	watch    chan []health.Subject

	// What only control touches.
	scheduler *balancer.Scheduler
	orders    balancer.Orders
	moves     moves
	started   *config.Config // what the listeners were made from
}

// newGateway makes the process ready to serve c; nothing is started.
func newGateway(c *config.Config, o options, log *slog.Logger, level *slog.LevelVar) (*gateway, error) {
	g := &gateway{
		log: log, level: level, quiet: o.quiet, clock: proxy.StartClock(),
		hash:      c.Hash(),
		configs:   make(chan config.Update),
		commands:  make(chan order),
		changed:   make(chan struct{}, 1),
		watch:     make(chan []health.Subject, 1),
		scheduler: balancer.NewScheduler(),
		moves:     moves{},
		started:   c,
	}
	g.statePath = c.State
	if o.state != "" {
		g.statePath = o.state
	}
	g.proxy = proxy.New(&g.live, g.clock, seed(), log)
	g.monitor = health.NewMonitor(log, g.poke)
	g.reload.Store(&admin.Reload{})
	g.loadOverrides()
	if err := g.apply(c); err != nil {
		return nil, err
	}
	return g, nil
}

// poke asks for a new plan. It never blocks, and may be called under a breaker's lock.
func (g *gateway) poke() {
	select {
	case g.changed <- struct{}{}:
	default: // one is due already
	}
}

// control is the only goroutine that decides anything.
func (g *gateway) control(ctx context.Context) error {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	refresh := time.NewTicker(refreshEvery)
	defer refresh.Stop()
	settle := time.NewTimer(0)
	defer settle.Stop()
	due := true // settle will fire
	for {
		select {
		case u := <-g.configs:
			g.take(u)
		case cmd := <-g.commands:
			cmd.reply <- g.obey(cmd)
		case <-g.changed:
			if !due {
				settle.Reset(settleEvery)
				due = true
			}
		case <-settle.C:
			due = false
			g.planAll()
		case <-tick.C:
			if g.expire(time.Now()) {
				g.planAll()
			}
			t := g.live.Load()
			g.plan(t, g.scheduler.Observe(g.clock.Now(), t.Services()))
		case <-refresh.C:
			now := g.clock.Now()
			if !g.warm.Load() && (now > warmUp || known(g.live.Load())) {
				g.warm.Store(true)
			}
			for _, h := range g.live.Load().Hosts() {
				if h.Waiting() > 0 {
					h.Refresh(now)
				}
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// known reports whether every endpoint was probed.
func known(t *router.Table) bool {
	for _, e := range t.Endpoints() {
		if state, _ := e.Health(); state == health.Unknown {
			return false
		}
	}
	return true
}

func (g *gateway) planAll() {
	t := g.live.Load()
	g.plan(t, t.Services())
}

// plan publishes how the traffic of services is spread from now on.
func (g *gateway) plan(t *router.Table, services []*balancer.Service) {
	now := g.clock.Now()
	for _, s := range services {
		g.scheduler.Plan(now, s, t.Regions, g.orders)
		g.moves.tell(g.log, now, s, t.Regions)
	}
}

// take puts a changed file in force, or says why not and leaves everything as it was.
func (g *gateway) take(u config.Update) {
	err := u.Err
	if err == nil {
		err = g.apply(u.Config)
	}
	if err == nil {
		return
	}
	r := *g.reload.Load()
	r.OK, r.Err, r.ErrAt = false, err, time.Now()
	r.Failures++
	g.reload.Store(&r)
	found, ofFile := problems(err)
	if !ofFile {
		g.log.Error("configuration rejected, the last good one stays in force", "err", err, "in_force", r.Hash)
		return
	}
	g.log.Error("configuration rejected, the last good one stays in force", "problems", len(found), "in_force", r.Hash)
	for _, p := range found[:min(len(found), mostProblems)] {
		g.log.Error("configuration problem", "file", p.File, "line", p.Line, "column", p.Column, "key", p.Path, "problem", p.Message, "hint", p.Hint)
	}
}

// apply puts c in force: everything that can fail comes before the one store.
func (g *gateway) apply(c *config.Config) error {
	// The address is that of the start; the token may have gone since.
	if err := admin.CheckListen(g.started.Listen.Admin, c.Admin.Token.Reveal()); err != nil {
		return config.Problems{c.Problem("listen.admin", err.Error(), "")}
	}
	old := g.live.Load()
	next, err := router.Compile(c, old, g.proxy.Dial, g.poke)
	if err != nil {
		return err
	}
	g.plan(next, next.Services())
	g.proxy.Configure(c)
	g.live.Store(next)
	g.show(next)
	g.scheduler.Forget(next.Services())
	g.moves.forget(next)
	if !g.quiet {
		setLevel(g.level, c.Log.Level)
	}

	r := *g.reload.Load()
	r.OK, r.Err, r.Last, r.Hash = true, nil, time.Now(), c.Hash()
	r.Successes++
	r.NeedsRestart = config.NeedsRestart(g.started, c)
	g.reload.Store(&r)
	if old == nil {
		return nil
	}
	for _, h := range router.Retired(old, next) {
		h.Upstream.Close()
	}
	g.log.Info("configuration in force", "hash", r.Hash, "routes", len(next.Routes()), "services", len(next.Services()), "endpoints", len(next.Endpoints()))
	if len(r.NeedsRestart) > 0 {
		g.log.Warn("changes that need a restart are not in force", "keys", strings.Join(r.NeedsRestart, " "))
	}
	return nil
}

// show tells the monitor whom to watch; only the latest list counts.
func (g *gateway) show(t *router.Table) {
	select {
	case <-g.watch:
	default:
	}
	g.watch <- t.Subjects()
}

// closePools closes all unused connections to endpoints.
func (g *gateway) closePools() {
	for _, h := range g.live.Load().Hosts() {
		h.Upstream.Close()
	}
}

// loadOverrides reads what the last process left.
func (g *gateway) loadOverrides() {
	var saved admin.Overrides
	from, err := state.Load(g.statePath, &saved)
	var recovered *state.Recovered
	switch {
	case errors.Is(err, fs.ErrNotExist):
		saved = admin.Overrides{}
	case errors.As(err, &recovered):
		g.log.Error("state file was damaged; its previous generation is used", "err", err, "from", from)
	case err != nil:
		g.log.Error("state file can't be read; starting without overrides", "err", err)
		saved = admin.Overrides{}
	}
	g.setOverrides(saved)
	if n := len(saved.List); n > 0 {
		g.log.Warn("overrides from the last run are in force", "count", n, "from", from)
	}
}
