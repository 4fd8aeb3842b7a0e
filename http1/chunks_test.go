package http1

import (
	"strings"
	"testing"
)

// unchunk decodes in, given to Next in pieces cut at the offsets given. It returns the body,
// what was left after its end, and how it ended.
func unchunk(c *Chunks, in []byte, cuts ...int) (body []byte, used int, v verdict) {
	from := 0
	for _, cut := range append(cuts, len(in)) {
		for from < cut {
			n, data, done, err := c.Next(in[from:cut])
			from += n
			body = append(body, data...)
			if done || err != nil {
				return body, from, verdict{done, err}
			}
			if n == 0 {
				panic("no progress")
			}
		}
	}
	return body, from, verdict{}
}

func checkChunksResume(t *testing.T, in []byte) {
	t.Helper()
	var whole Chunks
	want, wantUsed, wantV := unchunk(&whole, in)
	var c Chunks
	compare := func(cuts ...int) {
		t.Helper()
		c.Reset()
		got, used, v := unchunk(&c, in, cuts...)
		if v != wantV || string(got) != string(want) || wantV.err == nil && used != wantUsed {
			t.Fatalf("cut at %v: %q %d %v, whole: %q %d %v\n%q", cuts, got, used, v, want, wantUsed, wantV, in)
		}
		if v.done && string(c.Trailer) != string(whole.Trailer) {
			t.Fatalf("cut at %v: trailer %q, whole %q\n%q", cuts, c.Trailer, whole.Trailer, in)
		}
	}
	compare(everyByte(in)...)
	for i := range in {
		compare(i)
	}
}

type acceptedChunk struct{ in, body, trailer string }

