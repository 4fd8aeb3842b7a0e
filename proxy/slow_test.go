package proxy

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// failures is how many failures are booked against the rig's endpoints.
func (r *rig) failures() uint64 {
	n := uint64(0)
	for _, e := range r.live.Load().Endpoints() {
		read := e.Stats().Read()
		n += read.Failed()
	}
	return n
}

// booked is how often o was booked.
func (r *rig) booked(o balancer.Outcome) uint64 {
	n := uint64(0)
	for _, e := range r.live.Load().Endpoints() {
		n += e.Stats().Read().Failures[o]
	}
	return n
}

// The time a client takes over its request is not the endpoint's: neither is the answer late, nor the
// endpoint to blame. Otherwise a handful of slow clients could take a pool out of service.
func TestSlowClientsAreNotTheEndpointsFault(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	body := strings.Repeat("x", 50_000)
	for name, parts := range map[string][2]string{
		"head":    {"GET / HTTP/1.1\r\nHo", "st: h\r\n\r\n"},
		"small":   {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab", "cd"},
		"large":   {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + body, body},
		"chunked": {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab", "\r\n0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, one(", timeout: {try: 100ms, total: 200ms}", up.Addr()))
			c := r.dial()
			c.Send(parts[0])
			time.Sleep(400 * time.Millisecond)
			c.Send(parts[1])
			if res, err := c.Read("POST"); err != nil || res.Status != 200 {
				t.Errorf("%v %+v", err, res)
			}
			if n := r.failures(); n > 0 {
				t.Errorf("%d failures are booked against the endpoint", n)
			}
		})
	}
}

// An endpoint's time begins when it has the whole request, and does end.
func TestUploadIsTimedFromItsEnd(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one(", timeout: {try: 150ms, total: 300ms}", up.Addr()))
	c := r.dial()
	c.Send("POST /?fault=hang HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
	time.Sleep(300 * time.Millisecond)
	c.Send("0\r\n\r\n")
	from := time.Now()
	res, err := c.Read("POST")
	if took := time.Since(from); err != nil || res.Status != 504 || took < 100*time.Millisecond || took > 2*time.Second {
		t.Errorf("%v %+v after %v", err, res, took)
	}
	if r.booked(balancer.TimedOut) != 1 {
		t.Error("the timeout is not booked")
	}
}

// A client that takes its answer slowly does not make the endpoint a staller.
func TestSlowReadersAreNotTheEndpointsFault(t *testing.T) {
	for name, query := range map[string]string{"spliced": "size=60000000", "copied": "size=60000000&chunked=true&pieces=60"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := upstream1(t, upstreamtest.Behavior{})
			r := newRig(t, one("", up.Addr())+"limits: { upstream_stall: 200ms, write_stall: 600ms }\n")
			c := r.dial()
			c.Send("GET /?" + query + " HTTP/1.1\r\nHost: h\r\n\r\n")
			upstreamtest.Eventually(t, 5*time.Second, "the answer begins", func() bool { return r.booked(balancer.Answered) == 1 })
			upstreamtest.Eventually(t, 5*time.Second, "given up", func() bool { return r.Stats.InFlight.Load() == 0 })
			if r.booked(balancer.Truncated) != 0 {
				t.Error("booked as truncated by the endpoint")
			}
			io.Copy(io.Discard, c.Conn)
		})
	}
}

// A client that leaves while an answer is idle is noticed, and the endpoint told.
func TestLeavingAQuietStreamIsToldUpstream(t *testing.T) {
	told := make(chan struct{})
	addr := upstreamtest.Script(t, func(conn netConn) {
		upstreamtest.ReadRequest(conn)
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		conn.Read(make([]byte, 1))
		close(told)
	})
	r := newRig(t, one("", addr))
	c := r.dial()
	c.Send(get)
	upstreamtest.Eventually(t, time.Second, "the answer begins", func() bool { return r.booked(balancer.Answered) == 1 })
	time.Sleep(50 * time.Millisecond)
	c.Conn.Close()
	select {
	case <-told:
	case <-time.After(time.Second):
		t.Fatal("the endpoint was not told within a second")
	}
	upstreamtest.Eventually(t, time.Second, "booked", func() bool { return r.Stats.InFlight.Load() == 0 })
	if r.failures() != 0 {
		t.Error("held against the endpoint")
	}
}

// A client that cuts its upload under an early answer cuts the exchange, and nobody else is to blame.
func TestCutUploadUnderAnEarlyAnswer(t *testing.T) {
	addr := upstreamtest.Script(t, func(conn netConn) {
		upstreamtest.ReadRequest(conn)
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		io.Copy(io.Discard, conn)
	})
	r := newRig(t, one("", addr))
	c := r.dial()
	c.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
	upstreamtest.Eventually(t, time.Second, "the answer begins", func() bool { return r.booked(balancer.Answered) == 1 })
	time.Sleep(50 * time.Millisecond)
	c.Conn.Close()
	upstreamtest.Eventually(t, 2*time.Second, "over", func() bool { return r.Stats.InFlight.Load() == 0 })
	if r.failures() != 0 {
		t.Error("held against the endpoint")
	}
}

// Nobody waits for ever for a client that reads nothing: not even with 100 Continue to say.
func TestContinueToAClientThatReadsNothing(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr())+"limits: { write_stall: 100ms, stall: 200ms }\n")
	g := &gagged{writes: make(chan struct{}), closed: make(chan struct{})}
	g.in = strings.NewReader("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	r.start(g)
	<-g.writes
	select {
	case <-g.closed:
	case <-time.After(2 * time.Second):
		t.Error("still writing")
		g.Close()
	}
}
