package upstreamtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAnswersNameTheServer(t *testing.T) {
	s := New(t, Options{Region: "cn-north", Name: "cn-north/1"})
	c := Dial(t, s.Addr())
	for range 2 { // the second on the same connection
		r := c.Get("/a?b=c", "X-Region: cn-west\r\nX-Id: 7\r\n")
		var self Self
		if err := json.Unmarshal(r.Body, &self); err != nil {
			t.Fatal(err)
		}
		want := Self{Region: "cn-north", Endpoint: "cn-north/1", Address: s.Addr(), XRegion: "cn-west", Method: "GET", Target: "/a?b=c", ID: "7"}
		if self != want {
			t.Errorf("got %+v, want %+v", self, want)
		}
	}
	Eventually(t, time.Second, "both are booked as answered", func() bool { st := s.Stats(); return st.Answered == 2 && st.InFlight == 0 })
	if st := s.Stats(); st.Accepted != 1 || st.Requests != 2 || st.Last.IsZero() {
		t.Errorf("stats %+v", st)
	}
	if r := c.Get("/healthz", ""); r.Status != 200 {
		t.Errorf("probe: %d", r.Status)
	}
	if st := s.Stats(); st.Requests != 2 || st.Probes != 1 {
		t.Errorf("a probe counts as a request: %+v", st)
	}
}

func TestDirectedAnswers(t *testing.T) {
	s := New(t, Options{})
	pattern := make([]byte, 100_000)
	Pattern(0, pattern)
	tests := []struct {
		query string
		ok    func(r *Response) bool
	}{
		{"status=418", func(r *Response) bool { return r.Status == 418 }},
		{"size=100000", func(r *Response) bool { return bytes.Equal(r.Body, pattern) && r.Err == nil }},
		{"size=100000&pieces=7&chunked=1", func(r *Response) bool { return bytes.Equal(r.Body, pattern) && r.Chunks == 7 }},
		{"size=-1", func(r *Response) bool { return len(r.Body) == 0 && r.Err == nil }},
		{"size=100&cut=10", func(r *Response) bool { return len(r.Body) == 10 && errors.Is(r.Err, io.ErrUnexpectedEOF) }},
		{"size=100&cut=0", func(r *Response) bool { return len(r.Body) == 0 && errors.Is(r.Err, io.ErrUnexpectedEOF) }},
		{"size=100&cut=10&cut_reset=1", func(r *Response) bool { return len(r.Body) == 10 && errors.Is(r.Err, syscall.ECONNRESET) }},
		{"size=100&pieces=4&chunked=1&cut=50", func(r *Response) bool { return r.Chunks == 2 && errors.Is(r.Err, io.ErrUnexpectedEOF) }},
		{"size=100&chunked=1&cut=100", func(r *Response) bool { return r.Chunks == 1 && errors.Is(r.Err, io.ErrUnexpectedEOF) }},
		{"chunked=1&trailer=X-Sum:1", func(r *Response) bool {
			return r.Trailer == "X-Sum:1\r\n" && strings.Contains(r.Head, "Trailer: X-Sum")
		}},
		{"events=1&pieces=3", func(r *Response) bool { return string(r.Body) == "data: 1\n\ndata: 2\n\ndata: 3\n\n" && r.Chunks == 3 }},
		{"interim=103&interim=102", func(r *Response) bool { return len(r.Interim) == 2 && r.Status == 200 }},
		{"until_close=1&size=50", func(r *Response) bool { return len(r.Body) == 50 && r.Err == nil }},
		{"http10=1", func(r *Response) bool { return r.Proto == "HTTP/1.0" && r.Err == nil }},
		{"echo=1", func(r *Response) bool {
			return string(r.Body) == "GET /?echo=1 HTTP/1.1\r\nHost: test\r\nx-ODD:  1\r\n\r\n"
		}},
		{"status=204", func(r *Response) bool { return r.Status == 204 && len(r.Body) == 0 }},
		{"delay=soon", func(r *Response) bool { return r.Status == 400 }},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			if r := Dial(t, s.Addr()).Get("/?"+tt.query, "x-ODD:  1\r\n"); !tt.ok(r) {
				t.Errorf("%s%q\n%d chunks, err %v, interim %q", r.Head, r.Body, r.Chunks, r.Err, r.Interim)
			}
		})
	}
}

