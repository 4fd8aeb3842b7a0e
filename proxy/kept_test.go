package proxy

import (
	"io"
	"testing"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// A client can provoke 501 and 505, so they tell nothing about the endpoint.
func TestWhatAClientCanProvokeIsNoFailure(t *testing.T) {
	for status, want := range map[int]balancer.Outcome{
		200: balancer.Answered, 404: balancer.Answered, 429: balancer.Overloaded, 500: balancer.ErrorStatus, 501: balancer.Answered,
		502: balancer.ErrorStatus, 503: balancer.ErrorStatus, 505: balancer.Answered, 599: balancer.ErrorStatus,
	} {
		if got := outcomeOf(status, false); got != want {
			t.Errorf("%d: %v, want %v", status, got, want)
		}
	}
}

// A request that begins as its connection's idle time ends has its own time to arrive in.
func TestRequestMeetsTheIdleDeadline(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	client, m := pair(t)
	came := make(chan struct{})
	m.read = func() {
		r.each(func(c *conn) { c.rd.check(r.clock.Now() + never) })
		close(came)
	}
	r.start(m)
	io.WriteString(client, get[:20])
	<-came
	time.Sleep(5 * time.Millisecond) // the gateway wants the rest by now
	io.WriteString(client, get[20:])
	res, err := upstreamtest.NewClient(t, client).Read("GET")
	if err != nil || res.Status != 200 {
		t.Errorf("%v %+v", err, res)
	}
}

// What a large head took is not held by the connections it came over.
func TestLargeHeadsLeaveNothingBehind(t *testing.T) {
	r := newRig(t, one("", answerer(t, "HTTP/1.1 200 OK\r\nX-A: "+long(60<<10)+"\r\nContent-Length: 0\r\n\r\n")))
	c := r.dial()
	c.Do("POST", "POST / HTTP/1.1\r\nHost: h\r\nX-A: "+long(30<<10)+"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	upstreamtest.Eventually(t, time.Second, "over", func() bool { return r.Stats.InFlight.Load() == 0 })
	r.each(func(c *conn) {
		if n := cap(c.x.cloned); n > smallBuffer {
			t.Errorf("the client's connection holds %d bytes", n)
		}
	})
	for _, h := range r.live.Load().Hosts() {
		p := h.Upstream.(*pool)
		if p.len() != 1 || len(p.unused[0].in) != smallBuffer {
			t.Errorf("%d connections are kept, one with %d bytes", p.len(), len(p.unused[0].in))
		}
	}
}

// 100 Continue is said once, to who waits for it, and before the endpoint is asked.
func TestContinueIsSaidOnce(t *testing.T) {
	r := newRig(t, one("", answerer(t, "HTTP/1.1 100 Continue\r\n\r\n|"+okLen)))
	c := r.dial()
	c.Send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	b := make([]byte, len(continue100))
	if _, err := io.ReadFull(c.Conn, b); err != nil || string(b) != string(continue100) {
		t.Fatalf("%q, %v", b, err)
	}
	c.Send("hi")
	if res, err := c.Read("POST"); err != nil || res.Status != 200 || len(res.Interim) != 0 {
		t.Errorf("%v %+v", err, res)
	}
}

// What an endpoint says while its connection is unused is nobody's answer.
func TestUnaskedBytesWhileUnused(t *testing.T) {
	first, said := make(chan struct{}, 1), make(chan struct{})
	first <- struct{}{}
	addr := upstreamtest.Script(t, func(conn netConn) {
		for {
			if _, err := upstreamtest.ReadRequest(conn); err != nil {
				return
			}
			io.WriteString(conn, okLen)
			select {
			case <-first:
				time.Sleep(10 * time.Millisecond)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
				close(said)
			default:
			}
		}
	})
	r := newRig(t, one("", addr))
	c := r.dial()
	c.Get("/", "")
	<-said
	time.Sleep(peekAfter + sweepEvery) // a connection used just before is not looked at
	if res := c.Get("/", ""); string(res.Body) != "ok" {
		t.Errorf("got %q", res.Body)
	}
}
