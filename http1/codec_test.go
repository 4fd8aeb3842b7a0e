package http1

import (
	"errors"
	"strings"
	"testing"
)

// Nothing on the way of a message allocates once the room for fields is there.
func TestNoAllocations(t *testing.T) {
	request := []byte("\r\nPOST http://h/a/%7e/../b?c HTTP/1.1\r\nHost: h:80\r\nConnection: keep-alive, x-y, upgrade\r\nUpgrade: x\r\nX-Y: z\r\n" +
		"Cookie: a=b\r\nExpect: 100-continue\r\nA-Long-Name-That-Is-Not-Known: x\r\nTransfer-Encoding: chunked\r\n\r\n")
	response := []byte(answer)
	body := []byte("5;a=b\r\nhello\r\n0\r\nX: y\r\nETag: z\r\n\r\n")
	bad := [][]byte{
		[]byte("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), []byte("GET / HTTP/3.0\r\n\r\n"),
		[]byte("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: a, b\r\n\r\n"), []byte("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"),
	}
	var r Request
	var a Response
	var c Chunks
	out := make([]byte, 0, 1024)
	scratch := make([]byte, 0, 64)
	check := func(ok bool) {
		if !ok {
			t.Fatal("not accepted")
		}
	}
	run := func() {
		r.Reset()
		done, err := r.Parse(request[:40], roomy)
		check(!done && err == nil)
		done, err = r.Parse(request, roomy)
		check(done && err == nil)
		out = r.AppendTarget(out[:0], request)
		out = AppendFields(out, request, r.Fields, Set(NameHost))
		out = AppendLength(out, 12345)
		out = AppendChunkHead(out, 12345)
		check(r.Lookup(request, "X-Y") != nil && r.Cookie(request, "a") != nil)
		path, err := NormalizePath(scratch, r.Path.Of(request))
		check(err == nil && string(path) == "/a/b")
		_, err = AppendHost(scratch, r.Authority.Of(request))
		check(err == nil)

		a.Reset()
		done, err = a.Parse(response, roomy, false)
		check(done && err == nil)

		c.Reset()
		for in := body; !done || len(in) > 0; {
			var n int
			n, _, done, err = c.Next(in)
			check(err == nil)
			in = in[n:]
		}
		for _, b := range bad {
			r.Reset()
			_, err = r.Parse(b, roomy)
			check(err != nil)
		}
	}
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNames(t *testing.T) {
	if nameCount > 64 {
		t.Fatal("a NameSet has no room for all names")
	}
	for n := NameOther + 1; n < nameCount; n++ {
		name := names[n]
		if name == "" || len(name) > longestName || !isTokens([]byte(name)) {
			t.Fatalf("name %d is spelt %q", n, name)
		}
		for _, s := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := classify([]byte(s)); got != n {
				t.Errorf("%s is %s", s, got)
			}
			// In a line, at the end of the buffer and before more of it.
			for _, rest := range []string{":\r\n", ": and so on, for longer than a name can be\r\n"} {
				if colon, got := splitName([]byte(s+rest), 0, len(s+rest)-2); got != n || colon != len(s) {
					t.Errorf("%s%s is %s, colon at %d", s, rest, got, colon)
				}
			}
		}
		for i := range name {
			for _, c := range []byte{0, '_', '@', '`', name[i] ^ 0x40, name[i] | 0x80, name[i] + 1} {
				other := []byte(name)
				other[i] = c
				if strings.EqualFold(string(other), name) || !isTokens(other) {
					continue
				}
				if got := classify(other); got == n {
					t.Errorf("%q is %s", other, got)
				}
			}
		}
		if got := classify([]byte(name + "x")); got == n {
			t.Errorf("%sx is %s", name, got)
		}
		if got := classify([]byte(name[1:])); got == n {
			t.Errorf("%s is %s", name[1:], got)
		}
		twin := strings.ReplaceAll(name, "-", "_")
		if twin != name && isTwin([]byte(twin)) != believed.Has(n) {
			t.Errorf("%s: twin %v", twin, !believed.Has(n))
		}
	}
	s := Set(NameHost, NameVary)
	if !s.Has(NameHost) || !s.Has(NameVary) || s.Has(NameOther) || s.Has(NameVia) {
		t.Error("Set or Has")
	}
}

func TestSplitName(t *testing.T) {
	for _, c := range []struct {
		line  string
		colon int
	}{
		{"", -1}, {":", 0}, {"a", -1}, {"a:", 1}, {"a:b:c", 1}, {"12345678:", 8}, {"1234567:", 7}, {"123456789012345678901234:x", 24},
		{"12345678901234567890123:x", 23}, {"1234567890123456789012345:x", 25}, {"123456789012345678901234567890", -1},
	} {
		for _, rest := range []string{"", "\r\n", "\r\nnext: line with a colon in it, and long enough to be read\r\n"} {
			if colon, _ := splitName([]byte(c.line+rest), 0, len(c.line)); colon != c.colon {
				t.Errorf("%q + %q: %d, want %d", c.line, rest, colon, c.colon)
			}
		}
	}
}

func TestControl(t *testing.T) {
	for c := range 256 {
		for size := range 40 {
			b := []byte(strings.Repeat("a\t\xff", 14)[:size])
			for at := range b {
				old := b[at]
				b[at] = byte(c)
				want := size
				if c < 0x20 && c != '\t' || c == 0x7f {
					want = at
				}
				if got := control(b, 0, size); got != want {
					t.Fatalf("%q: %d, want %d", b, got, want)
				}
				if got := control(b, at, at); got != at {
					t.Fatalf("nothing to search: %d", got)
				}
				b[at] = old
			}
		}
	}
}

func TestAppendFields(t *testing.T) {
	head := []byte("GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nVia: x\r\nC: 3\r\nContent-Length: 1\r\n\r\n")
	r, _ := parseWhole(head, roomy)
	for _, c := range []struct {
		drop NameSet
		want string
	}{
		{0, "Host: h\r\nA: 1\r\nB: 2\r\nVia: x\r\nC: 3\r\n"},
		{Set(NameHost), "A: 1\r\nB: 2\r\nVia: x\r\nC: 3\r\n"},
		{Set(NameHost, NameVia), "A: 1\r\nB: 2\r\nC: 3\r\n"},
		{Set(NameHost, NameVia, NameOther), ""},
	} {
		if got := string(AppendFields(nil, head, r.Fields, c.drop)); got != c.want {
			t.Errorf("%b: %q, want %q", c.drop, got, c.want)
		}
	}
	if got := AppendFields([]byte("x"), head, nil, 0); string(got) != "x" {
		t.Errorf("no fields: %q", got)
	}
	r.Fields[1].Hop = true // a caller's own choice
	if got := string(AppendFields(nil, head, r.Fields, Set(NameHost))); got != "B: 2\r\nVia: x\r\nC: 3\r\n" {
		t.Errorf("marked: %q", got)
	}
}

func TestAppendChunkHead(t *testing.T) {
	for n, want := range map[int]string{1: "1\r\n", 26: "1a\r\n", 65536: "10000\r\n"} {
		if got := string(AppendChunkHead(nil, n)); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := string(AppendLength(nil, 1<<40)); got != "Content-Length: 1099511627776\r\n" {
		t.Errorf("AppendLength: %q", got)
	}
}

func TestErrors(t *testing.T) {
	var err error = ErrFold
	var e *Error
	if !errors.As(err, &e) || e.Status != 400 || e.Upstream().Status != 502 || e.Upstream().Upstream() != e.Upstream() {
		t.Errorf("%+v", e)
	}
	if !strings.HasPrefix(e.Upstream().Reason, "bad response: ") || e.Error() != e.Reason {
		t.Errorf("%q %q", e.Upstream(), e)
	}
}
