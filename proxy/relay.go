package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/http1"
	"github.com/tidegate/tidegate/router"
)

// spliceFrom is the body size from which the kernel moves the bytes: below, setting up the pipe
// costs more than copying.
const spliceFrom = 256 << 10

// spliceStep is how much the kernel moves between two looks at the deadlines.
const spliceStep = 128 << 10

// commit passes the held response to the client, to its last byte, and says how that ended.
func (x *exchange) commit() balancer.Outcome {
	u := x.up
	h := &u.head
	x.status, x.passed = h.Status, true
	early := false // the answer came before the request's end
	if x.pump != nil {
		early = !x.pump.settle()
		x.drained = !early
	}
	if early {
		x.keep = false
	}
	if x.conn.gateway.leaving.Load() {
		x.keep = false
	}
	framing := h.Body
	if framing == http1.UntilClose {
		framing = http1.Chunked // the client is told where it ends
	}
	if framing == http1.Chunked && x.req.Minor == 0 {
		framing = http1.UntilClose
		x.keep = false
	}

	x.out = x.appendAnswer(x.out[:0], u, framing)
	body := u.in[u.r+h.Size : u.w]
	u.r += h.Size
	var err error
	if framing == http1.UntilClose {
		x.conn.endByReset(true) // until it has ended: a plain close would look like the end
	}
	switch {
	case h.Body == http1.NoBody:
		err = x.writeClient(x.out)
	case h.Body == http1.Length && int64(len(body)) >= h.Length:
		x.out = append(x.out, body[:h.Length]...)
		u.r += int(h.Length)
		err = x.writeClient(x.out)
	case h.Body == http1.Length:
		err = x.relayLength(u, h.Length)
	default:
		err = x.relayStream(u, framing)
	}
	if err != nil && !x.committed {
		return x.takeBack(u, framing)
	}
	x.settle(u, err, early)
	if err == nil && framing == http1.UntilClose {
		x.conn.endByReset(false)
	}
	return x.ending(err)
}

// takeBack refuses an answer whose body proved malformed before any of it was passed on.
func (x *exchange) takeBack(u *upstream, framing http1.Framing) balancer.Outcome {
	u.close()
	x.up, x.passed = nil, false
	if framing == http1.UntilClose {
		x.conn.endByReset(false)
	}
	x.refuse(Refusal{Reason: router.BadResponse})
	return balancer.Truncated
}

// settle decides what becomes of both connections after the response.
func (x *exchange) settle(u *upstream, err error, early bool) {
	x.up = nil
	x.now()
	if err != nil {
		x.keep, x.cut = false, true
		u.close()
		return
	}
	if early || !u.head.KeepAlive || u.head.Body == http1.UntilClose {
		u.close()
		return
	}
	u.pool.give(u, x.recent)
}

// ending says what to think of the endpoint after the body.
func (x *exchange) ending(err error) balancer.Outcome {
	switch {
	case err == nil:
		return balancer.Answered
	case x.left.Load(), x.pump != nil && x.pump.clientFailed():
		return balancer.Abandoned
	case errors.As(err, new(upstreamError)):
		return balancer.Truncated
	}
	return balancer.Abandoned
}

// An upstreamError is a fault of the endpoint's side while its body was passed on.
type upstreamError struct{ error }

// appendAnswer renders the response head: the endpoint's fields in their order and spelling, less
// those that end at a hop, then framing and connection, which are ours.
func (x *exchange) appendAnswer(out []byte, u *upstream, framing http1.Framing) []byte {
	h := &u.head
	b := u.in[u.r:u.w]
	out = appendStatus(out, h.Status, h.Reason.Of(b))
	drop := http1.NameSet(0)
	if x.terms.expose {
		drop = served
	}
	out = http1.AppendFields(out, b, h.Fields, drop)
	if h.Find(http1.NameDate) < 0 {
		out = x.appendDate(out)
	}
	if x.terms.expose {
		e := x.flight.Endpoint()
		out = append(out, "X-Served-Region: "...)
		out = append(out, e.RegionName...)
		out = append(out, "\r\nX-Served-By: "...)
		out = append(out, e.Addr()...)
		out = append(out, "\r\n"...)
	}
	switch {
	case framing == http1.Length, framing == http1.NoBody && h.HasLength:
		out = http1.AppendLength(out, h.Length)
	case framing == http1.Chunked:
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	}
	return x.appendEnd(out)
}

func (x *exchange) appendDate(out []byte) []byte {
	out = append(out, "Date: "...)
	out = append(out, *x.conn.gateway.date.Load()...)
	return append(out, "\r\n"...)
}

// appendEnd ends the head of an answer with what it says about the connection.
func (x *exchange) appendEnd(out []byte) []byte {
	switch {
	case !x.keep:
		out = append(out, "Connection: close\r\n"...)
	case x.req.Minor == 0:
		out = append(out, "Connection: keep-alive\r\n"...)
	}
	return append(out, "\r\n"...)
}

func appendStatus(out []byte, status int, reason []byte) []byte {
	out = append(out, "HTTP/1.1 "...)
	out = strconv.AppendInt(out, int64(status), 10)
	out = append(out, ' ')
	out = append(out, reason...)
	return append(out, "\r\n"...)
}

