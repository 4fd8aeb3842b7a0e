package proxy

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/http1"
	"github.com/tidegate/tidegate/router"
)

// An exchange is one client request and the answer being made for it. It lives in its connection
// and is used again for the connection's next request. The strings it lends (Header, Cookie, Host,
// Path) are valid until the exchange ends: whoever keeps one clones it.
type exchange struct {
	conn   *conn
	terms  *terms
	flight Flight
	began  time.Duration
	recent time.Duration // the last reading of the clock

	req     http1.Request
	head    []byte // the request head, a slice of conn.in; valid until the body is streamed
	path    []byte // normalised, for matching
	plain   bool   // path is a slice of head: it was normal already
	host    []byte // lower case, without port
	scratch []byte // behind path where it was not
	client  netip.Addr
	hops    uint64 // how many are left, if the request counts them
	body    []byte // a small request body, whole
	whole   bool   // body holds all there is
	cloned  []byte // the head, when the input buffer is needed for the body

	up      *upstream // holds, or is waited for, a response
	outHeld *[]byte   // the pooled buffer out grows in
	out     []byte    // the request as forwarded, then the answer
	pump    *pump     // moves a large request body; nil: none
	refusal Refusal

	waiting atomic.Pointer[upstream] // set while more of its answer is awaited, for the sweeper
	since   atomic.Int64             // when that wait began
	looked  time.Duration            // when the sweeper looked last; its own
	left    atomic.Bool              // the client was found gone

	status    int  // answered; 0: nothing yet
	keep      bool // the connection may serve another request
	cut       bool // the answer was cut: the connection must be reset, not closed politely
	drained   bool // the request was read to its end
	committed bool // bytes of the answer went out
	passed    bool // the answer is an endpoint's
	running   bool // between read and finish
}

// now reads the clock. A reading costs about 40 ns, so it is read where time may have passed, and recent
// serves in between.
func (x *exchange) now() time.Duration {
	x.recent = x.conn.gateway.clock.Now()
	return x.recent
}

// read waits for a whole request head. It answers malformed ones. False: the connection ends.
func (x *exchange) read() bool {
	c := x.conn
	x.terms = c.gateway.terms.Load()
	x.reset()
	limit := x.began + x.terms.head
	if !c.rd.rearm(limit) { // the request came as its time had
		c.revive()
	}
	slow := false
	for {
		done, err := x.req.Parse(c.in[c.r:c.w], x.terms.request)
		if err != nil {
			x.malformed(asHTTP1(err))
			c.linger()
			return false
		}
		if done {
			break
		}
		if c.w == len(c.in) {
			c.grow(c.w - c.r + smallBuffer)
		}
		if err := c.fill(); err != nil {
			if timedOut(err) && c.w > c.r {
				x.malformed(&http1.Error{Status: 408, Reason: "the request head did not arrive in time"})
			}
			return false
		}
		slow = true
	}
	if !c.rd.disarm() {
		return false
	}
	if slow {
		x.began = x.now() // what the client took is not the endpoints' time
	}
	x.head = c.in[c.r : c.r+x.req.Size]
	c.r += x.req.Size
	c.served++
	x.keep = x.req.KeepAlive && c.served < maxRequests
	if err := x.locate(); err != nil {
		x.malformed(asHTTP1(err))
		c.linger()
		return false
	}
	if x.req.Secure { // and there is no TLS here
		x.malformed(errMisdirected)
		c.linger()
		return false
	}
	if x.req.Body == http1.Length && x.req.Length > x.terms.body {
		x.refuse(Refusal{Reason: router.BodyTooLarge})
		c.linger()
		return false
	}
	return true
}

var errMisdirected = &http1.Error{Status: 421, Reason: "an https target on a connection without TLS"}

func (x *exchange) reset() {
	x.began = x.now()
	x.req.Reset()
	x.body, x.whole, x.up, x.pump = nil, false, nil, nil
	x.outHeld = outBuffers.Get().(*[]byte)
	x.out = (*x.outHeld)[:0]
	x.refusal = Refusal{}
	x.status, x.cut, x.drained, x.committed, x.passed = 0, false, false, false, false
	x.left.Store(false)
	x.flight.Route = nil // the last request's is not this one's
}

