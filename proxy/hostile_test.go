package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// A gagged connection gives what it has to read and blocks every write until its deadline is past.
type gagged struct {
	net.Conn
	in     io.Reader
	writes chan struct{} // closed at the first write
	closed chan struct{}
	began  sync.Once
	ended  sync.Once
}

func (g *gagged) Read(b []byte) (int, error) { return g.in.Read(b) }
func (g *gagged) Write([]byte) (int, error) {
	g.began.Do(func() { close(g.writes) })
	<-g.closed
	return 0, os.ErrDeadlineExceeded
}
func (g *gagged) Close() error                     { g.ended.Do(func() { close(g.closed) }); return nil }
func (g *gagged) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (g *gagged) SetReadDeadline(time.Time) error  { return nil }
func (g *gagged) SetWriteDeadline(time.Time) error { return g.Close() }

// answerer answers each request head on a connection with the next of answers, again and again, with a
// pause after each part where "|" stands.
func answerer(t testing.TB, answers ...string) string {
	return upstreamtest.Script(t, func(conn netConn) {
		for i := 0; ; i++ {
			if _, err := upstreamtest.ReadRequest(conn); err != nil {
				return
			}
			for _, part := range strings.Split(answers[i%len(answers)], "|") {
				io.WriteString(conn, part)
				time.Sleep(10 * time.Millisecond)
			}
		}
	})
}

// A length the endpoint did not tell is not told, and 204 has none (RFC 9110 section 8.6).
func TestNoLengthIsMadeUp(t *testing.T) {
	for _, test := range []struct{ method, answer, want string }{
		{"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
		{"HEAD", "HTTP/1.1 200 OK\r\n\r\n", ""},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0"},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "7"},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", ""},
		{"GET", "HTTP/1.1 304 Not Modified\r\n\r\n", ""},
		{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "9"},
	} {
		r := newRig(t, one("", answerer(t, test.answer)))
		c := r.dial()
		for range 2 {
			res := c.Do(test.method, test.method+" / HTTP/1.1\r\nHost: h\r\n\r\n")
			if got, _ := res.Field("Content-Length"); got != test.want {
				t.Errorf("%s %.30q: Content-Length %q, want %q", test.method, test.answer, got, test.want)
			}
		}
	}
}

// What an endpoint says beyond its answer never becomes the answer to another request.
func TestExcessIsNobodysAnswer(t *testing.T) {
	evil := "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	for name, test := range map[string]struct{ method, first string }{
		"body after HEAD":                {"HEAD", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n|%s", len(evil), evil)},
		"body with HEAD":                 {"HEAD", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(evil), evil)},
		"part of it with HEAD":           {"HEAD", fmt.Sprintf("HTTP/1.1 503 X\r\nContent-Length: 99\r\n\r\nxy|%s", evil)},
		"body after 304":                 {"GET", fmt.Sprintf("HTTP/1.1 304 X\r\nContent-Length: %d\r\n\r\n|%s", len(evil), evil)},
		"after a length":                 {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + evil},
		"after the last chunk":           {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + evil},
		"after the last chunk, by parts": {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r|\n0\r\n\r\n" + evil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
			addr := upstreamtest.Script(t, func(conn netConn) {
				for {
					head, err := upstreamtest.ReadRequest(conn)
					if err != nil {
						return
					}
					if !strings.Contains(head, "/first") {
						io.WriteString(conn, good)
						continue
					}
					for _, part := range strings.Split(test.first, "|") {
						io.WriteString(conn, part)
						time.Sleep(5 * time.Millisecond)
					}
				}
			})
			r := newRig(t, one("", addr))
			c := r.dial()
			c.Do(test.method, test.method+" /first HTTP/1.1\r\nHost: h\r\n\r\n")
			time.Sleep(30 * time.Millisecond)
			if res := c.Get("/second", ""); string(res.Body) != "good" {
				t.Errorf("got %q", res.Body)
			}
		})
	}
}

