package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/http1"
	"github.com/tidegate/tidegate/router"
)

// Stats counts what happens to connections. Safe for concurrent use.
type Stats struct {
	Accepted  atomic.Uint64 // connections
	Rejected  atomic.Uint64 // connections over the limit
	Open      atomic.Int64  // connections
	InFlight  atomic.Int64  // exchanges
	Malformed atomic.Uint64 // requests refused by the codec
	Panics    atomic.Uint64 // contained
}

// A Gateway serves clients by the table in force. Safe for concurrent use.
type Gateway struct {
	Stats     Stats
	transport *transport

	live    *atomic.Pointer[router.Table]
	clock   Clock
	log     *slog.Logger
	sweeper *sweeper
	seed    atomic.Uint64
	date    atomic.Pointer[[]byte]
	terms   atomic.Pointer[terms]
	leaving atomic.Bool // drain: every answer is the connection's last

	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool           // no connection is taken on any more
	wait   sync.WaitGroup // connections
}

// terms are the parts of a configuration that hold for every connection, made ready.
type terms struct {
	head, idle, stall, upstreamStall, writeStall time.Duration

	request     http1.Limits
	body        int64
	connections int64
	trusted     []netip.Prefix
	expose      bool
}

// responseLimits bound the head of an endpoint's answer.
var responseLimits = http1.Limits{Line: 8 << 10, Fields: 64 << 10, Count: 200}

// New returns a gateway that serves by what live holds. Nothing is started.
func New(live *atomic.Pointer[router.Table], clock Clock, seed uint64, log *slog.Logger) *Gateway {
	g := &Gateway{live: live, clock: clock, log: log, conns: map[*conn]struct{}{}}
	g.seed.Store(seed)
	g.sweeper = &sweeper{clock: clock}
	dialer := &net.Dialer{KeepAlive: 15 * time.Second}
	g.transport = &transport{sweeper: g.sweeper, dial: dialer.DialContext}
	g.setDate()
	return g
}

// Dial makes the pool for one address. It fits router.Dial.
func (g *Gateway) Dial(addr string) balancer.Upstream { return g.transport.pool(addr) }

// Configure puts the limits of c in force, for requests that begin from now on.
func (g *Gateway) Configure(c *config.Config) {
	l := c.Limits
	g.transport.idle.Store(int64(l.UpstreamIdle))
	g.terms.Store(&terms{
		head: l.Head.Std(), idle: l.Idle.Std(), stall: l.Stall.Std(),
		upstreamStall: l.UpstreamStall.Std(), writeStall: l.WriteStall.Std(),
		request:     http1.Limits{Line: int(l.Line), Fields: int(l.Fields), Count: l.FieldCount},
		body:        int64(l.Body),
		connections: int64(l.Connections),
		trusted:     prefixes(c.TrustedProxies),
		expose:      c.Expose,
	})
}

func prefixes(from []config.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, len(from))
	for i, p := range from {
		out[i] = p.Prefix
	}
	return out
}

// Run keeps the deadlines of all connections until ctx ends. Serve needs it.
func (g *Gateway) Run(ctx context.Context) error {
	g.sweeper.run(ctx, func(now time.Duration) {
		g.setDate()
		if t := g.live.Load(); t != nil {
			for _, h := range t.Hosts() {
				h.Upstream.(*pool).reap(now)
			}
		}
	})
	return nil
}

func (g *Gateway) setDate() {
	b := time.Now().UTC().AppendFormat(nil, "Mon, 02 Jan 2006 15:04:05 GMT")
	g.date.Store(&b)
}

// Serve accepts connections from ln until it is closed. It returns nil then.
func (g *Gateway) Serve(ln net.Listener) error {
	pause := time.Duration(0)
	for {
		c, err := ln.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			// Out of descriptors, most likely: wait for some to come free rather than spin.
			pause = min(max(2*pause, 5*time.Millisecond), 500*time.Millisecond)
			g.log.Warn("accept", "err", err, "retry_in", pause)
			time.Sleep(pause)
			continue
		}
		pause = 0
		g.Stats.Accepted.Add(1)
		if g.Stats.Open.Load() >= g.terms.Load().connections {
			g.Stats.Rejected.Add(1)
			c.Close()
			continue
		}
		g.start(c)
	}
}

// start serves one connection in a goroutine of its own.
func (g *Gateway) start(nc net.Conn) {
	c := newConn(g, nc)
	g.mu.Lock()
	if g.closed { // accepted as Drain began
		g.mu.Unlock()
		nc.Close()
		return
	}
	g.conns[c] = struct{}{}
	g.wait.Add(1)
	g.mu.Unlock()
	g.Stats.Open.Add(1)
	g.sweeper.add(&c.slot)
	go func() {
		defer func() {
			g.sweeper.remove(&c.slot)
			c.nc.Close()
			g.mu.Lock()
			delete(g.conns, c)
			g.mu.Unlock()
			g.Stats.Open.Add(-1)
			g.wait.Done()
		}()
		c.serve()
	}()
}

// Leave makes every answer from now on the last on its connection, so that clients go elsewhere.
func (g *Gateway) Leave() { g.leaving.Store(true) }

// Drain answers what is in flight and closes everything. Idle connections are closed at once; an
// answer under way is the connection's last. It returns when all are gone, or with ctx's error
// after it has cut those that remained. The listeners must be closed before.
func (g *Gateway) Drain(ctx context.Context) error {
	g.leaving.Store(true)
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.each(func(c *conn) { c.closeIfIdle() })
	done := make(chan struct{})
	go func() {
		g.wait.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		g.each(func(c *conn) { c.nc.Close() })
		<-done
		return ctx.Err()
	}
}

func (g *Gateway) each(do func(*conn)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		do(c)
	}
}
