package http1

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// show writes down what was understood of a response.
func (r *Response) show(b []byte) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d %s", r.Status, r.Reason.Of(b))
	if r.Minor == 0 {
		s.WriteString(" old")
	}
	s.WriteString([]string{" none", " length", " chunked", " until-close"}[r.Body])
	if r.HasLength {
		fmt.Fprintf(&s, "=%d", r.Length)
	}
	if !r.KeepAlive {
		s.WriteString(" close")
	}
	if r.Informational {
		s.WriteString(" informational")
	}
	if r.RetryAfter {
		s.WriteString(" retry-after")
	}
	if r.Upgrade.Len > 0 {
		fmt.Fprintf(&s, " upgrade=%s", r.Upgrade.Of(b))
	}
	return s.String()
}

func checkResponseResume(t *testing.T, b []byte, head bool) {
	t.Helper()
	var whole Response
	want, wantErr := whole.Parse(b, roomy, head)
	compare := func(cuts ...int) {
		t.Helper()
		var got Response
		done, err := false, error(nil)
		for _, cut := range append(cuts, len(b)) {
			if done, err = got.Parse(append([]byte(nil), b[:cut]...), roomy, head); done || err != nil {
				break
			}
		}
		if done != want || err != wantErr {
			t.Fatalf("cut at %v: %v %v, whole: %v %v\n%q", cuts, done, err, want, wantErr, b)
		}
		if done {
			got.at, whole.at = section{}, section{}
			if !reflect.DeepEqual(got, whole) {
				t.Fatalf("cut at %v: %+v, whole: %+v\n%q", cuts, got, whole, b)
			}
		}
	}
	compare(everyByte(b)...)
	for i := range b {
		compare(i)
	}
}

type acceptedResponse struct{ head, want string }

