package upstreamtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// answer answers req, or does what is to happen instead. An error means that the connection is
// used up; errLeft among them that the other side left first.
func (s *Server) answer(c *conn, req *Request, b *Behavior, n uint64) error {
	if err := c.sleep(b.wait(n)); err != nil {
		return err
	}
	s.pass(c)
	switch b.Fault {
	case None:
	case Reset:
		c.reset()
		return io.EOF
	case Close:
		return io.EOF
	case Garbage:
		io.WriteString(c, "\x16\x03\x01 this is no HTTP\r\n\r\n")
		return io.EOF
	case Hang:
		return c.sleep(-1)
	default:
		b = &Behavior{Status: 400}
	}
	for _, status := range b.Interim {
		if _, err := fmt.Fprintf(c, "HTTP/1.1 %d %s\r\nLink: </style.css>; rel=preload\r\n\r\n", status, http.StatusText(status)); err != nil {
			return err
		}
	}
	if b.fails(n) {
		b = b.failure()
	}
	if err := s.write(c, req, b); err != nil {
		return err
	}
	if !strings.HasPrefix(req.Target, probePath) {
		s.answered.Add(1)
	}
	if b.Finish || b.ends() || wantsClose(req) {
		return io.EOF
	}
	return nil
}

// failure is b when it fails.
func (b *Behavior) failure() *Behavior {
	f := *b
	f.Status, f.Size, f.Pieces = b.FailStatus, 0, 0
	if f.Status == 0 {
		f.Status = http.StatusServiceUnavailable
	}
	return &f
}

// ends tells whether the body can only end with the connection.
func (b *Behavior) ends() bool { return b.UntilClose || b.HTTP10 }

func wantsClose(req *Request) bool {
	v, ok := req.Field("Connection")
	if req.Proto == "HTTP/1.0" {
		return !strings.EqualFold(v, "keep-alive")
	}
	return ok && strings.EqualFold(v, "close")
}

// write sends head and body.
func (s *Server) write(c *conn, req *Request, b *Behavior) error {
	body := s.body(req, b)
	var h strings.Builder
	proto := "HTTP/1.1"
	if b.HTTP10 {
		proto = "HTTP/1.0"
	}
	status := b.Status
	if status == 0 {
		status = http.StatusOK
	}
	fmt.Fprintf(&h, "%s %d %s\r\nServer: upstreamtest\r\n", proto, status, http.StatusText(status))
	chunked := (b.Chunked || b.Events) && !b.ends()
	bodiless := status == http.StatusNoContent || status == http.StatusNotModified
	switch {
	case bodiless:
	case chunked:
		h.WriteString("Transfer-Encoding: chunked\r\n")
	case !b.UntilClose:
		fmt.Fprintf(&h, "Content-Length: %d\r\n", body.size)
	}
	if !bodiless {
		h.WriteString("Content-Type: " + body.kind + "\r\n")
	}
	if b.Finish || (b.UntilClose && !b.HTTP10) {
		h.WriteString("Connection: close\r\n")
	}
	if b.Trailer != "" {
		name, _, _ := strings.Cut(b.Trailer, ":")
		h.WriteString("Trailer: " + name + "\r\n")
	}
	h.WriteString(b.Fields)
	h.WriteString("\r\n")
	if bodiless || req.Method == http.MethodHead {
		_, err := io.WriteString(c, h.String())
		return err
	}
	out := &outlet{conn: c, head: []byte(h.String()), chunked: chunked, left: -1, reset: b.CutReset}
	if b.Cut {
		out.left = b.CutAfter
	}
	if err := s.send(c, out, body, b); err != nil {
		return err
	}
	if !chunked {
		return out.flush()
	}
	return out.end(b.Trailer)
}

