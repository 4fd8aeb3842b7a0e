package proxy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

func upstream1(t testing.TB, b upstreamtest.Behavior) *upstreamtest.Server {
	return upstreamtest.New(t, upstreamtest.Options{Region: "here", Name: "one", Keep: 16, Behavior: b})
}

func TestForwardedHead(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	c := r.dial()
	res := c.Do("POST", "POST /a%2Fb//c;v=1/d?x=1&y=%20 HTTP/1.1\r\n"+
		"hOsT: Example.com:81\r\nb-Second: 2\r\nA-First: 1\r\nb-Second: two\r\nConnection: close, X-Mine\r\nX-Mine: gone\r\n"+
		"Keep-Alive: 5\r\nX-Forwarded-For: 6.6.6.6\r\nX-Region: mars\r\nTE: trailers\r\nCookie: a=1; b=2\r\nVia: 1.1 other\r\nContent-Length: 2\r\nLast: x\r\n\r\nhi")
	if res.Status != 200 {
		t.Fatalf("status %d %s", res.Status, res.Body)
	}
	got := up.Requests()[0]
	want := "POST /a%2Fb//c;v=1/d?x=1&y=%20 HTTP/1.1\r\n" +
		"Host: Example.com:81\r\nb-Second: 2\r\nA-First: 1\r\nb-Second: two\r\n" +
		"Cookie: a=1; b=2\r\nVia: 1.1 other\r\nLast: x\r\n" +
		"X-Region: here\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: Example.com:81\r\nVia: 1.1 tidegate\r\nContent-Length: 2\r\n\r\n"
	if got.Head != want {
		t.Errorf("forwarded\n%s\nwant\n%s", got.Head, want)
	}
	if string(got.Body) != "hi" {
		t.Errorf("body %q", got.Body)
	}
	if v, _ := res.Field("Connection"); v != "close" {
		t.Errorf("Connection %q", v)
	}
}

func TestAnswerHead(t *testing.T) {
	addr := upstreamtest.Script(t, func(conn netConn) {
		for {
			if _, err := upstreamtest.ReadRequest(conn); err != nil {
				return
			}
			fmt.Fprint(conn, "HTTP/1.1 203 Sort Of\r\nb: 1\r\nA: 2\r\nb: 3\r\nConnection: X-Hop\r\nX-Hop: 1\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: 2\r\nset-cookie: q\r\n\r\nok")
		}
	})
	r := newRig(t, one("", addr))
	res := r.dial().Get("/", "")
	want := "HTTP/1.1 203 Sort Of\r\nb: 1\r\nA: 2\r\nb: 3\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nset-cookie: q\r\nContent-Length: 2\r\n\r\n"
	if res.Head != want {
		t.Errorf("head\n%s\nwant\n%s", res.Head, want)
	}
}

