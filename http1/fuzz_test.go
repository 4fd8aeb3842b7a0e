package http1

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
)

var requestSeeds = []string{
	curlLike, browserLike,
	"\r\nPOST http://h:80/a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
	"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nTransfer_Encoding: chunked\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: upgrade, x-y\r\nX-Y: z\r\nUpgrade: h2c\r\n\r\n",
	"OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
	"PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"GET /a\rb HTTP/1.1\r\nHost: h\n\r\n",
}

// What is accepted means the same to net/http, if that accepts it too; it arrives in pieces as
// well as whole; and written anew it is accepted again with the same meaning.
func FuzzRequest(f *testing.F) {
	for i, s := range requestSeeds {
		f.Add([]byte(s), uint16(i*7))
	}
	for i, c := range acceptedRequests() {
		f.Add([]byte(c.head+"\r\n"), uint16(i))
	}
	for i, c := range refusedRequests() {
		f.Add([]byte(c.head), uint16(i))
	}
	f.Fuzz(checkRequest)
}

func checkRequest(t *testing.T, b []byte, cut uint16) {
	r, v := parseWhole(b, roomy)
	at := int(cut) % (len(b) + 1)
	pieces, pv := parsePieces(b, roomy, at, (at+len(b))/2)
	if v != pv || v.done && (r.show(b) != pieces.show(b) || r.Size != pieces.Size) {
		t.Fatalf("whole: %v %s, cut at %d: %v %s", v, r.show(b), at, pv, pieces.show(b))
	}
	if !v.done || v.err != nil {
		return
	}
	checkAccepted(t, b[:r.Size], r.Fields)
	compareRequest(t, b, &r)

	anew := append([]byte(nil), r.Method.Of(b)...)
	anew = append(anew, ' ')
	anew = r.AppendTarget(anew, b)
	anew = append(anew, " HTTP/1.1\r\nHost: "...)
	if r.Authority.Len == 0 {
		anew = append(anew, 'h')
	}
	anew = append(anew, r.Authority.Of(b)...)
	anew = append(anew, "\r\n"...)
	anew = AppendFields(anew, b, r.Fields, Set(NameHost))
	switch r.Body {
	case Length:
		anew = AppendLength(anew, r.Length)
	case Chunked:
		anew = append(anew, "Transfer-Encoding: chunked\r\n"...)
	}
	anew = append(anew, "\r\n"...)
	again, v := parseWhole(anew, Limits{Line: roomy.Line, Fields: roomy.Fields + 1000, Count: roomy.Count + 2})
	if !v.done || v.err != nil {
		t.Fatalf("%q became %q: %v", b, anew, v)
	}
	if again.Body != r.Body || again.Length != r.Length || again.HasQuery != r.HasQuery || again.Asterisk != r.Asterisk ||
		!bytes.Equal(again.Query.Of(anew), r.Query.Of(b)) || again.Size != len(anew) {
		t.Fatalf("%q became %q: %s, was %s", b, anew, again.show(anew), r.show(b))
	}
	for _, f := range again.Fields {
		if f.Hop && f.Known != NameTransferEncoding {
			t.Fatalf("%q became %q: hop-by-hop %s", b, anew, f.Name.Of(anew))
		}
	}
}

// Heads put together from what attacks are made of, rather than from random bytes.
func TestRequestsMixed(t *testing.T) {
	lines := []string{
		"GET / HTTP/1.1", "POST /a?b HTTP/1.1", "PUT http://h/a HTTP/1.1", "OPTIONS * HTTP/1.1", "HEAD //x/../y HTTP/1.0", "GET /%00 HTTP/1.1",
		"GET / HTTP/1.1 ", "GET /a b HTTP/1.1", "get / HTTP/1.1", "GET https://h:443?q HTTP/1.1", "", "TRACE / HTTP/1.1", "GET /\t HTTP/1.1",
	}
	names := []string{
		"Host", "host", "Content-Length", "content-length", "Transfer-Encoding", "TRANSFER-ENCODING", "Transfer_Encoding", "Connection",
		"X-A", "X-B", "Expect", "Upgrade", "TE", "Cookie", "Content-Length ", " X", "X Y", "", "Proxy-Connection", "Via", "X-A\x00",
	}
	values := []string{
		"h", "h:80", "0", "5", "5, 5", "+5", "chunked", "Chunked", "chunked, chunked", "gzip, chunked", "identity", "close", "keep-alive",
		"upgrade, X-A", "X-B", "Host", "100-continue", "a=b; c=d", "", "\tx\t", "a\rb", "a\nb", "x\x7f", "\xff", "websocket", "\xa0chunked",
	}
	ends := []string{"\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n ", "\r\r\n"}
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string) string { return from[rng.IntN(len(from))] }
	accepted := 0
	for range 20000 {
		b := []byte(pick(lines) + pick(ends))
		if rng.IntN(8) > 0 {
			b = append(b, "Host: h\r\n"...)
		}
		for range rng.IntN(5) {
			b = append(b, pick(names)+pick([]string{":", ": ", ":\t"})+pick(values)+pick(ends)...)
		}
		b = append(b, pick(ends)...)
		checkRequest(t, b, uint16(rng.Uint32()))
		if _, v := parseWhole(b, roomy); v.done {
			accepted++
		}
	}
	if accepted < 500 {
		t.Errorf("only %d were accepted: too few to say something", accepted)
	}
}

