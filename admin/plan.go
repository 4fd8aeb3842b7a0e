package admin

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/tidegate/tidegate/balancer"
)

// plans shows how all traffic is spread.
func (a *api) plans(w http.ResponseWriter, r *http.Request) error {
	t, asJSON, err := a.look(r)
	if err != nil {
		return err
	}
	now := a.gateway.Now()
	if !asJSON {
		var b bytes.Buffer
		for i, s := range t.Services() {
			if i > 0 {
				b.WriteByte('\n')
			}
			planText(&b, s, a)
		}
		writeText(w, http.StatusOK, b.String())
		return nil
	}
	views := []balancer.PlanView{}
	for _, s := range t.Services() {
		if plan := s.Plan(); plan != nil {
			views = append(views, plan.View(now))
		}
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"services": views})
	return nil
}

// plan shows how one service's traffic is spread.
func (a *api) plan(w http.ResponseWriter, r *http.Request) error {
	t, asJSON, err := a.look(r)
	if err != nil {
		return err
	}
	name := r.PathValue("service")
	s := t.Service(name)
	if s == nil {
		return fail(http.StatusNotFound, "no service "+strconv.Quote(clip(name))+didYouMean(name, serviceNames(t)))
	}
	if !asJSON {
		var b bytes.Buffer
		planText(&b, s, a)
		writeText(w, http.StatusOK, b.String())
		return nil
	}
	plan := s.Plan()
	if plan == nil {
		return fail(http.StatusServiceUnavailable, "the service has no plan yet")
	}
	writeJSON(w, http.StatusOK, "application/json", plan.View(a.gateway.Now()))
	return nil
}

func planText(b *bytes.Buffer, s *balancer.Service, a *api) {
	plan := s.Plan()
	if plan == nil {
		b.WriteString(s.Name + "  no plan yet\n")
		return
	}
	plan.WriteText(b, a.gateway.Now()) // into memory
}

// routeJSON is one route of the table, as told.
type routeJSON struct {
	Name     string            `json:"name"`
	Host     string            `json:"host,omitempty"`
	Path     string            `json:"path"`
	Methods  []string          `json:"methods,omitempty"`
	Headers  map[string]string `json:"headers,omitempty"`
	Service  string            `json:"service"`
	Spill    string            `json:"spill"`
	Attempts int               `json:"attempts"`
}

// endpointJSON is one endpoint of the table, as told.
type endpointJSON struct {
	Region  string  `json:"region"`
	Address string  `json:"address"`
	Weight  float64 `json:"weight"`
}

// table shows the compiled configuration. The text is that of router.Table.String.
func (a *api) table(w http.ResponseWriter, r *http.Request) error {
	t, asJSON, err := a.look(r)
	if err != nil {
		return err
	}
	if !asJSON {
		writeText(w, http.StatusOK, t.String())
		return nil
	}
	routes := []routeJSON{}
	for _, one := range t.Routes() {
		routes = append(routes, routeJSON{
			one.Name, one.Def.Host, one.Def.Path, one.Def.Methods, one.Def.Headers, one.Service.Name, one.Def.Spill, one.Attempts,
		})
	}
	services := map[string]any{}
	for _, s := range t.Services() {
		endpoints := []endpointJSON{}
		for _, e := range s.Endpoints() {
			endpoints = append(endpoints, endpointJSON{e.RegionName, e.Addr(), e.Weight()})
		}
		services[s.Name] = map[string]any{"balance": s.Balance, "endpoints": endpoints}
	}
	failover := map[string][]string{}
	for _, id := range t.Regions.Active {
		names := []string{}
		for _, other := range t.Regions.Failover(id) {
			names = append(names, t.Regions.Name(other))
		}
		failover[t.Regions.Name(id)] = names
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{
		"region": t.Config.Region, "hash": t.Config.Hash(), "routes": routes, "services": services, "failover": failover,
	})
	return nil
}
