package proxy

import (
	"net"
	"testing"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// echoer answers every request with the same bytes and allocates nothing.
func echoer(t testing.TB, answer string) string {
	out := []byte(answer)
	return upstreamtest.Script(t, func(conn netConn) {
		b := make([]byte, 64<<10)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			for i := 0; i+4 <= n; i++ {
				if b[i] == '\r' && b[i+2] == '\r' {
					conn.Write(out)
				}
			}
		}
	})
}

// hop returns a function that sends one request through the gateway and reads its answer.
func hop(t testing.TB, request, answer string, extra string) func() {
	r := newRig(t, one(extra, echoer(t, answer)))
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	sent := 0
	in, out := make([]byte, 64<<10), []byte(request)
	want := 0
	once := func() {
		if sent++; sent == maxRequests {
			conn.Close()
			conn, _ = net.Dial("tcp", r.addr)
			sent = 1
		}
		conn.Write(out)
		for got := 0; got == 0 || got < want; {
			n, err := conn.Read(in[got:])
			if err != nil {
				t.Fatal(err)
			}
			got += n
			if want == 0 {
				want = got
			}
		}
	}
	for range 100 {
		once()
	}
	return once
}

const (
	smallGet = "GET /hello?x=1 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test/1\r\nAccept: */*\r\nX-Region: here\r\n\r\n"
	smallOK  = "HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!"
)

func TestHopAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for name, c := range map[string]struct{ request, answer, extra string }{
		"GET":            {smallGet, smallOK, ""},
		"with limit":     {smallGet, smallOK, ", limit: {rate: 1000000/s}"},
		"small POST":     {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", smallOK, ""},
		"chunked answer": {smallGet, "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			once := hop(t, c.request, c.answer, c.extra)
			if n := testing.AllocsPerRun(2000, once); n >= 0.1 {
				t.Errorf("%v allocations a request", n)
			}
		})
	}
}

func BenchmarkHop(b *testing.B) {
	once := hop(b, smallGet, smallOK, "")
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
}
