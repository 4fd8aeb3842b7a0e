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

const host1 = "Host: h\r\n"

type acceptedRequest struct{ head, want string }

func acceptedRequests() []acceptedRequest {
	post := "POST / HTTP/1.1\r\nHost: h\r\n"
	get := "GET / HTTP/1.1\r\nHost: h\r\n"
	return []acceptedRequest{
		// Request lines.
		{get, "GET path=/ host=h"},
		{"HEAD / HTTP/1.1\r\n" + host1, "HEAD path=/ host=h"},
		{"DELETE /x HTTP/1.1\r\n" + host1, "DELETE path=/x host=h"},
		{"PROPFIND /dav/ HTTP/1.1\r\n" + host1, "PROPFIND path=/dav/ host=h"},
		{"get / HTTP/1.1\r\n" + host1, "get path=/ host=h"},
		{"M!#$%&'*+-.^_`|~9 / HTTP/1.1\r\n" + host1, "M!#$%&'*+-.^_`|~9 path=/ host=h"},
		{"\r\n" + get, "GET path=/ host=h"},
		{"\r\n\r\n" + get, "GET path=/ host=h"},
		{"GET /a? HTTP/1.1\r\n" + host1, "GET path=/a query= host=h"},
		{"GET /a?b=c&d HTTP/1.1\r\n" + host1, "GET path=/a query=b=c&d host=h"},
		{"GET /a?b?c HTTP/1.1\r\n" + host1, "GET path=/a query=b?c host=h"},
		{"GET /a?/../b HTTP/1.1\r\n" + host1, "GET path=/a query=/../b host=h"},
		{"GET //a//b HTTP/1.1\r\n" + host1, "GET path=//a//b host=h"},
		{"GET /a%2Fb%00%zz HTTP/1.1\r\n" + host1, "GET path=/a%2Fb%00%zz host=h"},
		{"GET /../x HTTP/1.1\r\n" + host1, "GET path=/../x host=h"},
		{"GET /a;b=1:@!$&'()*+,= HTTP/1.1\r\n" + host1, "GET path=/a;b=1:@!$&'()*+,= host=h"},
		{"GET /[a]|^ HTTP/1.1\r\n" + host1, "GET path=/[a]|^ host=h"},
		{"GET /?{a}`\\|^[] HTTP/1.1\r\n" + host1, "GET path=/ query={a}`\\|^[] host=h"},
		{"GET /http://other/ HTTP/1.1\r\n" + host1, "GET path=/http://other/ host=h"},
		{"OPTIONS * HTTP/1.1\r\n" + host1, "OPTIONS path= host=h asterisk"},
		{"OPTIONS /a HTTP/1.1\r\n" + host1, "OPTIONS path=/a host=h"},

		// HTTP/1.0.
		{"GET / HTTP/1.0\r\n", "GET path=/ host= old close"},
		{"GET / HTTP/1.0\r\nHost: h\r\n", "GET path=/ host=h old close"},
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", "GET path=/ host= old"},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n", "GET path=/ host= old close"},
		{"GET / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n", "GET path=/ host= old length=1 close"},
		{"GET / HTTP/1.0\r\nExpect: tea\r\n", "GET path=/ host= old close"},
		{"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n", "GET path=/ host= old close"},
		{"GET http://a/b HTTP/1.0\r\n", "GET path=/b host=a absolute old close"},
		{"POST / HTTP/1.0\r\nContent-Length: 3\r\n", "POST path=/ host= old length=3 close"},
		{"POST / HTTP/1.0\r\n", "POST path=/ host= old close"},

		// Absolute targets.
		{"GET http://h/ HTTP/1.1\r\nHost: h\r\n", "GET path=/ host=h absolute"},
		{"GET HTTP://h/ HTTP/1.1\r\nHost: h\r\n", "GET path=/ host=h absolute"},
		{"GET https://h/ HTTP/1.1\r\nHost: h\r\n", "GET path=/ host=h absolute secure"},
		{"GET http://h HTTP/1.1\r\nHost: h\r\n", "GET path= host=h absolute"},
		{"GET http://h?q HTTP/1.1\r\nHost: h\r\n", "GET path= query=q host=h absolute"},
		{"GET http://h? HTTP/1.1\r\nHost: h\r\n", "GET path= query= host=h absolute"},
		{"GET http://H.example/ HTTP/1.1\r\nHost: h.EXAMPLE\r\n", "GET path=/ host=H.example absolute"},
		{"GET http://h:80/ HTTP/1.1\r\nHost: h\r\n", "GET path=/ host=h:80 absolute"},
		{"GET http://h/ HTTP/1.1\r\nHost: h:80\r\n", "GET path=/ host=h absolute"},
		{"GET http://h:/ HTTP/1.1\r\nHost: h\r\n", "GET path=/ host=h: absolute"},
		{"GET https://h:443/ HTTP/1.1\r\nHost: h\r\n", "GET path=/ host=h:443 absolute secure"},
		{"GET http://h:81/ HTTP/1.1\r\nHost: h:81\r\n", "GET path=/ host=h:81 absolute"},
		{"GET http://[::1]:81/x HTTP/1.1\r\nHost: [::1]:81\r\n", "GET path=/x host=[::1]:81 absolute"},
		{"OPTIONS http://h HTTP/1.1\r\nHost: h\r\n", "OPTIONS path= host=h absolute asterisk"},
		{"OPTIONS http://h/ HTTP/1.1\r\nHost: h\r\n", "OPTIONS path=/ host=h absolute"},
		{"OPTIONS http://h?a HTTP/1.1\r\nHost: h\r\n", "OPTIONS path= query=a host=h absolute"},

		// Hosts.
		{"GET / HTTP/1.1\r\nHost: example.com\r\n", "GET path=/ host=example.com"},
		{"GET / HTTP/1.1\r\nhost: example.com:8080\r\n", "GET path=/ host=example.com:8080"},
		{"GET / HTTP/1.1\r\nHOST:example.com\r\n", "GET path=/ host=example.com"},
		{"GET / HTTP/1.1\r\nHost: \t example.com \t\r\n", "GET path=/ host=example.com"},
		{"GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n", "GET path=/ host=10.0.0.1:80"},
		{"GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n", "GET path=/ host=[2001:db8::1]"},
		{"GET / HTTP/1.1\r\nHost: a_b.c~d\r\n", "GET path=/ host=a_b.c~d"},
		{"GET / HTTP/1.1\r\nHost: example.com.\r\n", "GET path=/ host=example.com."},
		{"GET / HTTP/1.1\r\nHost: example.com:\r\n", "GET path=/ host=example.com:"},
		{"GET / HTTP/1.1\r\nX: y\r\nHost: late\r\n", "GET path=/ host=late"},

		// Fields.
		{get + "X:\r\n", "GET path=/ host=h"},
		{get + "X: \r\n", "GET path=/ host=h"},
		{get + "X:a:b\r\n", "GET path=/ host=h"},
		{get + "X: a\tb  c\r\n", "GET path=/ host=h"},
		{get + "X: caf\xc3\xa9 \xff\x80\r\n", "GET path=/ host=h"},
		{get + "!#$%&'*+-.^_`|~: x\r\n", "GET path=/ host=h"},
		{get + "X_Custom: 1\r\n", "GET path=/ host=h"},
		{get + "A-Name-That-Is-Much-Longer-Than-All-The-Known-Ones: 1\r\n", "GET path=/ host=h"},
		{get + "X: 1\r\nX: 2\r\nx: 3\r\n", "GET path=/ host=h"},

		// Bodies.
		{post + "Content-Length: 0\r\n", "POST path=/ host=h length=0"},
		{post + "Content-Length: 12\r\n", "POST path=/ host=h length=12"},
		{post + "content-length:12\r\n", "POST path=/ host=h length=12"},
		{post + "Content-Length: 0012\r\n", "POST path=/ host=h length=12"},
		{post + "Content-Length:  12  \r\n", "POST path=/ host=h length=12"},
		{post + "Content-Length: 9223372036854775807\r\n", "POST path=/ host=h length=9223372036854775807"},
		{post, "POST path=/ host=h"},
		{post + "Transfer-Encoding: chunked\r\n", "POST path=/ host=h chunked"},
		{post + "transfer-encoding:CHUNKED\r\n", "POST path=/ host=h chunked"},
		{post + "Transfer-Encoding: \tchunked \r\n", "POST path=/ host=h chunked"},
		{get + "Content-Length: 5\r\n", "GET path=/ host=h length=5"},
		{get + "Transfer-Encoding: chunked\r\n", "GET path=/ host=h chunked"},
		{post + "Content-Lengthy: 5\r\nX-Content-Length: 6\r\n", "POST path=/ host=h"},

		// Connection.
		{get + "Connection: close\r\n", "GET path=/ host=h close"},
		{get + "Connection: CLOSE\r\n", "GET path=/ host=h close"},
		{get + "Connection: keep-alive\r\n", "GET path=/ host=h"},
		{get + "Connection: keep-alive, close\r\n", "GET path=/ host=h close"},
		{get + "Connection: keep-alive\r\nConnection: close\r\n", "GET path=/ host=h close"},
		{get + "Connection: , ,x-y,\t, close,\r\n", "GET path=/ host=h close"},
		{get + "Connection:\r\n", "GET path=/ host=h"},
		{get + "Connection: closed\r\n", "GET path=/ host=h"},
		{get + "Connection: te, keep-alive\r\nTE: trailers\r\n", "GET path=/ host=h"},
		{get + "Connection: Upgrade\r\nUpgrade: websocket\r\n", "GET path=/ host=h upgrade=websocket"},
		{get + "Connection: keep-alive, upgrade\r\nUpgrade: a/1, b\r\n", "GET path=/ host=h upgrade=a/1, b"},
		{get + "Upgrade: websocket\r\n", "GET path=/ host=h"},
		{get + "Connection: upgrade\r\n", "GET path=/ host=h"},
		{get + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n", "GET path=/ host=h upgrade=h2c"},

		// Expect.
		{post + "Content-Length: 5\r\nExpect: 100-continue\r\n", "POST path=/ host=h length=5 expect"},
		{post + "Content-Length: 5\r\nExpect: 100-Continue\r\n", "POST path=/ host=h length=5 expect"},
		{post + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", "POST path=/ host=h chunked expect"},
		{post + "Content-Length: 5\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n", "POST path=/ host=h length=5 expect"},
		{post + "Content-Length: 0\r\nExpect: 100-continue\r\n", "POST path=/ host=h length=0"},
		{get + "Expect: 100-continue\r\n", "GET path=/ host=h"},
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

type refusedRequest struct {
	head string
	want *Error
}

func refusedRequests() []refusedRequest {
	get := "GET / HTTP/1.1\r\nHost: h\r\n"
	post := "POST / HTTP/1.1\r\nHost: h\r\n"
	end := "\r\n"
	rows := []refusedRequest{
		// Request lines.
		{"\r\n\r\n\r\nGET / HTTP/1.1\r\n", ErrEmptyLines},
		{"\nGET / HTTP/1.1\r\n", ErrBareLF},
		{"\rGET / HTTP/1.1\r\n", ErrBareCR},
		{"\r\r\nGET / HTTP/1.1\r\n", ErrBareCR},
		{" GET / HTTP/1.1\r\n" + host1 + end, ErrMethod},
		{"\tGET / HTTP/1.1\r\n" + host1 + end, ErrMethod},
		{" \r\nGET / HTTP/1.1\r\n", ErrMethod},
		{"GET\r\n", ErrRequestLine},
		{"GET /\r\n", ErrVersion},
		{"GET / \r\n", ErrVersion},
		{"GET HTTP/1.1\r\n", ErrRequestLine},
		{"GET  HTTP/1.1\r\n", ErrRequestLine},
		{"GET  / HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET\t/\tHTTP/1.1\r\n", ErrRequestLine},
		{"GET\t/ HTTP/1.1\r\n", ErrMethod},
		{"GET /\tHTTP/1.1\r\n", ErrVersion},
		{"GET /  HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET / HTTP/1.1 \r\n", ErrVersion},
		{"GET / HTTP/1.1\t\r\n", ErrVersion},
		{"GET / HTTP/1.1 x\r\n", ErrVersion},
		{"GET / HTTP/1.1 HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /a b HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /\x00 HTTP/1.1\r\n", ErrControl},
		{"GET /\x01 HTTP/1.1\r\n", ErrControl},
		{"GET /\x7f HTTP/1.1\r\n", ErrControl},
		{"GET /\x0b HTTP/1.1\r\n", ErrControl},
		{"GET /\x0c HTTP/1.1\r\n", ErrControl},
		{"GET /\x1b HTTP/1.1\r\n", ErrControl},
		{"GET /a\tb HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET / HTTP/1.1\n" + host1 + end, ErrBareLF},
		{"GET / HTTP/1.1\rHost: h\r\n", ErrBareCR},
		{"GET / HTTP/1.1\r\r\n", ErrBareCR},
		{"G\x00T / HTTP/1.1\r\n", ErrControl},
		{"\x16\x03\x01\x02\x00", ErrControl}, // TLS
		{"G@T / HTTP/1.1\r\n", ErrMethod},
		{"G\"T\" / HTTP/1.1\r\n", ErrMethod},
		{"GET: / HTTP/1.1\r\n", ErrMethod},
		{"(GET) / HTTP/1.1\r\n", ErrMethod},
		{"G\xc9T / HTTP/1.1\r\n", ErrMethod},

		// Versions.
		{"GET / HTTP/0.9\r\n", ErrVersionUnknown},
		{"GET / HTTP/1.2\r\n", ErrVersionUnknown},
		{"GET / HTTP/1.9\r\n", ErrVersionUnknown},
		{"GET / HTTP/2.0\r\n", ErrVersionUnknown},
		{"GET / HTTP/3.0\r\n", ErrVersionUnknown},
		{"GET / HTTP/5.6\r\n", ErrVersionUnknown},
		{"PRI * HTTP/2.0\r\n", ErrVersionUnknown},
		{"GET / HTTP/2\r\n", ErrVersion},
		{"GET / HTTP/1\r\n", ErrVersion},
		{"GET / HTTP/1.\r\n", ErrVersion},
		{"GET / HTTP/.1\r\n", ErrVersion},
		{"GET / HTTP/1.10\r\n", ErrVersion},
		{"GET / HTTP/1.01\r\n", ErrVersion},
		{"GET / HTTP/01.1\r\n", ErrVersion},
		{"GET / HTTP/11.1\r\n", ErrVersion},
		{"GET / HTTP/1,1\r\n", ErrVersion},
		{"GET / HTTP/1.x\r\n", ErrVersion},
		{"GET / HTTP/x.1\r\n", ErrVersion},
		{"GET / HTTP/1.1a\r\n", ErrVersion},
		{"GET / HTTP/-1.1\r\n", ErrVersion},
		{"GET / HTTP/ 1.1\r\n", ErrVersion},
		{"GET / HTTP /1.1\r\n", ErrVersion},
		{"GET / http/1.1\r\n", ErrVersion},
		{"GET / Http/1.1\r\n", ErrVersion},
		{"GET / HTTPS/1.1\r\n", ErrVersion},
		{"GET / HTTQ/1.1\r\n", ErrVersion},
		{"GET / XHTTP/1.1\r\n", ErrVersion},
		{"GET / \r\n", ErrVersion},
		{"GET / ICY\r\n", ErrVersion},

		// Targets.
		{"GET a HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET ?a HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET example.com/ HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET example.com:80 HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET * HTTP/1.1\r\n" + host1 + end, ErrTargetAsterisk},
		{"POST * HTTP/1.1\r\n" + host1 + end, ErrTargetAsterisk},
		{"OPTIONS *a HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"OPTIONS ** HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"OPTIONS *?a HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET /a#b HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /a?b#c HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET # HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET /\" HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /< HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /> HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /a\\b HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /{ HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /` HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /\xc3\xa9 HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /\x80 HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /\xff HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /?\" HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /?< HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET /?\xc3\xa9 HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET \\ HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET http:/h/ HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET http:h HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET http:// HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET http:/// HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://?a HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://:80/ HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://u@h/ HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://u:p@h/ HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://h:x/ HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://h:99999/ HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://h#f HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://h%41/ HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://h\\x/ HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://[::1/ HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"GET http://h/a#f HTTP/1.1\r\n" + host1 + end, ErrTarget},
		{"GET ftp://h/ HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET ws://h/ HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET file:///etc/passwd HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET urn:a:b HTTP/1.1\r\n" + host1 + end, ErrTargetForm},
		{"GET //h/ HTTP/1.1 \r\n" + host1 + end, ErrVersion},
		{"CONNECT / HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"CONNECT h HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"CONNECT h: HTTP/1.1\r\n" + host1 + end, ErrTargetHost},
		{"CONNECT http://h:1/ HTTP/1.1\r\n" + host1 + end, ErrTargetHost},

		// Hosts.
		{"GET / HTTP/1.1\r\n\r\n", ErrHostMissing},
		{"GET / HTTP/1.1\r\nX: h\r\n\r\n", ErrHostMissing},
		{"GET http://h/ HTTP/1.1\r\n\r\n", ErrHostMissing},
		{"OPTIONS * HTTP/1.1\r\n\r\n", ErrHostMissing},
		{get + host1 + end, ErrHostRepeated},
		{get + "host: other\r\n" + end, ErrHostRepeated},
		{"GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", ErrHostRepeated},
		{"GET / HTTP/1.0\r\nHost: \r\n\r\n", ErrHost},
		{"GET http://h/ HTTP/1.1\r\nHost: other\r\n\r\n", ErrHostDiffers},
		{"GET http://h/ HTTP/1.1\r\nHost: h:81\r\n\r\n", ErrHostDiffers},
		{"GET http://h:443/ HTTP/1.1\r\nHost: h\r\n\r\n", ErrHostDiffers},
		{"GET https://h:80/ HTTP/1.1\r\nHost: h\r\n\r\n", ErrHostDiffers},
		{"GET http://h:81/ HTTP/1.1\r\nHost: h:82\r\n\r\n", ErrHostDiffers},
		{"GET http://h/ HTTP/1.1\r\nHost: hh\r\n\r\n", ErrHostDiffers},
		{"GET http://h/ HTTP/1.0\r\nHost: x\r\n\r\n", ErrHostDiffers},
		{"GET http://h/ HTTP/1.1\r\nHost: h/\r\n\r\n", ErrHost},

		// Names and lines.
		{get + "X : y\r\n", ErrSpaceColon},
		{get + "X\t: y\r\n", ErrSpaceColon},
		{get + "Content-Length : 5\r\n", ErrSpaceColon},
		{get + "Transfer-Encoding : chunked\r\n", ErrSpaceColon},
		{get + "Transfer-Encoding\t:chunked\r\n", ErrSpaceColon},
		{get + "Host : h\r\n", ErrSpaceColon},
		{get + ": y\r\n", ErrName},
		{get + ":\r\n", ErrName},
		{get + "X Y: z\r\n", ErrName},
		{get + "Transfer Encoding: chunked\r\n", ErrName},
		{get + "X/Y: z\r\n", ErrName},
		{get + "X@Y: z\r\n", ErrName},
		{get + "X(Y): z\r\n", ErrName},
		{get + "X[Y]: z\r\n", ErrName},
		{get + "X{Y}: z\r\n", ErrName},
		{get + "\"X\": z\r\n", ErrName},
		{get + "X;Y: z\r\n", ErrName},
		{get + "X,Y: z\r\n", ErrName},
		{get + "X=Y: z\r\n", ErrName},
		{get + "X?: z\r\n", ErrName},
		{get + "X\\Y: z\r\n", ErrName},
		{get + "<X>: z\r\n", ErrName},
		{get + "X\xe9: z\r\n", ErrName},
		{get + "\xef\xbb\xbfX: z\r\n", ErrName},
		{get + "Transfer-Encodin\xc7: chunked\r\n", ErrName},
		{get + "no colon\r\n", ErrNoColon},
		{get + "X\r\n", ErrNoColon},
		{get + "Content-Length 5\r\n", ErrNoColon},
		{get + "Transfer-Encoding\r\n : chunked\r\n", ErrNoColon},
		{get + "a-very-long-line-without-any-colon-in-it-at-all\r\nX: y\r\n", ErrNoColon},
		{get + " X: y\r\n", ErrFold},
		{get + "\tX: y\r\n", ErrFold},
		{get + "X: y\r\n z\r\n", ErrFold},
		{get + "X: y\r\n\tz\r\n", ErrFold},
		{get + "Transfer-Encoding:\r\n chunked\r\n", ErrFold},
		{"GET / HTTP/1.1\r\n Host: h\r\n", ErrFold},
		{"GET / HTTP/1.1\r\n \r\n", ErrFold},
		{get + "X: a\nY: b\r\n", ErrBareLF},
		{get + "X: a\n\r\n", ErrBareLF},
		{get + "\nX: a\r\n", ErrBareLF},
		{get + "\n", ErrBareLF},
		{get + "X: a\rY: b\r\n", ErrBareCR},
		{get + "X: a\r\r\n", ErrBareCR},
		{get + "\rX: a\r\n", ErrBareCR},
		{get + "\r\r\n", ErrBareCR},
		{get + "X: a\r \r\n", ErrBareCR},
		{get + "X: a\x00b\r\n", ErrControl},
		{get + "X: \x01\r\n", ErrControl},
		{get + "X: \x7f\r\n", ErrControl},
		{get + "X: a\x0bb\r\n", ErrControl},
		{get + "X: a\x0cb\r\n", ErrControl},
		{get + "X: a\x1fb\r\n", ErrControl},
		{get + "X: a\x08b\r\n", ErrControl},
		{get + "X\x00: a\r\n", ErrControl},
		{get + "Content\x0dLength: 5\r\n", ErrBareCR},
		{get + "Content\x01Length: 5\r\n", ErrControl},
		{get + "\x00\r\n", ErrControl},
		{get + "X:\x00\r\n", ErrControl},

		// Names that a server may read as others.
		{post + "Content_Length: 5\r\n", ErrTwin},
		{post + "content_length: 5\r\n", ErrTwin},
		{post + "Transfer_Encoding: chunked\r\n", ErrTwin},
		{post + "TRANSFER_ENCODING: chunked\r\n", ErrTwin},
		{post + "X_Forwarded_For: 10.0.0.1\r\n", ErrTwin},
		{post + "X-Forwarded_For: 10.0.0.1\r\n", ErrTwin},
		{post + "X_Real_IP: 10.0.0.1\r\n", ErrTwin},
		{post + "X_Region: cn-north\r\n", ErrTwin},
		{post + "Keep_Alive: 1\r\n", ErrTwin},

		// Framing.
		{post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", ErrLengthRepeated},
		{post + "Content-Length: 5\r\ncontent-length: 6\r\n\r\n", ErrLengthRepeated},
		{post + "Content-Length: 5\r\nX: y\r\nContent-Length: 0\r\n\r\n", ErrLengthRepeated},
		{post + "Content-Length: \r\n\r\n", ErrLength},
		{post + "Content-Length: 5, 5\r\n\r\n", ErrLength},
		{post + "Content-Length: 5,\r\n\r\n", ErrLength},
		{post + "Content-Length: ,5\r\n\r\n", ErrLength},
		{post + "Content-Length: +5\r\n\r\n", ErrLength},
		{post + "Content-Length: -5\r\n\r\n", ErrLength},
		{post + "Content-Length: -0\r\n\r\n", ErrLength},
		{post + "Content-Length: 0x5\r\n\r\n", ErrLength},
		{post + "Content-Length: 5x\r\n\r\n", ErrLength},
		{post + "Content-Length: 5 5\r\n\r\n", ErrLength},
		{post + "Content-Length: 5\t5\r\n\r\n", ErrLength},
		{post + "Content-Length: 5.0\r\n\r\n", ErrLength},
		{post + "Content-Length: 5e1\r\n\r\n", ErrLength},
		{post + "Content-Length: 1_000\r\n\r\n", ErrLength},
		{post + "Content-Length: a\r\n\r\n", ErrLength},
		{post + "Content-Length: \"5\"\r\n\r\n", ErrLength},
		{post + "Content-Length: 5;\r\n\r\n", ErrLength},
		{post + "Content-Length: \xb2\r\n\r\n", ErrLength},
		{post + "Content-Length: 9223372036854775808\r\n\r\n", ErrLength},
		{post + "Content-Length: 18446744073709551616\r\n\r\n", ErrLength},
		{post + "Content-Length: 18446744073709551621\r\n\r\n", ErrLength},
		{post + "Content-Length: 99999999999999999999999\r\n\r\n", ErrLength},
		{post + "Content-Length: 00000000000000000000005\r\n\r\n", ErrLength},
		{post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", ErrLengthAndCoding},
		{post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", ErrLengthAndCoding},
		{post + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", ErrLengthAndCoding},
		{post + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n", ErrLengthAndCoding},
		{post + "Transfer-Encoding: x\r\nContent-Length: \r\n\r\n", ErrLengthAndCoding},
		{post + "Transfer-Encoding:\r\nContent-Length: 5\r\n\r\n", ErrLengthAndCoding},
		{post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingRepeated},
		{post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", ErrCodingRepeated},
		{post + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingRepeated},
		{post + "Transfer-Encoding: chunked\r\ntransfer-encoding: x\r\n\r\n", ErrCodingRepeated},
		{post + "Transfer-Encoding: \r\n\r\n", ErrCodingNotChunked},
		{post + "Transfer-Encoding: gzip\r\n\r\n", ErrCodingNotChunked},
		{post + "Transfer-Encoding: deflate, gzip\r\n\r\n", ErrCodingNotChunked},
		{post + "Transfer-Encoding: identity\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: identity, chunked\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: chunked, identity\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: chunked, chunked\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: chunked, gzip\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: chunked,\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: ,chunked\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: , chunked\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: chunked;q=1\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: chunked ;\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: chunked foo\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: foo chunked\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: \"chunked\"\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: 'chunked'\r\n\r\n", ErrCodingUnknown},
		{post + "Transfer-Encoding: chunked\xff\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: \xa0chunked\r\n\r\n", ErrCoding},
		{post + "Transfer-Encoding: \x0bchunked\r\n\r\n", ErrControl},
		{post + "Transfer-Encoding: chunked\x00\r\n\r\n", ErrControl},
		{post + "Transfer-Encoding: xchunked\r\n\r\n", ErrCodingUnknown},
		{post + "Transfer-Encoding: chunkedx\r\n\r\n", ErrCodingUnknown},
		{post + "Transfer-Encoding: chunk\r\n\r\n", ErrCodingUnknown},
		{post + "Transfer-Encoding: gzip, chunked\r\n\r\n", ErrCodingUnknown},
		{post + "Transfer-Encoding: foo, chunked\r\n\r\n", ErrCodingUnknown},
		{post + "Transfer-Encoding: foo\r\n\r\n", ErrCodingUnknown},
		{post + "Transfer-Encoding: cow\r\n\r\n", ErrCodingUnknown},
		{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingOld},
		{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", ErrLengthAndCoding},
		{"GET / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", ErrCodingOld},

		// Connection.
		{get + "Connection: Host\r\n\r\n", ErrConnectionNames},
		{get + "Connection: close, host\r\n\r\n", ErrConnectionNames},
		{get + "Connection: Content-Length\r\n\r\n", ErrConnectionNames},
		{get + "Connection: Transfer-Encoding\r\n\r\n", ErrConnectionNames},
		{get + "Connection: X-Forwarded-For\r\n\r\n", ErrConnectionNames},
		{get + "Connection: x-forwarded-anything\r\n\r\n", ErrConnectionNames},
		{get + "Connection: X-Real-IP\r\n\r\n", ErrConnectionNames},
		{get + "Connection: X-Region\r\n\r\n", ErrConnectionNames},
		{get + "Connection: Forwarded\r\n\r\n", ErrConnectionNames},
		{get + "Connection: Authorization\r\n\r\n", ErrConnectionNames},
		{get + "Connection: Cookie\r\n\r\n", ErrConnectionNames},
		{get + "Connection: Content-Type\r\n\r\n", ErrConnectionNames},
		{get + "Connection: Cache-Control\r\n\r\n", ErrConnectionNames},
		{get + "Connection: Via\r\n\r\n", ErrConnectionNames},
		{get + "Connection: Expect\r\n\r\n", ErrConnectionNames},
		{get + "Connection: close\r\nConnection: Cookie\r\n\r\n", ErrConnectionNames},
		{get + "Connection: a b\r\n\r\n", ErrConnection},
		{get + "Connection: close;x\r\n\r\n", ErrConnection},
		{get + "Connection: \"close\"\r\n\r\n", ErrConnection},
		{get + "Connection: x=y\r\n\r\n", ErrConnection},
		{get + "Connection: \xff\r\n\r\n", ErrConnection},
		{get + "Connection: a" + strings.Repeat(",a", maxNominated) + "\r\n\r\n", ErrConnectionTooMany},
	}
	for _, h := range badHosts {
		rows = append(rows, refusedRequest{"GET / HTTP/1.1\r\nHost: " + h + "\r\n\r\n", ErrHost})
	}
	return rows
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
		if r.Verb != want.id || r.Idempotent() != want.idempotent || r.IsHead() != (m == "HEAD") {
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