func TestFraming(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	size := 200_000
	pattern := make([]byte, size)
	upstreamtest.Pattern(0, pattern)
	for _, test := range []struct {
		name, query string
		status      int
		size        int
		chunked     bool
	}{
		{"length, small", "size=100", 200, 100, false},
		{"length, large", fmt.Sprintf("size=%d", size), 200, size, false},
		{"chunked", fmt.Sprintf("size=%d&chunked=true&pieces=7", size), 200, size, true},
		{"until close", fmt.Sprintf("size=%d&until_close=true", size), 200, size, true},
		{"http/1.0", "size=100&http10=true", 200, 100, false},
		{"finish", "size=100&finish=true", 200, 100, false},
		{"empty", "size=-1", 200, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := r.dial()
			for range 2 { // the connection is kept
				res := c.Get("/?"+test.query, "")
				if res.Status != test.status || res.Err != nil || !bytes.Equal(res.Body, pattern[:test.size]) {
					t.Fatalf("status %d, %d bytes, err %v", res.Status, len(res.Body), res.Err)
				}
				if (res.Chunks > 0) != test.chunked {
					t.Errorf("chunks %d", res.Chunks)
				}
			}
			res := c.Do("HEAD", "HEAD /?"+test.query+" HTTP/1.1\r\nHost: h\r\n\r\n")
			if res.Status != 200 || len(res.Body) > 0 {
				t.Errorf("HEAD: %d, %d bytes", res.Status, len(res.Body))
			}
			if res := c.Get("/?size=3", ""); string(res.Body) != string(pattern[:3]) {
				t.Errorf("after HEAD: %q", res.Body)
			}
		})
	}
	t.Run("client of HTTP/1.0", func(t *testing.T) {
		c := r.dial()
		res := c.Do("GET", fmt.Sprintf("GET /?size=%d&chunked=true HTTP/1.0\r\n\r\n", size))
		if res.Status != 200 || res.Chunks != 0 || !bytes.Equal(res.Body, pattern) || !strings.HasPrefix(res.Head, "HTTP/1.1 200") {
			t.Errorf("%s %d bytes in %d chunks, err %v", res.Head, len(res.Body), res.Chunks, res.Err)
		}
	})
	t.Run("trailers", func(t *testing.T) {
		res := r.dial().Get("/?size=10&chunked=true&trailer=X-Sum:%201", "")
		if !strings.Contains(res.Trailer, "X-Sum: 1") {
			t.Errorf("trailer %q", res.Trailer)
		}
	})
	t.Run("interim", func(t *testing.T) {
		res := r.dial().Get("/?interim=103", "")
		if res.Status != 200 || len(res.Interim) != 1 || !strings.HasPrefix(res.Interim[0], "HTTP/1.1 103") {
			t.Errorf("%d %q", res.Status, res.Interim)
		}
	})
}

func TestUploads(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	body := make([]byte, 300_000)
	upstreamtest.Pattern(0, body)
	chunked := func(b []byte) string {
		var s strings.Builder
		for len(b) > 0 {
			n := min(len(b), 7001)
			fmt.Fprintf(&s, "%x;ext=1\r\n%s\r\n", n, b[:n])
			b = b[n:]
		}
		return s.String() + "0\r\nX-Trailer: no\r\n\r\n"
	}
	for name, raw := range map[string]string{
		"small":   "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n" + string(body[:5]),
		"held":    fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", 16<<10, body[:16<<10]),
		"large":   fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
		"chunked": "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body),
		"expect":  "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n" + string(body[:4]),
	} {
		t.Run(name, func(t *testing.T) {
			c := r.dial()
			res := c.Do("POST", raw)
			reqs := up.Requests()
			got := reqs[len(reqs)-1]
			if res.Status != 200 || got.Err != nil || !bytes.HasPrefix(body, got.Body) {
				t.Fatalf("status %d, upstream got %d bytes, err %v", res.Status, got.Size, got.Err)
			}
			if got.Trailer != "" {
				t.Errorf("trailer passed: %q", got.Trailer)
			}
			if res := c.Get("/?size=3", ""); res.Status != 200 { // the connection is kept, and in step
				t.Errorf("next request: %d", res.Status)
			}
		})
	}
}

func TestPipelining(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	c := r.dial()
	var raw string
	for i := range 20 {
		raw += fmt.Sprintf("POST /?size=%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", i+1)
	}
	c.Send(raw)
	for i := range 20 {
		res, err := c.Read("POST")
		if err != nil || len(res.Body) != i+1 {
			t.Fatalf("answer %d: %v %+v", i, err, res)
		}
	}
}

func TestCutAnswersAreSeen(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	for _, query := range []string{
		"size=50000&cut=20000", "size=50000&cut=20000&chunked=true&pieces=10", "size=5000&cut=0", "size=5000&cut=0&chunked=true",
		"size=50000&cut=20000&cut_reset=true", "size=50000&cut=20000&chunked=true&cut_reset=true&pieces=10", "size=900000&cut=600000",
	} {
		t.Run(query, func(t *testing.T) {
			for _, version := range []string{"1.1", "1.0"} {
				if version == "1.0" && !strings.Contains(query, "chunked") {
					continue
				}
				c := r.dial()
				c.Send("GET /?" + query + " HTTP/" + version + "\r\nHost: h\r\n\r\n")
				res, err := c.Read("GET")
				if err == nil && res.Err == nil {
					t.Errorf("HTTP/%s: looks whole: %d, %d bytes", version, res.Status, len(res.Body))
				}
			}
		})
	}
}

