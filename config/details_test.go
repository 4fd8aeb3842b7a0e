package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const minimum = `region: cn-east
regions: { cn-east: { failover: [cn-north] }, cn-north: {} }
services:
  pay:
    endpoints:
      cn-east: [10.0.1.1:8080, { address: 10.0.1.2:8080, weight: 0 }]
      cn-north: [10.1.1.1:8080]
routes:
  - { path: /pay/**, to: pay }
`

func mustLoad(t testing.TB, text string) *Config {
	t.Helper()
	c, err := Load("gateway.yaml", []byte(text), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustFail(t testing.TB, text string) Problems {
	t.Helper()
	_, err := Load("gateway.yaml", []byte(text), testEnv)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error is %v, want Problems", err)
	}
	return problems
}

func TestAbsentWeightIsOneAndZeroIsZero(t *testing.T) {
	pool := mustLoad(t, minimum).Services["pay"].Endpoints["cn-east"]
	if pool[0].Weight != 1 || pool[1].Weight != 0 {
		t.Errorf("weights are %v and %v, want 1 and 0", pool[0].Weight, pool[1].Weight)
	}
}

func TestDefaultsDoNotLeakBetweenValues(t *testing.T) {
	c := mustLoad(t, strings.Replace(minimum, "cn-north: {}", "cn-north: { failback: { ramp: 99s } }", 1))
	if got := c.Regions["cn-east"].Failback.Ramp.Std(); got != 10*time.Second {
		t.Errorf("cn-east ramps for %v", got)
	}
	if got := mustLoad(t, minimum).Regions["cn-north"].Failback.Ramp.Std(); got != 10*time.Second {
		t.Errorf("the next file's cn-north ramps for %v", got)
	}
}

func TestNameAndHash(t *testing.T) {
	c := mustLoad(t, minimum)
	if c.Name() != "gateway.yaml" || len(c.Hash()) != 12 || c.Hash() != mustLoad(t, minimum).Hash() {
		t.Errorf("name %q, hash %q", c.Name(), c.Hash())
	}
	if c.Hash() == mustLoad(t, minimum+"# more\n").Hash() {
		t.Error("different files have the same hash")
	}
	var made Config
	if made.Name() != "" || made.Hash() != "" {
		t.Error("a Config that was not loaded has a name or a hash")
	}
	if p := made.Problem("a.b", "is bad", "do better"); p.Error() != "a.b: is bad; do better" {
		t.Errorf("its problem reads %q", p.Error())
	}
}

// TestLoadKeepsItsOwnCopy: a caller may use its buffer again.
func TestLoadKeepsItsOwnCopy(t *testing.T) {
	data := []byte(minimum)
	c, err := Load("gateway.yaml", data, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	before := c.Hash()
	clear(data)
	if c.Hash() != before || c.Problem("routes[0].to", "", "").Line != 9 {
		t.Error("a Config depends on the caller's bytes")
	}
}

func TestProblemFindsItsPlace(t *testing.T) {
	c := mustLoad(t, `region: a.b
x-web: &web
  balance: first
regions: { a.b: {}, a: {} }
services:
  pay.v2:
    <<: *web
    endpoints:
      a.b:
        - 10.0.0.1:80
        - address: 10.0.0.2:80
          weight: 2
      a: [ "10.0.0.3:80" ]
routes:
  - to: pay.v2
    timeout: 3s
    headers: { X-A: "1" }
`)
	for path, want := range map[string]string{
		"region":             "1:9",
		"listen.http":        "1:1", // not in the file: as near as there is
		"regions":            "4:1",
		"services.pay.v2":    "6:3",
		"routes":             "14:1",
		"routes[0]":          "15:5",
		"routes[0].to":       "15:9",
		"routes[0].spill":    "15:5",
		"routes[1].to":       "14:1",
		"routes[x]":          "14:1",
		"routes[0].timeout":  "16:14",
		"":                   "1:1",
		"services.pay.v2[0]": "6:3",

		"services.pay.v2.balance":                  "3:12", // merged in
		"services.pay.v2.endpoints.a.b":            "9:7",
		"services.pay.v2.endpoints.a.b[0].address": "10:11",
		"services.pay.v2.endpoints.a.b[1]":         "11:11",
		"services.pay.v2.endpoints.a.b[1].weight":  "12:19",
		"services.pay.v2.endpoints.a[0]":           "13:12",
		"routes[0].timeout.total":                  "16:14",
		"routes[0].headers.X-A":                    "17:21",
	} {
		p := c.Problem(path, "message", "hint")
		if got := fmt.Sprintf("%d:%d", p.Line, p.Column); got != want {
			t.Errorf("%s is at %s, want %s", path, got, want)
		}
		if p.File != "gateway.yaml" || p.Path != path || p.Source == "" {
			t.Errorf("%s: incomplete problem %+v", path, p)
		}
	}
}

func TestProblemPrints(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, c := range []struct {
		p    Problem
		want string
	}{
		{Problem{Message: "m"}, "m"},
		{Problem{File: "f", Message: "m", Hint: "h"}, "f: m; h"},
		{Problem{File: "f", Line: 3, Column: 5, Path: "p", Message: "m"}, "f:3:5: p: m"},
		{Problem{File: "f", Line: 3, Column: 2, Path: "p", Message: "m", Hint: "h", Source: "\tkey"}, "f:3:2: p: m\n  3 | \tkey\n    | \t^ h"},
		{Problem{File: "f", Line: 10, Column: 99, Message: "m", Source: "ab"}, "f:10:99: m\n  10 | ab\n     |   ^"},
		{Problem{File: "f", Line: 1, Column: 4, Message: "m", Source: "东西\x1b[31mx"}, "f:1:4: m\n  1 | 东西\ufffd[31mx\n    |      ^"},
		{Problem{File: "f", Line: 1, Column: 200, Message: "m", Source: long}, "f:1:200: m\n  1 | …" + long[:120] + "…\n    |  " + strings.Repeat(" ", 60) + "^"},
	} {
		if got := c.p.Error(); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}

// TestSecretsStayOut plants a token in every way a file can hold one, makes some mistake near it, and
// looks for it in what is said.
func TestSecretsStayOut(t *testing.T) {
	for name, text := range map[string]string{
		"plain":          "admin:\n  token: hunter-two\n  pprof: x\n",
		"quoted key":     "{\"admin\": {\"token\": \"hunter-two\", \"pprof\": 3}}\n",
		"flow":           "admin: { pprof: x, token: hunter-two }\n",
		"block":          "admin:\n  token: |\n    hunter-two\n  pprof: x\n",
		"next line":      "admin:\n  token:\n    hunter-two\n  pprof: x\n",
		"escapes":        "admin: { token: \"hunter-\\x74wo\", pprof: x }\n",
		"anchor":         "x-t: &t hunter-two\nadmin: { token: *t }\nregion: [hunter-two]\n",
		"elsewhere":      "admin: { token: hunter-two }\nregion: hunter-two\n",
		"as a key":       "admin: { token: hunter-two }\nhunter-two: 1\n",
		"bad itself":     "admin: { token: \"hunter-two hunter-two\" }\n",
		"list":           "admin: { token: [hunter-two] }\n",
		"alias":          "admin: { token: *hunter-two }\n",
		"tag":            "admin: { token: !hunter-two x }\n",
		"broken after":   "admin: { token: hunter-two, pprof: ] }\n",
		"broken within":  "admin: { token: @hunter-two }\n",
		"broken block":   "admin:\n  token: >\n    hunter-two\n\tx\n",
		"broken quote":   "admin:\n  token: \"hunter-two\n",
		"broken colon":   "admin:\n  token: hunter-two: x\n",
		"control":        "admin:\n  token: hunter-two\x01\n",
		"secret looking": "region: ${MY_TOKEN}\nexpose: ${MY_TOKEN}\n",
		"with default":   "admin: { token: \"${NONE:-hunter-two}\" }\nregion: hunter-two\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load("gateway.yaml", []byte(text), func(name string) (string, bool) { return "hunter-two", name == "MY_TOKEN" })
			if err == nil {
				t.Fatal("no problem found")
			}
			if strings.Contains(err.Error(), "hunter") {
				t.Errorf("the secret shows:\n%v", err)
			}
		})
	}
	c := mustLoad(t, minimum+"admin: { token: hunter-two, pprof: true }\n")
	if text := c.Problem("admin.pprof", "hunter-two", "").Error() + string(c.YAML()); strings.Contains(text, "hunter") {
		t.Errorf("the secret shows:\n%s", text)
	}
}

func TestSecretPathsCoverTheTypes(t *testing.T) {
	var paths []string
	walkTypes(reflect.TypeFor[Config](), "", func(path string, field reflect.StructField) {
		if field.Type == reflect.TypeFor[Secret]() {
			key := field.Tag.Get("yaml")
			paths = append(paths, path+"."+key)
			if !secretLine.MatchString(key + ": x") {
				t.Errorf("secretLine does not know the key %s", key)
			}
		}
	})
	if !slices.Equal(paths, secretPaths) {
		t.Errorf("secrets are at %v, secretPaths says %v", paths, secretPaths)
	}
}

func TestProblemsAreSortedAndNotRepeated(t *testing.T) {
	problems := mustFail(t, `region: a
x-bad: &bad { every: 1 }
regions: { a: {} }
services:
  s: { probe: *bad, endpoints: { a: ["h:80"] } }
  t: { probe: *bad, endpoints: { a: ["h:80"] } }
routes: [{ to: u }, { path: x }]
`)
	var places []string
	for _, p := range problems {
		places = append(places, fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Path))
	}
	want := []string{"2:22 services.s.probe.every", "7:16 routes[0].to", "7:21 routes[1].to", "7:29 routes[1].path"}
	if !slices.Equal(places, want) {
		t.Errorf("got %q, want %q", places, want)
	}
}

