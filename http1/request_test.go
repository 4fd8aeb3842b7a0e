package http1

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// show writes down what was understood of a request, for comparison and for failures to read.
func (r *Request) show(b []byte) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s path=%s", r.Method.Of(b), r.Path.Of(b))
	if r.HasQuery {
		fmt.Fprintf(&s, " query=%s", r.Query.Of(b))
	}
	fmt.Fprintf(&s, " host=%s", r.Authority.Of(b))
	if r.Absolute {
		s.WriteString(" absolute")
	}
	if r.Secure {
		s.WriteString(" secure")
	}
	if r.Asterisk {
		s.WriteString(" asterisk")
	}
	if r.Minor == 0 {
		s.WriteString(" old")
	}
	switch r.Body {
	case Length:
		fmt.Fprintf(&s, " length=%d", r.Length)
	case Chunked:
		s.WriteString(" chunked")
	}
	if !r.KeepAlive {
		s.WriteString(" close")
	}
	if r.Expect {
		s.WriteString(" expect")
	}
	if r.Upgrade.Len > 0 {
		fmt.Fprintf(&s, " upgrade=%s", r.Upgrade.Of(b))
	}
	return s.String()
}

// verdict is the outcome of a parse.
type verdict struct {
	done bool
	err  error
}

// parseWhole parses all at once.
func parseWhole(b []byte, lim Limits) (Request, verdict) {
	var r Request
	done, err := r.Parse(b, lim)
	return r, verdict{done, err}
}

// parsePieces parses b as if it arrived cut at the offsets given, into a buffer that moves.
func parsePieces(b []byte, lim Limits, cuts ...int) (Request, verdict) {
	var r Request
	for _, cut := range append(cuts, len(b)) {
		piece := append([]byte(nil), b[:cut]...)
		done, err := r.Parse(piece, lim)
		if done || err != nil {
			return r, verdict{done, err}
		}
	}
	return r, verdict{}
}

func everyByte(b []byte) []int {
	cuts := make([]int, len(b))
	for i := range cuts {
		cuts[i] = i
	}
	return cuts
}

// checkResume wants the same outcome however the bytes arrive.
func checkResume(t *testing.T, b []byte, lim Limits) {
	t.Helper()
	whole, want := parseWhole(b, lim)
	compare := func(cuts ...int) {
		t.Helper()
		got, v := parsePieces(b, lim, cuts...)
		if v != want {
			t.Fatalf("cut at %v: %v, whole: %v\n%q", cuts, v, want, b)
		}
		if want.done {
			got.at, whole.at = section{}, section{}
			if !reflect.DeepEqual(got, whole) {
				t.Fatalf("cut at %v: %+v, whole: %+v\n%q", cuts, got, whole, b)
			}
		}
	}
	compare(everyByte(b)...)
	if len(b) < 2000 {
		for i := range b {
			compare(i)
		}
	}
}

func TestRequestAccepted(t *testing.T) {
	for _, c := range acceptedRequests() {
		b := []byte(c.head + "\r\nbody")
		r, v := parseWhole(b, roomy)
		if !v.done || v.err != nil {
			t.Errorf("%q: %v", c.head, v.err)
			continue
		}
		if got := r.show(b); got != c.want {
			t.Errorf("%q\ngot  %s\nwant %s", c.head, got, c.want)
		}
		if want := len(c.head) + 2; r.Size != want {
			t.Errorf("%q: size %d, want %d", c.head, r.Size, want)
		}
		checkResume(t, b, roomy)
	}
}

func TestRequestRefused(t *testing.T) {
	for _, c := range refusedRequests() {
		b := []byte(c.head)
		r, v := parseWhole(b, roomy)
		if v.err != error(c.want) || v.done {
			t.Errorf("%q\ngot  %v %v (%s)\nwant %v", c.head, v.done, v.err, r.Method.Of(b), c.want)
		}
		checkResume(t, b, roomy)
	}
}

// Refused, but read to the end.
func TestRequestDeclined(t *testing.T) {
	for _, c := range []struct {
		head string
		want *Error
		show string
	}{
		{"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", ErrMethodNotAllowed, "TRACE path=/ host=h"},
		{"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", ErrMethodNotAllowed, "CONNECT path= host=h:443"},
		{"CONNECT h:443 HTTP/1.1\r\nHost: other\r\n\r\n", ErrMethodNotAllowed, "CONNECT path= host=h:443"},
		{"CONNECT [::1]:443 HTTP/1.0\r\n\r\n", ErrMethodNotAllowed, "CONNECT path= host=[::1]:443 old close"},
		{"POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 3\r\n\r\n", ErrExpectation, "POST path=/ host=h length=3"},
		{"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue, tea\r\nContent-Length: 3\r\n\r\n", ErrExpectation, "POST path=/ host=h length=3"},
		{"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nExpect: tea\r\nContent-Length: 3\r\n\r\n", ErrExpectation, "POST path=/ host=h length=3"},
		{"GET / HTTP/1.1\r\nHost: h\r\nExpect:\r\n\r\n", ErrExpectation, "GET path=/ host=h"},
	} {
		b := []byte(c.head)
		r, v := parseWhole(b, roomy)
		if v.err != error(c.want) || !v.done || r.Size != len(b) || r.show(b) != c.show {
			t.Errorf("%q\ngot  %v %v size %d %s\nwant %v %s", c.head, v.done, v.err, r.Size, r.show(b), c.want, c.show)
		}
		checkResume(t, b, roomy)
	}
	// A fault of the message comes before what it asks for.
	if _, v := parseWhole([]byte("TRACE / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n"), roomy); v.err != error(ErrLength) || v.done {
		t.Errorf("TRACE with a fault: %v", v)
	}
}

