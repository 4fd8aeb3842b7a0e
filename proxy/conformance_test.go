package proxy

import (
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// An asking is a raw request, or several, and what must become of it.
type asking struct {
	name, send string

	// want is what the client gets: the status of each answer, then "kept" or "closed". Parts after
	// a bar are what else the last answer has; see has.
	want string

	// saw is what the endpoint saw of the last request: "-" is nothing, "cut" a request that is seen not to
	// be whole; else see has.
	saw string
}

// An answering is what an endpoint answers, and what must become of it.
type answering struct {
	name string
	ask  string // "": a plain GET; one word is a method

	// say is the raw answer to the first request. A bar is a pause, FIN or RST at the end an end.
	say string

	// want is as in asking, "cut" after the status for an answer that is seen not to be whole.
	want string

	// then is what becomes of the endpoint's connection: "reused" or "dropped".
	then string
}

// has checks a head and a body for parts: "body=x" is the body, "=x" the whole head, "first=x" its first line,
// "!x" a text that must not be in the head, whatever its case; all else is a line of it.
func has(t *testing.T, what, head, body, parts string) {
	t.Helper()
	for part := range strings.SplitSeq(parts, "|") {
		ok := false
		if want, is := strings.CutPrefix(part, "body="); is {
			ok = body == want
		} else if want, is := strings.CutPrefix(part, "="); is {
			ok = head == want
		} else if want, is := strings.CutPrefix(part, "first="); is {
			ok = strings.HasPrefix(head, want+"\r\n")
		} else if want, is := strings.CutPrefix(part, "!"); is {
			ok = !strings.Contains(strings.ToLower(head), strings.ToLower(want))
		} else {
			ok = strings.Contains(head, "\r\n"+part+"\r\n")
		}
		if !ok {
			t.Errorf("%s: not so: %q in\n%q %q", what, part, head, body)
		}
	}
}

// expect reads the answers that want tells of to requests of method, and what becomes of the connection. It
// returns the answer to one more request, made after ready has returned, if it is kept.
func expect(t *testing.T, c *upstreamtest.Client, method, want string, ready func()) *upstreamtest.Response {
	t.Helper()
	first, parts, more := strings.Cut(want, "|")
	words := strings.Fields(first)
	var res *upstreamtest.Response
	for _, word := range words[:len(words)-1] {
		var err error
		if res, err = c.Read(method); err != nil {
			t.Fatalf("no answer, want %s: %v", word, err)
		}
		got := res.Head[len("HTTP/1.1 "):][:3]
		for _, i := range res.Interim {
			got = i[len("HTTP/1.1 "):][:3] + "+" + got
		}
		if got != word {
			t.Fatalf("status %s, want %s: %q %q", got, word, res.Head, res.Body)
		}
	}
	if more {
		has(t, "the answer", res.Head, string(res.Body)+res.Trailer, parts)
	}
	end := words[len(words)-1]
	if cut := res.Err != nil; cut != (end == "cut") {
		t.Errorf("cut: %v (%v), want %s", cut, res.Err, end)
	}
	ready()
	if end == "kept" {
		c.Send("GET /kept HTTP/1.1\r\nHost: h\r\n\r\n")
		res, err := c.Read("GET")
		if err != nil || res.Status != 200 {
			t.Fatalf("the connection was not kept: %v %+v", err, res)
		}
		return res
	}
	if rest, err := c.Closed(2 * time.Second); end == "closed" && (err != nil || len(rest) > 0) {
		t.Errorf("the connection was not closed: %q, %v", rest, err)
	}
	return nil
}

// methodOf is the method of a raw request.
func methodOf(raw string) string {
	method, _, _ := strings.Cut(raw, " ")
	return method
}

// conformanceTerms are limits close at hand, and a way to be refused after routing: X-Region: mars.
const conformanceTerms = "affinity: { unknown: reject }\nlimits: { body: 64KiB, line: 8KiB, fields: 32KiB, field_count: 100 }\n"

func TestRequestConformance(t *testing.T) {
	for _, row := range askings() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			up := upstream1(t, upstreamtest.Behavior{Size: 2})
			r := newRig(t, one("", up.Addr())+conformanceTerms)
			c := r.dial()
			go io.WriteString(c.Conn, row.send) // an early answer may come before all is sent
			expect(t, c, methodOf(row.send), row.want, func() {})
			c.Conn.Close()
			checkSaw(t, up, row)
		})
	}
}

// checkSaw checks what the endpoint has seen, apart from what expect asked for.
func checkSaw(t *testing.T, up *upstreamtest.Server, row asking) {
	t.Helper()
	var saw *upstreamtest.Request
	look := func() bool {
		for _, q := range up.Requests() {
			if q.Target != "/kept" {
				saw = q
			}
		}
		return saw != nil
	}
	if row.saw == "-" {
		if look() {
			t.Errorf("the endpoint saw %q", saw.Head)
		}
		return
	}
	upstreamtest.Eventually(t, 5*time.Second, "the endpoint sees it", look)
	if cut := saw.Err != nil; cut != (row.saw == "cut") {
		t.Errorf("the endpoint saw a cut request: %v (%v)", cut, saw.Err)
	}
	if row.saw != "" && row.saw != "cut" {
		has(t, "the request as forwarded", saw.Head, string(saw.Body), row.saw)
	}
}

func TestAnswerConformance(t *testing.T) {
	for _, row := range answerings() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int32
			said := make(chan struct{})
			addr := upstreamtest.Script(t, func(conn netConn) { conns.Add(1); row.play(conn, said) })
			r := newRig(t, one(", attempts: 1", addr))
			c := r.dial()
			ask := row.ask
			switch {
			case ask == "":
				ask = get
			case !strings.Contains(ask, " "):
				ask += " / HTTP/1.1\r\nHost: h\r\n\r\n"
			}
			c.Send(ask)
			next := expect(t, c, methodOf(ask), row.want, func() { <-said })
			if next == nil {
				next = r.dial().Get("/kept", "")
			}
			if next.Status != 200 || string(next.Body) != "good" {
				t.Errorf("the next answer: %d %q", next.Status, next.Body)
			}
			then := "reused"
			if conns.Load() > 1 {
				then = "dropped"
			}
			if then != row.then {
				t.Errorf("the endpoint's connection is %s, want %s", then, row.then)
			}
		})
	}
}

// play answers the row's request in its way, then closes said, and answers all others well.
func (a *answering) play(conn netConn, said chan struct{}) {
	for {
		head, err := upstreamtest.ReadRequest(conn)
		if err != nil {
			return
		}
		if strings.Contains(head, " /kept ") {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
			continue
		}
		say, fin := strings.CutSuffix(a.say, "FIN")
		say, rst := strings.CutSuffix(say, "RST")
		for i, part := range strings.Split(say, "|") {
			if i > 0 {
				time.Sleep(15 * time.Millisecond)
			}
			io.WriteString(conn, part)
		}
		close(said)
		if rst {
			time.Sleep(15 * time.Millisecond) // or it overtakes what was said
			upstreamtest.AbortConn(conn)
		}
		if fin || rst {
			return
		}
	}
}
