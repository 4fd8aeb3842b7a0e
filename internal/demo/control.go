package demo

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// An order is something that can befall the fleet.
type order struct {
	usage string // after the address
	help  string
	// prepare reads the query and returns what is to be done to each machine.
	prepare func(q url.Values) (act func(*machine) error, done string, err error)
}

// orders are what can be ordered, in the order of the help.
var orders = []struct {
	name string
	order
}{
	{"kill", order{"/kill/REGION[/N]", "the process is gone, its connections reset", func(url.Values) (func(*machine) error, string, error) {
		return func(m *machine) error { m.server.Kill(); return nil }, "killed", nil
	}}},
	{"freeze", order{"/freeze/REGION[/N]", "the process stops: it accepts and never answers", func(url.Values) (func(*machine) error, string, error) {
		return (*machine).freeze, "frozen", nil
	}}},
	{"slow", order{"/slow/REGION[/N]?by=10", "answers take ten times as long", slow}},
	{"fail", order{"/fail/REGION[/N]?rate=30%", "so many answers are 503 (&status=500: another)", fail}},
	{"heal", order{"/heal/REGION[/N]", "all of that is undone", func(url.Values) (func(*machine) error, string, error) {
		return (*machine).heal, "well", nil
	}}},
}

func slow(q url.Values) (func(*machine) error, string, error) {
	by := 10.0
	if v := q.Get("by"); v != "" {
		var err error
		if by, err = strconv.ParseFloat(v, 64); err != nil || !(by >= 1 && by <= 1000) {
			return nil, "", fmt.Errorf("by=%s: must be a factor from 1 to 1000, such as 10", v)
		}
	}
	return func(m *machine) error { m.slow = by; return nil }, fmt.Sprintf("%g times as slow as usual", by), nil
}

func fail(q url.Values) (func(*machine) error, string, error) {
	rate := 0.3
	if v := q.Get("rate"); v != "" {
		var err error
		if rate, err = upstreamtest.ParseShare(v); err != nil {
			return nil, "", fmt.Errorf("rate=%s: %w", v, err)
		}
	}
	code := http.StatusServiceUnavailable
	if v := q.Get("status"); v != "" {
		var err error
		if code, err = strconv.Atoi(v); err != nil || code < 400 || code > 599 {
			return nil, "", fmt.Errorf("status=%s: must be from 400 to 599", v)
		}
	}
	return func(m *machine) error { m.fail, m.code = rate, code; return nil }, fmt.Sprintf("answering %.0f%% with %d", rate*100, code), nil
}

// controlHandler is the fleet's own control.
func controlHandler(f *fleet, o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { stateText(w, f, o) })
	for _, each := range orders {
		handle := func(w http.ResponseWriter, r *http.Request) { each.serve(w, r, f) }
		mux.HandleFunc("POST /"+each.name+"/{region}", handle)
		mux.HandleFunc("POST /"+each.name+"/{region}/{n}", handle)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); r.Method != http.MethodPost && isOrder(first) {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, fmt.Sprintf("orders are POSTed: curl -X POST '%s%s'", o.Control, r.URL.RequestURI()), http.StatusMethodNotAllowed)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, "there is nothing at %s\n\n", r.URL.Path)
		stateText(w, f, o)
	})
	return http.NewCrossOriginProtection().Handler(mux) // a page in a browser gives no orders
}

func isOrder(name string) bool {
	for _, each := range orders {
		if each.name == name {
			return true
		}
	}
	return false
}

func (ord order) serve(w http.ResponseWriter, r *http.Request, f *fleet) {
	targets, err := f.find(r.PathValue("region"), r.PathValue("n"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	q, err := query(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	act, done, err := ord.prepare(q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := f.do(targets, act); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	for _, m := range targets {
		fmt.Fprintf(w, "%s is %s\n", m.name(), done)
	}
}

// query reads a query in which a percent sign may stand for itself, as in rate=30%.
func query(raw string) (url.Values, error) {
	q, err := url.ParseQuery(raw)
	if err == nil {
		return q, nil
	}
	return url.ParseQuery(strings.ReplaceAll(raw, "%", "%25"))
}

// stateText is the fleet's state and what can be ordered.
func stateText(w io.Writer, f *fleet, o Options) {
	fmt.Fprintf(w, "%-12s %-18s %s\n", "upstream", "address", "state")
	states := f.states()
	for i, m := range f.machines {
		fmt.Fprintf(w, "%-12s %-18s %s\n", m.name(), m.server.Addr(), states[i])
	}
	fmt.Fprintln(w, "\norders:")
	for _, each := range orders {
		fmt.Fprintf(w, "  POST %-28s %s\n", each.usage, each.help)
	}
	fmt.Fprintln(w, "\nto try:")
	for _, line := range tries(o) {
		fmt.Fprintln(w, "  "+line)
	}
}

// tries is what one might try, ready to be pasted.
func tries(o Options) []string {
	return []string{
		fmt.Sprintf("curl -i -H 'X-Region: cn-north' %s/", o.Listen),
		fmt.Sprintf("curl -X POST %s/kill/cn-north        # then the first again", o.Control),
		fmt.Sprintf("curl -X POST %s/heal/cn-north", o.Control),
		fmt.Sprintf("curl -X POST '%s/slow/cn-north/1?by=10'", o.Control),
		fmt.Sprintf("curl -X POST '%s/fail/cn-north/1?rate=30%%'", o.Control),
		fmt.Sprintf("curl %s/v1/plan                     # who gets how much, and why", o.Admin),
		fmt.Sprintf(`curl -X PUT --json '{"region":"cn-west","op":"drain","reason":"try it","for":"1m"}' %s/v1/overrides`, o.Admin),
	}
}
