package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/region"
	"github.com/tidegate/tidegate/router"
)

// What of its own requests a region keeps when it counts as out, and as back. Between the two it is
// as it was: a ramp passes here.
const (
	out  = 0.01
	back = 0.99

	mostReasons = 5 // told in one line
)

// A place is a service in a region.
type place struct{ service, region string }

// moves are the places that no longer serve their own requests. Only control touches them.
type moves map[place]bool

// tell logs it when a service leaves a region, and when it is back: one line each, in which whoever
// was woken up reads who took over and why.
func (m moves) tell(log *slog.Logger, now time.Duration, s *balancer.Service, regions *region.Set) {
	plan := s.Plan()
	for _, home := range regions.Active {
		if int(home) >= len(s.Pools) || len(s.Pools[home]) == 0 {
			continue
		}
		at := place{s.Name, regions.Name(home)}
		switch kept := plan.Share(balancer.Unhealthy, home, home); {
		case kept <= out && !m[at]:
			m[at] = true
			log.Warn("region out of service", "service", s.Name, "region", at.region, "to", takers(plan, home, regions),
				"reasons", reasons(plan, now, at.region))
		case kept >= back && m[at]:
			delete(m, at)
			log.Info("region back in service", "service", s.Name, "region", at.region)
		}
	}
}

// forget drops what is no longer configured.
func (m moves) forget(t *router.Table) {
	for at := range m {
		if _, known := t.Regions.ID(at.region); !known || t.Service(at.service) == nil {
			delete(m, at)
		}
	}
}

// takers are who serves a home's requests, with their shares.
func takers(plan *balancer.Plan, home region.ID, regions *region.Set) string {
	var who []string
	for _, id := range regions.Active {
		if share := plan.Share(balancer.Unhealthy, home, id); share > out {
			who = append(who, fmt.Sprintf("%s %.2f", regions.Name(id), share))
		}
	}
	if who == nil {
		return "nobody"
	}
	return strings.Join(who, ", ")
}

// reasons are why a region serves nothing: its own, else the foremost of each endpoint, each told once.
func reasons(plan *balancer.Plan, now time.Duration, name string) string {
	var why []string
	for _, r := range plan.View(now).Regions {
		if r.Region != name {
			continue
		}
		why = append(why, r.Reasons...)
		if len(why) > 0 {
			break
		}
		for _, e := range r.Endpoints {
			if len(e.Reasons) > 0 && !slices.Contains(why, e.Reasons[0]) {
				why = append(why, e.Reasons[0])
			}
		}
	}
	return strings.Join(why[:min(len(why), mostReasons)], "; ")
}
