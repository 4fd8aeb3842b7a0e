package router

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/health"
)

var update = flag.Bool("update", false, "write the golden files anew")

func load(t testing.TB, text string) *config.Config {
	t.Helper()
	c, err := config.Load("gateway.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func compile(t testing.TB, c *config.Config, prev *Table) *Table {
	t.Helper()
	table, err := Compile(c, prev, nil, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test ./router -update writes it anew); got:\n%s", name, got)
	}
}

func TestTables(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := config.LoadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if table, err := Compile(c, nil, nil, func() {}); err != nil {
				got = err.Error() + "\n"
			} else {
				got = table.String()
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".table", got)
		})
	}
}

func TestCompileReportsEverythingAtOnce(t *testing.T) {
	c, err := config.LoadFile("testdata/bad.yaml")
	if err != nil {
		t.Fatal(err)
	}
	prev := compile(t, load(t, twoServices), nil)
	dial := func(string) balancer.Upstream {
		t.Error("dialled for a configuration that is refused")
		return nil
	}
	table, err := Compile(c, prev, dial, func() {})
	problems, ok := err.(config.Problems)
	if !ok || table != nil {
		t.Fatalf("got %v, %T", table, err)
	}
	lines := make([]int, len(problems))
	for i, p := range problems {
		lines[i] = p.Line
		if p.Line == 0 || p.Source == "" {
			t.Errorf("%s has no place in the file", p.Path)
		}
	}
	if len(problems) != 14 || !slices.IsSorted(lines) {
		t.Errorf("%d problems on lines %v", len(problems), lines)
	}
}

