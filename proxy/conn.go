package proxy

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tidegate/tidegate/http1"
	"github.com/tidegate/tidegate/router"
)

const (
	smallBuffer = 4 << 10  // what a connection starts with
	bodyBuffer  = 32 << 10 // what moves bodies
	keptBody    = 16 << 10 // request bodies up to this size are held, to be sent again if need be
	maxRequests = 10_000   // on one connection
	lingerBytes = 64 << 10 // read and thrown away before a connection with unread input is closed
	lingerTime  = time.Second
)

var smallBuffers = sync.Pool{New: func() any { b := make([]byte, smallBuffer); return &b }}

// outBuffers hold what is written; they are kept as they have grown, up to maxPooled.
var outBuffers = sync.Pool{New: func() any { b := make([]byte, 0, smallBuffer); return &b }}

const maxPooled = 128 << 10

var bodyBuffers = sync.Pool{New: func() any { b := make([]byte, bodyBuffer); return &b }}

// The states of a connection, for Drain: an idle one may be closed under its reader.
const (
	idle int32 = iota
	busy
	closing
)

// A conn is one client's connection. One goroutine serves it; the sweeper looks at its deadlines.
type conn struct {
	gateway *Gateway
	nc      net.Conn
	raw     syscall.RawConn // nil: not a socket
	peer    netip.Addr
	slot    slot
	rd, wr  watch
	state   atomic.Int32
	random  uint64

	in   []byte // received; in[r:w] is not yet used
	r, w int
	held *[]byte // in came from a pool

	served int
	x      exchange
}

func newConn(g *Gateway, nc net.Conn) *conn {
	c := &conn{gateway: g, nc: nc, random: g.seed.Add(0x9e3779b97f4a7c15)}
	if s, ok := nc.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn()
	}
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		c.peer = a.AddrPort().Addr().Unmap()
	}
	c.rd.conn, c.wr.conn, c.wr.write = nc, nc, true
	c.slot.of = c
	c.x.conn = c
	return c
}