func TestFaultsInsteadOfAnAnswer(t *testing.T) {
	s := New(t, Options{})
	tests := []struct {
		fault Fault
		rest  string
		err   error
	}{
		{Reset, "", syscall.ECONNRESET},
		{Close, "", nil},
		{Garbage, "\x16\x03\x01 this is no HTTP\r\n\r\n", nil},
		{Hang, "", os.ErrDeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault), func(t *testing.T) {
			s.Set(Behavior{Fault: tt.fault})
			c := Dial(t, s.Addr())
			c.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
			rest, err := c.Closed(50 * time.Millisecond)
			if string(rest) != tt.rest || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v", rest, err)
			}
		})
	}
	if r := Dial(t, s.Addr()).Get("/healthz", ""); r.Status != 200 {
		t.Error("a request's fault must leave probes alone")
	}
}

func TestFailuresAreEvenlySpaced(t *testing.T) {
	b := Behavior{FailRate: 0.3}
	for from := uint64(0); from < 200; from += 10 {
		n := 0
		for i := range uint64(10) {
			if b.fails(from + i) {
				n++
			}
		}
		if n != 3 {
			t.Errorf("%d failures of 10 from %d on", n, from)
		}
	}
	if (&Behavior{FailRate: 1}).fails(5) != true || (&Behavior{}).fails(5) {
		t.Error("all and none")
	}
}