// A refused or failed answer given up for a retry leaves nothing behind on its connection either.
func TestExcessOfAnAnswerGivenUp(t *testing.T) {
	sick := upstreamtest.Script(t, func(conn netConn) {
		for {
			if _, err := upstreamtest.ReadRequest(conn); err != nil {
				return
			}
			io.WriteString(conn, "HTTP/1.1 503 X\r\nContent-Length: 60\r\n\r\nxy")
			time.Sleep(20 * time.Millisecond)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
		}
	})
	well := answerer(t, "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n")
	r := newRig(t, strings.Replace(one(", attempts: 2", sick, well), "endpoints", "balance: first, endpoints", 1))
	r.dial().Do("HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
	time.Sleep(50 * time.Millisecond)
	for _, h := range r.live.Load().Hosts() {
		if n := h.Upstream.(*pool).len(); h.Addr == sick && n != 0 {
			t.Errorf("%d connections kept although their answer was not read to its end", n)
		}
	}
}

func (p *pool) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.unused)
}

// To a client that only a close tells the end, every cut is a reset: the drain's, and a panic's.
func TestCutsByOurselvesAreSeen(t *testing.T) {
	for _, how := range []string{"drain", "panic"} {
		t.Run(how, func(t *testing.T) {
			more := make(chan struct{})
			addr := upstreamtest.Script(t, func(conn netConn) {
				upstreamtest.ReadRequest(conn)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
				<-more
				io.WriteString(conn, "5\r\nhello\r\n")
				conn.Read(make([]byte, 1))
			})
			r := newRig(t, one("", addr))
			client, m := pair(t)
			c := upstreamtest.NewClient(t, client)
			fail := make(chan bool, 1)
			m.write = func() {
				select {
				case <-fail:
					panic("the test's")
				default:
				}
			}
			r.start(m)
			c.Send("GET / HTTP/1.0\r\n\r\n")
			b := make([]byte, 4096)
			for got := ""; !strings.HasSuffix(got, "hello"); {
				n, err := c.Conn.Read(b)
				if err != nil {
					t.Fatal(err)
				}
				got += string(b[:n])
			}
			switch how {
			case "drain":
				ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
				r.Drain(ctx)
				stop()
			case "panic":
				fail <- true
			}
			close(more)
			if rest, err := c.Closed(2 * time.Second); err == nil {
				t.Errorf("the cut answer looks whole, after another %d bytes", len(rest))
			}
		})
	}
}

// The scheme https is for connections with TLS (RFC 9110 section 7.4).
func TestSecureTargetIsMisdirected(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	if res := r.dial().Do("GET", "GET https://h/ HTTP/1.1\r\nHost: h\r\n\r\n"); res.Status != 421 {
		t.Errorf("status %d", res.Status)
	}
	if res := r.dial().Do("GET", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n"); res.Status != 200 {
		t.Errorf("status %d", res.Status)
	}
}

// The last answer on a connection arrives although the client has sent more behind its request.
func TestLastAnswerSurvivesWhatIsBehindTheRequest(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	for i := range 20 {
		c := r.dial()
		c.Send("GET /?size=60000&delay=5ms HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + strings.Repeat("x", 30_000))
		time.Sleep(20 * time.Millisecond)
		if res, err := c.Read("GET"); err != nil || res.Err != nil || len(res.Body) != 60000 {
			t.Fatalf("answer %d: %v", i, err)
		}
	}
}

// A connection that told the beginning of an answer was alive: its end is the endpoint's fault.
func TestEndAfterAnInterimIsAFailure(t *testing.T) {
	addr := upstreamtest.Script(t, func(conn netConn) {
		upstreamtest.ReadRequest(conn)
		io.WriteString(conn, smallOK)
		upstreamtest.ReadRequest(conn)
		io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n")
	})
	r := newRig(t, one(", attempts: 1", addr))
	c := r.dial()
	c.Get("/", "")
	if res := c.Get("/", ""); res.Status != 502 || len(res.Interim) != 1 {
		t.Errorf("%d after %d interim answers", res.Status, len(res.Interim))
	}
	if r.booked(balancer.Reset) != 1 {
		t.Error("not booked")
	}
}

// An answer longer than an attempt may wait for its head leaves its connection usable.
func TestLongAnswerKeepsItsConnection(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one(", timeout: {try: 60ms}", up.Addr()))
	c := r.dial()
	for range 3 {
		if res := c.Get("/?size=50&pieces=5&every=50ms", ""); res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	if n := r.transport.dialed.Load(); n != 1 {
		t.Errorf("%d connections were made", n)
	}
}

// A request that arrives as Drain closes the idle connection it is on is answered.
func TestDrainMeetsARequest(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	for _, raw := range []string{get, post, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100000)} {
		r := newRig(t, one("", up.Addr()))
		client, m := pair(t)
		m.read = func() {
			r.Leave()
			r.each(func(c *conn) { c.closeIfIdle() })
		}
		r.start(m)
		c := upstreamtest.NewClient(t, client)
		if res := c.Do("POST", raw); res.Status != 200 {
			t.Errorf("status %d", res.Status)
		}
		client.Close()
	}
}