// draw returns fresh chance: SplitMix64 (Steele, Lea, Flood, 2014).
func (c *conn) draw() uint64 {
	c.random += 0x9e3779b97f4a7c15
	z := c.random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// serve answers requests one after the other until the connection ends.
func (c *conn) serve() {
	defer c.release()
	defer c.contain() // first: what still runs may use the buffer
	for c.await() {
		x := &c.x
		if !x.read() {
			x.releaseOut()
			return
		}
		x.running = true
		c.gateway.Stats.InFlight.Add(1)
		c.gateway.serve(x)
		x.finish()
		c.gateway.Stats.InFlight.Add(-1)
		x.running = false
		if !x.keep {
			c.linger()
			return
		}
	}
}

// await waits for the first byte of the next request. False: there is none.
func (c *conn) await() bool {
	t := c.gateway.terms.Load()
	if c.r == c.w {
		if c.held == nil {
			c.release()
			c.acquire()
		}
		c.r, c.w = 0, 0
		if !c.state.CompareAndSwap(busy, idle) && c.state.Load() == closing {
			return false
		}
		if c.gateway.leaving.Load() && c.served > 0 && !c.unread() {
			return false
		}
		wait, now := t.idle, c.x.recent
		if c.served == 0 {
			wait, now = t.head, c.gateway.clock.Now()
		}
		c.rd.arm(now + wait)
		err := c.fill()
		if !c.state.CompareAndSwap(idle, busy) {
			c.reopen()
			if err != nil && c.unread() {
				err = c.fill()
			}
		}
		return err == nil
	}
	return true
}

// reopen takes back closeIfIdle: a request may have come first. It is the connection's last.
func (c *conn) reopen() {
	c.gateway.mu.Lock() // Drain holds it while it sets the deadline that this takes back
	c.nc.SetReadDeadline(time.Time{})
	c.gateway.mu.Unlock()
	c.state.Store(busy)
}

// revive takes back an interruption by the sweeper.
func (c *conn) revive() {
	c.gateway.sweeper.settle(&c.slot)
	c.nc.SetReadDeadline(time.Time{})
}

// fill reads more behind what is held.
func (c *conn) fill() error {
	if c.w == len(c.in) {
		return errFull
	}
	n, err := c.nc.Read(c.in[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

var errFull = errors.New("buffer full")

// grow makes room for at least n bytes from the first unused one on.
func (c *conn) grow(n int) {
	if len(c.in)-c.r >= n {
		return
	}
	if len(c.in) >= n {
		c.w = copy(c.in, c.in[c.r:c.w])
		c.r = 0
		return
	}
	bigger := make([]byte, max(n, 2*len(c.in)))
	c.w = copy(bigger, c.in[c.r:c.w])
	c.r = 0
	if c.held != nil {
		smallBuffers.Put(c.held)
		c.held = nil
	}
	c.in = bigger
}

// acquire takes an input buffer, release gives it back when it holds nothing.
func (c *conn) acquire() {
	if c.in != nil {
		return
	}
	c.held = smallBuffers.Get().(*[]byte)
	c.in, c.r, c.w = *c.held, 0, 0
}

func (c *conn) release() {
	if c.held != nil {
		smallBuffers.Put(c.held)
	}
	c.held, c.in, c.r, c.w = nil, nil, 0, 0
}

// closeIfIdle closes a connection that waits for a request; Drain calls it.
func (c *conn) closeIfIdle() {
	if c.state.CompareAndSwap(idle, closing) {
		c.nc.SetReadDeadline(time.Unix(1, 0))
	}
}

// linger lets the client read the answer before the connection is closed: closing with unread
// input makes the kernel reset it, and the client may lose what it was sent (RFC 9112 §9.6).
func (c *conn) linger() {
	if c.x.cut {
		return
	}
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.x.drained && c.r == c.w && !c.unread() {
		return
	}
	c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	bp := bodyBuffers.Get().(*[]byte)
	defer bodyBuffers.Put(bp)
	for left := lingerBytes; left > 0; {
		n, err := c.nc.Read(*bp)
		if err != nil {
			return
		}
		left -= n
	}
}

// unread reports whether the kernel holds more from the client.
func (c *conn) unread() bool {
	if c.raw == nil {
		return false
	}
	more := false
	c.raw.Control(func(fd uintptr) { more = !silent(fd) && !gone(fd) })
	return more
}

// sweep enforces the deadlines and looks after clients that wait; the sweeper calls it.
func (c *conn) sweep(now time.Duration) {
	c.rd.check(now)
	c.wr.check(now)
	c.x.lookAfter(now)
}

// contain keeps a panic from taking other connections along.
func (c *conn) contain() {
	fault := recover()
	if fault == nil {
		return
	}
	g := c.gateway
	g.Stats.Panics.Add(1)
	g.log.Error("panic while serving a request; its connection is closed", "fault", fault, "stack", string(debug.Stack()))
	if c.x.running {
		g.Stats.InFlight.Add(-1)
		c.x.abort()
	}
}

// endByReset makes a close, by whomever, a reset, which no client takes for the end of an answer. It is
// in force while an answer goes out whose end is told by the close.
func (c *conn) endByReset(on bool) {
	t, ok := c.nc.(interface{ SetLinger(sec int) error })
	if !ok {
		return
	}
	if on {
		t.SetLinger(0)
		return
	}
	t.SetLinger(-1)
}

// timedOut reports whether err came from a watch.
func timedOut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// malformed answers a request head that can't be served, and counts it.
func (x *exchange) malformed(e *http1.Error) {
	x.conn.gateway.Stats.Malformed.Add(1)
	x.keep = false
	x.count(router.BadRequest)
	x.answer(Refusal{Reason: router.BadRequest, Status: e.Status, Text: e.Reason})
}
