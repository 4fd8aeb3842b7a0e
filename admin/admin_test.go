package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/proxy"
	"github.com/tidegate/tidegate/router"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret = "hunter2-but-longer"
	file   = `
region: cn-east
regions:
  cn-east: { failover: [cn-north] }
  cn-north: { failover: [cn-east] }
services:
  pay:
    endpoints:
      cn-east: [10.0.1.1:8080, { address: 10.0.1.2:8080, weight: 2 }]
      cn-north: [10.1.1.1:8080, "[fd00::1]:8080"]
  search:
    balance: round_robin
    endpoints:
      cn-east: [10.0.2.1:8080]
routes:
  - { name: pay, path: /pay/**, to: pay, spill: never }
  - { name: search, path: /search/**, to: search }
admin: { token: "${TOKEN:-}", pprof: true }
`
)

// fake is a gateway whose control loop is a mutex.
type fake struct {
	mu        sync.Mutex
	table     *router.Table
	orders    Overrides
	reload    Reload
	unready   error
	putFails  error
	scheduler *balancer.Scheduler
}

func newFake(t testing.TB, token string) *fake {
	t.Helper()
	c, err := config.Load("gateway.yaml", []byte(file), func(name string) (string, bool) { return token, name == "TOKEN" && token != "" })
	if err != nil {
		t.Fatal(err)
	}
	return newFakeOf(t, c)
}

func newFakeOf(t testing.TB, c *config.Config) *fake {
	t.Helper()
	table, err := router.Compile(c, nil, func(string) balancer.Upstream { return nil }, func() {})
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{table: table, scheduler: balancer.NewScheduler()}
	f.reload = Reload{OK: true, Last: time.Unix(1_700_000_000, 0), Hash: c.Hash(), Successes: 1}
	f.plan()
	return f
}

// plan publishes plans under the orders in force.
func (f *fake) plan() {
	f.scheduler.Observe(f.Now(), f.table.Services())
	for _, s := range f.table.Services() {
		f.scheduler.Plan(f.Now(), s, f.table.Regions, balancer.NewOrders(f.orders.List))
	}
}

func (f *fake) Now() time.Duration { return time.Second }

func (f *fake) Table() *router.Table { return f.table }

func (f *fake) Suspect() bool { return false }

func (f *fake) Ready() error { return f.unready }

func (f *fake) Reload() Reload { return f.reload }

func (f *fake) Overrides() Overrides {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.orders
}

func (f *fake) PutOverride(_ context.Context, o balancer.Override, match *uint64) (Overrides, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.putFails != nil {
		return f.orders, f.putFails
	}
	if match != nil && *match != f.orders.Revision {
		return f.orders, ErrConflict
	}
	list := slices.DeleteFunc(slices.Clone(f.orders.List), func(old balancer.Override) bool { return old.ID == o.ID })
	f.orders = Overrides{f.orders.Revision + 1, append(list, o)}
	f.plan()
	return f.orders, nil
}

func (f *fake) DeleteOverride(_ context.Context, id string, match *uint64) (Overrides, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if match != nil && *match != f.orders.Revision {
		return f.orders, ErrConflict
	}
	list := slices.DeleteFunc(slices.Clone(f.orders.List), func(old balancer.Override) bool { return old.ID == id })
	if len(list) == len(f.orders.List) {
		return f.orders, ErrNotFound
	}
	f.orders = Overrides{f.orders.Revision + 1, list}
	f.plan()
	return f.orders, nil
}

var options = Options{Version: "1.2.3", Commit: "abc", Edge: new(proxy.Stats)}

// ask sends a request with fields "Name: value" to a handler.
func ask(h http.Handler, method, target, body string, fields ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:9901"
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Add(name, value)
	}
	if name := r.Header.Get("Host"); name != "" {
		r.Host = name
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// told decodes a JSON answer.
func told[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %q", err, w.Body)
	}
	return v
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update if that is meant. Got:\n%s", path, got)
	}
}