func TestCutUploadsAreSeen(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	for _, raw := range []string{
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 50000),
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
	} {
		before := len(up.Requests())
		c := r.dial()
		c.Send(raw)
		c.Conn.Close()
		upstreamtest.Eventually(t, 5*time.Second, "the cut is seen", func() bool {
			reqs := up.Requests()
			return len(reqs) > before && reqs[len(reqs)-1].Err != nil
		})
	}
}

func TestEarlyAnswerReachesTheClient(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	c := r.dial()
	c.Send("POST /?early=true&status=401&finish=true HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n" + strings.Repeat("x", 20000))
	res, err := c.Read("POST")
	if err != nil || res.Status != 401 {
		t.Fatalf("%v %+v", err, res)
	}
	if v, _ := res.Field("Connection"); v != "close" {
		t.Errorf("Connection: %q", v)
	}
}

func TestRetries(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		sick      upstreamtest.Behavior
		extra     string
		want      int
		asked     int // how many times the sick one executes it
	}{
		{name: "GET is asked elsewhere after a reset", raw: get, sick: upstreamtest.Behavior{Fault: upstreamtest.Reset}, want: 200},
		{name: "and after an orderly close", raw: get, sick: upstreamtest.Behavior{Fault: upstreamtest.Close}, want: 200},
		{name: "and after garbage", raw: get, sick: upstreamtest.Behavior{Fault: upstreamtest.Garbage}, want: 200},
		{name: "and after a 503", raw: get, sick: upstreamtest.Behavior{Status: 503}, want: 200},
		{name: "but not after a 500", raw: get, sick: upstreamtest.Behavior{Status: 500}, want: 500},
		{name: "nor a 429", raw: get, sick: upstreamtest.Behavior{Status: 429}, want: 429},
		{name: "nor one that says when to come again", raw: get, sick: upstreamtest.Behavior{Status: 503, Fields: "Retry-After: 1\r\n"}, want: 503},
		{name: "nor with a single attempt", raw: get, sick: upstreamtest.Behavior{Status: 503}, extra: ", attempts: 1", want: 503},
		{name: "after a timeout", raw: get, sick: upstreamtest.Behavior{Fault: upstreamtest.Hang}, extra: ", timeout: {try: 100ms}", want: 200},
		{name: "a POST is not, after a reset", raw: post, sick: upstreamtest.Behavior{Fault: upstreamtest.Reset}, want: 502},
		{name: "nor after a 503", raw: post, sick: upstreamtest.Behavior{Status: 503}, want: 503},
		{name: "a PUT is", raw: put, sick: upstreamtest.Behavior{Fault: upstreamtest.Reset}, want: 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			sick, well := upstream1(t, test.sick), upstream1(t, upstreamtest.Behavior{})
			r := newRig(t, strings.Replace(one(test.extra, sick.Addr(), well.Addr()), "endpoints", "balance: first, endpoints", 1))
			method := test.raw[:strings.IndexByte(test.raw, ' ')]
			if res := r.dial().Do(method, test.raw); res.Status != test.want {
				t.Errorf("status %d, want %d: %s", res.Status, test.want, res.Body)
			}
		})
	}
	t.Run("a refused connection moves any method on", func(t *testing.T) {
		gone, well := upstream1(t, upstreamtest.Behavior{}), upstream1(t, upstreamtest.Behavior{})
		gone.Kill()
		r := newRig(t, strings.Replace(one("", gone.Addr(), well.Addr()), "endpoints", "balance: first, endpoints", 1))
		large := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100000)
		if res := r.dial().Do("POST", large); res.Status != 200 {
			t.Errorf("status %d", res.Status)
		}
	})
	t.Run("none left", func(t *testing.T) {
		a, b := upstream1(t, upstreamtest.Behavior{}), upstream1(t, upstreamtest.Behavior{})
		a.Kill()
		b.Kill()
		r := newRig(t, one("", a.Addr(), b.Addr()))
		res := r.dial().Get("/", "")
		if v, _ := res.Field(ReasonHeader); res.Status != 502 || v != "connect_failed" {
			t.Errorf("status %d, reason %q", res.Status, v)
		}
	})
}

