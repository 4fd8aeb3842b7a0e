package health

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/tidegate/tidegate/config"
)

// checkHTTP refuses what would not be one well-formed request: the values are written as they are.
func checkHTTP(p config.Probe, c *Check) (wrong Mistakes) {
	c.Path, c.Host, c.Status = p.Path, p.Host, p.Status
	switch {
	case p.Path == "":
		wrong = append(wrong, Mistake{Field: "path", Message: "an http probe needs a path", Hint: `such as "/healthz"`})
	case p.Path[0] != '/':
		wrong = append(wrong, Mistake{Field: "path", Message: fmt.Sprintf("must begin with /, is %q", p.Path)})
	case strings.ContainsFunc(p.Path, unprintable) || strings.Contains(p.Path, "#"):
		wrong = append(wrong, Mistake{Field: "path", Message: fmt.Sprintf("%q holds what a request target may not", p.Path), Hint: "write it percent-encoded"})
	}
	if strings.ContainsFunc(p.Host, unprintable) || strings.ContainsAny(p.Host, "/\\?#@,") {
		wrong = append(wrong, Mistake{Field: "host", Message: fmt.Sprintf("%q is no host", p.Host)})
	}
	if len(p.Status) == 0 {
		wrong = append(wrong, Mistake{Field: "status", Message: "lists no status", Hint: "such as [200-299]"})
	}
	for i, r := range p.Status {
		if r.From < 100 || r.To > 599 || r.From > r.To {
			wrong = append(wrong, Mistake{Field: fmt.Sprintf("status[%d]", i), Message: fmt.Sprintf("%d-%d is no range of statuses", r.From, r.To)})
		}
	}
	return wrong
}

// unprintable reports whether r may not stand in a request target or a host.
func unprintable(r rune) bool { return r <= ' ' || r >= 0x7f }

// An httpProbe asks one address for a path, over a connection it keeps.
type httpProbe struct {
	check Check
	open  dial
	conn  net.Conn // kept; nil if there is none
	r     *bufio.Reader
}

func newHTTP(c Check, open dial) (ask Probe, done func()) {
	p := &httpProbe{check: c, open: open}
	return p.ask, p.drop
}

func (p *httpProbe) ask(ctx context.Context, addr string) Answer {
	kept := p.conn != nil
	a, stale := p.exchange(ctx, addr)
	if !kept || !stale {
		return a
	}
	// The upstream closed the connection while it lay idle, as it may. That is no failure.
	a, _ = p.exchange(ctx, addr)
	return a
}

// exchange asks once. stale says that the connection was closed before the question arrived.
func (p *httpProbe) exchange(ctx context.Context, addr string) (a Answer, stale bool) {
	began := time.Now()
	fail := func(doing string, err error) Answer {
		return failure(doing, err, time.Since(began), p.check.Timeout)
	}
	if p.conn == nil {
		conn, err := p.open(ctx, "tcp", addr)
		if err != nil {
			return fail("connect", err), false
		}
		p.conn, p.r = conn, bufio.NewReaderSize(conn, 1<<10)
	}
	conn := p.conn
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	release := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	keep := false
	defer func() {
		if !release() || !keep {
			p.drop()
		}
	}()

	host := p.check.Host
	if host == "" {
		host = addr
	}
	began = time.Now()
	_, err := io.WriteString(conn, "GET "+p.check.Path+" HTTP/1.1\r\nHost: "+host+
		"\r\nUser-Agent: tidegate-probe\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n")
	if err != nil {
		return fail("request", err), !errors.Is(err, os.ErrDeadlineExceeded)
	}
	if _, err := p.r.Peek(1); err != nil {
		if err == io.EOF {
			err = errClosed
		}
		return fail("response", err), !errors.Is(err, os.ErrDeadlineExceeded)
	}
	head, err := readHead(p.r)
	rt := time.Since(began)
	if err != nil {
		return fail("response", err), false
	}
	a = Answer{OK: p.means(head.status), RT: rt, Load: head.load}
	if !a.OK {
		a.Err = fmt.Sprintf("status %d", head.status)
	}
	whole, err := head.discard(p.r)
	if err != nil && a.OK {
		return fail("response body", err), false
	}
	if head.status == 408 && !a.OK {
		// Some servers say so to a connection that lay idle, and close it: nothing was answered.
		return a, true
	}
	keep = err == nil && whole && head.keep && p.r.Buffered() == 0
	return a, false
}

// means reports whether status means well.
func (p *httpProbe) means(status int) bool {
	for _, r := range p.check.Status {
		if r.Contains(status) {
			return true
		}
	}
	return false
}

// drop closes the kept connection, if there is one.
func (p *httpProbe) drop() {
	if p.conn == nil {
		return
	}
	p.conn.Close()
	p.conn, p.r = nil, nil
}