func TestAlive(t *testing.T) {
	h := Handler(&fake{}, options)
	if w := ask(h, "GET", "/healthz", ""); w.Code != 200 || w.Body.String() != "alive\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestReady(t *testing.T) {
	f := newFake(t, secret)
	h := Handler(f, options)
	if w := ask(h, "GET", "/readyz", ""); w.Code != 200 || w.Body.String() != "ready\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	f.unready = errors.New("draining")
	if w := ask(h, "GET", "/readyz", ""); w.Code != 503 || w.Body.String() != "not ready: draining\n" {
		t.Errorf("draining: %d %q", w.Code, w.Body)
	}
	f.reload.OK, f.reload.Err, f.reload.NeedsRestart = false, errors.New(secret), []string{"listen.http"}
	f.reload.Hash = "0123"
	w := ask(h, "GET", "/readyz?verbose", "")
	golden(t, "readyz.txt", w.Body.String())
}

func TestBeforeTheFirstTable(t *testing.T) {
	h := Handler(&fake{unready: errors.New("no configuration yet")}, options)
	for path, want := range map[string]int{
		"/": 200, "/healthz": 200, "/readyz?verbose": 503, "/metrics": 200, "/v1/overrides": 200,
		"/v1/config": 503, "/v1/table": 503, "/v1/plan": 503, "/v1/plan/pay": 503, "/debug/pprof/": 503,
	} {
		if w := ask(h, "GET", path, ""); w.Code != want {
			t.Errorf("%s: %d, want %d: %s", path, w.Code, want, w.Body)
		}
	}
	w := ask(h, "PUT", "/v1/overrides", drain, "Content-Type: application/json")
	if w.Code != 503 {
		t.Errorf("an order: %d %s", w.Code, w.Body)
	}
}

func TestIndex(t *testing.T) {
	h := Handler(newFake(t, ""), options)
	first := ask(h, "GET", "/", "")
	golden(t, "index.txt", first.Body.String())
	if second := ask(h, "GET", "/v1/", ""); second.Body.String() != first.Body.String() {
		t.Errorf("/v1/ differs from /:\n%s", second.Body)
	}
	type index struct {
		Paths []struct{ Path string }
	}
	if n := len(told[index](t, ask(h, "GET", "/", "", "Accept: application/json")).Paths); n != 11 {
		t.Errorf("%d paths as JSON", n)
	}
}

func TestPathsAndMethods(t *testing.T) {
	h := Handler(newFake(t, ""), options)
	for _, c := range []struct {
		method, target string
		status         int
		allow, detail  string
	}{
		{"GET", "/nothing", 404, "", "/ lists what there is"},
		{"GET", "/v1/plans", 404, "", `did you mean "/v1/plan"?`},
		{"GET", "/v1/plan/pya", 404, "", `did you mean "pay"?`},
		{"POST", "/v1/overrides", 405, "GET, HEAD, PUT, DELETE", "POST is not allowed here"},
		{"PUT", "/v1/config", 405, "GET, HEAD", "PUT is not allowed here"},
		{"DELETE", "/healthz", 405, "GET, HEAD", ""},
		{"GET", "/v1/overrides/region:cn-north", 404, "", "no override"},
		{"DELETE", "/v1/overrides", 400, "", "which one?"},
		{"GET", "/v1/config?format=xml", 400, "", "must be json or text"},
	} {
		w := ask(h, c.method, c.target, "")
		if w.Code != c.status || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q", c.method, c.target, w.Code, w.Header().Get("Allow"))
		}
		if kind := w.Header().Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s %s: %s", c.method, c.target, kind)
		}
		if p := told[problem](t, w); p.Status != c.status || p.Title == "" || !strings.Contains(p.Detail, c.detail) {
			t.Errorf("%s %s: %+v", c.method, c.target, p)
		}
	}
	if w := ask(h, "HEAD", "/v1/config", ""); w.Code != 200 {
		t.Errorf("HEAD: %d", w.Code)
	}
}

