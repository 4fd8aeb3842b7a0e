package http1

import (
	"net/netip"
	"strings"
	"testing"
)

var goodHosts = map[string]string{
	"h":                            "h",
	"Example.COM":                  "example.com",
	"example.com:80":               "example.com",
	"example.com:":                 "example.com",
	"example.com.":                 "example.com",
	"example.com.:443":             "example.com",
	"a-b_c~d.e":                    "a-b_c~d.e",
	"xn--bcher-kva.example":        "xn--bcher-kva.example",
	"127.0.0.1":                    "127.0.0.1",
	"127.0.0.1:65535":              "127.0.0.1",
	"[::]":                         "[::]",
	"[::1]":                        "[::1]",
	"[2001:DB8::A]:8080":           "[2001:db8::a]",
	"[1:2:3:4:5:6:7:8]":            "[1:2:3:4:5:6:7:8]",
	"[1::8]":                       "[1::8]",
	"[1:2:3:4:5:6:7::]":            "[1:2:3:4:5:6:7::]",
	"[::2:3:4:5:6:7:8]":            "[::2:3:4:5:6:7:8]",
	"[::ffff:1.2.3.4]":             "[::ffff:1.2.3.4]",
	"[64:ff9b::192.0.2.33]:1":      "[64:ff9b::192.0.2.33]",
	"[1:2:3:4:5:6:1.2.3.4]":        "[1:2:3:4:5:6:1.2.3.4]",
	strings.Repeat("a", 300) + ".": strings.Repeat("a", 300),
}

var badHosts = []string{
	"", ":80", ":", ".", "..", ".h", "h..i", "h..", "a b", "a\tb", "h:x", "h:8x", "h:-1", "h:+1", "h:65536", "h:100000", "h:1:2",
	"h: 80", "u@h", "u:p@h", "@h", "h@", "h/", "/h", "h/x", "h?x", "h#x", "h\\x", "h%41", "%00", "h,i", "h;i", "h=i", "h!", "$h",
	"(h)", "<h>", "\"h\"", "h'", "h*", "*", "{h}", "h|i", "h^", "h`", "h&i", "h+i", "\xc3\xa9", "h\xff", "http://h", "h, h",
	"[", "]", "[]", "[:]", "[::1", "::1", "::1]", "[::1]x", "[::1]:x", "[::1]80", "[::1].", "[[::1]]", "[:::]", "[1]", "[1::2::3]",
	"[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[::1:2:3:4:5:6:7:8]", "[1:]", "[:1]", "[12345::]", "[g::]",
	"[::1%eth0]", "[::1%25eth0]", "[v1.a]", "[1.2.3.4]", "[::1.2.3]", "[::1.2.3.4.5]", "[::256.1.1.1]", "[::01.1.1.1]", "[::1.2.3.4:5]",
	"[::1.2.3.]", "[::.1.2.3]", "[1:2:3:4:5:6:7:1.2.3.4]", "[::1 ]", "[ ::1]",
}

func TestHosts(t *testing.T) {
	for in, want := range goodHosts {
		got, err := AppendHost([]byte(">"), []byte(in))
		if err != nil || string(got) != ">"+want || !ValidHost([]byte(in)) {
			t.Errorf("%q: %q %v, want %q", in, got, err, want)
		}
	}
	for _, in := range badHosts {
		got, err := AppendHost([]byte(">"), []byte(in))
		if in != "" && (err != error(ErrHost) || string(got) != ">") || ValidHost([]byte(in)) {
			t.Errorf("%q accepted as %q", in, got)
		}
	}
	if got, err := AppendHost([]byte(">"), nil); err != nil || string(got) != ">" {
		t.Errorf("no host: %q %v", got, err)
	}
}

// What is taken for an IPv6 address is one for net/netip too, and the other way round.
func FuzzHost(f *testing.F) {
	for in := range goodHosts {
		f.Add(in)
	}
	for _, in := range badHosts {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n := hostLen([]byte(in))
		if addr, ok := strings.CutPrefix(in, "["); ok {
			addr, ok := strings.CutSuffix(addr, "]")
			if !ok || strings.Contains(addr, "]") {
				return
			}
			a, err := netip.ParseAddr(addr)
			if want := err == nil && a.Is6() && a.Zone() == ""; want != (n == len(in)) {
				t.Fatalf("%q: %v, netip %v", in, n, err)
			}
		}
		if n == 0 {
			return
		}
		host, err := AppendHost(nil, []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		again, err := AppendHost(nil, host)
		if err != nil || string(again) != string(host) {
			t.Fatalf("%q: %q, then %q %v", in, host, again, err)
		}
	})
}