const (
	get  = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
	put  = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
)

// A kept connection that the endpoint closes as we write is nobody's fault, and a GET must not suffer.
func TestKeptConnectionClosedUnderOurHands(t *testing.T) {
	addr := upstreamtest.Script(t, func(conn netConn) {
		if _, err := upstreamtest.ReadRequest(conn); err != nil {
			return
		}
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		upstreamtest.ReadRequest(conn) // and close without an answer
	})
	r := newRig(t, one("", addr))
	c := r.dial()
	for i := range 6 {
		if res := c.Get("/", ""); res.Status != 200 {
			t.Fatalf("request %d: %d %s", i, res.Status, res.Body)
		}
	}
}

func TestClientsLeavingIsToldUpstream(t *testing.T) {
	told := make(chan struct{})
	addr := upstreamtest.Script(t, func(conn netConn) {
		upstreamtest.ReadRequest(conn)
		conn.Read(make([]byte, 1))
		close(told)
	})
	r := newRig(t, one("", addr))
	c := r.dial()
	c.Send(get)
	c.Conn.Close()
	select {
	case <-told:
	case <-time.After(time.Second):
		t.Fatal("the endpoint was not told within a second")
	}
}

func TestRefusals(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, fmt.Sprintf(`
region: here
regions: { here: {} }
affinity: { unknown: reject }
services:
  app: { endpoints: { here: [%s] } }
routes:
  - { path: /a, to: app }
  - { path: /limited, to: app, limit: { rate: 1/m, burst: 1 } }
limits: { body: 1KiB }
`, up.Addr()))
	c := r.dial()
	c.Get("/limited", "")
	for _, test := range []struct {
		raw    string
		status int
		reason string
	}{
		{"GET /b HTTP/1.1\r\nHost: h\r\n\r\n", 404, "no_route"},
		{"GET /a HTTP/1.1\r\nHost: h\r\nX-Region: mars\r\n\r\n", 400, "region_unknown"},
		{"GET /limited HTTP/1.1\r\nHost: h\r\n\r\n", 429, "over_limit"},
		{"GET /a HTTP/1.1\r\n\r\n", 400, "bad_request"},
		{"GET /a HTTP/2.0\r\nHost: h\r\n\r\n", 505, "bad_request"},
		{"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "bad_request"},
		{"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n", 413, "body_too_large"},
		{"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + strings.Repeat("x", 2048) + "\r\n0\r\n\r\n", 413, "body_too_large"},
		{"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_request"},
	} {
		res := r.dial().Do("GET", test.raw)
		if v, _ := res.Field(ReasonHeader); res.Status != test.status || v != test.reason {
			t.Errorf("%.60q: %d %s, want %d %s", test.raw, res.Status, v, test.status, test.reason)
		}
	}
	res := r.dial().Get("/limited", "")
	if v, _ := res.Field("Retry-After"); v == "" {
		t.Error("429 without Retry-After")
	}
	for range 3 { // a refusal does not end the connection
		if res := c.Get("/nowhere", ""); res.Status != 404 {
			t.Fatal(res.Status)
		}
	}
}

// A panic ends its own connection and nothing else.
func TestPanicIsContained(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	other := r.dial()
	other.Get("/", "")
	table := r.live.Swap(nil) // Begin falls over a table that is not there
	res := r.dial().Get("/", "")
	r.live.Store(table)
	if res.Status != 500 {
		t.Errorf("status %d", res.Status)
	}
	if res := other.Get("/", ""); res.Status != 200 {
		t.Errorf("the other connection: %d", res.Status)
	}
	if n := r.Stats.Panics.Load(); n != 1 {
		t.Errorf("panics %d", n)
	}
	upstreamtest.Eventually(t, 2*time.Second, "nothing in flight", func() bool { return r.Stats.InFlight.Load() == 0 })
}

func TestStripPrefix(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, fmt.Sprintf(`
region: here
regions: { here: {} }
services:
  app: { endpoints: { here: [%s] } }
routes:
  - { path: /api/**, to: app, strip_prefix: /api }
`, up.Addr()))
	for sent, want := range map[string]string{
		"/api/x?q": "/x?q", "/api": "/", "/api?": "/?", "/api/a%2Fb": "/a%2Fb", "/x/../api/y": "/y", "/%61pi/z": "/z",
	} {
		if res := r.dial().Get(sent, ""); res.Status != 200 {
			t.Errorf("%s: %d", sent, res.Status)
			continue
		}
		reqs := up.Requests()
		if got := reqs[len(reqs)-1].Target; got != want {
			t.Errorf("%s became %s, want %s", sent, got, want)
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr())+"trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]\n")
	r.dial().Get("/", "X-Forwarded-For: 1.2.3.4, 10.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: orig\r\n")
	got := up.Requests()[0]
	for name, want := range map[string]string{
		"X-Forwarded-For": "1.2.3.4, 10.9.9.9, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "orig",
	} {
		if v, _ := got.Field(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
}

func TestTimeouts(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one(", timeout: {try: 100ms, total: 200ms}", up.Addr())+"limits: { head: 100ms, idle: 150ms, stall: 100ms }\n")
	t.Run("head", func(t *testing.T) {
		c := r.dial()
		c.Send("GET / HTTP/1.1\r\nHo")
		if res, err := c.Read("GET"); err != nil || res.Status != 408 {
			t.Errorf("%v %+v", err, res)
		}
	})
	t.Run("idle", func(t *testing.T) {
		c := r.dial()
		c.Get("/", "")
		if _, err := c.Closed(2 * time.Second); err != nil {
			t.Error(err)
		}
	})
	t.Run("body", func(t *testing.T) {
		for _, framing := range []string{"Content-Length: 10", "Content-Length: 100000", "Transfer-Encoding: chunked"} {
			c := r.dial()
			c.Send("POST / HTTP/1.1\r\nHost: h\r\n" + framing + "\r\n\r\n")
			if res, err := c.Read("POST"); err != nil || res.Status != 408 {
				t.Errorf("%s: %v %+v", framing, err, res)
			}
		}
	})
	t.Run("endpoint", func(t *testing.T) {
		res := r.dial().Get("/?fault=hang", "")
		if v, _ := res.Field(ReasonHeader); res.Status != 504 || v != "upstream_timeout" {
			t.Errorf("%d %s", res.Status, v)
		}
	})
}

func TestDrain(t *testing.T) {
	up := upstream1(t, upstreamtest.Behavior{})
	r := newRig(t, one("", up.Addr()))
	idle, busy := r.dial(), r.dial()
	idle.Get("/", "")
	upstreamtest.Eventually(t, time.Second, "answered", func() bool { return r.Stats.InFlight.Load() == 0 })
	busy.Send("GET /?delay=300ms HTTP/1.1\r\nHost: h\r\n\r\n")
	upstreamtest.Eventually(t, 2*time.Second, "in flight", func() bool { return r.Stats.InFlight.Load() == 1 })
	done := make(chan error)
	go func() { done <- r.Drain(t.Context()) }()
	res, err := busy.Read("GET")
	if err != nil || res.Status != 200 {
		t.Fatalf("%v %+v", err, res)
	}
	if v, _ := res.Field("Connection"); v != "close" {
		t.Errorf("Connection %q", v)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := idle.Closed(time.Second); err != nil {
		t.Error(err)
	}
}