func TestToken(t *testing.T) {
	f := newFake(t, secret)
	h := Handler(f, options)
	for _, c := range []struct {
		authorization string
		status        int
		challenge     string
	}{
		{"", 401, `Bearer realm="tidegate"`},
		{"Basic aHVudGVyMg==", 401, `Bearer realm="tidegate"`},
		{"Bearer", 401, `Bearer realm="tidegate", error="invalid_token"`},
		{"Bearer " + secret + "x", 401, `Bearer realm="tidegate", error="invalid_token"`},
		{"Bearer " + secret, 200, ""},
		{"bearer " + secret, 200, ""},
	} {
		for _, path := range []string{"/", "/metrics", "/v1/config", "/v1/table", "/v1/plan", "/v1/plan/pay", "/v1/overrides", "/debug/pprof/", "/debug/pprof/cmdline"} {
			w := ask(h, "GET", path, "", "Authorization: "+c.authorization)
			if w.Code != c.status || w.Header().Get("WWW-Authenticate") != c.challenge {
				t.Errorf("%q at %s: %d %s", c.authorization, path, w.Code, w.Header().Get("WWW-Authenticate"))
			}
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			if w := ask(h, "GET", path, "", "Authorization: "+c.authorization); w.Code != 200 {
				t.Errorf("%q at %s: %d", c.authorization, path, w.Code)
			}
		}
	}
	// Paths that do not exist are not told from those that do.
	if w := ask(h, "GET", "/nothing", ""); w.Code != 401 {
		t.Errorf("an unknown path without the token: %d", w.Code)
	}
	if w := ask(h, "DELETE", "/v1/overrides/x", ""); w.Code != 401 {
		t.Errorf("an order without the token: %d", w.Code)
	}
	// With a token, any name the operators gave this machine will do.
	if w := ask(h, "GET", "/v1/config", "", "Authorization: Bearer "+secret, "Host: gate.example.com"); w.Code != 200 {
		t.Errorf("by name: %d", w.Code)
	}
	// A reload changes the token.
	f.table = newFake(t, "another").table
	if w := ask(h, "GET", "/v1/config", "", "Authorization: Bearer "+secret); w.Code != 401 {
		t.Errorf("the former token: %d", w.Code)
	}
}

func TestWithoutToken(t *testing.T) {
	h := Handler(newFake(t, ""), options)
	for host, status := range map[string]int{
		"127.0.0.1:9901": 200, "localhost:9901": 200, "localhost": 200, "[::1]:9901": 200, "[::1]": 200,
		"rebound.example.com:9901": 421, "example.com": 421,
	} {
		if w := ask(h, "GET", "/v1/config", "", "Host: "+host); w.Code != status {
			t.Errorf("%s: %d", host, w.Code)
		}
		if w := ask(h, "GET", "/readyz", "", "Host: "+host); w.Code != 200 {
			t.Errorf("/readyz at %s: %d", host, w.Code)
		}
	}
}

// A reload that took the token away leaves a listener beyond loopback closed to all.
func TestWithoutTokenBeyondLoopback(t *testing.T) {
	h := Handler(newFake(t, ""), options)
	for addr, status := range map[string]int{"10.0.0.1": 403, "fd00::1": 403, "127.0.0.1": 200, "::1": 200} {
		r := httptest.NewRequest("GET", "http://127.0.0.1:9901/v1/config", nil)
		local := net.Addr(&net.TCPAddr{IP: net.ParseIP(addr), Port: 9901})
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("at %s: %d %s", addr, w.Code, w.Body)
		}
	}
}

func TestPprofSwitch(t *testing.T) {
	f := newFake(t, "")
	h := Handler(f, options)
	for path, want := range map[string]string{"/debug/pprof/": "goroutine", "/debug/pprof/goroutine?debug=1": "goroutine profile"} {
		if w := ask(h, "GET", path, ""); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s on: %d %.60q", path, w.Code, w.Body)
		}
	}
	c, err := config.Load("gateway.yaml", []byte(strings.Replace(file, "pprof: true", "pprof: false", 1)), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	f.table = newFakeOf(t, c).table
	if w := ask(h, "GET", "/debug/pprof/", ""); w.Code != 404 {
		t.Errorf("off: %d", w.Code)
	}
}