func TestRequestIncomplete(t *testing.T) {
	for _, head := range []string{
		"", "G", "GET ", "GET / HTTP/1.1", "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\n", "\r", "\r\n", "\r\n\r\n",
		"GET / HTTP/1.1\r\nH", "GET / HTTP/1.1\r\nHost: h", "GET / HTTP/1.1\r\nHost: h\r", "GET / HTTP/1.1\r\nHost: h\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\n\r",
	} {
		if _, v := parseWhole([]byte(head), roomy); v.done || v.err != nil {
			t.Errorf("%q: %v", head, v)
		}
	}
}

func TestRequestLimits(t *testing.T) {
	lim := Limits{Line: 20, Fields: 29, Count: 3}
	for _, c := range []struct {
		head string
		want error
	}{
		{"GET /23456 HTTP/1.1\r\nHost: h\r\n\r\n", nil},
		{"GET /234567 HTTP/1.1\r\nHost: h\r\n\r\n", nil}, // 20 bytes
		{"GET /2345678 HTTP/1.1\r\nHost: h\r\n\r\n", ErrTargetTooLong},
		{"GET /" + strings.Repeat("a", 50), ErrTargetTooLong},
		{"GET /234567890123456", nil},
		{"GET /2345678901234567", ErrTargetTooLong},
		{strings.Repeat("G", 20), nil},
		{strings.Repeat("G", 21), ErrMethodTooLong},
		{strings.Repeat("@", 21), ErrMethod},
		{"GET /2345678 HTTP/1.1\x00", ErrTargetTooLong}, // whatever comes after
		{"GET /\x00" + strings.Repeat("a", 50), ErrControl},
		{"\r\n\r\nGET /234567 HTTP/1.1\r\nHost: h\r\n\r\n", nil},

		{"GET / HTTP/1.1\r\nHost: h\r\nX: 789012345678901\r\n\r\n", nil}, // 9 + 20 bytes
		{"GET / HTTP/1.1\r\nHost: h\r\nX: 7890123456789012\r\n\r\n", ErrFieldsTooBig},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: 78901234567890123456789", ErrFieldsTooBig},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: 789012345678901", nil},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: 7890123456789012", ErrFieldsTooBig},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: 789012345678901\r\nY", ErrFieldsTooBig},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: 789012345678901\r\n", nil},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: 78901234567890\r\n:", ErrFieldsTooBig},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: 78901234567890\r\n\r\n", nil},

		{"GET / HTTP/1.1\r\nHost: h\r\nX:\r\nY:\r\n\r\n", nil},
		{"GET / HTTP/1.1\r\nHost: h\r\nX:\r\nY:\r\nZ:\r\n\r\n", ErrFieldsTooMany},
		{"GET / HTTP/1.1\r\nHost: h\r\nX:\r\nY:\r\nZ", ErrFieldsTooMany},
	} {
		_, v := parseWhole([]byte(c.head), lim)
		if v.err != c.want {
			t.Errorf("%q: got %v, want %v", c.head, v.err, c.want)
		}
		checkResume(t, []byte(c.head), lim)
	}
	// The zero value allows nothing.
	if _, v := parseWhole([]byte(curlLike), Limits{}); v.err == nil {
		t.Error("no limits at all were taken for boundless ones")
	}
}