// checkAccepted wants an accepted head to be made of proper lines.
func checkAccepted(t *testing.T, head []byte, fields []Field) {
	t.Helper()
	for i, c := range head {
		switch {
		case c == '\r' && head[i+1] != '\n', c == '\n' && head[i-1] != '\r', c < 0x20 && c != '\t' && c != '\r' && c != '\n', c == 0x7f:
			t.Fatalf("%q accepted with byte %#x at %d", head, c, i)
		}
	}
	for _, f := range fields {
		line := string(f.Line.Of(head))
		name, value, ok := strings.Cut(line, ":")
		if !ok || name != string(f.Name.Of(head)) || !isTokens([]byte(name)) ||
			strings.Trim(value, " \t\r\n") != string(f.Value.Of(head)) || !strings.HasSuffix(line, "\r\n") {
			t.Fatalf("%q accepted with line %q, name %q, value %q", head, line, f.Name.Of(head), f.Value.Of(head))
		}
		if f.Known != NameOther && !strings.EqualFold(name, f.Known.String()) {
			t.Fatalf("%q taken for %s", name, f.Known)
		}
	}
}

func compareRequest(t *testing.T, b []byte, r *Request) {
	t.Helper()
	in := bytes.NewReader(b)
	br := bufio.NewReader(in)
	std, err := http.ReadRequest(br)
	if err != nil {
		return
	}
	if rest := in.Len() + br.Buffered(); len(b)-rest != r.Size {
		t.Fatalf("%q: size %d, net/http %d", b, r.Size, len(b)-rest)
	}
	if std.Method != string(r.Method.Of(b)) || std.RequestURI != string(r.Target.Of(b)) || std.ProtoMinor != int(r.Minor) {
		t.Fatalf("%q: %s, net/http %s %s", b, r.show(b), std.Method, std.RequestURI)
	}
	if std.Host != string(r.Authority.Of(b)) {
		t.Fatalf("%q: host %q, net/http %q", b, r.Authority.Of(b), std.Host)
	}
	chunked := len(std.TransferEncoding) == 1 && std.TransferEncoding[0] == "chunked"
	if chunked != (r.Body == Chunked) || !chunked && std.ContentLength != r.Length {
		t.Fatalf("%q: %s, net/http %v %d", b, r.show(b), std.TransferEncoding, std.ContentLength)
	}
	if std.Close && r.KeepAlive {
		t.Fatalf("%q: kept alive, net/http closes", b)
	}
	for _, c := range std.Cookies() {
		if got := r.Cookie(b, c.Name); got == nil && bytes.Contains(b, []byte("; "+c.Name+"=")) {
			t.Fatalf("%q: cookie %s not found", b, c.Name)
		}
	}
}

