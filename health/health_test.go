package health

import (
	"errors"
	"testing"
	"time"

	"github.com/tidegate/tidegate/config"
)

func TestStreak(t *testing.T) {
	for _, c := range []struct {
		name     string
		from     State
		answers  string // + success, - failure
		up, down int
		want     string // the state after each: ? u d
	}{
		{"first success counts", Unknown, "+", 2, 2, "u"},
		{"unknown goes down by failures", Unknown, "--", 2, 2, "?d"},
		{"unknown goes up after a failure", Unknown, "-+", 3, 2, "?u"},
		{"one failure is none", Up, "-+-+-+", 2, 2, "uuuuuu"},
		{"two are", Up, "-+--", 2, 2, "uuud"},
		{"back after two", Down, "+-++", 2, 2, "dddu"},
		{"down at once", Up, "-", 2, 1, "d"},
		{"up at once", Down, "+-", 1, 1, "ud"},
		{"three each", Up, "---++-+++", 3, 3, "uudddddd" + "u"},
		{"stays", Up, "++++", 2, 2, "uuuu"},
		{"stays down", Down, "----", 2, 2, "dddd"},
	} {
		s := Streak{State: c.from}
		got := ""
		for _, a := range c.answers {
			s = s.After(a == '+', c.up, c.down)
			got += map[State]string{Unknown: "?", Up: "u", Down: "d"}[s.State]
		}
		if got != c.want {
			t.Errorf("%s: %v then %s: %s, want %s", c.name, c.from, c.answers, got, c.want)
		}
	}
}

func TestStateString(t *testing.T) {
	if got := Unknown.String() + Up.String() + Down.String(); got != "unknownupdown" {
		t.Error(got)
	}
}

// filled is a configured probe with its defaults in place.
func filled(p config.Probe) config.Probe {
	return config.Probe{
		Kind: p.Kind, Path: p.Path, Host: p.Host,
		Status: []config.StatusRange{{From: 200, To: 299}},
		Every:  config.Duration(750 * time.Millisecond), Timeout: config.Duration(500 * time.Millisecond),
		Down: 2, Up: 2,
	}
}

func TestCompile(t *testing.T) {
	change := func(f func(*config.Probe)) config.Probe {
		p := filled(config.Probe{Kind: "http", Path: "/healthz"})
		f(&p)
		return p
	}
	for _, c := range []struct {
		probe config.Probe
		want  string
	}{
		{filled(config.Probe{Kind: "http", Path: "/healthz?deep=1", Host: "pay.example.com:8080"}), ""},
		{filled(config.Probe{Kind: "tcp"}), ""},
		{filled(config.Probe{Kind: "icmp"}), `probe.kind: no probe "icmp"; there are: http, tcp`},
		{filled(config.Probe{Kind: "tcp", Path: "/x"}), `probe.path: a tcp probe only connects and has no path; use kind: http`},
		{filled(config.Probe{Kind: "http"}), `probe.path: an http probe needs a path; such as "/healthz"`},
		{filled(config.Probe{Kind: "http", Path: "healthz"}), `probe.path: must begin with /, is "healthz"`},
		{filled(config.Probe{Kind: "http", Path: "/a b"}), `probe.path: "/a b" holds what a request target may not; write it percent-encoded`},
		{filled(config.Probe{Kind: "http", Path: "/\r\nX: y"}), `probe.path: "/\r\nX: y" holds what a request target may not; write it percent-encoded`},
		{filled(config.Probe{Kind: "http", Path: "/", Host: "a\nb"}), `probe.host: "a\nb" is no host`},
		{change(func(p *config.Probe) { p.Status = nil }), `probe.status: lists no status; such as [200-299]`},
		{change(func(p *config.Probe) { p.Status = append(p.Status, config.StatusRange{From: 300, To: 204}) }),
			`probe.status[1]: 300-204 is no range of statuses`},
		{change(func(p *config.Probe) { p.Every, p.Timeout, p.Down, p.Up = 0, -1, 0, -1 }),
			`probe.every: must be above 0, is 0s; probe.timeout: must be above 0, is -1ns; ` +
				`probe.down: must be at least 1, is 0; probe.up: must be at least 1, is -1`},
	} {
		check, err := Compile(c.probe)
		if c.want == "" {
			if err != nil {
				t.Errorf("%+v: %v", c.probe, err)
			}
			again, _ := Compile(c.probe)
			if !check.Equal(again) {
				t.Errorf("%+v differs from itself", check)
			}
			continue
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%+v:\n got %v\nwant %s", c.probe, err, c.want)
		}
		var wrong Mistakes
		if !errors.As(err, &wrong) {
			t.Errorf("%T is no Mistakes", err)
		}
	}
}

func TestCheckEqual(t *testing.T) {
	p := filled(config.Probe{Kind: "http", Path: "/healthz"})
	base, err := Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(*Check){
		"kind":    func(c *Check) { c.Kind = "tcp" },
		"path":    func(c *Check) { c.Path = "/" },
		"host":    func(c *Check) { c.Host = "h" },
		"status":  func(c *Check) { c.Status = []config.StatusRange{{From: 200, To: 200}} },
		"every":   func(c *Check) { c.Every++ },
		"timeout": func(c *Check) { c.Timeout++ },
		"up":      func(c *Check) { c.Up++ },
		"down":    func(c *Check) { c.Down++ },
	} {
		other := base
		f(&other)
		if base.Equal(other) || other.Equal(base) {
			t.Errorf("another %s is not noticed", name)
		}
	}
}
