package upstreamtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Client is a raw HTTP/1.1 client: it sends the bytes it is given and reads answers strictly, so
// that a test can tell a whole one from a cut one. Not for concurrent use, except that Send and Read
// may run at the same time.
type Client struct {
	t    TB
	Conn net.Conn
	r    *bufio.Reader
}

// A Response is one answer as it came.
type Response struct {
	Proto   string
	Status  int
	Head    string   // byte for byte, with the empty line
	Interim []string // heads of the interim answers before it
	Body    []byte   // chunking taken off
	Chunks  int      // how many there were; 0 if not chunked
	Trailer string   // raw
	Err     error    // the body was cut: why
}

// Field returns the value of the first header field of that name, and whether there is one.
func (r *Response) Field(name string) (string, bool) { return field(r.Head, name) }

// Dial connects. Every operation has a deadline of ten seconds; the test's end closes the
// connection.
func Dial(t TB, addr string) *Client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return NewClient(t, conn)
}

// NewClient makes a client of a connection that stands already.
func NewClient(t TB, conn net.Conn) *Client {
	return &Client{t: t, Conn: conn, r: bufio.NewReader(conn)}
}

// Send sends raw bytes.
func (c *Client) Send(raw string) {
	c.t.Helper()
	c.Conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c.Conn, raw); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// Get sends a GET and returns its answer. fields are further header fields, raw ("A: b\r\n").
func (c *Client) Get(target, fields string) *Response {
	c.t.Helper()
	return c.Do("GET", "GET "+target+" HTTP/1.1\r\nHost: test\r\n"+fields+"\r\n")
}

// Do sends a raw request and returns its answer. The method says whether a body follows the head.
func (c *Client) Do(method, raw string) *Response {
	c.t.Helper()
	c.Send(raw)
	r, err := c.Read(method)
	if err != nil {
		c.t.Fatalf("read answer to %.60q: %v", raw, err)
	}
	return r
}

// Read reads one answer to a request with this method, interim ones included. An error means that
// there was no whole head; a body that was cut is in Response.Err.
func (c *Client) Read(method string) (*Response, error) {
	c.Conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	res := &Response{}
	for {
		head, err := readHead(c.r)
		if err != nil {
			return nil, err
		}
		if err := res.parse(head); err != nil {
			return nil, err
		}
		if res.Status >= 200 || res.Status == http.StatusSwitchingProtocols {
			break
		}
		res.Interim = append(res.Interim, head)
	}
	if method != http.MethodHead && res.Status >= 200 && res.Status != 204 && res.Status != 304 {
		c.body(res)
	}
	return res, nil
}

func (r *Response) parse(head string) error {
	line, _, _ := strings.Cut(head, "\r\n")
	proto, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if err != nil || !strings.HasPrefix(proto, "HTTP/1.") {
		return fmt.Errorf("status line %q", line)
	}
	r.Proto, r.Status, r.Head = proto, status, head
	return nil
}

func (c *Client) body(res *Response) {
	var buf bytes.Buffer
	defer func() { res.Body = buf.Bytes() }()
	if coding, ok := res.Field("Transfer-Encoding"); ok {
		if !strings.EqualFold(coding, "chunked") {
			res.Err = fmt.Errorf("transfer coding %q", coding)
			return
		}
		res.Chunks, res.Trailer, res.Err = copyChunked(&buf, c.r)
		return
	}
	if length, ok := res.Field("Content-Length"); ok {
		n, err := strconv.ParseInt(length, 10, 64)
		if err == nil {
			err = copyCounted(&buf, c.r, n)
		}
		res.Err = err
		return
	}
	_, res.Err = io.Copy(&buf, c.r)
}

// Closed waits for the other side to end the connection and returns what came before it: nothing
// and nil when it was closed in order, an error when it was reset or is still open after d.
func (c *Client) Closed(d time.Duration) ([]byte, error) {
	c.Conn.SetReadDeadline(time.Now().Add(d))
	rest, err := io.ReadAll(c.r)
	return rest, err
}
