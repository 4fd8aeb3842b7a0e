package health

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidegate/tidegate/config"
)

// well says, for each kind of probe, how to ask and what a well upstream does with a connection.
// blind kinds do not look at what the upstream says.
var well = map[string]struct {
	probe config.Probe
	serve func(net.Conn)
	blind bool
}{
	"http": {config.Probe{Kind: "http", Path: "/healthz"}, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), false},
	"tcp":  {config.Probe{Kind: "tcp"}, say("SSH-2.0-OpenSSH_9.6\r\n"), true},
}

// say answers every request on a connection with the same bytes.
func say(answer string) func(net.Conn) {
	return func(conn net.Conn) {
		for r := bufio.NewReader(conn); readRequest(r) != ""; {
			if _, err := io.WriteString(conn, answer); err != nil {
				return
			}
		}
	}
}

// readRequest reads one request without a body; "" at the end of the connection.
func readRequest(r *bufio.Reader) string {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return ""
		}
		head.WriteString(line)
		if line == "\r\n" {
			return head.String()
		}
	}
}

// serving is a dial to an upstream in memory, which handles the n-th connection by its n-th function,
// those after the last by the last. The connection is closed when its function returns.
func serving(dialled *int, each ...func(net.Conn)) dial {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		serve := each[min(*dialled, len(each)-1)]
		*dialled++
		if serve == nil {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			serve(theirs)
		}()
		return ours, nil
	}
}

// silent takes all and says nothing.
func silent(conn net.Conn) { io.Copy(io.Discard, conn) }

// TestProbes holds every kind of probe to what the Monitor counts on.
func TestProbes(t *testing.T) {
	const timeout = 300 * time.Millisecond
	refused := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("connect: %w", syscall.ECONNREFUSED)}
	}
	hangs := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	}
	drips := func(conn net.Conn) {
		go io.Copy(io.Discard, conn)
		for {
			if _, err := io.WriteString(conn, "H"); err != nil {
				return
			}
			time.Sleep(timeout / 10)
		}
	}
	slowly := func(by time.Duration, serve func(net.Conn)) func(net.Conn) {
		return func(conn net.Conn) { time.Sleep(by); serve(conn) }
	}
	for name, k := range probes {
		w, ok := well[name]
		if !ok {
			t.Errorf("%s: say in the map well what a well upstream does", name)
			continue
		}
		for _, c := range []struct {
			name string
			open dial
			ok   bool // for probes that look at the answer
			dead bool // nobody is there: no kind may say well
			err  string
		}{
			{name: "well", open: serving(new(int), w.serve), ok: true},
			{name: "well, a little slow", open: serving(new(int), slowly(timeout/2, w.serve)), ok: true},
			{name: "refused", open: refused, dead: true, err: "connect: connection refused"},
			{name: "black hole", open: hangs, dead: true, err: "connect: no answer within 300ms"},
			{name: "silent", open: serving(new(int), silent)},
			{name: "does not even read", open: serving(new(int), func(net.Conn) { time.Sleep(time.Second) })},
			{name: "beyond the timeout", open: serving(new(int), slowly(timeout+time.Millisecond, w.serve))},
			{name: "closes at once", open: serving(new(int), func(net.Conn) {})},
			{name: "closes after the request", open: serving(new(int), func(conn net.Conn) { readRequest(bufio.NewReader(conn)) })},
			{name: "garbage", open: serving(new(int), say("\x00\xff\x13\r\n\r\n"))},
			{name: "endless garbage", open: serving(new(int), say(strings.Repeat("garbage", 100_000)))},
			{name: "drips", open: serving(new(int), drips)},
		} {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := filled(w.probe)
					p.Timeout = config.Duration(timeout)
					check, err := Compile(p)
					if err != nil {
						t.Fatal(err)
					}
					ask, done := k.make(check, c.open)
					defer time.Sleep(2 * time.Second) // the upstream's goroutines wake up to find us gone
					defer done()
					for range 3 {
						ctx, cancel := context.WithTimeout(t.Context(), timeout)
						began := time.Now()
						a := ask(ctx, "10.0.0.1:80")
						took := time.Since(began)
						cancel()
						if took > timeout {
							t.Errorf("took %v", took)
						}
						if want := c.ok || w.blind && !c.dead; a.OK != want {
							t.Errorf("OK is %v, want %v: %s", a.OK, want, a.Err)
						}
						if a.OK != (a.Err == "") {
							t.Errorf("OK is %v with the reason %q", a.OK, a.Err)
						}
						if c.err != "" && a.Err != c.err {
							t.Errorf("reason %q, want %q", a.Err, c.err)
						}
						if a.RT < 0 || a.RT > took || a.Load != notReported {
							t.Errorf("%+v took %v", a, took)
						}
					}
				})
				// Leaving the bubble, synctest has seen every goroutine and connection end.
			})
		}
		t.Run(name+"/cancelled", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				check, err := Compile(filled(w.probe))
				if err != nil {
					t.Fatal(err)
				}
				ask, done := k.make(check, hangs)
				defer done()
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Millisecond, cancel)
				began := time.Now()
				if a := ask(ctx, "10.0.0.1:80"); a.OK || time.Since(began) != time.Millisecond {
					t.Errorf("%+v after %v", a, time.Since(began))
				}
			})
		})
	}
}

