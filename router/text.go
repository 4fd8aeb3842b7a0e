package router

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/tidegate/tidegate/config"
)

// String is the table as text: what operators are shown, and what the golden tests compare.
// Routes are in the order in which they are asked.
func (t *Table) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	t.writeRegions(w)
	t.writeRoutes(w)
	t.writeServices(w)
	w.Flush() // a Builder does not fail

	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ") // the padding of empty last columns
	}
	return strings.Join(lines, "\n")
}

func (t *Table) writeRegions(w *tabwriter.Writer) {
	c := t.Config
	fmt.Fprintf(w, "home by %s; unknown: %s\n", strings.Join(t.Affinity.Sources(), ", "), unknownText(&c.Affinity))
	for _, p := range c.Affinity.Trust {
		fmt.Fprintf(w, "  trusted: %s\n", p)
	}
	fmt.Fprint(w, "\nregions\n")
	for _, id := range t.Regions.Active {
		fmt.Fprintf(w, "  %s", t.Regions.Name(id))
		if id == t.Regions.Own {
			fmt.Fprint(w, " (own)")
		}
		fmt.Fprint(w, "\tfailover")
		for _, to := range t.Regions.Failover(id) {
			fmt.Fprintf(w, " %s", t.Regions.Name(to))
		}
		if len(t.Regions.Failover(id)) == 0 {
			fmt.Fprint(w, " none")
		}
		back := t.Regions.Failback(id)
		fmt.Fprintf(w, "\thold %s ramp %s", back.Hold, back.Ramp)
		if t.Regions.Capacity(id) > 0 {
			fmt.Fprintf(w, "\tcapacity %s", config.Rate(t.Regions.Capacity(id)))
		}
		fmt.Fprintln(w)
	}
}

func unknownText(a *config.Affinity) string {
	if a.Unknown == "default" {
		return "default " + a.Default
	}
	return a.Unknown
}

func (t *Table) writeRoutes(w *tabwriter.Writer) {
	fmt.Fprint(w, "\nroutes\n")
	for _, r := range t.routes {
		host := r.Host
		if host == "" {
			host = "*"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\tto %s\t%s\n", host, r.Def.Path, r.predicateText(), r.Service.Name, r.termsText())
	}
}

func (r *Route) predicateText() string {
	parts := append([]string(nil), r.methods...)
	for _, h := range r.headers {
		parts = append(parts, h.name+"="+h.value)
	}
	return strings.Join(parts, " ")
}

// termsText lists the terms a route is served under, and its name if it is not host and path.
func (r *Route) termsText() string {
	parts := []string{
		fmt.Sprintf("attempts %d", r.Attempts),
		fmt.Sprintf("timeout %s/%s/%s", r.Def.Timeout.Connect, r.Def.Timeout.Try, r.Def.Timeout.Total),
		"spill " + r.Def.Spill,
	}
	if r.Strip != "" {
		parts = append(parts, "strip "+r.Strip)
	}
	if r.limit != nil {
		parts = append(parts, fmt.Sprintf("limit %s burst %d", r.limit.def.Rate, r.limit.def.Burst))
	}
	if r.Name != r.Def.Host+r.Def.Path {
		parts = append(parts, "name "+r.Name)
	}
	return strings.Join(parts, ", ")
}

func (t *Table) writeServices(w *tabwriter.Writer) {
	for _, svc := range t.services {
		def := t.Config.Services[svc.Name]
		p := def.Probe
		fmt.Fprintf(w, "\nservice %s: %s, probe %s", svc.Name, def.Balance, p.Kind)
		if p.Path != "" {
			fmt.Fprintf(w, " %s", p.Path)
		}
		fmt.Fprintf(w, " every %s within %s, down %d up %d, breaker %s of %d in %s\n",
			p.Every, p.Timeout, p.Down, p.Up, def.Breaker.Errors, def.Breaker.Of, def.Breaker.In)
		for _, e := range t.pools[svc.Name] {
			d := e.Def()
			fmt.Fprintf(w, "  %s\t%s\tweight %g\tmax_fails %d\tfail_timeout %s\n",
				e.RegionName, d.Address, d.Weight, d.MaxFails, d.FailTimeout)
		}
	}
}
