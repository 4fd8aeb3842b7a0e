package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/tidegate/tidegate/admin"
	"github.com/tidegate/tidegate/config"
)

// options is what the command line says.
type options struct {
	file   string
	state  string // overrides the file's
	reload chan struct{}
	leave  chan leave
	quiet  bool      // demo: log errors only
	log    io.Writer // where the log goes; nil: standard error
}

// A leave is the order to end.
type leave struct{ fast bool }

// fastDrain is how long requests in flight may take when we are interrupted.
const fastDrain = time.Second

// run serves until ctx ends or it is told to leave; then it drains. It returns when nothing it
// started is left.
func run(ctx context.Context, o options) error {
	c, err := config.LoadFile(o.file)
	if err != nil {
		return &exit{exitConfig, err}
	}
	log, level := newLog(c.Log, o)
	g, err := newGateway(c, o, log, level)
	if err != nil {
		return &exit{exitConfig, err}
	}
	adminLn, err := net.Listen("tcp", c.Listen.Admin)
	if err != nil {
		return &exit{exitListen, fmt.Errorf("listen.admin: %w", err)}
	}
	ln, err := net.Listen("tcp", c.Listen.HTTP)
	if err != nil {
		adminLn.Close()
		return &exit{exitListen, fmt.Errorf("listen.http: %w", err)}
	}
	log.Info("serving", "config", o.file, "hash", c.Hash(), "region", c.Region, "http", ln.Addr().String(),
		"admin", adminLn.Addr().String(), "state", g.statePath, "version", version().Version)
	return g.serve(ctx, o, ln, adminLn)
}

// serve runs all parts until ctx ends or o.leave says so, drains, and ends them.
func (g *gateway) serve(ctx context.Context, o options, ln, adminLn net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := version()
	api := admin.NewServer(admin.Handler(g, admin.Options{Version: b.Version, Commit: b.Commit, Edge: &g.proxy.Stats}))

	var parts group
	parts.start(cancel, func() error { return g.control(ctx) })
	parts.start(cancel, func() error { return g.proxy.Run(ctx) })
	parts.start(cancel, func() error { return g.monitor.Run(ctx, g.watch) })
	parts.start(cancel, func() error {
		w := config.Watcher{File: o.file, Hash: g.hash, Warn: func(err error) { g.log.Warn("watching the configuration", "err", err) }}
		return w.Run(ctx, o.reload, g.configs)
	})
	parts.start(cancel, func() error {
		if err := api.Serve(adminLn); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("admin: %w", err)
		}
		return nil
	})
	front := make(chan error, 1)
	go func() { front <- g.proxy.Serve(ln) }()
	g.ready.Store(true)

	var order leave
	select {
	case order = <-o.leave:
	case <-ctx.Done():
		order.fast = true
	}
	drained := g.drain(order, ln)
	<-front
	api.Close()
	cancel()
	err := parts.wait()
	g.closePools()
	if err == nil && drained != nil {
		g.log.Warn("requests were cut at the end of the drain", "err", drained)
	}
	if err != nil {
		return &exit{exitRuntime, err}
	}
	g.log.Info("ended in order")
	return nil
}

// drain turns readiness off, waits for whoever watches it, then lets requests in flight finish.
func (g *gateway) drain(order leave, ln net.Listener) error {
	g.ready.Store(false)
	d := g.live.Load().Config.Drain
	delay, limit := d.Delay.Std(), d.Timeout.Std()
	if order.fast {
		delay, limit = 0, fastDrain
	}
	g.log.Info("draining", "delay", delay, "timeout", limit, "in_flight", g.proxy.Stats.InFlight.Load())
	g.proxy.Leave()
	if delay > 0 {
		time.Sleep(delay)
	}
	ln.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return g.proxy.Drain(ctx)
}

// A group is the parts of the process: the first that fails ends all.
type group struct {
	wg   sync.WaitGroup
	once sync.Once
	err  error
}

func (g *group) start(cancel func(), part func() error) {
	g.wg.Go(func() {
		err := part()
		if err == nil || errors.Is(err, context.Canceled) {
			return
		}
		g.once.Do(func() { g.err = err })
		cancel()
	})
}

func (g *group) wait() error {
	g.wg.Wait()
	return g.err
}

// newLog makes the operational log; its level can be changed while it runs.
func newLog(c config.Log, o options) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	setLevel(level, c.Level)
	if o.quiet {
		level.Set(slog.LevelError)
	}
	var to io.Writer = os.Stderr
	text := c.Format == "text" || c.Format != "json" && term.IsTerminal(int(os.Stderr.Fd()))
	if o.log != nil {
		to, text = o.log, c.Format != "json"
	}
	handler := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	if text {
		return slog.New(slog.NewTextHandler(to, handler)), level
	}
	return slog.New(slog.NewJSONHandler(to, handler)), level
}

// readable gives durations their unit in JSON too, where they would be bare nanoseconds.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

func setLevel(v *slog.LevelVar, name string) {
	var l slog.Level
	if l.UnmarshalText([]byte(name)) == nil {
		v.Set(l)
	}
}

// seed is where chance begins; it differs from process to process.
func seed() uint64 { return rand.Uint64() }
