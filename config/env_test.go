package config

import (
	"errors"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"A": "one", "B_2": "${A}", "EMPTY": ""}[name]
		return value, ok
	}
	for _, c := range []struct{ in, want, problem string }{
		{"plain $A {A} $", "plain $A {A} $", ""},
		{"${A}", "one", ""},
		{"<${A}${A}>", "<oneone>", ""},
		{"${B_2}", "${A}", ""}, // what a variable holds is not looked into
		{"$${A}", "${A}", ""},
		{"$$${A}", "$${A}", ""},
		{"${A}$${A}", "one${A}", ""},
		{"${EMPTY}", "", ""},
		{"${NONE:-x y:z}", "x y:z", ""},
		{"${EMPTY:-x}", "x", ""},
		{"${A:-x}", "one", ""},
		{"${NONE:-}", "", ""},
		{"${A:?need it}", "one", ""},
		{"${NONE:?need it}", "", "environment variable NONE: need it"},
		{"${EMPTY:?}", "", "environment variable EMPTY: it must be set"},
		{"${NONE}", "", "environment variable NONE is not set"},
		{"${A", "", "${ is not closed"},
		{"${}", "", "${} is not a variable"},
		{"${A-x}", "", "${A-x} is not a variable"},
		{"${A:x}", "", "${A:x} is not a variable"},
		{"${1A}", "", "${1A} is not a variable"},
		{"${NONE:-${A}}", "", "${NONE...}: a default cannot hold another variable"},
	} {
		got, _, err := expand(c.in, env)
		message := ""
		var w *wrong
		if errors.As(err, &w) {
			message = w.message
		}
		if got != c.want || message != c.problem {
			t.Errorf("expand(%q) = %q, %q; want %q, %q", c.in, got, message, c.want, c.problem)
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range []string{"${A}", "$${A}", "$$${A}", "${A:-b}", "${", "}${A:?c}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if out, _, err := expand(in, func(string) (string, bool) { return "", true }); err == nil && len(out) > len(in) {
			t.Errorf("expand(%q) grew to %q", in, out)
		}
		out, used, err := expand(escape(in), func(string) (string, bool) { return "", false })
		if err != nil || out != in || used != nil {
			t.Errorf("%q escaped is %q, which expands to %q, %v, %v", in, escape(in), out, used, err)
		}
	})
}

func TestNearest(t *testing.T) {
	keys := []string{"region", "regions", "weight", "to", "host", "path", "trusted_proxies", "json", "cn-east", "us-east-1", "max_fails"}
	for word, want := range map[string]string{
		"regoin": "region", "region": "region", "Regions": "regions", "wieght": "weight", "weights": "weight", "hots": "host", "pth": "path",
		"trusted_proxys": "trusted_proxies", "jsn": "json", "cn-esat": "cn-east", "maxfails": "max_fails", "ot": "to",
		"cn-west": "", "us-west-1": "", "no": "", "x": "", "": "", "balance": "", "services": "", strings.Repeat("region", 20): "",
	} {
		if got := nearest(word, keys); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := nearest("region", nil); got != "" {
		t.Errorf("nearest among nothing = %q", got)
	}
}