// relayLength passes on the head in x.out and a body of n bytes, some of which may be held.
func (x *exchange) relayLength(u *upstream, n int64) error {
	held := u.in[u.r:u.w]
	u.r = u.w
	n -= int64(len(held))
	x.out = append(x.out, held...)
	if err := x.writeClient(x.out); err != nil {
		return err
	}
	if n >= spliceFrom {
		src, ok := u.conn.(*net.TCPConn)
		dst, ok2 := x.conn.nc.(*net.TCPConn)
		if ok && ok2 {
			return x.splice(dst, src, u, n)
		}
	}
	bp := bodyBuffers.Get().(*[]byte)
	defer bodyBuffers.Put(bp)
	for n > 0 {
		k, err := x.readAnswer(u, *bp)
		if int64(k) > n {
			k, u.dead = int(n), true // it said more than it announced
		}
		if k > 0 {
			n -= int64(k)
			if err := x.writeClient((*bp)[:k]); err != nil {
				return err
			}
			continue
		}
		return upstreamError{err}
	}
	return nil
}

// readAnswer reads more of the answer within the time for that. The client is looked after meanwhile.
func (x *exchange) readAnswer(u *upstream, b []byte) (int, error) {
	u.rd.arm(x.now() + x.terms.upstreamStall)
	x.since.Store(int64(x.recent))
	x.waiting.Store(u)
	n, err := u.conn.Read(b)
	x.waiting.Store(nil)
	x.now()
	if !u.rd.disarm() { // or it would come while the client is written to
		return 0, os.ErrDeadlineExceeded
	}
	if n == 0 && err == nil {
		err = io.ErrNoProgress
	}
	return n, err
}

// splice lets the kernel move n bytes (splice(2), through ReadFrom).
func (x *exchange) splice(dst, src *net.TCPConn, u *upstream, n int64) error {
	limited := io.LimitedReader{R: src}
	for n > 0 {
		step := min(n, spliceStep)
		limited.N = step
		now := x.now()
		u.rd.arm(now + x.terms.upstreamStall)
		x.conn.wr.arm(now + x.terms.writeStall + x.terms.upstreamStall)
		k, err := dst.ReadFrom(&limited)
		n -= k
		if err != nil {
			return x.spliceFault(u, err)
		}
		if k < step {
			return upstreamError{io.ErrUnexpectedEOF}
		}
	}
	if !x.conn.wr.disarm() {
		return errStalled
	}
	if !u.rd.disarm() || u.more() { // the answer is whole, the connection of no more use
		u.dead = true
	}
	return nil
}

// spliceFault says which side a failed splice failed on, since its error does not: the deadline that
// came, or else the side that is still well. An endpoint with more to say did not stall.
func (x *exchange) spliceFault(u *upstream, err error) error {
	if timedOut(err) {
		if x.conn.wr.due.Load() == fired || u.more() {
			return errStalled
		}
		return upstreamError{err}
	}
	if errors.Is(err, syscall.EPIPE) {
		return err
	}
	client := x.conn.raw
	left := false
	if client != nil {
		client.Control(func(fd uintptr) { left = gone(fd) })
	}
	if left {
		return err
	}
	return upstreamError{err}
}

// relayStream passes on the head in x.out and a body whose length nobody knows, each piece as it comes.
func (x *exchange) relayStream(u *upstream, framing http1.Framing) error {
	bp := bodyBuffers.Get().(*[]byte)
	defer bodyBuffers.Put(bp)
	u.chunks.Reset()
	piece := u.in[u.r:u.w]
	u.r = u.w
	for {
		ended, err := x.decode(u, piece, framing)
		if err != nil {
			return upstreamError{err}
		}
		if len(x.out) > 0 {
			if err := x.writeClient(x.out); err != nil {
				return err
			}
			x.out = x.out[:0]
		}
		if ended {
			return nil
		}
		n, err := x.readAnswer(u, *bp)
		piece = (*bp)[:n]
		if n > 0 {
			continue
		}
		if err == io.EOF && u.head.Body == http1.UntilClose {
			if framing == http1.Chunked {
				return x.writeClient(lastChunk)
			}
			return nil
		}
		return upstreamError{err}
	}
}

// decode appends what piece holds of the body to x.out, in the client's framing, and says whether
// the body has ended.
func (x *exchange) decode(u *upstream, piece []byte, framing http1.Framing) (ended bool, err error) {
	if u.head.Body == http1.UntilClose {
		x.out = appendPiece(x.out, piece, framing)
		return false, nil
	}
	for len(piece) > 0 {
		n, data, done, err := u.chunks.Next(piece)
		if err != nil {
			return false, err
		}
		x.out = appendPiece(x.out, data, framing)
		piece = piece[n:]
		if !done {
			continue
		}
		if len(piece) > 0 {
			u.dead = true // it said more than it was asked
		}
		if framing == http1.Chunked {
			x.out = append(x.out, http1.LastChunkHead...)
			x.out = append(x.out, u.chunks.Trailer...)
			x.out = append(x.out, "\r\n"...)
		}
		return true, nil
	}
	return false, nil
}

var lastChunk = []byte(http1.LastChunk)

// appendPiece appends body data in the client's framing.
func appendPiece(out, data []byte, framing http1.Framing) []byte {
	if len(data) == 0 {
		return out
	}
	if framing != http1.Chunked {
		return append(out, data...)
	}
	out = http1.AppendChunkHead(out, len(data))
	out = append(out, data...)
	return append(out, "\r\n"...)
}
