package proxy

import (
	"errors"
	"os"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/http1"
)

// maxInterim bounds the 1xx answers before the real one.
const maxInterim = 10

var (
	errInterim = errors.New("too many interim responses")
	errUnasked = errors.New("an upgrade nobody asked for")
)

// send makes one attempt at e and returns when a response head is held, or why there is none. The
// head must be there by deadline; a new connection within connect.
func (x *exchange) send(e *balancer.Endpoint, connect, deadline time.Duration) Result {
	if x.up != nil {
		x.dropHeld()
	}
	p := e.Host.Upstream.(*pool)
	fresh := false
	for {
		u, err := x.connection(p, fresh, connect, deadline)
		if err != nil {
			return Result{Outcome: balancer.ConnectFailed}
		}
		if e.Barred() { // ordered away while the connection was made
			p.give(u, x.recent)
			return Result{Outcome: balancer.Unsent}
		}
		result, err := x.ask(u, deadline)
		if err == nil {
			return result
		}
		stale := u.used && u.w == 0 && !timedOut(err) && !x.left.Load()
		u.close()
		x.up = nil
		if stale && x.Replayable() && !fresh {
			fresh = true // it closed a kept connection as we wrote: no fault of anybody's
			continue
		}
		return Result{Outcome: x.blame(err)}
	}
}

// connection takes a kept connection or makes a new one.
func (x *exchange) connection(p *pool, fresh bool, connect, deadline time.Duration) (*upstream, error) {
	if !fresh {
		if u := p.take(x.recent); u != nil {
			return u, nil
		}
	}
	timeout := min(connect, deadline-x.now())
	if timeout <= 0 {
		return nil, os.ErrDeadlineExceeded
	}
	u, err := p.connect(timeout)
	x.now()
	return u, err
}

// ask sends the request on u and waits for a response head.
func (x *exchange) ask(u *upstream, deadline time.Duration) (Result, error) {
	x.up = u
	if len(x.out) == 0 || x.req.Authority.Len == 0 { // without one, Host is the endpoint's
		x.forward()
	}
	u.rd.arm(deadline)
	u.wr.arm(deadline)
	x.since.Store(int64(x.recent))
	x.waiting.Store(u)
	err := x.give(u)
	if err == nil {
		err = x.awaitHead(u)
	}
	x.waiting.Store(nil)
	if err != nil {
		return Result{}, err
	}
	if x.pump == nil && !u.wr.disarm() || !u.rd.disarm() { // a pump has its own use for u.wr
		return Result{}, os.ErrDeadlineExceeded
	}
	h := &u.head
	return Result{Status: h.Status, RetryAfter: h.RetryAfter, Outcome: outcomeOf(h.Status, h.RetryAfter)}, nil
}

// give sends what is at hand of the request: all of it, or the head, whose body a pump then moves.
func (x *exchange) give(u *upstream) error {
	if x.whole {
		return u.exchange(x.out)
	}
	if _, err := u.conn.Write(x.out); err != nil {
		return err
	}
	if !u.wr.disarm() {
		return os.ErrDeadlineExceeded
	}
	x.pump = startPump(x, u) // which sees to the deadlines
	return nil
}

// awaitHead reads until a final response head is there, passing interim ones on.
func (x *exchange) awaitHead(u *upstream) error {
	interim := 0
	u.head.Reset()
	for {
		done, err := u.head.Parse(u.in[u.r:u.w], responseLimits, x.isHead())
		if err != nil {
			return err
		}
		if !done {
			if err := u.fill(); err != nil {
				return err
			}
			continue
		}
		if !u.head.Informational {
			return nil
		}
		if interim++; interim > maxInterim {
			return errInterim
		}
		if u.head.Status == 101 {
			return errUnasked
		}
		u.used = false // it answers, so it was not closed while it was kept
		if err := x.passInterim(u); err != nil {
			return errGone
		}
		u.r += u.head.Size
		u.head.Reset()
	}
}

// errGone: the client can't be written to.
var errGone = errors.New("client gone")

// passInterim passes a 1xx answer on, but no 100 Continue to a client that waits for ours, and none to a
// client of HTTP/1.0, which does not know them (RFC 9110 §15.2).
func (x *exchange) passInterim(u *upstream) error {
	if u.head.Status == 100 && x.req.Expect || x.req.Minor == 0 {
		return nil
	}
	b := u.in[u.r:]
	line := appendStatus(nil, u.head.Status, u.head.Reason.Of(b))
	line = http1.AppendFields(line, b, u.head.Fields, 0)
	x.now()
	return x.writeClient(append(line, "\r\n"...))
}

// blame says whose fault it is that no response head came.
func (x *exchange) blame(err error) balancer.Outcome {
	var malformed *http1.Error
	switch {
	case x.left.Load(), errors.Is(err, errGone):
		return balancer.Abandoned
	case x.pump != nil && x.pump.clientFailed():
		return balancer.Abandoned
	case timedOut(err):
		return balancer.TimedOut
	case errors.As(err, &malformed), errors.Is(err, errInterim), errors.Is(err, errUnasked):
		return balancer.BadResponse
	}
	return balancer.Reset
}

// outcomeOf says what to think of an endpoint that answered with status. One that says when to come
// again is not broken but busy, and 501 and 505 are what any client can ask for.
func outcomeOf(status int, retryAfter bool) balancer.Outcome {
	switch {
	case status == 429, status == 503 && retryAfter:
		return balancer.Overloaded
	case status == 501, status == 505:
		return balancer.Answered
	case status >= 500:
		return balancer.ErrorStatus
	}
	return balancer.Answered
}

func (x *exchange) isHead() bool { return x.req.Verb == http1.MethodHead }

// dropHeld gives up a held response. Its connection is kept if the rest is there already.
func (x *exchange) dropHeld() {
	u := x.up
	x.up = nil
	h := &u.head
	rest := int64(u.w - u.r - h.Size)
	there := h.Body == http1.NoBody && rest == 0 || h.Body == http1.Length && rest == h.Length
	if !there || !h.KeepAlive || x.pump != nil {
		u.close()
		return
	}
	u.r = u.w
	u.pool.give(u, x.recent)
}