func acceptedResponses() []acceptedResponse {
	ok := "HTTP/1.1 200 OK\r\n"
	return []acceptedResponse{
		{ok, "200 OK until-close close"},
		{ok + "Content-Length: 0\r\n", "200 OK length=0"},
		{ok + "Content-Length: 12\r\n", "200 OK length=12"},
		{ok + "Content-Length: 0012\r\n", "200 OK length=12"},
		{ok + "Transfer-Encoding: chunked\r\n", "200 OK chunked"},
		{ok + "transfer-encoding: Chunked\r\n", "200 OK chunked"},
		{ok + "Content-Length: 12\r\nConnection: close\r\n", "200 OK length=12 close"},
		{ok + "Content-Length: 12\r\nConnection: keep-alive\r\n", "200 OK length=12"},
		{"HTTP/1.1 200 \r\nContent-Length: 1\r\n", "200  length=1"},
		{"HTTP/1.1 200\r\nContent-Length: 1\r\n", "200  length=1"},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n", "404 Not Found length=1"},
		{"HTTP/1.1 404  Not\tFound \r\nContent-Length: 1\r\n", "404  Not\tFound  length=1"},
		{"HTTP/1.1 200 caf\xc3\xa9\r\nContent-Length: 1\r\n", "200 caf\xc3\xa9 length=1"},
		{"HTTP/1.1 299 x\r\nContent-Length: 1\r\n", "299 x length=1"},
		{"HTTP/1.1 599 x\r\nContent-Length: 1\r\n", "599 x length=1"},
		{"HTTP/1.1 503 x\r\nContent-Length: 1\r\nRetry-After: 3\r\n", "503 x length=1 retry-after"},

		{"HTTP/1.0 200 OK\r\nContent-Length: 12\r\n", "200 OK old length=12 close"},
		{"HTTP/1.0 200 OK\r\nContent-Length: 12\r\nConnection: keep-alive\r\n", "200 OK old length=12"},
		{"HTTP/1.0 200 OK\r\n", "200 OK old until-close close"},
		{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", "200 OK old until-close close"},

		{"HTTP/1.1 100 Continue\r\n", "100 Continue none informational"},
		{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n", "103 Early Hints none informational"},
		{"HTTP/1.1 199 x\r\n", "199 x none informational"},
		{"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n", "100 Continue none informational"},
		{"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n", "100 Continue none close informational"},
		{"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n", "101 Switching Protocols none informational upgrade=websocket"},
		{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n", "101 Switching Protocols none informational"},
		{"HTTP/1.1 204 No Content\r\n", "204 No Content none"},
		{"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n", "204 No Content none"},
		{"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n", "204 No Content none close"},
		{"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n", "204 No Content none close"},
		{"HTTP/1.1 304 Not Modified\r\n", "304 Not Modified none"},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n", "304 Not Modified none=500"},
		{"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n", "304 Not Modified none"},
		{"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n", "205 Reset Content length=0"},
		{ok + "Content-Length: 1\r\nX: a\xffb\tc\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n", "200 OK length=1"},
	}
}

func TestResponseAccepted(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\n"
	for _, c := range acceptedResponses() {
		b := []byte(c.head + "\r\nbody")
		var r Response
		done, err := r.Parse(b, roomy, false)
		if !done || err != nil {
			t.Errorf("%q: %v %v", c.head, done, err)
			continue
		}
		if got := r.show(b); got != c.want || r.Size != len(c.head)+2 {
			t.Errorf("%q\ngot  %s (size %d)\nwant %s", c.head, got, r.Size, c.want)
		}
		checkResponseResume(t, b, false)
	}
	for head, want := range map[string]string{
		ok:                                    "200 OK none",
		ok + "Content-Length: 12\r\n":         "200 OK none=12",
		ok + "Transfer-Encoding: chunked\r\n": "200 OK none",
		"HTTP/1.0 200 OK\r\n":                 "200 OK old none close",
		ok + "Connection: close\r\n":          "200 OK none close",
		"HTTP/1.1 100 Continue\r\n":           "100 Continue none informational",
	} {
		b := []byte(head + "\r\n")
		var r Response
		if done, err := r.Parse(b, roomy, true); !done || err != nil || r.show(b) != want {
			t.Errorf("answer to HEAD %q: %v %v %s, want %s", head, done, err, r.show(b), want)
		}
		checkResponseResume(t, b, true)
	}
}

type refusedResponse struct {
	head string
	want *Error
}

func refusedResponses() []refusedResponse {
	ok := "HTTP/1.1 200 OK\r\n"
	return []refusedResponse{
		{"\r\n" + ok, ErrStatusLine},
		{"\n", ErrBareLF},
		{"garbage\r\n", ErrStatusLine},
		{"200 OK\r\n", ErrStatusLine},
		{"<html><body>hello</body></html>\r\n", ErrStatusLine},
		{"HTTP/1.1\r\n", ErrStatusLine},
		{"HTTP/1.1 \r\n", ErrStatusLine},
		{"HTTP/1.1 20\r\n", ErrStatusLine},
		{"HTTP/1.1 20 \r\n", ErrStatusLine},
		{"HTTP/1.1 2000 OK\r\n", ErrStatusLine},
		{"HTTP/1.1 200OK\r\n", ErrStatusLine},
		{"HTTP/1.1 200\tOK\r\n", ErrStatusLine},
		{"HTTP/1.1  200 OK\r\n", ErrStatusLine},
		{"HTTP/1.1\t200 OK\r\n", ErrStatusLine},
		{"HTTP/1.1 +20 OK\r\n", ErrStatusLine},
		{"HTTP/1.1 -20 OK\r\n", ErrStatusLine},
		{"HTTP/1.1 2x0 OK\r\n", ErrStatusLine},
		{"HTTP/1.1 OK 200\r\n", ErrStatusLine},
		{" HTTP/1.1 200 OK\r\n", ErrStatusLine},
		{"HTTP/1.1 000 OK\r\n", ErrStatus},
		{"HTTP/1.1 099 OK\r\n", ErrStatus},
		{"HTTP/1.1 600 OK\r\n", ErrStatus},
		{"HTTP/1.1 999 OK\r\n", ErrStatus},
		{"HTTP/1.2 200 OK\r\n", ErrVersionForeign},
		{"HTTP/2.0 200 OK\r\n", ErrVersionForeign},
		{"HTTP/0.9 200 OK\r\n", ErrVersionForeign},
		{"http/1.1 200 OK\r\n", ErrVersionForeign},
		{"HTTP/5.6 200 OK\r\n", ErrVersionForeign},
		{"HTTP/2 200 OK.....\r\n", ErrStatusLine},
		{"ICY 200 OK and more\r\n", ErrStatusLine},
		{"HTTP/1.1 200 O\x00K\r\n", ErrControl},
		{"HTTP/1.1 200 O\x7fK\r\n", ErrControl},
		{"HTTP/1.1 200 OK\n\r\n", ErrBareLF},
		{"HTTP/1.1 200 OK\rX: y\r\n", ErrBareCR},
		{"\x15\x03\x01\x00\x02", ErrControl},
		{strings.Repeat("H", roomy.Line+1), ErrStatusTooLong},

		{ok + " X: y\r\n", ErrFold},
		{ok + "X: y\r\n z\r\n", ErrFold},
		{ok + "X : y\r\n", ErrSpaceColon},
		{ok + "X Y: z\r\n", ErrName},
		{ok + ": z\r\n", ErrName},
		{ok + "xyz\r\n", ErrNoColon},
		{ok + "X: a\nY: b\r\n", ErrBareLF},
		{ok + "X: a\rb\r\n", ErrBareCR},
		{ok + "X: a\x00\r\n", ErrControl},
		{ok + "Transfer_Encoding: chunked\r\n", ErrTwin},
		{ok + strings.Repeat("X: y\r\n", roomy.Count+1), ErrFieldsTooMany},
		{ok + "X: " + strings.Repeat("y", roomy.Fields) + "\r\n", ErrFieldsTooBig},

		{ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", ErrLengthRepeated},
		{ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", ErrLengthRepeated},
		{ok + "Content-Length: 5, 5\r\n\r\n", ErrLength},
		{ok + "Content-Length: +5\r\n\r\n", ErrLength},
		{ok + "Content-Length: -5\r\n\r\n", ErrLength},
		{ok + "Content-Length: 0x5\r\n\r\n", ErrLength},
		{ok + "Content-Length:\r\n\r\n", ErrLength},
		{ok + "Content-Length: 9223372036854775808\r\n\r\n", ErrLength},
		{ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", ErrLengthAndCoding},
		{ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingRepeated},
		{ok + "Transfer-Encoding: gzip\r\n\r\n", ErrCodingNotChunked},
		{ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", ErrCodingUnknown},
		{ok + "Transfer-Encoding: identity\r\n\r\n", ErrCoding},
		{ok + "Transfer-Encoding: chunked, chunked\r\n\r\n", ErrCoding},
		{ok + "Transfer-Encoding: xchunked\r\n\r\n", ErrCodingUnknown},
		{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingOld},
		{"HTTP/1.1 204 No Content\r\nContent-Length: x\r\n\r\n", ErrLength},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ErrLengthRepeated},

		{ok + "Connection: Content-Length\r\n\r\n", ErrConnectionNames},
		{ok + "Connection: Set-Cookie\r\n\r\n", ErrConnectionNames},
		{ok + "Connection: a b\r\n\r\n", ErrConnection},
	}
}

func TestResponseRefused(t *testing.T) {
	for _, c := range refusedResponses() {
		var r Response
		done, err := r.Parse([]byte(c.head), roomy, false)
		if done || err != error(c.want.Upstream()) {
			t.Errorf("%.80q\ngot  %v %v\nwant %v", c.head, done, err, c.want)
		}
		if e, ok := err.(*Error); !ok || e.Status != 502 {
			t.Errorf("%.80q: %v is not a 502", c.head, err)
		}
		if len(c.head) < 2000 {
			checkResponseResume(t, []byte(c.head), false)
		}
	}
}

func TestResponseFields(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\n" +
		"Server: x\r\n" +
		"Connection: close, x-hop\r\n" +
		"Set-Cookie: a=1\r\n" +
		"X-Hop: 1\r\n" +
		"Set-Cookie: b=2\r\n" +
		"Content-Length: 5\r\n" +
		"Keep-Alive: timeout=5\r\n" +
		"Proxy-Authenticate: Basic\r\n" +
		"ETag: \"x\"\r\n" +
		"\r\n"
	b := []byte(head)
	var r Response
	if done, err := r.Parse(b, roomy, false); !done || err != nil {
		t.Fatal(err)
	}
	out := AppendFields(nil, b, r.Fields, Set(NameServer))
	if want := "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nETag: \"x\"\r\n"; string(out) != want {
		t.Errorf("%q, want %q", out, want)
	}
	if r.Find(NameSetCookie) != 2 || r.Find(NameVary) != -1 {
		t.Error("Find found something else")
	}
	r.Reset()
	if done, err := r.Parse([]byte("HTTP/1.1 204 \r\n\r\n"), roomy, false); !done || err != nil || r.HasLength || len(r.Fields) != 0 {
		t.Errorf("after Reset: %v %+v", err, r)
	}
}
