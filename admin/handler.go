package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/proxy"
	"github.com/tidegate/tidegate/router"
)

// Options is what the handler cannot read from the Gateway.
type Options struct {
	Version string // of the program
	Commit  string // it was built from

	// Edge counts what happens to clients' connections; nil leaves those metrics out.
	Edge *proxy.Stats
}

// maxBody bounds what a client may send.
const maxBody = 1 << 20

// Handler returns the API of g. The token and the pprof switch are those of the configuration in
// force, so both follow a reload. Safe for concurrent use.
func Handler(g Gateway, o Options) http.Handler {
	a := &api{gateway: g, options: o, now: time.Now}
	a.doors = []door{
		{path: "/healthz", open: true, help: "alive?", get: a.alive},
		{path: "/readyz", open: true, help: "should traffic be sent here? 503 and why if not; ?verbose lists the checks", get: a.ready},
		{path: "/metrics", help: "for Prometheus", get: a.metrics()},
		{path: "/v1/", exact: true, help: "this list", get: a.index},
		{path: "/v1/config", help: "the configuration in force without its secrets, and what became of the last reload", get: a.config},
		{path: "/v1/table", help: "the compiled routes, services and regions", get: a.table},
		{path: "/v1/plan", help: "how traffic is spread: every endpoint, its weight, and the reasons below 1", get: a.plans},
		{path: "/v1/plan/{service}", help: "the same for one service", get: a.plan},
		{path: "/v1/overrides", help: "operators' orders, as JSON (?format=text: a table); PUT adds or replaces one, DELETE ?id= lifts one", get: a.overrides, put: a.putOverride, delete: a.deleteOverride},
		{path: "/v1/overrides/{id...}", help: "one order, as JSON", get: a.override, delete: a.deleteOverride},
		{path: "/debug/pprof/", help: "profiles, if admin.pprof is true", get: a.profile(pprof.Index)},
	}
	mux := http.NewServeMux()
	mux.Handle("/", a.serve(door{path: "/", get: a.root}))
	for _, d := range a.doors {
		pattern := d.path
		if d.exact {
			pattern += "{$}"
		}
		mux.Handle(pattern, a.serve(d))
	}
	for path, f := range map[string]http.HandlerFunc{
		"/debug/pprof/cmdline": pprof.Cmdline,
		"/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol":  pprof.Symbol,
		"/debug/pprof/trace":   pprof.Trace,
	} {
		mux.Handle(path, a.serve(door{path: path, get: a.profile(f)}))
	}
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(http.StatusForbidden, "a page of another origin cannot give orders").write(w)
	}))
	inner := foreign.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		inner.ServeHTTP(w, r)
	})
}

// api answers requests. Immutable.
type api struct {
	gateway Gateway
	options Options
	now     func() time.Time
	doors   []door
}

// An action answers a request, or says why not.
type action func(http.ResponseWriter, *http.Request) error

// A door is one path and what can be done there.
type door struct {
	path             string
	exact            bool // the path ends in a slash and does not stand for what is below it
	open             bool // without a token: load balancers ask here
	help             string
	get, put, delete action
}

// methods lists what d allows.
func (d door) methods() []string {
	var m []string
	if d.get != nil {
		m = append(m, http.MethodGet, http.MethodHead)
	}
	if d.put != nil {
		m = append(m, http.MethodPut)
	}
	if d.delete != nil {
		m = append(m, http.MethodDelete)
	}
	return m
}

// serve is what every request passes before the action of its door.
func (a *api) serve(d door) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.enter(d, w, r); err != nil {
			asProblem(err).write(w)
		}
	})
}

func (a *api) enter(d door, w http.ResponseWriter, r *http.Request) error {
	if !d.open {
		if err := a.allow(r); err != nil {
			return err
		}
	}
	var act action
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		act = d.get
	case http.MethodPut:
		act = d.put
	case http.MethodDelete:
		act = d.delete
	}
	if act == nil {
		allowed := strings.Join(d.methods(), ", ")
		return fail(http.StatusMethodNotAllowed, r.Method+" is not allowed here, only "+allowed).with("Allow", allowed)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return act(w, r)
}

// allow says whether r may see and order things.
func (a *api) allow(r *http.Request) error {
	token := a.token()
	if token == "" {
		return allowWithoutToken(r)
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return fail(http.StatusUnauthorized, "needs the field Authorization: Bearer, with admin.token").
			with("WWW-Authenticate", `Bearer realm="tidegate"`)
	}
	// Hashed first, so that the comparison tells nothing of the token's length either.
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	if subtle.ConstantTimeCompare(want[:], got[:]) == 0 {
		return fail(http.StatusUnauthorized, "the token is wrong").
			with("WWW-Authenticate", `Bearer realm="tidegate", error="invalid_token"`)
	}
	return nil
}