// send sends the body piece by piece.
func (s *Server) send(c *conn, out *outlet, body content, b *Behavior) error {
	pieces := int64(max(b.Pieces, 1))
	if body.size > 0 {
		pieces = min(pieces, body.size)
	}
	for i := range pieces {
		if i > 0 {
			if err := c.sleep(b.Every); err != nil {
				return err
			}
		}
		s.pass(c)
		from, to := body.size*i/pieces, body.size*(i+1)/pieces
		if b.Events {
			if err := out.write([]byte(fmt.Sprintf("data: %d\n\n", i+1))); err != nil {
				return err
			}
			continue
		}
		for from < to {
			n := min(to-from, 64<<10)
			if err := out.write(body.part(from, n)); err != nil {
				return err
			}
			from += n
		}
	}
	if out.left == 0 { // cut before the first byte, or after the last
		return out.cutOff()
	}
	return nil
}

// An outlet writes a body: the head goes with the first piece, and the whole ends where it is to
// be cut.
type outlet struct {
	conn    *conn
	head    []byte // not sent yet
	chunked bool
	left    int64 // bytes until the cut; -1: none
	reset   bool
}

func (o *outlet) write(p []byte) error {
	if o.left == 0 {
		return o.cutOff()
	}
	whole := int64(len(p))
	if o.left > 0 && o.left < whole {
		p = p[:o.left]
	}
	buf := append(o.conn.out[:0], o.head...)
	o.head = nil
	if o.chunked { // the size line tells the whole chunk, even if it is cut
		buf = fmt.Appendf(buf, "%x\r\n", whole)
	}
	buf = append(buf, p...)
	if o.chunked && int64(len(p)) == whole {
		buf = append(buf, '\r', '\n')
	}
	o.conn.out = buf
	if _, err := o.conn.Write(buf); err != nil {
		return err
	}
	if o.left < 0 {
		return nil
	}
	o.left -= int64(len(p))
	if o.left == 0 && int64(len(p)) < whole {
		return o.cutOff()
	}
	return nil
}

func (o *outlet) flush() error {
	if o.head == nil {
		return nil
	}
	_, err := o.conn.Write(o.head)
	o.head = nil
	return err
}

func (o *outlet) end(trailer string) error {
	if _, err := o.conn.Write(append(o.head, "0\r\n"+trailer+"\r\n"...)); err != nil {
		return err
	}
	return nil
}

func (o *outlet) cutOff() error {
	if err := o.flush(); err != nil {
		return err
	}
	if o.reset {
		// A reset overtakes what the other side has not read yet. Give it the time to.
		o.conn.sleep(20 * time.Millisecond)
		o.conn.reset()
	}
	return io.EOF
}

// content is the body of an answer.
type content struct {
	size int64
	kind string
	text []byte // all of it; of Pattern only a stretch that repeats
}

// part returns n bytes from offset from on.
func (b content) part(from, n int64) []byte {
	if b.kind == kindPattern {
		from %= period
	}
	return b.text[from : from+n]
}

const kindPattern = "text/x-pattern"

// A Self is what a server says about itself and the request, as JSON.
type Self struct {
	Region   string `json:"region"`
	Endpoint string `json:"endpoint"`
	Address  string `json:"address"`
	XRegion  string `json:"x_region"` // as received
	Method   string `json:"method"`
	Target   string `json:"target"`
	ID       string `json:"id,omitempty"`
	Received int64  `json:"received"` // bytes of the request's body
	Sum      string `json:"sum,omitempty"`
}

func (s *Server) body(req *Request, b *Behavior) content {
	switch {
	case b.Events:
		return content{kind: "text/event-stream"}
	case b.Echo:
		return content{size: int64(len(req.Head)), kind: "text/plain", text: []byte(req.Head)}
	case b.Size != 0:
		return content{size: max(b.Size, 0), kind: kindPattern, text: s.pattern}
	}
	self := Self{
		Region: s.opt.Region, Endpoint: s.opt.Name, Address: s.addr,
		Method: req.Method, Target: req.Target, Received: req.Size, Sum: req.Sum,
	}
	self.XRegion, _ = req.Field("X-Region")
	self.ID, _ = req.Field("X-Id")
	text, err := json.Marshal(self)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return content{size: int64(len(text)) + 1, kind: "application/json", text: append(text, '\n')}
}