func TestHostileFiles(t *testing.T) {
	many := "x: 1\n"
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "y%d: 1\n", i)
	}
	if got := len(mustFail(t, many+b.String())); got != maxProblems+1 {
		t.Errorf("%d problems are listed, want %d", got, maxProblems+1)
	}
	if p := mustFail(t, strings.Repeat("#", maxFile+1)); !strings.Contains(p.Error(), "larger than 8MiB") {
		t.Errorf("got %v", p)
	}

	// Aliases that would blow a small file up to ten million endpoints.
	b.Reset()
	b.WriteString("region: a\nregions: { a: {} }\nx-pool: &pool [")
	for range 4000 {
		b.WriteString("h:80,")
	}
	b.WriteString("]\nservices:\n")
	for i := range 2500 {
		fmt.Fprintf(&b, "  s%d: { endpoints: { a: *pool } }\n", i)
	}
	if p := mustFail(t, b.String()+"routes: [{ to: s1 }]\n"); !strings.Contains(p.Error(), "repeated by aliases") {
		t.Errorf("got %d problems, the first: %v", len(p), p[0])
	}
	// Merges that would do the same.
	b.Reset()
	b.WriteString("x-0: &m0 { a: 1, b: 2, c: 3 }\n")
	for i := range 15 {
		fmt.Fprintf(&b, "x-%d: &m%d { <<: [*m%d, *m%d, *m%d, *m%d] }\n", i+1, i+1, i, i, i, i)
	}
	b.WriteString("regions: { <<: *m15 }\n")
	if p := mustFail(t, b.String()); !strings.Contains(p.Error(), "repeated by aliases") {
		t.Errorf("got %v", p)
	}
	for _, text := range []string{
		"region: a\u0080\n", "region: \uffff\n", "region: \ufffe\n", "\xff\xfea\x00",
		"a: &a [*a]\n", "<<: &a { <<: *a }\n", "regions: &a { r: *a }\n", "? *a\n: b\n", "region: &a *a\n",
		strings.Repeat("[", 100_000), strings.Repeat("{a: ", 100_000), strings.Repeat("- ", 100_000), "&a a: *a\n*a : b\n",
	} {
		mustFail(t, text)
	}
}

func TestLoadFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "gateway.yaml")
	if err := os.WriteFile(file, []byte(minimum), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadFile(file)
	if err != nil || c.Name() != file || c.State != filepath.Join(dir, "tidegate.state.json") {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := LoadFile(filepath.Join(dir, "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	if _, err := LoadFile(dir); err == nil {
		t.Error("a folder is taken for a file")
	}
	if err := os.WriteFile(file, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	var problems Problems
	if _, err := LoadFile(file); !errors.As(err, &problems) {
		t.Errorf("a huge file gives %v", err)
	}
}

func TestNeedsRestart(t *testing.T) {
	old := mustLoad(t, minimum)
	if got := NeedsRestart(old, mustLoad(t, minimum+"log: { level: debug }\n")); got != nil {
		t.Errorf("a log level needs a restart: %v", got)
	}
	next := mustLoad(t, minimum+"listen: { http: \":80\", admin: \"127.0.0.1:1\" }\nstate: /elsewhere\n")
	if got := NeedsRestart(old, next); !slices.Equal(got, []string{"listen.http", "listen.admin", "state"}) {
		t.Errorf("got %v", got)
	}
}

// large is a file of 10,000 endpoints and 5,000 routes.
func large() []byte {
	var b bytes.Buffer
	b.WriteString("region: a\nregions: { a: { failover: [b] }, b: {} }\nservices:\n")
	for s := range 100 {
		fmt.Fprintf(&b, "  s%d:\n    endpoints:\n      a:\n", s)
		for e := range 100 {
			fmt.Fprintf(&b, "        - { address: 10.0.%d.%d:8080, weight: 2, max_fails: 3 }\n", s, e)
		}
	}
	b.WriteString("routes:\n")
	for r := range 5000 {
		fmt.Fprintf(&b, "  - { path: /r%d/**, to: s%d, timeout: 2s, limit: { rate: 10/s } }\n", r, r%100)
	}
	return b.Bytes()
}

func BenchmarkLoad(b *testing.B) {
	for name, data := range map[string][]byte{"minimum": []byte(minimum), "10000_endpoints_5000_routes": large()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load("gateway.yaml", data, testEnv); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzLoad: no file makes Load panic, and what it takes it takes again from its own YAML, unchanged.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/ok/*.yaml", "testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Load("gateway.yaml", data, testEnv)
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) || err.Error() == "" {
				t.Fatalf("the error is %T %v", err, err)
			}
			for _, p := range problems {
				if p.Message == "" || p.Line < 0 || p.Line > 0 && p.Column < 1 {
					t.Errorf("incomplete problem %+v", p)
				}
			}
			return
		}
		effective := c.YAML()
		again, err := Load("gateway.yaml", effective, testEnv)
		if err != nil {
			t.Fatalf("the effective configuration does not load: %v\n%s", err, effective)
		}
		if !bytes.Equal(again.YAML(), effective) {
			t.Errorf("the effective configuration changes when loaded, from\n%s\nto\n%s", effective, again.YAML())
		}
	})
}

func TestVariablesOfStrangeBytes(t *testing.T) {
	env := func(string) (string, bool) { return "a\xffb", true }
	_, err := Load("gateway.yaml", []byte(minimum+"state: ${X}\n"), env)
	if err == nil || !strings.Contains(err.Error(), "the value is not UTF-8 (from ${X})") {
		t.Errorf("got %v", err)
	}
	env = func(string) (string, bool) { return "x: [\n\t\u2028\x01'\"} # ${Y}", true }
	c, err := Load("gateway.yaml", []byte(minimum+"state: ${X}\n"), env)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Load("gateway.yaml", c.YAML(), testEnv)
	if err != nil || again.State != c.State {
		t.Errorf("got %v, %v", again, err)
	}
}

func TestNumbers(t *testing.T) {
	for text, ok := range map[string]bool{
		"weight: 0.5": true, "weight: 2e-1": true, "weight: 0": true, "weight: .nan": false, "weight: .inf": false, "weight: NaN": false,
		"weight: inf": false, "weight: 0x10": false, "weight: 1_000": false, "weight: -0.1": false, "weight: 1000001": false, "weight: \"1\"": false,
		"max_fails: 7": true, "max_fails: 007": false, "max_fails: 0x7": false, "max_fails: 7.0": false, "max_fails: 99999999999": false,
		"max_fails: -7": false, "max_fails: 1_0": false, "max_fails: seven": false, "max_fails: -": false, "max_fails: true": false,
	} {
		file := strings.Replace(minimum, "weight: 0 }", text+" }", 1)
		if _, err := Load("gateway.yaml", []byte(file), testEnv); (err == nil) != ok {
			t.Errorf("%s: got %v", text, err)
		}
	}
}