func TestRequestBodies(t *testing.T) {
	s := New(t, Options{Keep: 1, Ledger: &Ledger{}})
	tests := []struct {
		name, raw string
		body      string
		trailer   string
		cut       bool
	}{
		{"counted", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello", "hello", "", false},
		{"chunked", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nA: b\r\n\r\n", "hello", "A: b\r\n", false},
		{"counted, cut", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhel", "hel", "", true},
		{"chunked, cut at a boundary", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", "hel", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Dial(t, s.Addr())
			c.Send(tt.raw)
			if tt.cut {
				c.Conn.Close()
			}
			Eventually(t, time.Second, "the request is kept", func() bool {
				r := s.Requests()
				return len(r) == 1 && string(r[0].Body) == tt.body && r[0].Trailer == tt.trailer && (r[0].Err != nil) == tt.cut
			})
		})
	}
}

func TestLedgerTellsRepetitions(t *testing.T) {
	l := &Ledger{}
	a, b := New(t, Options{Ledger: l}), New(t, Options{Ledger: l})
	Dial(t, a.Addr()).Get("/", "X-Id: 1\r\n")
	Dial(t, b.Addr()).Get("/", "X-Id: 1\r\n")
	Dial(t, b.Addr()).Get("/", "X-Id: 2\r\n")
	if got := l.Repeated("GET"); len(got) != 1 || !strings.Contains(got[0], a.Addr()+", "+b.Addr()) {
		t.Errorf("repeated %q", got)
	}
	if l.Executed("1") != 2 || l.Executed("2") != 1 || l.Executed("3") != 0 || l.Count("GET") != 2 {
		t.Error("counts")
	}
}

func TestKillAndHeal(t *testing.T) {
	s := New(t, Options{Behavior: Behavior{Delay: time.Hour}})
	c := Dial(t, s.Addr())
	c.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
	Eventually(t, time.Second, "the request is there", func() bool { return s.Stats().InFlight == 1 })
	s.Kill()
	if _, err := c.Closed(time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("old connection: %v", err)
	}
	if _, err := net.Dial("tcp", s.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("new connection: %v", err)
	}
	s.Kill()
	s.Set(Behavior{})
	if err := s.Heal(); err != nil {
		t.Fatal(err)
	}
	if r := Dial(t, s.Addr()).Get("/", ""); r.Status != 200 {
		t.Errorf("after healing: %d", r.Status)
	}
}

func TestFreezeHangsOldAndNewConnections(t *testing.T) {
	s := New(t, Options{})
	old := Dial(t, s.Addr())
	old.Get("/", "")
	s.Freeze()
	fresh := Dial(t, s.Addr())
	old.Send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
	fresh.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
	for _, c := range []*Client{old, fresh} {
		if _, err := c.Closed(30 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a frozen server did something: %v", err)
		}
	}
	if err := s.Heal(); err != nil {
		t.Fatal(err)
	}
	if r, err := fresh.Read("GET"); err != nil || r.Status != 200 {
		t.Errorf("after healing: %v", err)
	}
}

func TestBlackholeDropsConnects(t *testing.T) {
	s := New(t, Options{})
	old := Dial(t, s.Addr())
	old.Get("/", "")
	if err := s.Blackhole(); err != nil {
		t.Skip(err)
	}
	if c, err := net.DialTimeout("tcp", s.Addr(), 50*time.Millisecond); err == nil {
		c.Close()
		t.Error("connected to a black hole")
	}
	old.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
	if _, err := old.Closed(30 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a black hole did something: %v", err)
	}
	if err := s.Heal(); err != nil {
		t.Fatal(err)
	}
	if r := Dial(t, s.Addr()).Get("/", ""); r.Status != 200 {
		t.Errorf("after healing: %d", r.Status)
	}
	s2 := New(t, Options{})
	if err := s2.Blackhole(); err != nil {
		t.Fatal(err)
	}
	s2.Kill() // must not wait for anything
}

func TestLeavingIsNoticed(t *testing.T) {
	s := New(t, Options{Behavior: Behavior{Delay: time.Hour}})
	c := Dial(t, s.Addr())
	c.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
	Eventually(t, time.Second, "the request is there", func() bool { return s.Stats().InFlight == 1 })
	c.Conn.Close()
	Eventually(t, time.Second, "the leaving is seen", func() bool { return s.Stats().Abandoned == 1 })
}

func TestEarlyAnswer(t *testing.T) {
	s := New(t, Options{Keep: 1})
	c := Dial(t, s.Addr())
	c.Send("POST /?early=1&status=413 HTTP/1.1\r\nHost: t\r\nContent-Length: 6\r\n\r\nabc")
	if r, err := c.Read("POST"); err != nil || r.Status != 413 {
		t.Fatalf("%v", err)
	}
	c.Send("def")
	if r := c.Get("/", ""); r.Status != 200 {
		t.Errorf("the connection does not go on: %d", r.Status)
	}
}

func TestExpectContinue(t *testing.T) {
	s := New(t, Options{})
	c := Dial(t, s.Addr())
	c.Send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	line := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(c.r, line); err != nil || !strings.HasPrefix(string(line), "HTTP/1.1 100") {
		t.Fatalf("%q, %v", line, err)
	}
	c.Send("ok")
	if r, err := c.Read("POST"); err != nil || r.Status != 200 {
		t.Errorf("%v", err)
	}
}

func TestScript(t *testing.T) {
	addr := Script(t, func(conn net.Conn) {
		head, err := ReadRequest(conn)
		if err != nil || !strings.HasPrefix(head, "GET /x ") {
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
		if _, err := ReadRequest(conn); err == nil {
			AbortConn(conn)
		}
	})
	c := Dial(t, addr)
	if r := c.Get("/x", ""); string(r.Body) != "hi" {
		t.Errorf("%q", r.Body)
	}
	c.Send("GET /y HTTP/1.1\r\n\r\n")
	if _, err := c.Closed(time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("want a reset, got %v", err)
	}
}
