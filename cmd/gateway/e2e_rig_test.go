package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// A rig is what all scenarios share.
type rig struct{ binary string }

// regionNames are the regions of every scenario; cn-east is the gateway's own.
var regionNames = []string{"cn-east", "cn-north", "cn-west"}

// failover is each region's order.
var failover = map[string][]string{
	"cn-east":  {"cn-north", "cn-west"},
	"cn-north": {"cn-east", "cn-west"},
	"cn-west":  {"cn-north", "cn-east"},
}

// A fleet is three upstreams in each region.
type fleet struct {
	ledger  *upstreamtest.Ledger
	servers map[string][]*upstreamtest.Server
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{ledger: &upstreamtest.Ledger{}, servers: map[string][]*upstreamtest.Server{}}
	for i, region := range regionNames {
		for n := 1; n <= 3; n++ {
			s := upstreamtest.New(t, upstreamtest.Options{
				Addr: loopback(10*(i+1)+n) + ":0", Region: region, Name: fmt.Sprintf("%s/%d", region, n), Ledger: f.ledger,
				Behavior: upstreamtest.Behavior{Delay: time.Duration(2+3*i) * time.Millisecond, Jitter: 0.5},
			})
			f.servers[region] = append(f.servers[region], s)
		}
	}
	return f
}

// loopback returns an address of its own for a server, so that its port cannot be drawn by an
// outgoing connection while it is dead. Other systems than Linux have only the one address.
func loopback(n int) string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1"
	}
	return fmt.Sprintf("127.0.0.%d", n)
}

// endpoints is the fleet as a service's endpoints, in YAML.
func (f *fleet) endpoints(indent string) string {
	var b strings.Builder
	for _, region := range regionNames {
		var addrs []string
		for _, s := range f.servers[region] {
			addrs = append(addrs, s.Addr())
		}
		fmt.Fprintf(&b, "%s%s: [%s]\n", indent, region, strings.Join(addrs, ", "))
	}
	return b.String()
}

// requests sums what a region's upstreams were asked.
func (f *fleet) requests(region string) (n int64) {
	for _, s := range f.servers[region] {
		n += s.Stats().Requests
	}
	return n
}

// accepted sums the connections all upstreams accepted.
func (f *fleet) accepted() (n int64) {
	for _, servers := range f.servers {
		for _, s := range servers {
			n += s.Stats().Accepted
		}
	}
	return n
}

// last is when the last request began at one of a region's upstreams.
func (f *fleet) last(region string) (at time.Time) {
	for _, s := range f.servers[region] {
		if l := s.Stats().Last; l.After(at) {
			at = l
		}
	}
	return at
}

// A gateway is one process, or several one after the other, by one configuration file.
type gateway struct {
	t           *testing.T
	binary      string
	http, admin string // addresses
	file, state string
	cmd         *exec.Cmd
	output      *lockedBuffer
	exited      chan struct{}
	client      *http.Client
}

// gateway prepares one; its configuration's services and routes are rest.
func (r *rig) gateway(t *testing.T, rest string) *gateway {
	t.Helper()
	dir := t.TempDir()
	g := &gateway{
		t: t, binary: r.binary, http: freeAddr(t), admin: freeAddr(t), output: &lockedBuffer{},
		file: filepath.Join(dir, "tidegate.yaml"), state: filepath.Join(dir, "state.json"),
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}},
	}
	t.Cleanup(g.client.CloseIdleConnections)
	g.write(g.config(rest))
	return g
}

// config is a whole configuration with the services and routes in rest.
func (g *gateway) config(rest string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "region: cn-east\nlisten: { http: \"%s\", admin: \"%s\" }\nexpose: true\nlog: { level: info, format: text }\nregions:\n", g.http, g.admin)
	for _, region := range regionNames {
		fmt.Fprintf(&b, "  %s: { failover: [%s], failback: { ramp: 2s } }\n", region, strings.Join(failover[region], ", "))
	}
	return b.String() + rest
}

// oneService is the rest of a configuration in which everything goes to the fleet.
func (f *fleet) oneService() string {
	return "services:\n  shop:\n    probe: { path: /healthz }\n    endpoints:\n" + f.endpoints("      ") + "routes:\n  - { path: /**, to: shop }\n"
}