// What config.Load sees to, Compile does not take on trust: configurations may be made in other ways.
func TestCompileOfWhatWasNotLoaded(t *testing.T) {
	c := load(t, twoServices)
	c.Routes[0].To = "pya"
	c.Routes[0].Path = "pay"
	c.Routes[1].Spill = "sometimes"
	c.Routes[1].Name = c.Routes[0].Name
	c.Services["pay"].Endpoints["mars"] = nil
	_, err := Compile(c, nil, nil, func() {})
	problems, ok := err.(config.Problems)
	if !ok {
		t.Fatalf("error is %T", err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Path+": "+p.Message)
	}
	slices.Sort(got)
	want := []string{
		`routes[0].path: "pay" does not begin with a /`,
		`routes[0].to: there is no service "pya"`,
		`routes[1].name: routes[0] has the name "/pay/**" already`,
		`routes[1].spill: there is no mode "sometimes"`,
		`services.pay.endpoints.mars: there is no region "mars"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

const twoServices = `
region: cn-east
regions:
  cn-east: { failover: [cn-north] }
  cn-north: { failover: [cn-east] }
services:
  pay:
    endpoints:
      cn-east: [10.0.1.1:8080, 10.0.1.2:8080]
      cn-north: [10.1.1.1:8080]
  static:
    endpoints:
      cn-east: [10.0.1.1:8080, 10.0.1.3:8080]
routes:
  - { path: /pay/**, to: pay, limit: { rate: 10/s, burst: 2 } }
  - { path: /static/**, to: static, limit: { rate: 10/s, burst: 2 } }
`

// edit is twoServices with the first occurrence of old replaced.
func edit(t *testing.T, old, new string) *config.Config {
	t.Helper()
	if !strings.Contains(twoServices, old) {
		t.Fatalf("nothing to replace: %s", old)
	}
	return load(t, strings.Replace(twoServices, old, new, 1))
}

// dialled records what Compile dials.
type dialled []string

func (d *dialled) dial(addr string) balancer.Upstream {
	*d = append(*d, addr)
	return upstream(addr)
}

type upstream string

func (upstream) Close() error { return nil }

func TestIdenticalReloadChangesNothing(t *testing.T) {
	var d dialled
	old, err := Compile(load(t, twoServices), nil, d.dial, func() {})
	if err != nil {
		t.Fatal(err)
	}
	want := dialled{"10.0.1.1:8080", "10.0.1.2:8080", "10.1.1.1:8080", "10.0.1.3:8080"}
	if !slices.Equal(d, want) {
		t.Errorf("dialled %v, want %v", d, want)
	}
	for _, h := range old.Hosts() {
		if h.Upstream != upstream(h.Addr) {
			t.Errorf("%s has upstream %v", h.Addr, h.Upstream)
		}
	}

	next, err := Compile(load(t, twoServices), old, d.dial, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if len(d) != len(want) {
		t.Errorf("dialled again: %v", d[len(want):])
	}
	if !slices.Equal(next.Services(), old.Services()) || !slices.Equal(next.Endpoints(), old.Endpoints()) ||
		!slices.Equal(next.Hosts(), old.Hosts()) || !slices.Equal(next.Subjects(), old.Subjects()) {
		t.Error("services, endpoints, hosts or subjects are others")
	}
	for i, r := range next.Routes() {
		was := old.Routes()[i]
		if r.Stats != was.Stats || r.limit != was.limit || r.Service != was.Service {
			t.Errorf("route %s is another", r.Name)
		}
	}
	if next.Unrouted != old.Unrouted {
		t.Error("the requests without a route are counted anew")
	}
	if next.String() != old.String() {
		t.Errorf("the text is another:\n%s", next)
	}
	if gone := Retired(old, next); len(gone) != 0 {
		t.Errorf("retired %v", gone)
	}
}

// What an edit changes, and that it changes nothing else.
func TestEditsTouchNothingOfTheOthers(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           string
	}{
		{"route's path", "/pay/**", "/pay/v1/**", "route /pay/v1/** is new"},
		{"route's attempts", "to: pay,", "to: pay, attempts: 2,", ""},
		{"route's limit", "burst: 2 }", "burst: 3 }", "limit of /pay/** is new"},
		{"route moved to the other service", "to: pay", "to: static", ""},
		{"region's failover", "cn-north: { failover: [cn-east] }", "cn-north: {}", ""},
		{"new region", "  cn-north: {", "  cn-west: {}\n  cn-north: {", ""},
		{"policy", "  pay:\n", "  pay:\n    balance: first\n", "service pay is new"},
		{"breaker", "  pay:\n", "  pay:\n    breaker: { of: 7 }\n",
			"pay/cn-east/10.0.1.1:8080 is changed, pay/cn-east/10.0.1.2:8080 is changed, pay/cn-north/10.1.1.1:8080 is changed, service pay is new"},
		{"probe", "  static:\n", "  static:\n    probe: { path: /healthz }\n",
			"service static is new, static/cn-east/10.0.1.1:8080 is changed, static/cn-east/10.0.1.3:8080 is changed"},
		{"an endpoint's weight", "10.0.1.2:8080]", "{ address: 10.0.1.2:8080, weight: 2 }]",
			"pay/cn-east/10.0.1.2:8080 is changed, service pay is new"},
		{"an endpoint more", "10.0.1.2:8080]", "10.0.1.2:8080, 10.0.1.3:8080]",
			"pay/cn-east/10.0.1.3:8080 is new, service pay is new"},
		{"an endpoint less", ", 10.0.1.2:8080]", "]",
			"host 10.0.1.2:8080 is gone, pay/cn-east/10.0.1.2:8080 is gone, service pay is new"},
		{"an endpoint of a shared host less", "[10.0.1.1:8080, 10.0.1.2:8080]", "[10.0.1.2:8080]",
			"pay/cn-east/10.0.1.1:8080 is gone, service pay is new"},
		{"an address", "10.0.1.3:8080", "10.0.1.4:8080",
			"host 10.0.1.3:8080 is gone, host 10.0.1.4:8080 is new, service static is new, " +
				"static/cn-east/10.0.1.3:8080 is gone, static/cn-east/10.0.1.4:8080 is new"},
		{"an endpoint moved to another region", "cn-north: [10.1.1.1:8080]", "cn-north: [10.1.1.1:8080, 10.0.1.3:8080]",
			"pay/cn-north/10.0.1.3:8080 is new, service pay is new"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var d dialled
			old, err := Compile(load(t, twoServices), nil, d.dial, func() {})
			if err != nil {
				t.Fatal(err)
			}
			d = nil
			next, err := Compile(edit(t, test.old, test.new), old, d.dial, func() {})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(differences(t, old, next, d), ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// differences lists what next did not carry over from old.
func differences(t *testing.T, old, next *Table, dialled []string) []string {
	var list []string
	for _, svc := range next.Services() {
		was := old.Service(svc.Name)
		if svc == was {
			continue
		}
		list = append(list, "service "+svc.Name+" is new")
		if was != nil && svc.Budget != was.Budget {
			t.Errorf("service %s has a new budget", svc.Name)
		}
	}
	for id, e := range next.byIdentity {
		was := old.byIdentity[id]
		switch {
		case was == nil:
			list = append(list, e.ID()+" is new")
		case was != e:
			list = append(list, e.ID()+" is changed")
			if e.Stats() != was.Stats() || e.Host != was.Host {
				t.Errorf("%s forgot what was learnt", e.ID())
			}
		}
	}
	for id, e := range old.byIdentity {
		if next.byIdentity[id] == nil {
			list = append(list, e.ID()+" is gone")
		}
	}
	var fresh []string
	for addr, h := range next.byAddress {
		if old.byAddress[addr] != h {
			fresh = append(fresh, addr)
			list = append(list, "host "+addr+" is new")
		}
	}
	slices.Sort(fresh)
	if slices.Sort(dialled); !slices.Equal(fresh, dialled) {
		t.Errorf("new hosts are %v, dialled %v", fresh, dialled)
	}
	for _, h := range Retired(old, next) {
		list = append(list, "host "+h.Addr+" is gone")
	}
	for name, r := range next.byRoute {
		was := old.byRoute[name]
		switch {
		case was == nil:
			list = append(list, "route "+name+" is new")
			continue
		case r.Stats != was.Stats:
			t.Errorf("route %s counts anew", name)
		}
		if r.limit != was.limit {
			list = append(list, "limit of "+name+" is new")
		}
	}
	slices.Sort(list)
	return list
}

func TestRetired(t *testing.T) {
	table := compile(t, load(t, twoServices), nil)
	if got := Retired(nil, table); got != nil {
		t.Errorf("nothing before: %v", got)
	}
	if got := Retired(table, nil); !slices.Equal(got, table.Hosts()) {
		t.Errorf("nothing after: %v", got)
	}
}

func TestTableIsWhatWasConfigured(t *testing.T) {
	c := load(t, twoServices)
	table := compile(t, c, nil)
	if table.Config != c || table.Regions.Name(table.Regions.Own) != "cn-east" {
		t.Error("config or regions are others")
	}
	var ids, hosts, subjects []string
	for _, e := range table.Endpoints() {
		ids = append(ids, e.ID())
	}
	for _, h := range table.Hosts() {
		hosts = append(hosts, h.Addr)
	}
	for _, s := range table.Subjects() {
		subjects = append(subjects, s.(*balancer.Endpoint).ID())
	}
	want := []string{"pay/cn-east/10.0.1.1:8080", "pay/cn-east/10.0.1.2:8080", "pay/cn-north/10.1.1.1:8080",
		"static/cn-east/10.0.1.1:8080", "static/cn-east/10.0.1.3:8080"}
	if !slices.Equal(ids, want) || !slices.Equal(subjects, want) {
		t.Errorf("endpoints %v, subjects %v", ids, subjects)
	}
	if got := fmt.Sprint(hosts); got != "[10.0.1.1:8080 10.0.1.2:8080 10.0.1.3:8080 10.1.1.1:8080]" {
		t.Errorf("hosts %s", got)
	}
	if a, b := table.Endpoints()[0], table.Endpoints()[3]; a.Host != b.Host || a == b {
		t.Error("two services at one address are to share the host, and only that")
	}
	if svc := table.Service("pay"); svc == nil || len(svc.Endpoints()) != 3 || table.Service("pya") != nil {
		t.Errorf("service pay is %v", svc)
	}
	check, err := health.Compile(c.Services["pay"].Probe)
	if err != nil || !table.Endpoints()[0].Check().Equal(check) {
		t.Errorf("check is %v, want %v", table.Endpoints()[0].Check(), check)
	}

	r := table.Routes()[0]
	got := fmt.Sprint(r.Name, " ", r.Attempts, " ", r.Connect, " ", r.Try, " ", r.Total, " ", r.Mode == balancer.Unhealthy)
	if want := "/pay/** 3 500ms 3s 10s true"; got != want {
		t.Errorf("route is %s, want %s", got, want)
	}
	if !reflect.DeepEqual(r.Def, c.Routes[0]) || r.Service != table.Service("pay") {
		t.Error("route has another definition or service")
	}
}

func TestAdmit(t *testing.T) {
	c := load(t, twoServices)
	table := compile(t, c, nil)
	r := table.byRoute["/pay/**"]
	for range 2 {
		if _, ok := r.Admit(0); !ok {
			t.Fatal("the burst is refused")
		}
	}
	if wait, ok := r.Admit(0); ok || wait != 100*time.Millisecond {
		t.Errorf("after the burst: %v, %v", wait, ok)
	}
	if wait, ok := r.Admit(70 * time.Millisecond); ok || wait.Round(time.Microsecond) != 30*time.Millisecond {
		t.Errorf("70 ms later: %v, %v", wait, ok)
	}
	next := compile(t, c, table).byRoute["/pay/**"]
	if _, ok := next.Admit(80 * time.Millisecond); ok {
		t.Error("the reload handed out the burst again")
	}
	if _, ok := next.Admit(100 * time.Millisecond); !ok {
		t.Error("refused when a token was due")
	}

	c.Routes[1].Limit = nil
	free := compile(t, c, nil).byRoute["/static/**"]
	for range 1000 {
		if _, ok := free.Admit(0); !ok {
			t.Fatal("refused without a limit")
		}
	}

	slow := &Route{limit: newLimiter(config.Limit{Rate: 1e-9, Burst: 1})}
	slow.Admit(0)
	if wait, ok := slow.Admit(0); ok || wait != maxRetryAfter {
		t.Errorf("slow: %v, %v", wait, ok)
	}
	if n := testing.AllocsPerRun(100, func() { r.Admit(0); free.Admit(0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRouteStats(t *testing.T) {
	s := new(RouteStats)
	s.Answer(200, 3*time.Millisecond)
	s.Answer(204, time.Hour)
	s.Answer(503, -1)
	s.Answer(42, 0)
	s.Refuse(NoEndpoint)
	s.Refuse(Internal)

	r := s.Read()
	if got := fmt.Sprint(r.Classes, r.Nanos, r.Buckets); got != "[1 0 2 0 0 1] 3600003000000 [2 0 1 0 0 0 0 0 0 0 0 0 0 1]" {
		t.Errorf("got %s", got)
	}
	for reason, n := range r.Refusals {
		want := uint64(0)
		if Reason(reason) == NoEndpoint || Reason(reason) == Internal {
			want = 1
		}
		if n != want {
			t.Errorf("%s: %d", Reason(reason), n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { s.Answer(200, time.Second); s.Refuse(NoRoute) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestReasonsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for r := range Reason(Reasons) {
		name := r.String()
		if name == "unknown" || seen[name] {
			t.Errorf("reason %d is called %q", r, name)
		}
		seen[name] = true
	}
	if Reason(Reasons).String() != "unknown" {
		t.Error("there is a reason beyond the last")
	}
}