// A meeting calls read when the first bytes have been read and before the reader has them, and write
// before every write.
type meeting struct {
	*net.TCPConn
	read, write func()
	once        sync.Once
}

func (m *meeting) Read(b []byte) (int, error) {
	n, err := m.TCPConn.Read(b)
	if n > 0 && m.read != nil {
		m.once.Do(m.read)
	}
	return n, err
}

func (m *meeting) Write(b []byte) (int, error) {
	if m.write != nil {
		m.write()
	}
	return m.TCPConn.Write(b)
}

// pair returns the ends of a connection: the client's, and the gateway's.
func pair(t testing.TB) (net.Conn, *meeting) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client, &meeting{TCPConn: server.(*net.TCPConn)}
}

// A connection accepted as Drain begins is closed, not served.
func TestDrainMeetsAConnection(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	if err := r.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := r.dial()
	if _, err := c.Closed(time.Second); err != nil {
		t.Error(err)
	}
}

// So is one that has arrived and was not read yet.
func TestDrainMeetsAnUnreadRequest(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	for range 50 {
		r := newRig(t, one("", up.Addr()))
		c := r.dial()
		c.Get("/", "")
		c.Send(get)
		r.Leave()
		r.each(func(c *conn) { c.closeIfIdle() })
		if res, err := c.Read("GET"); err != nil || res.Status != 200 {
			t.Fatalf("%v %+v", err, res)
		}
	}
}

// A request of HTTP/1.0 without Host gets each endpoint's own, also the second time.
func TestHostOfARetry(t *testing.T) {
	sick, well := upstream1(t, upstreamtest.Behavior{Fault: upstreamtest.Reset}), upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, strings.Replace(one("", sick.Addr(), well.Addr()), "endpoints", "balance: first, endpoints", 1))
	r.dial().Do("GET", "GET / HTTP/1.0\r\n\r\n")
	if got, _ := well.Requests()[0].Field("Host"); got != well.Addr() {
		t.Errorf("Host %q, want %q", got, well.Addr())
	}
}

// Two connections never share a buffer, not even when one of them ends in a panic under an upload.
func TestPanicUnderAnUpload(t *testing.T) {
	addr := upstreamtest.Script(t, func(conn netConn) {
		upstreamtest.ReadRequest(conn)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
		io.Copy(io.Discard, conn)
	})
	r := newRig(t, one("", addr))
	client, m := pair(t)
	m.write = func() { panic("the test's") }
	r.start(m)
	io.WriteString(client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
	go func() {
		for {
			if _, err := io.WriteString(client, "3e8\r\n"+strings.Repeat("x", 1000)+"\r\n"); err != nil {
				return
			}
		}
	}()
	upstreamtest.Eventually(t, 5*time.Second, "over", func() bool { return r.Stats.Open.Load() == 0 })
	if r.Stats.Panics.Load() != 1 || r.Stats.InFlight.Load() != 0 {
		t.Errorf("%d panics, %d in flight", r.Stats.Panics.Load(), r.Stats.InFlight.Load())
	}
}