func acceptedChunks() []acceptedChunk {
	return []acceptedChunk{
		{"0\r\n\r\n", "", ""},
		{"000\r\n\r\n", "", ""},
		{"5\r\nhello\r\n0\r\n\r\n", "hello", ""},
		{"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!", ""},
		{"0000000000000005\r\nhello\r\n0\r\n\r\n", "hello", ""},
		{"a\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""},
		{"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""},
		{"1A\r\n" + strings.Repeat("x", 26) + "\r\n0\r\n\r\n", strings.Repeat("x", 26), ""},
		{"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", ""},
		{"5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n", ""},
		{"1\r\n\x00\r\n0\r\n\r\n", "\x00", ""},
		// Extensions.
		{"1;a\r\nx\r\n0\r\n\r\n", "x", ""},
		{"1;a=b\r\nx\r\n0;c=d\r\n\r\n", "x", ""},
		{"1;a=b;c;d=e\r\nx\r\n0\r\n\r\n", "x", ""},
		{"1;a=\"b c;\\\" \xff\t\"\r\nx\r\n0\r\n\r\n", "x", ""},
		{"1;a=\"\";b=\"\"\r\nx\r\n0\r\n\r\n", "x", ""},
		{"1 ;\ta = b ; c =\"d\" ;e\r\nx\r\n0\r\n\r\n", "x", ""},
		{"1;" + strings.Repeat("a", 254) + "\r\nx\r\n0\r\n\r\n", "x", ""},
		// Trailers.
		{"0\r\nX: y\r\n\r\n", "", "X: y\r\n"},
		{"1\r\nx\r\n0\r\nX: y\r\nZ:\r\n\r\n", "x", "X: y\r\nZ:\r\n"},
		{"0\r\ngrpc-status: 0\r\nETag: \"a\"\r\n\r\n", "", "grpc-status: 0\r\nETag: \"a\"\r\n"},
		{"0\r\nA: 1\r\nConnection: close\r\nB: 2\r\nKeep-Alive: 1\r\nUpgrade: x\r\n\r\n", "", "A: 1\r\nB: 2\r\n"},
		{"0\r\nAuthorization: x\r\nCookie: a=b\r\nSet-Cookie: a=b\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n", "", ""},
		{"0\r\nTrailer: x\r\nExpect: 100-continue\r\nTE: x\r\nContent-Type: x\r\n\r\n", "", ""},
	}
}

func TestChunksAccepted(t *testing.T) {
	for _, c := range acceptedChunks() {
		var ch Chunks
		in := []byte(c.in + "GET /next")
		body, used, v := unchunk(&ch, in)
		if !v.done || v.err != nil || used != len(c.in) || string(body) != c.body || string(ch.Trailer) != c.trailer {
			t.Errorf("%q: %q trailer %q used %d %v", c.in, body, ch.Trailer, used, v)
		}
		if n, data, done, err := ch.Next([]byte("more")); n != 0 || data != nil || !done || err != nil {
			t.Errorf("%q: after the end: %d %q %v %v", c.in, n, data, done, err)
		}
		checkChunksResume(t, in)
		for i := range c.in {
			ch.Reset()
			if _, _, v := unchunk(&ch, in[:i]); v.done || v.err != nil {
				t.Errorf("%q is not a whole body: %v", in[:i], v)
			}
		}
	}
}

type refusedChunk struct {
	in   string
	want *Error
}

func refusedChunks() []refusedChunk {
	return []refusedChunk{
		{"\r\n", ErrChunkSize},
		{"\n", ErrChunkSize},
		{"x\r\n", ErrChunkSize},
		{";a\r\n", ErrChunkSize},
		{" 5\r\nhello", ErrChunkSize},
		{"\t5\r\nhello", ErrChunkSize},
		{"+5\r\nhello", ErrChunkSize},
		{"-5\r\nhello", ErrChunkSize},
		{"-0\r\n\r\n", ErrChunkSize},
		{"0x5\r\nhello", ErrChunkSize},
		{"0X5\r\nhello", ErrChunkSize},
		{"5h\r\nhello", ErrChunkSize},
		{"5.0\r\nhello", ErrChunkSize},
		{"5,5\r\nhello", ErrChunkSize},
		{"5_0\r\nhello", ErrChunkSize},
		{"\"5\"\r\nhello", ErrChunkSize},
		{"5\x00\r\nhello", ErrChunkSize},
		{"5\x0b\r\nhello", ErrChunkSize},
		{"\xef\xbc\x95\r\nhello", ErrChunkSize},
		{"8000000000000000\r\n", ErrChunkSize},
		{"ffffffffffffffff\r\n", ErrChunkSize},
		{"fffffffffffffffff\r\n", ErrChunkSize},
		{"10000000000000000\r\n", ErrChunkSize},
		{"00000000000000005\r\nhello", ErrChunkSize},
		{"100000000000000005\r\nhello", ErrChunkSize},
		{"5 \r\nhello", ErrChunkExtension},
		{"5\t\r\nhello", ErrChunkExtension},
		{"5 5\r\nhello", ErrChunkExtension},
		{"5\nhello", ErrBareLF},
		{"5\rhello", ErrBareCR},
		{"5\r\r\nhello", ErrBareCR},
		{"5;\r\nhello", ErrChunkExtension},
		{"5; \r\nhello", ErrChunkExtension},
		{"5;;a\r\nhello", ErrChunkExtension},
		{"5;a;\r\nhello", ErrChunkExtension},
		{"5;=b\r\nhello", ErrChunkExtension},
		{"5;a=\r\nhello", ErrChunkExtension},
		{"5;a==b\r\nhello", ErrChunkExtension},
		{"5;a b\r\nhello", ErrChunkExtension},
		{"5;a=b c\r\nhello", ErrChunkExtension},
		{"5;a \r\nhello", ErrChunkExtension},
		{"5;a=b \r\nhello", ErrChunkExtension},
		{"5;a=\"b\r\nhello", ErrChunkExtension},
		{"5;a=\"b\"c\r\nhello", ErrChunkExtension},
		{"5;a=\"b\" \r\nhello", ErrChunkExtension},
		{"5;a=\"\\\r\nhello", ErrChunkExtension},
		{"5;a=b\"\r\nhello", ErrChunkExtension},
		{"5;\"a\"\r\nhello", ErrChunkExtension},
		{"5;a\x00\r\nhello", ErrChunkExtension},
		{"5;a=\"\x00\"\r\nhello", ErrChunkExtension},
		{"5;a=\"\x7f\"\r\nhello", ErrChunkExtension},
		{"5;a\xff\r\nhello", ErrChunkExtension},
		{"5;a,b\r\nhello", ErrChunkExtension},
		{"5;a\nhello", ErrBareLF},
		{"5;a=\nhello", ErrBareLF},
		{"5;a=\"\nhello", ErrBareLF},
		{"5;\nhello", ErrBareLF},
		{"5;a\rX\nhello", ErrBareCR},
		{"5;a\r\r\nhello", ErrBareCR},
		{"5;" + strings.Repeat("a", 255) + "\r\nhello", ErrChunkLine},
		{"5" + strings.Repeat(" ", 300), ErrChunkLine},
		{"5;a=\"" + strings.Repeat("\\x", 300), ErrChunkLine},
		{"5\r\nhello0\r\n", ErrChunkEnd},
		{"5\r\nhello!\r\n0\r\n\r\n", ErrChunkEnd},
		{"5\r\nhello\n0\r\n\r\n", ErrChunkEnd},
		{"5\r\nhello\r0\r\n\r\n", ErrChunkEnd},
		{"5\r\nhell\r\n0\r\n\r\n", ErrChunkEnd},
		{"5\r\nhello\r\n\r\n0\r\n\r\n", ErrChunkSize},
		{"0\r\n\n", ErrBareLF},
		{"0\r\n\rX", ErrBareCR},
		{"0\n\r\n", ErrBareLF},
		{"0\r\n X: y\r\n\r\n", ErrFold},
		{"0\r\nX: y\r\n z\r\n\r\n", ErrFold},
		{"0\r\nX y\r\n\r\n", ErrNoColon},
		{"0\r\nX : y\r\n\r\n", ErrSpaceColon},
		{"0\r\nX Y: z\r\n\r\n", ErrName},
		{"0\r\n: z\r\n\r\n", ErrName},
		{"0\r\nX: y\nZ: 1\r\n\r\n", ErrBareLF},
		{"0\r\nX: y\rZ\r\n\r\n", ErrBareCR},
		{"0\r\nX: \x00\r\n\r\n", ErrControl},
		{"0\r\nContent-Length: 5\r\n\r\n", ErrTrailer},
		{"0\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n", ErrTrailer},
		{"0\r\nHost: h\r\n\r\n", ErrTrailer},
		{"0\r\nContent_Length: 5\r\n\r\n", ErrTwin},
		{"0\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", ErrNoColon},
		{"0\r\nX: " + strings.Repeat("y", trailerBytes) + "\r\n\r\n", ErrFieldsTooBig},
		{"0\r\n" + strings.Repeat("X: y\r\n", trailerCount+1) + "\r\n", ErrFieldsTooMany},
	}
}

func TestChunksRefused(t *testing.T) {
	for _, c := range refusedChunks() {
		var ch Chunks
		_, _, v := unchunk(&ch, []byte(c.in))
		if v.done || v.err != error(c.want) {
			t.Errorf("%.80q: %v, want %v", c.in, v, c.want)
		}
		if n, _, done, err := ch.Next([]byte("0\r\n\r\n")); v.err != nil && (n != 0 || done || err != v.err) {
			t.Errorf("%.80q: decoding went on after the error: %d %v %v", c.in, n, done, err)
		}
		if len(c.in) < 2000 {
			checkChunksResume(t, []byte(c.in))
		}
	}
}

func TestChunksLimits(t *testing.T) {
	for in, want := range map[string]error{
		"0\r\nX: 34567\r\n\r\n":            nil, // 10 bytes
		"0\r\nX: 345678\r\n\r\n":           ErrFieldsTooBig,
		"0\r\nX:\r\nY:\r\n\r\n":            nil,
		"0\r\nX:\r\nY:\r\nZ:\r\n\r\n":      ErrFieldsTooMany,
		"0\r\nX:\r\nY: 7\r\n\r\n":          nil,
		"0\r\nX:\r\nY: 78\r\n\r\n":         ErrFieldsTooBig,
		"0\r\nX: 34567\r\n\rX: more stuff": ErrBareCR,
		"0\r\nX: 34567\r\nX":               ErrFieldsTooBig,
	} {
		c := Chunks{Limits: Limits{Fields: 10, Count: 2}}
		if _, _, v := unchunk(&c, []byte(in)); v.err != want {
			t.Errorf("%q: %v, want %v", in, v.err, want)
		}
		if cap(c.Trailer) > 64 {
			t.Errorf("%q: kept %d bytes", in, cap(c.Trailer))
		}
	}
}

// The largest chunk there can be is delivered piece by piece without overflow.
func TestChunksHuge(t *testing.T) {
	var c Chunks
	body, _, v := unchunk(&c, []byte("7fffffffffffffff\r\nabc"))
	if v.err != nil || v.done || string(body) != "abc" || c.left != 1<<63-1-3 {
		t.Errorf("%q %v, %d left", body, v, c.left)
	}
}