func FuzzResponse(f *testing.F) {
	for i, s := range []string{
		answer,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nbody",
		"HTTP/1.1 200\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
		"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 503 x\r\nRetry-After: 1\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\nX: y\n\n",
	} {
		f.Add([]byte(s), uint16(i*7), i%2 == 0)
	}
	for i, c := range acceptedResponses() {
		f.Add([]byte(c.head+"\r\n"), uint16(i), false)
	}
	for i, c := range refusedResponses() {
		if len(c.head) < 2000 {
			f.Add([]byte(c.head), uint16(i), false)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, cut uint16, head bool) {
		var r, pieces Response
		done, err := r.Parse(b, roomy, head)
		pdone, perr := pieces.Parse(b[:int(cut)%(len(b)+1)], roomy, head)
		if !pdone && perr == nil {
			pdone, perr = pieces.Parse(b, roomy, head)
		}
		if done != pdone || err != perr || done && r.show(b) != pieces.show(b) {
			t.Fatalf("whole: %v %v, cut at %d: %v %v", done, err, cut, pdone, perr)
		}
		if err != nil && err.(*Error).Status != 502 {
			t.Fatal(err)
		}
		if !done {
			return
		}
		checkAccepted(t, b[:r.Size], r.Fields)
		method := "GET"
		if head {
			method = "HEAD"
		}
		in := bytes.NewReader(b)
		br := bufio.NewReader(in)
		std, stdErr := http.ReadResponse(br, &http.Request{Method: method})
		if stdErr != nil {
			return
		}
		if rest := in.Len() + br.Buffered(); len(b)-rest != r.Size {
			t.Fatalf("%q: size %d, net/http %d", b, r.Size, len(b)-rest)
		}
		chunked := len(std.TransferEncoding) == 1 && std.TransferEncoding[0] == "chunked"
		same := std.StatusCode == r.Status && std.ProtoMinor == int(r.Minor)
		switch r.Body {
		case Length:
			same = same && !chunked && std.ContentLength == r.Length
		case Chunked:
			same = same && chunked
		case UntilClose:
			same = same && !chunked && std.ContentLength == -1 && std.Close
		case NoBody:
			body, _ := io.ReadAll(std.Body)
			same = same && len(body) == 0
		}
		if !same || std.Close && r.KeepAlive {
			t.Fatalf("%q: %s, net/http %d %v %d close %v", b, r.show(b), std.StatusCode, std.TransferEncoding, std.ContentLength, std.Close)
		}
	})
}

func FuzzChunks(f *testing.F) {
	for _, s := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nmore", "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", "A;a=\"\\\"\";b\r\n0123456789\r\n00;x\r\n\r\n",
		"5\nhello\n0\n\n", "7fffffffffffffff\r\nx", "5 ;a = b\r\nhello\r\n0\r\nConnection: close\r\nZ: 1\r\n\r\n", "0\r\nContent-Length: 1\r\n\r\n",
		"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n",
	} {
		f.Add([]byte(s), []byte{1, 2, 3})
	}
	for i, c := range acceptedChunks() {
		f.Add([]byte(c.in), []byte{byte(i), 1})
	}
	for i, c := range refusedChunks() {
		if len(c.in) < 2000 {
			f.Add([]byte(c.in), []byte{byte(i), 1})
		}
	}
	f.Fuzz(func(t *testing.T, in, steps []byte) {
		var whole, pieces Chunks
		body, used, v := unchunk(&whole, in)
		var cuts []int
		at := 0
		for _, s := range steps {
			if at += int(s); at < len(in) {
				cuts = append(cuts, at)
			}
		}
		again, usedAgain, va := unchunk(&pieces, in, cuts...)
		if v != va || !bytes.Equal(body, again) || v.done && (used != usedAgain || !bytes.Equal(whole.Trailer, pieces.Trailer)) {
			t.Fatalf("whole: %q %d %v, cut at %v: %q %d %v", body, used, v, cuts, again, usedAgain, va)
		}
		if !v.done {
			return
		}
		if len(whole.Trailer) > 0 {
			var r Request
			head := "GET / HTTP/1.1\r\nHost: h\r\n" + string(whole.Trailer) + "\r\n"
			if done, err := r.Parse([]byte(head), roomy); !done || err != nil || r.Body != NoBody || !r.KeepAlive {
				t.Fatalf("trailer %q as fields: %v %v", whole.Trailer, done, err)
			}
		}
		std, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(in)))
		switch {
		case err == nil && !bytes.Equal(std, body):
			t.Fatalf("%q: %q, net/http %q", in, body, std)
		case err == nil, strings.Contains(err.Error(), "non-data"):
		case bytes.Contains(in, []byte(" ;")), bytes.Contains(in, []byte("\t;")): // allowed by RFC 9112, not by net/http
		default:
			t.Fatalf("%q: accepted, net/http %v", in, err)
		}
	})
}
