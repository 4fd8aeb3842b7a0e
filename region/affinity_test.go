package region

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/config"
)

// ask is a request as the sources see it.
type ask struct {
	headers, cookies map[string]string
	ip               netip.Addr
}

func (a *ask) Header(name string) string {
	for key, value := range a.headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

func (a *ask) Cookie(name string) string { return a.cookies[name] }
func (a *ask) ClientIP() netip.Addr      { return a.ip }

func affinityConfig() *config.Config {
	c := testConfig("cn-east", "cn-north", "cn-west")
	c.Affinity = config.Affinity{
		From:    []config.Source{{Kind: "header", Arg: "X-Region"}, {Kind: "cookie", Arg: "region"}},
		Unknown: "nearest",
		Default: "cn-east",
	}
	return c
}

func newTestAffinity(t testing.TB, c *config.Config, prev *Affinity) *Affinity {
	t.Helper()
	set, err := Compile(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAffinity(c, set, prev)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestHome(t *testing.T) {
	inside := netip.MustParseAddr("10.1.2.3")
	outside := netip.MustParseAddr("192.0.2.1")
	trust := []config.Prefix{{Prefix: netip.MustParsePrefix("10.1.2.99/8")}, {Prefix: netip.MustParsePrefix("2001:db8::/32")}}
	header := func(v string) map[string]string { return map[string]string{"x-region": v} }
	cookie := func(v string) map[string]string { return map[string]string{"region": v} }

	tests := []struct {
		name    string
		unknown string
		trust   []config.Prefix
		ask     ask
		want    string
	}{
		{"nobody says anything", "nearest", nil, ask{}, "cn-east by own"},
		{"header", "nearest", nil, ask{headers: header("cn-north")}, "cn-north by header X-Region"},
		{"header in another case, with space around", "nearest", nil, ask{headers: header(" \tCN-North ")}, "cn-north by header X-Region"},
		{"cookie", "nearest", nil, ask{cookies: cookie("cn-west")}, "cn-west by cookie region"},
		{"the first opinion wins", "nearest", nil, ask{headers: header("cn-north"), cookies: cookie("cn-west")}, "cn-north by header X-Region"},
		{"space is no opinion", "nearest", nil, ask{headers: header("  "), cookies: cookie("cn-west")}, "cn-west by cookie region"},
		{"an unknown opinion is one", "nearest", nil, ask{headers: header("mars"), cookies: cookie("cn-west")}, "cn-east by header X-Region, unknown"},
		{"two values are no name", "nearest", nil, ask{headers: header("cn-north, cn-west")}, "cn-east by header X-Region, unknown"},
		{"unknown: default", "default", nil, ask{headers: header("mars")}, "cn-west by header X-Region, unknown"},
		{"unknown: reject", "reject", nil, ask{cookies: cookie("mars")}, "nowhere by cookie region, unknown, rejected"},
		{"trusted", "reject", trust, ask{headers: header("cn-north"), ip: inside}, "cn-north by header X-Region"},
		{"trusted, as IPv6 writes it", "reject", trust, ask{headers: header("cn-north"), ip: netip.MustParseAddr("::ffff:10.9.9.9")}, "cn-north by header X-Region"},
		{"not trusted", "reject", trust, ask{headers: header("cn-north"), cookies: cookie("mars"), ip: outside}, "cn-east by own"},
		{"no address, not trusted", "reject", trust, ask{headers: header("cn-north")}, "cn-east by own"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := affinityConfig()
			c.Affinity.Unknown, c.Affinity.Default, c.Affinity.Trust = test.unknown, "cn-west", test.trust
			a := newTestAffinity(t, c, nil)
			h := a.Home(&test.ask)

			got := a.set.Name(h.Region)
			if h.Region == None {
				got = "nowhere"
			}
			got += " by " + a.Sources()[h.Source]
			if h.Unknown {
				got += ", unknown"
			}
			if h.Rejected {
				got += ", rejected"
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if want := strings.Contains(test.want, "unknown"); (a.Unknown() == 1) != want {
				t.Errorf("counted %d unknown", a.Unknown())
			}
		})
	}
}

func TestUnknownIsCountedAcrossReloads(t *testing.T) {
	first := newTestAffinity(t, affinityConfig(), nil)
	mars := &ask{headers: map[string]string{"X-Region": "mars"}}
	first.Home(mars)
	second := newTestAffinity(t, affinityConfig(), first)
	second.Home(mars)
	first.Home(mars) // a request that began before the reload
	if got := second.Unknown(); got != 3 {
		t.Errorf("counted %d, want 3", got)
	}
}

func TestAffinityProblems(t *testing.T) {
	c := affinityConfig()
	c.Affinity = config.Affinity{
		From:    []config.Source{{Kind: "haeder", Arg: "X-Region"}, {Kind: "header"}, {Kind: "cookie", Arg: "a b"}},
		Unknown: "default",
		Default: "mars",
	}
	set, err := Compile(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewAffinity(c, set, nil)
	want := []string{
		`affinity.from[0]: no affinity source "haeder"; there are cookie, header`,
		`affinity.from[1]: needs the name of a header field, as in "header X-Region"`,
		`affinity.from[2]: needs the name of a cookie, as in "cookie region"`,
		`affinity.default: no region "mars"`,
	}
	if got := problems(t, err); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}

	c = affinityConfig()
	c.Affinity.Unknown = "never"
	_, err = NewAffinity(c, set, nil)
	want = []string{`affinity.unknown: must be nearest, default or reject, is "never"`}
	if got := problems(t, err); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Whatever a source is, it is built from a plain name, refuses nonsense, has no opinion about an
// empty request, knows a region that everything in the request names, and allocates nothing.
func TestEverySource(t *testing.T) {
	for kind, build := range sources {
		t.Run(kind, func(t *testing.T) {
			for _, arg := range []string{"", " ", "a b", "a\x00", "a:b", "ä"} {
				if _, err := build(arg); err == nil {
					t.Errorf("argument %q is accepted", arg)
				}
			}
			src, err := build("x-where")
			if err != nil {
				t.Fatal(err)
			}
			if got := src(&ask{}); got != "" {
				t.Errorf("empty request: %q", got)
			}
			full := &ask{headers: map[string]string{"x-where": "cn-north"}, cookies: map[string]string{"x-where": "cn-north"}}
			if got := src(full); got != "cn-north" {
				t.Errorf("got %q, want cn-north", got)
			}

			c := affinityConfig()
			c.Affinity.From = []config.Source{{Kind: kind, Arg: "x-where"}}
			a := newTestAffinity(t, c, nil)
			if got := fmt.Sprint(a.Sources()); got != "["+kind+" x-where own]" {
				t.Errorf("sources are %s", got)
			}
			mars := &ask{headers: map[string]string{"x-where": "mars"}, cookies: map[string]string{"x-where": "mars"}}
			if n := testing.AllocsPerRun(100, func() { a.Home(full); a.Home(mars) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func BenchmarkHome(b *testing.B) {
	a := newTestAffinity(b, affinityConfig(), nil)
	for name, r := range map[string]*fixed{"named": {header: "cn-north"}, "other case": {header: "CN-North"}, "own": {}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a.Home(r)
			}
		})
	}
}

// fixed is a request whose header costs nothing to read.
type fixed struct{ header string }

func (f *fixed) Header(string) string { return f.header }
func (f *fixed) Cookie(string) string { return "" }
func (f *fixed) ClientIP() netip.Addr { return netip.Addr{} }