// write replaces the configuration file as editors and deployments do: by a rename.
func (g *gateway) write(text string) {
	g.t.Helper()
	if err := os.WriteFile(g.file+".new", []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
	if err := os.Rename(g.file+".new", g.file); err != nil {
		g.t.Fatal(err)
	}
}

// start starts the process and waits until it takes traffic, for which it returns the time. The
// test's end kills it, and shows what it said if the test failed.
func (g *gateway) start() time.Duration {
	g.t.Helper()
	began := time.Now()
	g.cmd = exec.Command(g.binary, "run", "--config", g.file, "--state", g.state)
	g.cmd.Stdout, g.cmd.Stderr = g.output, g.output
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	exited := make(chan struct{})
	cmd := g.cmd
	go func() {
		cmd.Wait() // the exit code is read from ProcessState
		close(exited)
	}()
	g.exited = exited
	g.t.Cleanup(func() {
		cmd.Process.Kill()
		<-exited
		if text := g.output.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic") {
			g.t.Errorf("the gateway said:\n%s", tail(text, 60))
		} else if g.t.Failed() {
			g.t.Logf("the gateway said:\n%s", tail(text, 25))
		}
	})
	for time.Since(began) < 10*time.Second {
		select {
		case <-exited:
			g.t.Fatalf("the gateway ended at once:\n%s", g.output)
		default:
		}
		res, err := g.client.Get("http://" + g.admin + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return time.Since(began)
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	g.t.Fatalf("the gateway is not ready:\n%s", g.output)
	return 0
}

// settled waits until probes have found every endpoint well.
func (g *gateway) settled() {
	g.t.Helper()
	upstreamtest.Eventually(g.t, 5*time.Second, "every endpoint is found well", func() bool {
		for _, e := range g.plan("").endpoints() {
			if e.Health != "up" {
				return false
			}
		}
		return true
	})
}

func (g *gateway) signal(s syscall.Signal) {
	g.t.Helper()
	if err := g.cmd.Process.Signal(s); err != nil {
		g.t.Fatal(err)
	}
}

// wait waits for the process's end and returns its exit code.
func (g *gateway) wait(d time.Duration) int {
	g.t.Helper()
	select {
	case <-g.exited:
		return g.cmd.ProcessState.ExitCode()
	case <-time.After(d):
		g.t.Fatalf("the gateway has not ended after %v", d)
		return 0
	}
}

// get reads something off the admin API.
func (g *gateway) get(path string) []byte {
	g.t.Helper()
	status, body, err := g.call(http.MethodGet, path, "")
	if err != nil || status != http.StatusOK {
		g.t.Fatalf("GET %s: %d, %v\n%s", path, status, err, body)
	}
	return body
}

func (g *gateway) call(method, path, body string) (int, []byte, error) {
	req, err := http.NewRequest(method, "http://"+g.admin+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := g.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, text, err
}

// order gives an order and returns when it was acknowledged.
func (g *gateway) order(body string) time.Time {
	g.t.Helper()
	began := time.Now()
	status, text, err := g.call(http.MethodPut, "/v1/overrides", body)
	acknowledged := time.Now()
	if err != nil || status/100 != 2 {
		g.t.Fatalf("PUT /v1/overrides %s: %d, %v\n%s", body, status, err, text)
	}
	if took := acknowledged.Sub(began); took > 100*time.Millisecond && !raceBuild() {
		g.t.Errorf("the order took %v to be acknowledged, want below 100 ms", took)
	}
	return acknowledged
}

// lift lifts an order.
func (g *gateway) lift(id string) {
	g.t.Helper()
	if status, text, err := g.call(http.MethodDelete, "/v1/overrides/"+id, ""); err != nil || status/100 != 2 {
		g.t.Fatalf("DELETE /v1/overrides/%s: %d, %v\n%s", id, status, err, text)
	}
}

// A planView is the part of /v1/plan/SERVICE that scenarios look at.
type planView struct {
	Homes []struct {
		Home   string             `json:"home"`
		Mode   string             `json:"mode"`
		Shares map[string]float64 `json:"shares"`
	} `json:"homes"`
	Regions []struct {
		Region    string         `json:"region"`
		Endpoints []endpointView `json:"endpoints"`
	} `json:"regions"`
}

type endpointView struct {
	Address string  `json:"address"`
	Weight  float64 `json:"weight"`
	Health  string  `json:"health"`
	Breaker string  `json:"breaker"`
}

func (p planView) endpoints() (out []endpointView) {
	for _, r := range p.Regions {
		out = append(out, r.Endpoints...)
	}
	return out
}

// share is the part of a home's traffic that a region gets.
func (p planView) share(home, region string) float64 {
	for _, h := range p.Homes {
		if h.Home == home && h.Mode == "unhealthy" {
			return h.Shares[region]
		}
	}
	return -1
}

// plan reads a service's plan; "" is the service called shop.
func (g *gateway) plan(service string) planView {
	g.t.Helper()
	if service == "" {
		service = "shop"
	}
	var p planView
	if err := json.Unmarshal(g.get("/v1/plan/"+service+"?format=json"), &p); err != nil {
		g.t.Fatal(err)
	}
	return p
}

// metrics reads /metrics: the value of every series, by its name with labels.
func (g *gateway) metrics() map[string]float64 {
	g.t.Helper()
	out := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(g.get("/metrics")))
	for lines.Scan() {
		name, value, ok := cutLast(lines.Text(), " ")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			g.t.Fatalf("metric %q: %v", lines.Text(), err)
		}
		out[name] = v
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// reloads reads how many reloads there have been.
func (g *gateway) reloads() (successes, failures int) {
	g.t.Helper()
	var c struct {
		Reload struct{ Successes, Failures int } `json:"reload"`
	}
	if err := json.Unmarshal(g.get("/v1/config?format=json"), &c); err != nil {
		g.t.Fatal(err)
	}
	return c.Reload.Successes, c.Reload.Failures
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", loopback(2)+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A lockedBuffer may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// run runs the binary to its end and returns what it said and its exit code.
func (r *rig) run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	out, err := exec.Command(r.binary, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return string(out), exit.ExitCode()
	}
	return string(out), 0
}