// allowWithoutToken lets in only who is on this machine. CheckListen has seen to that; here it is
// held against a reload that took the token away, and against a page in the operator's browser
// whose name was made to resolve to 127.0.0.1.
func allowWithoutToken(r *http.Request) error {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok && !local.IP.IsLoopback() {
		return fail(http.StatusForbidden, "admin.token is not set, and without one the API serves only this machine")
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err != nil && host != "localhost" {
		return fail(http.StatusMisdirectedRequest, "without admin.token the API answers only to an address or localhost as host")
	}
	return nil
}

// token is the one in force, "" for none.
func (a *api) token() string {
	if t := a.gateway.Table(); t != nil {
		return t.Config.Admin.Token.Reveal()
	}
	return ""
}

// inForce returns the table, or the problem that there is none yet.
func (a *api) inForce() (*router.Table, error) {
	if t := a.gateway.Table(); t != nil {
		return t, nil
	}
	return nil, fail(http.StatusServiceUnavailable, "no configuration is in force yet")
}

// look begins the answer to a look at what is in force, which is text unless JSON is asked for.
func (a *api) look(r *http.Request) (t *router.Table, asJSON bool, err error) {
	if asJSON, err = wantsJSON(r, false); err != nil {
		return nil, false, err
	}
	t, err = a.inForce()
	return t, asJSON, err
}

// profile serves f if the configuration in force switches pprof on.
func (a *api) profile(f http.HandlerFunc) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		t, err := a.inForce()
		if err != nil {
			return err
		}
		if !t.Config.Admin.Pprof {
			return fail(http.StatusNotFound, "profiles are switched off; see admin.pprof")
		}
		f(w, r)
		return nil
	}
}

// root is the index at / and nothing anywhere else.
func (a *api) root(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Path == "/" {
		return a.index(w, r)
	}
	var known []string
	for _, d := range a.doors {
		known = append(known, d.path)
	}
	return fail(http.StatusNotFound, "nothing is here, / lists what there is"+didYouMean(r.URL.Path, known))
}

// index lists the paths.
func (a *api) index(w http.ResponseWriter, r *http.Request) error {
	asJSON, err := wantsJSON(r, false)
	if err != nil {
		return err
	}
	if asJSON {
		type entry struct {
			Path    string   `json:"path"`
			Methods []string `json:"methods"`
			Help    string   `json:"help"`
		}
		var entries []entry
		for _, d := range a.doors {
			entries = append(entries, entry{d.path, d.methods(), d.help})
		}
		writeJSON(w, http.StatusOK, "application/json", map[string]any{"version": a.options.Version, "paths": entries})
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "tidegate %s, admin API. Text for people; ?format=json or Accept: application/json for programs.\n\n", a.options.Version)
	for _, d := range a.doors {
		methods := slices.DeleteFunc(d.methods(), func(m string) bool { return m == http.MethodHead })
		fmt.Fprintf(&b, "%-22s %-15s %s\n", d.path, strings.Join(methods, " "), d.help)
	}
	fmt.Fprintf(&b, `
curl -X PUT --json '{"region":"cn-north","op":"drain","reason":"deploy 42","for":"1h"}' http://%[1]s/v1/overrides
curl -X DELETE http://%[1]s/v1/overrides/region:cn-north

op is set, scale (both with "value") or drain. "service" narrows an order to one service in the region,
"endpoint" to one address of it. "expires" is a time instead of "for". "owner" says who gave the order.
An order survives reloads and restarts, and never outlives its end.
`, r.Host)
	writeText(w, http.StatusOK, b.String())
	return nil
}

// asProblem is how an error is told.
func asProblem(err error) *problem {
	var p *problem
	var bad *balancer.BadOrder
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &bad):
		return faulty([]fault{{bad.Field, bad.Message}})
	case errors.As(err, &big):
		return fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", big.Limit))
	case errors.Is(err, ErrNotFound):
		return fail(http.StatusNotFound, err.Error())
	case errors.Is(err, ErrConflict):
		return fail(http.StatusConflict, err.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fail(http.StatusGatewayTimeout, "not acknowledged in time; look at the list before trying again")
	}
	return fail(http.StatusInternalServerError, err.Error())
}