// No answer holds the token, whatever is asked and however the last reload failed.
func TestSecretsStay(t *testing.T) {
	f := newFake(t, secret)
	h := Handler(f, options)
	_, err := config.Load("gateway.yaml", []byte(strings.Replace(file, `"${TOKEN:-}", pprof: true`, `{ "`+secret+`": 1 }, pprof: perhaps`, 1)),
		func(string) (string, bool) { return secret, true })
	if err == nil {
		t.Fatal("the broken configuration is taken")
	}
	f.reload.OK, f.reload.Err, f.reload.ErrAt = false, err, time.Unix(1_700_000_100, 0)
	for _, path := range []string{"/", "/healthz", "/readyz?verbose", "/metrics", "/v1/config", "/v1/table", "/v1/plan", "/v1/plan/pay", "/v1/overrides", "/nothing", "/debug/pprof/cmdline"} {
		for _, accept := range []string{"*/*", "application/json", "application/openmetrics-text"} {
			w := ask(h, "GET", path, "", "Authorization: Bearer "+secret, "Accept: "+accept)
			if w.Code >= 500 {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
			if bytes.Contains(w.Body.Bytes(), []byte(secret)) {
				t.Errorf("%s as %s tells the token:\n%s", path, accept, w.Body)
			}
		}
	}
}

func TestConfig(t *testing.T) {
	f := newFake(t, secret)
	h := Handler(f, options)
	w := ask(h, "GET", "/v1/config", "", "Authorization: Bearer "+secret)
	if kind := w.Header().Get("Content-Type"); kind != "application/yaml; charset=utf-8" {
		t.Error(kind)
	}
	for _, want := range []string{"# gateway.yaml, hash " + f.reload.Hash, "# All defaults are filled in. Of all loads, the start among them, 1 succeeded", "region: cn-east", "balance: p2c"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in\n%s", want, w.Body)
		}
	}
	// What is shown is a configuration again.
	if _, err := config.Load("shown", w.Body.Bytes(), func(string) (string, bool) { return "", false }); err != nil {
		t.Errorf("what is shown cannot be loaded: %v", err)
	}

	_, broken := config.Load("gateway.yaml", []byte("regoin: x\n"), func(string) (string, bool) { return "", false })
	f.reload.OK, f.reload.Err, f.reload.ErrAt = false, broken, time.Unix(1_700_000_100, 0)
	f.reload.NeedsRestart = []string{"listen.http"}
	w = ask(h, "GET", "/v1/config", "", "Authorization: Bearer "+secret)
	for _, want := range []string{"# THE LAST RELOAD FAILED at 2023-11-14T22:15:00Z", "regoin", "# NEEDS A RESTART to come into force: listen.http"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in\n%s", want, w.Body)
		}
	}
	if _, err := config.Load("shown", w.Body.Bytes(), func(string) (string, bool) { return "", false }); err != nil {
		t.Errorf("what is shown beside an error cannot be loaded: %v", err)
	}
	type shownConfig struct {
		File, Hash, YAML string
		Reload           reloadJSON
	}
	got := told[shownConfig](t, ask(h, "GET", "/v1/config?format=json", "", "Authorization: Bearer "+secret))
	if got.File != "gateway.yaml" || got.Hash != f.reload.Hash || !strings.Contains(got.YAML, "region: cn-east") ||
		got.Reload.OK || len(got.Reload.Problems) == 0 || got.Reload.Problems[0].Line != 1 || got.Reload.Error == "" ||
		!slices.Equal(got.Reload.NeedsRestart, []string{"listen.http"}) {
		t.Errorf("%+v", got)
	}
}