func TestRequestFields(t *testing.T) {
	head := "GET / HTTP/1.1\r\n" +
		"hOsT: h\r\n" +
		"X-A:  one \t\r\n" +
		"Connection: x-b, Keep-Alive, TE, trailer\r\n" +
		"x-B: two\r\n" +
		"Keep-Alive: timeout=5\r\n" +
		"Proxy-Connection: keep-alive\r\n" +
		"TE: trailers\r\n" +
		"Trailer: x\r\n" +
		"Upgrade: h2c\r\n" +
		"HTTP2-Settings: AAA\r\n" +
		"Proxy-Authorization: Basic x\r\n" +
		"X-Bb: stays\r\n" +
		"X-A: three\r\n" +
		"Empty:\r\n" +
		"Cookie: a=1; b=\"2\";c = 3; d=; e\r\n" +
		"Cookie: f=6 ;b=7;g==\r\n" +
		"\r\n"
	b := []byte(head)
	r, v := parseWhole(b, roomy)
	if !v.done || v.err != nil {
		t.Fatal(v)
	}
	var got []string
	for _, f := range r.Fields {
		mark := ""
		if f.Hop {
			mark = " hop"
		}
		got = append(got, fmt.Sprintf("%s=%s (%s)%s", f.Name.Of(b), f.Value.Of(b), f.Known, mark))
	}
	want := []string{
		"hOsT=h (Host)", "X-A=one ()", "Connection=x-b, Keep-Alive, TE, trailer (Connection) hop", "x-B=two () hop",
		"Keep-Alive=timeout=5 (Keep-Alive) hop", "Proxy-Connection=keep-alive (Proxy-Connection) hop",
		"TE=trailers (TE) hop", "Trailer=x (Trailer) hop", "Upgrade=h2c (Upgrade) hop", "HTTP2-Settings=AAA (HTTP2-Settings) hop",
		"Proxy-Authorization=Basic x (Proxy-Authorization) hop", "X-Bb=stays ()", "X-A=three ()", "Empty= ()",
		"Cookie=a=1; b=\"2\";c = 3; d=; e (Cookie)", "Cookie=f=6 ;b=7;g== (Cookie)",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, want := range map[string]string{"x-a": "one", "X-A": "one", "HOST": "h", "empty": "", "x-bb": "stays"} {
		if got := r.Lookup(b, name); got == nil || string(got) != want {
			t.Errorf("Lookup(%s) = %q, want %q", name, got, want)
		}
	}
	if r.Lookup(b, "absent") != nil || r.Find(NameVia) != -1 || r.Find(NameCookie) != 14 {
		t.Error("Lookup or Find found something else")
	}
	for name, want := range map[string]string{"a": "1", "b": "2", "d": "", "f": "6", "g": "="} {
		if got := r.Cookie(b, name); got == nil || string(got) != want {
			t.Errorf("Cookie(%s) = %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"c", "e", "A", "", "aa"} {
		if got := r.Cookie(b, name); got != nil {
			t.Errorf("Cookie(%s) = %q", name, got)
		}
	}

	out := AppendFields([]byte("> "), b, r.Fields, Set(NameHost))
	if want := "> X-A:  one \t\r\nX-Bb: stays\r\nX-A: three\r\nEmpty:\r\nCookie: a=1; b=\"2\";c = 3; d=; e\r\nCookie: f=6 ;b=7;g==\r\n"; string(out) != want {
		t.Errorf("AppendFields: %q", out)
	}
}

func TestRequestReset(t *testing.T) {
	var r Request
	first := []byte("POST /a?b HTTP/1.0\r\nHost: h\r\nContent-Length: 4\r\nX: y\r\n\r\n")
	if done, err := r.Parse(first, roomy); !done || err != nil {
		t.Fatal(err)
	}
	r.Reset()
	second := []byte("GET / HTTP/1.1\r\nHost: i\r\n\r\n")
	if done, err := r.Parse(second, roomy); !done || err != nil {
		t.Fatal(err)
	}
	fresh, _ := parseWhole(second, roomy)
	if !reflect.DeepEqual(r, fresh) {
		t.Errorf("%+v differs from a fresh parse %+v", r, fresh)
	}
}

func TestMethods(t *testing.T) {
	for m, want := range map[string]struct {
		id         MethodID
		idempotent bool
	}{
		"GET": {MethodGet, true}, "HEAD": {MethodHead, true}, "PUT": {MethodPut, true}, "DELETE": {MethodDelete, true},
		"OPTIONS": {MethodOptions, true}, "TRACE": {MethodTrace, true}, "POST": {MethodPost, false},
		"PATCH": {MethodPatch, false}, "CONNECT": {MethodConnect, false}, "get": {MethodOther, false}, "PURGE": {MethodOther, false},
	} {
		target := "/"
		if m == "CONNECT" {
			target = "h:1"
		}
		r, _ := parseWhole([]byte(m+" "+target+" HTTP/1.1\r\nHost: h\r\n\r\n"), roomy)
		if r.Verb != want.id || r.Idempotent() != want.idempotent {
			t.Errorf("%s: %d %v", m, r.Verb, r.Idempotent())
		}
	}
}

func TestAppendTarget(t *testing.T) {
	for target, want := range map[string]string{
		"/": "/", "/a?": "/a?", "/a?b": "/a?b", "http://h": "/", "http://h?q": "/?q", "http://h/x%2F?": "/x%2F?", "*": "*",
	} {
		b := []byte("OPTIONS " + target + " HTTP/1.1\r\nHost: h\r\n\r\n")
		r, v := parseWhole(b, roomy)
		if v.err != nil {
			t.Fatal(v.err)
		}
		if target == "http://h" {
			want = "*"
		}
		if got := string(r.AppendTarget(nil, b)); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}
