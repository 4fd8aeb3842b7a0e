package proxy

import (
	"io"
	"runtime/debug"
	"time"

	"github.com/tidegate/tidegate/http1"
	"github.com/tidegate/tidegate/router"
)

// settleTime is how long an answer that seems to come before the request's end waits for that end:
// the endpoint may have answered faster than our own goroutine could say that all was sent.
const settleTime = 10 * time.Millisecond

// A pump moves a large or chunked request body to the endpoint while the response is awaited, in
// a goroutine of its own that is joined before the exchange ends.
type pump struct {
	x    *exchange
	u    *upstream
	hold time.Duration // what u.rd is armed with while the endpoint has not got the whole request
	done chan struct{}

	// Valid once done is closed.
	whole bool    // the body was sent to its end
	fault Refusal // what went wrong on the client's side; ClientGone unless it can be answered
	cut   bool    // the client's side went wrong
}

// startPump begins to move the body. From here on the request can't be sent again.
func startPump(x *exchange, u *upstream) *pump {
	x.detach()
	p := &pump{x: x, u: u, hold: x.recent + never, done: make(chan struct{}), fault: Refusal{Reason: router.ClientGone}}
	u.rd.arm(p.hold)
	go p.run()
	return p
}

// never is so far away that it does not come.
const never = 10_000 * time.Hour

func (p *pump) run() {
	defer close(p.done)
	defer func() {
		if fault := recover(); fault != nil {
			g := p.x.conn.gateway
			g.Stats.Panics.Add(1)
			g.log.Error("panic while sending a request body", "fault", fault, "stack", string(debug.Stack()))
			p.fail(Refusal{Reason: router.Internal})
		}
	}()
	if p.x.req.Body == http1.Length {
		p.moveLength(p.x.req.Length)
	} else {
		p.moveChunks()
	}
	// Now the endpoint's time for the answer begins, if that is not here already.
	p.u.rd.move(p.hold, p.now()+p.x.flight.Route.Try)
}

// moveLength moves n bytes.
func (p *pump) moveLength(n int64) {
	c := p.x.conn
	bp := bodyBuffers.Get().(*[]byte)
	defer bodyBuffers.Put(bp)
	held := c.in[c.r:c.w]
	if int64(len(held)) > n {
		held = held[:n]
	}
	c.r += len(held)
	n -= int64(len(held))
	if !p.write(held) {
		return
	}
	for n > 0 {
		b := *bp
		if int64(len(b)) > n {
			b = b[:n]
		}
		k, ok := p.read(b)
		if !ok || !p.write(b[:k]) {
			return
		}
		n -= int64(k)
	}
	p.whole = true
}

// moveChunks moves a chunked body, piece by piece as it comes, in chunks of our own making. Its
// trailers end here: nobody asked for them.
func (p *pump) moveChunks() {
	c := p.x.conn
	var chunks http1.Chunks
	var total int64
	var out []byte
	for {
		out = out[:0]
		done := false
		for c.r < c.w && !done {
			n, data, ended, err := chunks.Next(c.in[c.r:c.w])
			if err != nil {
				e := asHTTP1(err)
				p.fail(Refusal{Reason: router.BadRequest, Status: e.Status, Text: e.Reason})
				return
			}
			c.r += n
			total += int64(len(data))
			out = appendPiece(out, data, http1.Chunked)
			done = ended
		}
		if total > p.x.terms.body {
			p.fail(Refusal{Reason: router.BodyTooLarge})
			return
		}
		if done {
			out = append(out, http1.LastChunk...)
		}
		if !p.write(out) {
			return
		}
		if done {
			p.whole = true
			return
		}
		c.r, c.w = 0, 0
		c.grow(bodyBuffer)
		n, ok := p.read(c.in)
		if !ok {
			return
		}
		c.w = n
	}
}

// now reads the clock without touching the exchange's last reading, which is the other goroutine's.
func (p *pump) now() time.Duration { return p.x.conn.gateway.clock.Now() }

// read takes more of the body from the client.
func (p *pump) read(b []byte) (int, bool) {
	c := p.x.conn
	c.rd.arm(p.now() + p.x.terms.stall)
	n, err := c.nc.Read(b)
	if !c.rd.disarm() {
		err = errStalled
	}
	if n > 0 {
		return n, true
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	if err == errStalled {
		p.fail(Refusal{Reason: router.BodyTimeout})
		return 0, false
	}
	p.fail(Refusal{Reason: router.ClientGone})
	return 0, false
}

// write passes b on. If the endpoint takes no more, its answer, which may be on the way, decides.
func (p *pump) write(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	p.u.wr.arm(p.now() + p.x.terms.upstreamStall)
	_, err := p.u.conn.Write(b)
	if !p.u.wr.disarm() {
		p.u.rd.move(p.hold, p.now()) // it had its time
		return false
	}
	return err == nil
}

// fail cuts the upload, so that the endpoint can tell that it is not whole, and wakes whoever waits
// for its answer.
func (p *pump) fail(r Refusal) {
	p.cut, p.fault = true, r
	p.u.conn.Close()
}

// settle reports whether the body was sent to its end, now or in a moment.
func (p *pump) settle() bool {
	select {
	case <-p.done:
		return p.whole
	default:
	}
	t := time.NewTimer(settleTime)
	defer t.Stop()
	select {
	case <-p.done:
		return p.whole
	case <-t.C:
		return false
	}
}

// clientFailed reports whether the upload ended because of the client. It waits a moment for a pump
// that is about to say so.
func (p *pump) clientFailed() bool {
	p.settle()
	select {
	case <-p.done:
		return p.cut
	default:
		return false
	}
}

// join ends the pump.
func (p *pump) join() {
	select {
	case <-p.done:
		return
	default:
	}
	p.u.conn.Close()
	p.x.conn.nc.SetReadDeadline(time.Unix(1, 0))
	<-p.done
}