// TestHTTPProbe is about what one HTTP probe after the other finds, over which connections.
func TestHTTPProbe(t *testing.T) {
	const fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	once := func(answer string) func(net.Conn) {
		return func(conn net.Conn) {
			if readRequest(bufio.NewReader(conn)) != "" {
				io.WriteString(conn, answer)
			}
		}
	}
	in := func(n int, answers ...string) func(net.Conn) { // answers n requests, then closes
		return func(conn net.Conn) {
			r := bufio.NewReader(conn)
			for i := range n {
				if readRequest(r) == "" {
					return
				}
				io.WriteString(conn, answers[min(i, len(answers)-1)])
			}
		}
	}
	twice := func(first, then string, wait time.Duration) func(net.Conn) { // speaks unasked
		return func(conn net.Conn) {
			r := bufio.NewReader(conn)
			if readRequest(r) == "" {
				return
			}
			io.WriteString(conn, first)
			if readRequest(r) == "" {
				return
			}
			time.Sleep(wait)
			io.WriteString(conn, then)
		}
	}
	body := func(n int) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, strings.Repeat("x", n))
	}
	for _, c := range []struct {
		name  string
		conns []func(net.Conn) // nil: refused
		want  []string         // the reasons, "" for OK
		dials int
	}{
		{"one connection is kept", []func(net.Conn){say(fine)}, []string{"", "", "", ""}, 1},
		{"also over bad statuses", []func(net.Conn){in(9, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", fine)}, []string{"status 503", "", ""}, 1},
		{"closed while idle: dialled anew", []func(net.Conn){in(1, fine)}, []string{"", "", ""}, 3},
		{"closed while idle, then nobody", []func(net.Conn){in(1, fine), nil}, []string{"", "connect: connection refused"}, 2},
		{"answers only the first connection's first", []func(net.Conn){in(1, fine), in(0, fine)}, []string{"", "request: io: read/write on closed pipe"}, 2},
		{"408 while idle: dialled anew", []func(net.Conn){twice(fine, "HTTP/1.1 408 x\r\nContent-Length: 0\r\n\r\n", 0), say(fine)}, []string{"", "", ""}, 2},
		{"408 every time", []func(net.Conn){say("HTTP/1.1 408 x\r\nContent-Length: 0\r\n\r\n")}, []string{"status 408", "status 408"}, 2},
		{"cut on the kept one is a failure", []func(net.Conn){twice(fine, "HTTP/1.1 20", 0), say(fine)}, []string{"", "response: cut short", ""}, 2},
		{"silence on the kept one is a failure", []func(net.Conn){twice(fine, fine, time.Second), say(fine)}, []string{"", "response: no answer within 500ms", ""}, 2},
		{"asked to close", []func(net.Conn){say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")}, []string{"", ""}, 2},
		{"to the end", []func(net.Conn){once("HTTP/1.1 200 OK\r\n\r\nok")}, []string{"", ""}, 2},
		{"a body of 64 KiB", []func(net.Conn){say(body(maxBody))}, []string{"", ""}, 1},
		{"a longer one costs the connection", []func(net.Conn){say(body(maxBody + 1))}, []string{"", ""}, 2},
		{"more than was asked for", []func(net.Conn){say(fine + fine)}, []string{"", ""}, 2},
		{"cut in the body", []func(net.Conn){once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok")}, []string{"response body: cut short"}, 1},
		{"bad status with a cut body", []func(net.Conn){once("HTTP/1.1 500 x\r\nContent-Length: 5\r\n\r\nok")}, []string{"status 500", "status 500"}, 2},
		{"redirect", []func(net.Conn){say("HTTP/1.1 302 x\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")}, []string{"status 302"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				check, err := Compile(filled(config.Probe{Kind: "http", Path: "/healthz"}))
				if err != nil {
					t.Fatal(err)
				}
				dials := 0
				ask, done := newHTTP(check, serving(&dials, c.conns...))
				defer time.Sleep(2 * time.Second)
				defer done()
				for i, want := range c.want {
					ctx, cancel := context.WithTimeout(t.Context(), check.Timeout)
					a := ask(ctx, "10.0.0.1:80")
					cancel()
					if a.Err != want || a.OK != (want == "") {
						t.Errorf("probe %d: %v %q, want %q", i, a.OK, a.Err, want)
					}
					synctest.Wait()
				}
				if dials != c.dials {
					t.Errorf("%d connections, want %d", dials, c.dials)
				}
			})
		})
	}
}

func TestHTTPProbeRequest(t *testing.T) {
	for _, c := range []struct{ host, want string }{
		{"", "10.0.0.1:80"},
		{"pay.example.com", "pay.example.com"},
	} {
		synctest.Test(t, func(t *testing.T) {
			check, err := Compile(filled(config.Probe{Kind: "http", Path: "/healthz?deep", Host: c.host}))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			ask, done := newHTTP(check, serving(new(int), func(conn net.Conn) {
				got = readRequest(bufio.NewReader(conn))
				time.Sleep(20 * time.Millisecond)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Load: 0.5\r\nContent-Length: 0\r\n\r\n")
			}))
			a := ask(t.Context(), "10.0.0.1:80")
			done()
			want := "GET /healthz?deep HTTP/1.1\r\nHost: " + c.want +
				"\r\nUser-Agent: tidegate-probe\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"
			if got != want {
				t.Errorf("sent %q, want %q", got, want)
			}
			if a != (Answer{OK: true, RT: 20 * time.Millisecond, Load: 0.5}) {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestOverSockets is the little that memory cannot show: real connections and their faults.
func TestOverSockets(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Endpoint-Load-Metrics", "TEXT cpu_utilization=0.25")
		io.WriteString(w, "ok")
	}))
	addr := srv.Listener.Addr().String()
	open := (&net.Dialer{}).DialContext
	type probe struct {
		ask  Probe
		done func()
	}
	asks := map[string]probe{}
	for name, k := range probes {
		check, err := Compile(filled(well[name].probe))
		if err != nil {
			t.Fatal(err)
		}
		ask, done := k.make(check, open)
		defer done()
		asks[name] = probe{ask, done}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		for range 2 {
			a := ask(ctx, addr)
			if !a.OK || a.RT <= 0 || name == "http" && a.Load != 0.25 {
				t.Errorf("%s: %+v", name, a)
			}
		}
		cancel()
	}
	srv.Config.SetKeepAlivesEnabled(false)
	srv.CloseClientConnections()
	srv.Close()
	for name, p := range asks {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if a := p.ask(ctx, addr); a.OK || a.Err != "connect: connection refused" {
			t.Errorf("%s: %+v", name, a)
		}
		cancel()
	}
}

func TestReason(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: fmt.Errorf("connect: %w", syscall.EHOSTUNREACH)}, "no route to host"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Name: "pay.example", Err: "no such host"}}, "lookup of pay.example: no such host"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Name: "pay.example", Err: "i/o timeout", IsTimeout: true}}, "lookup of pay.example: i/o timeout"},
		{context.DeadlineExceeded, "no answer within 500ms"},
		{syscall.ETIMEDOUT, "no answer within 500ms"},
		{errors.New("odd"), "odd"},
	} {
		if got := reason(c.err, 500*time.Millisecond); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
