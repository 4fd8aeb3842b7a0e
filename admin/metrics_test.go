package admin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/router"
)

// docs/operating.md has a row for every metric and every reason.
func TestOperatingNamesAll(t *testing.T) {
	text, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, d := range newFamilies().all() {
		_, after, _ := strings.Cut(d.String(), `fqName: "tidegate_`)
		name, _, _ := strings.Cut(after, `"`)
		names = append(names, name)
	}
	for r := range router.Reasons {
		names = append(names, router.Reason(r).String())
	}
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("no `%s`", name)
		}
	}
}

// busy is a gateway on which everything has happened that makes a series.
func busy(t testing.TB) *fake {
	f := newFake(t, "")
	for _, route := range f.table.Routes() {
		for class := range 6 {
			route.Stats.Answer(class*100, time.Duration(class)*time.Millisecond)
		}
		for reason := range router.Reasons {
			route.Stats.Refuse(router.Reason(reason))
		}
	}
	f.table.Unrouted.Refuse(router.NoRoute)
	now := f.Now()
	for _, e := range f.table.Endpoints() {
		a, ok := e.Start(now, true)
		if !ok {
			t.Fatalf("%s declines", e.ID())
		}
		a.Head(balancer.Answered, now+3*time.Millisecond)
		a.End(balancer.Answered, now+5*time.Millisecond)
	}
	f.orders = Overrides{3, []balancer.Override{
		{ID: "region:cn-north", Region: "cn-north", Op: "drain", Reason: "r", Expires: time.Unix(1_800_000_000, 0)},
		{ID: "service:pay/cn-east", Service: "pay", Region: "cn-east", Op: "scale", Value: 0.5, Reason: "r", Expires: time.Unix(1_700_000_500, 0)},
	}}
	f.plan()
	return f
}

func TestMetricNames(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(newCollector(busy(t), options))
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		labels := map[string]bool{}
		for _, m := range f.Metric {
			for _, l := range m.Label {
				labels[l.GetName()] = true
			}
		}
		names := make([]string, 0, len(labels))
		for name := range labels {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(&b, "%s{%s} %s\n    %s\n", f.GetName(), strings.Join(names, ","), strings.ToLower(f.GetType().String()), f.GetHelp())
	}
	golden(t, "metrics.txt", b.String())
	if len(families) != len(newFamilies().all()) {
		t.Errorf("%d families are emitted, %d described", len(families), len(newFamilies().all()))
	}
}

