package upstreamtest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxHead  = 1 << 20
	keepBody = 64 << 10

	probePath = "/healthz"
)

// A conn is one accepted connection.
type conn struct {
	*net.TCPConn
	r    *bufio.Reader
	out  []byte        // where writes are put together
	gone chan struct{} // closed with the connection
	once sync.Once
}

func newConn(nc *net.TCPConn) *conn {
	return &conn{TCPConn: nc, r: bufio.NewReaderSize(nc, 8<<10), gone: make(chan struct{})}
}

func (c *conn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		close(c.gone)
		err = c.TCPConn.Close()
	})
	return err
}

// reset ends the connection so that the other side sees a reset.
func (c *conn) reset() {
	c.SetLinger(0)
	c.Close()
}

// errLeft says that the other side left while its answer was being made.
var errLeft = errors.New("the other side left")

// sleep waits for d (for ever if it is negative), and ends early if the other side leaves.
func (c *conn) sleep(d time.Duration) error {
	if d == 0 {
		return nil
	}
	end := time.Time{}
	if d > 0 {
		end = time.Now().Add(d)
	}
	if c.r.Buffered() == 0 {
		c.SetReadDeadline(end)
		_, err := c.r.Peek(1)
		c.SetReadDeadline(time.Time{})
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return errLeft
		}
	}
	// More is here already, so the socket cannot tell us of its end: wait by the clock.
	var alarm <-chan time.Time
	if d > 0 {
		t := time.NewTimer(time.Until(end))
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-alarm:
		return nil
	case <-c.gone:
		return errLeft
	}
}

// serve answers one connection's requests until either side ends it.
func (s *Server) serve(c *conn) {
	defer s.forget(c)
	for {
		if _, err := c.r.Peek(1); err != nil {
			return
		}
		arrived := time.Now()
		head, err := readHead(c.r)
		if err != nil {
			return
		}
		req := &Request{Head: head, At: arrived}
		if !req.parse() {
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		if !s.exchange(c, req) {
			return
		}
	}
}

// readHead reads up to and with the empty line, byte for byte.
func readHead(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := r.ReadSlice('\n')
		b.Write(line)
		if err != nil && err != bufio.ErrBufferFull {
			return "", err
		}
		if err == nil && (string(line) == "\r\n" || string(line) == "\n") {
			return b.String(), nil
		}
		if b.Len() > maxHead {
			return "", fmt.Errorf("head above %d bytes", maxHead)
		}
	}
}

func (r *Request) parse() bool {
	line, _, _ := strings.Cut(r.Head, "\r\n")
	parts := strings.Split(line, " ")
	if len(parts) != 3 {
		return false
	}
	r.Method, r.Target, r.Proto = parts[0], parts[1], parts[2]
	return strings.HasPrefix(r.Proto, "HTTP/1.")
}

// exchange reads the rest of one request and answers it. It returns false when the connection
// is used up.
func (s *Server) exchange(c *conn, req *Request) bool {
	path, query, _ := strings.Cut(req.Target, "?")
	if path == probePath {
		s.probes.Add(1)
		s.pass(c)
		b := *s.probe.Load()
		return s.answer(c, req, &b, s.sequence.Load()) == nil
	}
	s.requests.Add(1)
	s.last.Store(req.At.UnixNano())
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	s.pass(c)

	b, err := s.behavior.Load().Directed(query)
	if err != nil {
		b = Behavior{Status: 400}
	}
	n := s.sequence.Add(1) - 1
	if b.Early {
		s.executed(req)
		if err := s.answer(c, req, &b, n); err != nil {
			s.finish(req)
			return false
		}
		s.receive(c, req, &b)
		s.finish(req)
		return req.Err == nil
	}
	s.receive(c, req, &b)
	s.finish(req)
	if req.Err != nil {
		return false
	}
	s.pass(c)
	select {
	case <-c.gone:
		return false
	default:
	}
	s.executed(req)
	err = s.answer(c, req, &b, n)
	if errors.Is(err, errLeft) {
		s.abandoned.Add(1)
	}
	return err == nil
}

// executed books that the request took effect.
func (s *Server) executed(req *Request) {
	if s.opt.Ledger == nil {
		return
	}
	if id, ok := req.Field("X-Id"); ok {
		s.opt.Ledger.note(req.Method, id, s.addr)
	}
}

func (s *Server) finish(req *Request) {
	if s.opt.Keep > 0 {
		s.keep(req)
	}
}

// receive reads the request's body.
func (s *Server) receive(c *conn, req *Request, b *Behavior) {
	coding, chunked := req.Field("Transfer-Encoding")
	length, counted := req.Field("Content-Length")
	if !chunked && !counted {
		return
	}
	if expect, ok := req.Field("Expect"); ok && strings.EqualFold(expect, "100-continue") && !b.Early {
		io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
	}
	in := &intake{server: s, conn: c, req: req, rate: b.ReadRate, sum: sha256.New()}
	switch {
	case chunked && !strings.EqualFold(coding, "chunked"):
		req.Err = fmt.Errorf("transfer coding %q", coding)
	case chunked:
		_, req.Trailer, req.Err = copyChunked(in, c.r)
	default:
		n, err := strconv.ParseInt(length, 10, 64)
		if err == nil {
			err = copyCounted(in, c.r, n)
		}
		req.Err = err
	}
	req.Sum = hex.EncodeToString(in.sum.Sum(nil))
}

// An intake takes a request's body in, no faster than it may.
type intake struct {
	server *Server
	conn   *conn
	req    *Request
	rate   int
	sum    hash.Hash
}

func (in *intake) Write(p []byte) (int, error) {
	in.server.pass(in.conn)
	in.sum.Write(p)
	in.req.Size += int64(len(p))
	if room := keepBody - len(in.req.Body); room > 0 {
		in.req.Body = append(in.req.Body, p[:min(room, len(p))]...)
	}
	if in.rate > 0 {
		t := time.NewTimer(time.Duration(len(p)) * time.Second / time.Duration(in.rate))
		defer t.Stop()
		select {
		case <-t.C:
		case <-in.conn.gone:
		}
	}
	return len(p), nil
}

// copyCounted copies exactly n bytes. An early end is io.ErrUnexpectedEOF.
func copyCounted(w io.Writer, r *bufio.Reader, n int64) error {
	_, err := io.CopyN(w, r, n)
	if err == io.EOF && n > 0 {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// copyChunked copies a chunked body and returns how many chunks it had and its trailer fields, raw.
// An early end is io.ErrUnexpectedEOF.
func copyChunked(w io.Writer, r *bufio.Reader) (chunks int, trailer string, err error) {
	for {
		size, err := chunkSize(r)
		if err != nil {
			return chunks, "", err
		}
		if size == 0 {
			break
		}
		if err := copyCounted(w, r, size); err != nil {
			return chunks, "", err
		}
		line, err := r.ReadString('\n')
		if err != nil {
			return chunks, "", cut(err)
		}
		if line != "\r\n" {
			return chunks, "", fmt.Errorf("chunk ends in %q", line)
		}
		chunks++
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return chunks, "", cut(err)
		}
		if line == "\r\n" {
			return chunks, trailer, nil
		}
		trailer += line
	}
}

func chunkSize(r *bufio.Reader) (int64, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, cut(err)
	}
	digits, _, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ";")
	size, err := strconv.ParseInt(digits, 16, 64)
	if err != nil || size < 0 {
		return 0, fmt.Errorf("chunk size %q", line)
	}
	return size, nil
}

func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
