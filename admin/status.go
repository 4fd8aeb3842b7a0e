package admin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tidegate/tidegate/health"
)

// alive answers while the process can.
func (a *api) alive(w http.ResponseWriter, _ *http.Request) error {
	writeText(w, http.StatusOK, "alive\n")
	return nil
}

// ready says whether traffic should be sent here. Only Gateway.Ready decides: an upstream region
// in trouble is no reason to take the gateway away, which would only make it worse.
func (a *api) ready(w http.ResponseWriter, r *http.Request) error {
	status, text := http.StatusOK, "ready\n"
	if err := a.gateway.Ready(); err != nil {
		status, text = http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n"
	}
	if r.URL.Query().Has("verbose") {
		text = a.checks() + text
	}
	writeText(w, status, text)
	return nil
}

// checks lists what an operator would look at first. This is told without a token, so it says
// how many and not which.
func (a *api) checks() string {
	t := a.gateway.Table()
	if t == nil {
		return "configuration  none in force\n"
	}
	var b strings.Builder
	reload := a.gateway.Reload()
	switch {
	case reload.OK:
		fmt.Fprintf(&b, "configuration  %s in force, the last reload succeeded\n", reload.Hash)
	default:
		fmt.Fprintf(&b, "configuration  %s in force, THE LAST RELOAD FAILED; see /v1/config\n", reload.Hash)
	}
	if n := len(reload.NeedsRestart); n > 0 {
		fmt.Fprintf(&b, "restart        needed for %d changed settings; see /v1/config\n", n)
	}
	var count [3]int
	for _, s := range t.Services() {
		for _, e := range s.Endpoints() {
			state, _ := e.Health()
			count[state]++
		}
	}
	fmt.Fprintf(&b, "endpoints      %d up, %d down, %d unknown\n", count[health.Up], count[health.Down], count[health.Unknown])
	if a.gateway.Suspect() {
		b.WriteString("probes         ALL FAIL: this gateway suspects itself and holds their verdicts\n")
	}
	fmt.Fprintf(&b, "overrides      %d in force\n", len(a.gateway.Overrides().List))
	return b.String()
}
