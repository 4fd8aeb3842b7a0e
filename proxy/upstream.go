package proxy

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tidegate/tidegate/http1"
)

// A transport makes connections to endpoints. It hands one pool to every address.
type transport struct {
	sweeper *sweeper
	idle    atomic.Int64 // how long an unused connection is kept, in nanoseconds
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)

	dialed atomic.Uint64 // connections made
}

// A pool holds the unused connections to one address, last in, first out, so that the ones not
// needed grow old and are closed. Its lock is shared by the requests to one address only.
type pool struct {
	addr      string
	transport *transport

	mu     sync.Mutex
	unused []*upstream
	closed bool
}

// pool returns a new pool for addr. It is closed by the owner of the host.
func (t *transport) pool(addr string) *pool {
	return &pool{addr: addr, transport: t}
}

// Close closes the unused connections; those in use are closed when they are given back.
func (p *pool) Close() error {
	p.mu.Lock()
	unused := p.unused
	p.unused, p.closed = nil, true
	p.mu.Unlock()
	for _, u := range unused {
		u.close()
	}
	return nil
}

// An upstream is one connection to an endpoint. It belongs to one exchange at a time.
type upstream struct {
	conn net.Conn
	pool *pool
	slot slot
	rd   watch
	wr   watch

	in   []byte // received; in[r:w] is not yet used
	r, w int
	head http1.Response

	chunks http1.Chunks

	since time.Duration // when it was last given back
	used  bool          // it has served an exchange before
	dead  bool          // it must not be used again

	raw  syscall.RawConn
	look func(fd uintptr) bool // made once, so that looking allocates nothing
	well bool                  // what look saw
	swap swap
}

// take returns the connection used last, or nil. It is looked at first: one that was closed would lose
// a request that can't be sent twice, and bytes that nobody asked for would be taken for the next answer.
// Looking costs 0.4 µs.
func (p *pool) take(now time.Duration) *upstream {
	oldest := now - time.Duration(p.transport.idle.Load())
	for {
		p.mu.Lock()
		n := len(p.unused)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		u := p.unused[n-1]
		p.unused[n-1] = nil
		p.unused = p.unused[:n-1]
		p.mu.Unlock()

		if u.since < oldest || !u.alive() {
			u.close()
			continue
		}
		return u
	}
}

// connect makes a new connection within timeout.
func (p *pool) connect(timeout time.Duration) (*upstream, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c, err := p.transport.dial(ctx, "tcp", p.addr)
	if err != nil {
		return nil, err
	}
	u := &upstream{conn: c, pool: p, in: make([]byte, smallBuffer)}
	u.rd.conn, u.wr.conn, u.wr.write = c, c, true
	if t, ok := c.(*net.TCPConn); ok {
		if raw, err := t.SyscallConn(); err == nil {
			u.raw, u.look, u.swap.step = raw, u.peek, u.stepSwap
		}
	}
	u.slot.of = u
	p.transport.sweeper.add(&u.slot)
	p.transport.dialed.Add(1)
	return u, nil
}

// give puts an unused connection back.
func (p *pool) give(u *upstream, now time.Duration) {
	if u.dead || u.r != u.w || !u.rd.disarm() || !u.wr.disarm() {
		u.close()
		return
	}
	u.r, u.w = 0, 0
	if len(u.in) > smallBuffer { // for a large head, which the next answer hardly has
		u.in = make([]byte, smallBuffer)
	}
	u.since, u.used = now, true
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		u.close()
		return
	}
	p.unused = append(p.unused, u)
	p.mu.Unlock()
}

// reap closes what has been unused for too long.
func (p *pool) reap(now time.Duration) {
	oldest := now - time.Duration(p.transport.idle.Load())
	p.mu.Lock()
	n := 0
	for n < len(p.unused) && p.unused[n].since < oldest {
		n++
	}
	old := append([]*upstream(nil), p.unused[:n]...)
	p.unused = append(p.unused[:0], p.unused[n:]...)
	p.mu.Unlock()
	for _, u := range old {
		u.close()
	}
}

// close ends the connection. A second call does nothing.
func (u *upstream) close() {
	if u.slot.of == nil {
		return
	}
	u.pool.transport.sweeper.remove(&u.slot)
	u.slot.of = nil
	u.dead = true
	u.conn.Close()
}

// sweep enforces the deadlines; the sweeper calls it.
func (u *upstream) sweep(now time.Duration) {
	u.rd.check(now)
	u.wr.check(now)
}

// alive looks whether the other side has closed or said something unasked.
func (u *upstream) alive() bool {
	if u.look == nil {
		return true
	}
	u.well = false
	if err := u.raw.Read(u.look); err != nil {
		return false
	}
	return u.well
}

// more reports whether something is there to be read.
func (u *upstream) more() bool {
	if u.raw == nil {
		return false
	}
	more := false
	u.raw.Control(func(fd uintptr) { more = !silent(fd) })
	return more
}

func (u *upstream) peek(fd uintptr) bool {
	u.well = silent(fd)
	return true
}

// fill reads more of the answer behind what is held.
func (u *upstream) fill() error {
	if u.r == u.w {
		u.r, u.w = 0, 0
	}
	if u.w == len(u.in) {
		if u.r > 0 {
			u.w = copy(u.in, u.in[u.r:u.w])
			u.r = 0
		} else {
			bigger := make([]byte, 2*len(u.in))
			copy(bigger, u.in)
			u.in = bigger
		}
	}
	n, err := u.conn.Read(u.in[u.w:])
	u.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}