// locate works out what routing looks at: the host, the path, and who the client is.
func (x *exchange) locate() error {
	x.host, _ = http1.AppendHost(x.host[:0], x.req.Authority.Of(x.head))
	path := x.req.Path.Of(x.head)
	if len(path) == 0 {
		path = slash
	}
	norm, err := http1.NormalizePath(x.scratch[:0], path)
	if err != nil {
		return err
	}
	x.path = norm
	x.plain = &norm[0] == &path[0] && x.req.Path.Len > 0
	if !x.plain && x.req.Path.Len > 0 {
		x.scratch = norm
	}
	x.client = x.findClient()
	if x.counts() {
		return x.countHops()
	}
	return nil
}

// prepare gets a small body in whole, so that the request can be sent more than once. False: it did
// not come; x.refusal says what to answer.
func (x *exchange) prepare() bool {
	c := x.conn
	if x.req.Body == http1.NoBody {
		x.whole, x.drained = true, true
		return true
	}
	if x.req.Expect && c.r == c.w {
		c.wr.arm(x.recent + x.terms.writeStall)
		if _, err := c.nc.Write(continue100); err != nil || !c.wr.disarm() {
			x.refusal = Refusal{Reason: router.ClientGone}
			return false
		}
	}
	if x.req.Body != http1.Length || x.req.Length > keptBody {
		return true
	}
	n := int(x.req.Length)
	if c.w-c.r < n && len(c.in)-c.r < n {
		x.detach()
		c.grow(n)
	}
	slow := c.w-c.r < n
	for c.w-c.r < n {
		c.rd.arm(x.now() + x.terms.stall)
		if err := c.fill(); err != nil {
			x.keep = false
			x.refusal = Refusal{Reason: router.ClientGone}
			if timedOut(err) {
				x.refusal = Refusal{Reason: router.BodyTimeout}
			}
			return false
		}
	}
	if !c.rd.disarm() {
		x.refusal = Refusal{Reason: router.BodyTimeout}
		return false
	}
	if slow {
		x.flight.Ready(x.now())
	}
	x.body = c.in[c.r : c.r+n]
	c.r += n
	x.whole, x.drained = true, true
	return true
}

// detach copies the head out of the input buffer, which is about to be used for something else.
func (x *exchange) detach() {
	x.cloned = append(x.cloned[:0], x.head...)
	x.head = x.cloned
	if x.plain {
		x.path = x.req.Path.Of(x.head)
	}
}

// finish ends the exchange's hold on everything.
func (x *exchange) finish() {
	if x.pump != nil {
		x.pump.join()
	}
	if x.up != nil {
		x.dropHeld()
	}
	x.releaseOut()
	if cap(x.cloned) > smallBuffer {
		x.cloned = nil
	}
	if !x.drained {
		x.keep = false
	}
	if x.passed {
		x.flight.Route.Stats.Answer(x.status, x.recent-x.began)
	}
}

// releaseOut gives the output buffer back, grown as it is.
func (x *exchange) releaseOut() {
	if x.outHeld == nil {
		return
	}
	if cap(x.out) <= maxPooled {
		*x.outHeld = x.out
		outBuffers.Put(x.outHeld)
	}
	x.out, x.outHeld = nil, nil
}

// abort releases what the exchange holds after a panic.
func (x *exchange) abort() {
	if x.pump != nil {
		x.conn.nc.Close()
		x.pump.join()
	}
	if x.up != nil {
		x.up.close()
		x.up = nil
	}
	x.flight.End(balancer.Abandoned, x.now())
	if !x.committed {
		x.keep = false
		x.answer(Refusal{Reason: router.Internal})
	}
}

// refuse answers in the gateway's own name, unless the client is gone.
func (x *exchange) refuse(r Refusal) {
	if p := x.pump; p != nil && r.Reason == router.ClientGone && p.clientFailed() {
		r = p.fault
	}
	x.count(r.Reason)
	if r.Reason == router.ClientGone {
		x.status, x.keep, x.cut = 499, false, true
		return
	}
	x.settleUnread()
	x.answer(r)
}