func TestMetricsLint(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(newCollector(busy(t), options))
	problems, err := testutil.GatherAndLint(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestMetricValues(t *testing.T) {
	f := busy(t)
	f.reload.OK, f.reload.Failures, f.reload.Hash = false, 2, "0123"
	f.reload.NeedsRestart = []string{"listen.http"}
	body := ask(Handler(f, options), "GET", "/metrics", "").Body.String()
	for _, want := range []string{
		`tidegate_requests_total{code="2xx",reason="",route="pay"} 1`,
		`tidegate_requests_total{code="5xx",reason="no_endpoint",route="pay"} 1`,
		`tidegate_requests_total{code="4xx",reason="over_limit",route="search"} 1`,
		`tidegate_requests_total{code="4xx",reason="no_route",route=""} 1`,
		`tidegate_request_seconds_bucket{route="pay",le="0.001"} 2`,
		`tidegate_request_seconds_bucket{route="pay",le="0.005"} 6`,
		`tidegate_request_seconds_count{route="pay"} 6`,
		`tidegate_request_seconds_sum{route="pay"} 0.015`,
		`tidegate_endpoint_requests_total{endpoint="10.0.1.1:8080",region="cn-east",service="pay"} 1`,
		`tidegate_endpoint_seconds_count{endpoint="[fd00::1]:8080",region="cn-north",service="pay"} 1`,
		`tidegate_endpoint_failures_total{endpoint="10.0.1.1:8080",kind="timeout",region="cn-east",service="pay"} 0`,
		`tidegate_endpoint_inflight{endpoint="10.0.1.1:8080",phase="waiting",region="cn-east",service="pay"} 0`,
		`tidegate_endpoint_weight{endpoint="10.0.1.2:8080",factor="configured",region="cn-east",service="pay"} 2`,
		`tidegate_endpoint_weight{endpoint="10.0.1.2:8080",factor="value",region="cn-east",service="pay"} 2`,
		`tidegate_region_share{home="cn-north",region="cn-north",service="pay",spill="never"} 0`,
		`tidegate_region_share{home="cn-east",region="cn-east",service="search",spill="unhealthy"} 1`,
		`tidegate_region_breaker_state{region="cn-east",service="pay"} 0`,
		`tidegate_breaker_state{endpoint="10.0.1.1:8080",region="cn-east",service="pay"} 0`,
		`tidegate_health_state{endpoint="10.0.1.1:8080",region="cn-east",service="pay"} -1`,
		`tidegate_overrides{op="drain"} 1`,
		`tidegate_overrides{op="set"} 0`,
		`tidegate_overrides_revision 3`,
		`tidegate_override_soonest_expiry_timestamp_seconds 1.7000005e+09`,
		`tidegate_config_last_reload_successful 0`,
		`tidegate_config_last_reload_success_timestamp_seconds 1.7e+09`,
		`tidegate_config_reloads_total{result="failure"} 2`,
		`tidegate_config_needs_restart 1`,
		`tidegate_config_info{hash="0123"} 1`,
		`tidegate_ready 1`,
		`tidegate_connections_total{result="rejected"} 0`,
		`tidegate_affinity_unknown_total 0`,
		"go_goroutines ",
		"process_open_fds ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, "tidegate_") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
	open := ask(Handler(f, options), "GET", "/metrics", "", "Accept: application/openmetrics-text; version=1.0.0")
	if kind := open.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/openmetrics-text") || !strings.HasSuffix(open.Body.String(), "# EOF\n") {
		t.Errorf("OpenMetrics: %s", kind)
	}
}

// The sum over all series of a label that was taken away must not look like a counter that went
// back: nothing is added up over endpoints.
func TestSeriesGoWithTheirEndpoint(t *testing.T) {
	f := busy(t)
	h := Handler(f, options)
	c, err := config.Load("gateway.yaml", []byte(strings.Replace(file, ", { address: 10.0.1.2:8080, weight: 2 }", "", 1)), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	next, err := router.Compile(c, f.table, func(string) balancer.Upstream { return nil }, func() {})
	if err != nil {
		t.Fatal(err)
	}
	f.table = next
	f.plan()
	body := ask(h, "GET", "/metrics", "").Body.String()
	if strings.Contains(body, "10.0.1.2:8080") {
		t.Error("an endpoint that is gone still has series")
	}
	for _, want := range []string{
		`tidegate_endpoint_requests_total{endpoint="10.0.1.1:8080",region="cn-east",service="pay"} 1`,
		`tidegate_requests_total{code="2xx",reason="",route="pay"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("lost by the reload: %s", want)
		}
	}
}

func BenchmarkScrape(b *testing.B) {
	for _, endpoints := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(endpoints), func(b *testing.B) {
			var s strings.Builder
			s.WriteString("region: a\nregions: { a: {} }\nroutes: [{ to: s }]\nservices:\n  s:\n    endpoints:\n      a:\n")
			for i := range endpoints {
				fmt.Fprintf(&s, "        - 10.%d.%d.%d:80\n", i>>16, i>>8&255, i&255)
			}
			c, err := config.Load("b.yaml", []byte(s.String()), func(string) (string, bool) { return "", false })
			if err != nil {
				b.Fatal(err)
			}
			h := Handler(newFakeOf(b, c), options)
			for b.Loop() {
				r := httptest.NewRequest("GET", "http://127.0.0.1/metrics", nil)
				r.Header.Set("Accept-Encoding", "gzip")
				w := &discard{header: http.Header{}}
				h.ServeHTTP(w, r)
				b.ReportMetric(float64(w.n), "bytes")
			}
		})
	}
}

type discard struct {
	header http.Header
	n      int
}

func (d *discard) Header() http.Header { return d.header }

func (d *discard) WriteHeader(int) {}

func (d *discard) Write(p []byte) (int, error) { d.n += len(p); return len(p), nil }