func TestTableAndPlan(t *testing.T) {
	f := newFake(t, "")
	h := Handler(f, options)
	if got := ask(h, "GET", "/v1/table", "").Body.String(); got != f.table.String() {
		t.Errorf("the table:\n%s", got)
	}
	golden(t, "table.json", ask(h, "GET", "/v1/table", "", "Accept: application/json").Body.String())

	all, one := ask(h, "GET", "/v1/plan", ""), ask(h, "GET", "/v1/plan/pay", "")
	if !strings.Contains(all.Body.String(), one.Body.String()) || !strings.Contains(one.Body.String(), "10.0.1.2:8080") {
		t.Errorf("all:\n%sone:\n%s", all.Body, one.Body)
	}
	type plans struct{ Services []balancer.PlanView }
	got := told[plans](t, ask(h, "GET", "/v1/plan", "", "Accept: application/json"))
	single := told[balancer.PlanView](t, ask(h, "GET", "/v1/plan/pay?format=json", ""))
	if len(got.Services) != 2 || got.Services[0].Service != "pay" || single.Service != "pay" || len(single.Regions) != 2 {
		t.Errorf("%+v\n%+v", got, single)
	}
	w := ask(h, "PUT", "/v1/overrides", drain, "Content-Type: application/json")
	if w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if text := ask(h, "GET", "/v1/plan/pay", "").Body.String(); !strings.Contains(text, "drained by region:cn-north (deploy 42") {
		t.Errorf("the order is not among the reasons:\n%s", text)
	}
}

func TestAccept(t *testing.T) {
	for _, c := range []struct {
		query, accept   string
		otherwise, json bool
	}{
		{"", "", false, false},
		{"", "*/*", false, false},
		{"", "*/*", true, true},
		{"", "application/json", false, true},
		{"", "application/*;q=0.5, text/plain;q=0.4", false, true},
		{"", "application/json;q=0.1, text/plain", true, false},
		{"", "text/html,application/xhtml+xml,*/*;q=0.8", false, false},
		{"", "application/json, text/plain, */*", true, true},
		{"", "application/json;q=0, */*", true, false},
		{"", "application/yaml", false, false},
		{"?format=json", "text/plain", false, true},
		{"?format=text", "application/json", true, false},
	} {
		r := httptest.NewRequest("GET", "/v1/plan"+c.query, nil)
		r.Header.Set("Accept", c.accept)
		if got, err := wantsJSON(r, c.otherwise); err != nil || got != c.json {
			t.Errorf("%q %q, otherwise %v: %v, %v", c.query, c.accept, c.otherwise, got, err)
		}
	}
}

func TestCheckListen(t *testing.T) {
	for _, c := range []struct {
		addr, token string
		ok          bool
	}{
		{"127.0.0.1:9901", "", true},
		{"127.1.2.3:9901", "", true},
		{"[::1]:9901", "", true},
		{"[::ffff:127.0.0.1]:9901", "", true},
		{"localhost:9901", "", true},
		{":9901", "", false},
		{"0.0.0.0:9901", "", false},
		{"[::]:9901", "", false},
		{"10.0.0.1:9901", "", false},
		{"gate.example.com:9901", "", false},
		{":9901", "t", true},
		{"9901", "t", false},
	} {
		if err := CheckListen(c.addr, c.token); (err == nil) != c.ok {
			t.Errorf("%s with token %q: %v", c.addr, c.token, err)
		}
	}
}

// On real sockets: slow heads are cut, and a listener that is not loopback answers nobody
// while there is no token.
func TestServer(t *testing.T) {
	s := NewServer(Handler(newFake(t, ""), options))
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 {
		t.Errorf("%+v", s)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = s
	server.Start()
	defer server.Close()
	r, err := server.Client().Get(server.URL + "/v1/plan")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s %v", r.StatusCode, r.Header, body, err)
	}
	r.Body.Close()
	server.Client().CloseIdleConnections()
}

// newRequest is httptest.NewRequest without the panic.
func newRequest(method, path string) (*http.Request, error) {
	r, err := http.NewRequest(method, "http://127.0.0.1:9901"+path, nil)
	if err != nil {
		return nil, err
	}
	r.RequestURI = path
	return r, nil
}