// settleUnread says what becomes of the connection if no more of the request is read.
func (x *exchange) settleUnread() {
	if x.req.Body == http1.NoBody {
		x.drained = true
	}
	if !x.drained {
		x.keep = false
	}
}

func (x *exchange) count(r router.Reason) {
	if route := x.flight.Route; route != nil {
		route.Stats.Refuse(r)
		return
	}
	if t := x.conn.gateway.live.Load(); t != nil {
		t.Unrouted.Refuse(r)
	}
}

// answer writes a refusal.
func (x *exchange) answer(r Refusal) {
	if x.conn.gateway.leaving.Load() {
		x.keep = false
	}
	x.status = r.status()
	x.out = r.append(x.out[:0], x.isHead(), !x.keep, x.req.Minor == 0)
	x.writeOwn()
}

// answerOptions says what this gateway can do, to whoever asked it and not an endpoint.
func (x *exchange) answerOptions() {
	x.settleUnread()
	if x.conn.gateway.leaving.Load() {
		x.keep = false
	}
	x.status = 200
	x.out = append(x.out[:0], "HTTP/1.1 200 OK\r\nAllow: "+allowed+"\r\nContent-Length: 0\r\n"...)
	x.out = x.appendDate(x.out)
	x.out = x.appendEnd(x.out)
	x.writeOwn()
}

// writeOwn writes an answer in the gateway's own name, which is in x.out.
func (x *exchange) writeOwn() {
	x.now()
	if x.writeClient(x.out) != nil {
		x.keep, x.cut = false, true
	}
}

// writeClient writes b to the client, whole, or fails when the client takes nothing for too long
// from the last reading of the clock on.
func (x *exchange) writeClient(b []byte) error {
	c := x.conn
	c.wr.arm(x.recent + x.terms.writeStall)
	x.committed = true
	_, err := c.nc.Write(b)
	if !c.wr.disarm() && err == nil {
		err = errStalled
	}
	return err
}

var errStalled = errors.New("stalled")

var continue100 = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// lookAfter ends the wait for an endpoint's answer, or for more of it, when the client has gone: nobody is left to
// give it to, and the endpoint should be told. The sweeper calls it.
func (x *exchange) lookAfter(now time.Duration) {
	up := x.waiting.Load()
	if up == nil || x.conn.raw == nil {
		return
	}
	due := up.rd.due.Load()
	if now-max(time.Duration(x.since.Load()), x.looked) < peekAfter {
		return
	}
	x.looked = now
	left := false
	err := x.conn.raw.Control(func(fd uintptr) { left = gone(fd) })
	if err != nil { // Drain has closed it
		left = true
	}
	if left && x.waiting.Load() == up {
		x.left.Store(true)
		up.rd.fireIf(due)
	}
}

// The request as routing and affinity see it.

func (x *exchange) Method() string         { return lend(x.req.Method.Of(x.head)) }
func (x *exchange) Host() string           { return lend(x.host) }
func (x *exchange) Path() string           { return lend(x.path) }
func (x *exchange) ClientIP() netip.Addr   { return x.client }
func (x *exchange) Header(n string) string { return lend(x.req.Lookup(x.head, n)) }
func (x *exchange) Cookie(n string) string { return lend(x.req.Cookie(x.head, n)) }

// Replayable reports whether the request may be sent again although it may have been received.
func (x *exchange) Replayable() bool {
	small := x.req.Body == http1.NoBody || x.req.Body == http1.Length && x.req.Length <= keptBody
	return small && x.req.Idempotent()
}

// Untouched reports whether the body is still at hand.
func (x *exchange) Untouched() bool { return x.pump == nil }

// holding reports whether a response head is held that was not passed on.
func (x *exchange) holding() bool { return x.up != nil }

// lend returns b as a string without copying it. It is valid as long as b is.
func lend(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func asHTTP1(err error) *http1.Error {
	if e, ok := err.(*http1.Error); ok {
		return e
	}
	return &http1.Error{Status: 400, Reason: "malformed request"}
}
