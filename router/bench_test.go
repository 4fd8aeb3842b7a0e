package router

import (
	"fmt"
	"testing"

	"github.com/tidegate/tidegate/config"
)

// fleet has so many endpoints, ten to a service over two regions, and so many routes.
func fleet(b *testing.B, endpoints, routes int) *config.Config {
	c := load(b, "{region: r0, regions: {r0: {failover: [r1]}, r1: {}}, services: {s: {endpoints: {r0: [10.0.0.1:80]}}}, routes: [{to: s}]}")
	like, one := c.Services["s"], c.Services["s"].Endpoints["r0"][0]
	delete(c.Services, "s")
	for i := range endpoints {
		name := fmt.Sprintf("service-%d", i/10)
		svc := c.Services[name]
		if svc == nil {
			copied := *like
			svc = &copied
			svc.Endpoints = map[string][]*config.Endpoint{}
			c.Services[name] = svc
		}
		e := *one
		e.Address = fmt.Sprintf("10.%d.%d.%d:8080", i>>16, i>>8&255, i&255)
		in := fmt.Sprintf("r%d", i%2)
		svc.Endpoints[in] = append(svc.Endpoints[in], &e)
	}
	terms := *c.Routes[0]
	c.Routes = manyRoutes(routes)
	for i, r := range c.Routes {
		r.Name, r.To = fmt.Sprintf("route-%d", i), fmt.Sprintf("service-%d", i%((endpoints+9)/10))
		r.Spill, r.Attempts, r.Timeout = terms.Spill, terms.Attempts, terms.Timeout
	}
	return c
}

func BenchmarkCompile(b *testing.B) {
	for _, endpoints := range []int{10, 1000, 10000} {
		for _, routes := range []int{10, 5000} {
			c := fleet(b, endpoints, routes)
			prev := compile(b, c, nil)
			for name, from := range map[string]*Table{"anew": nil, "again": prev} {
				b.Run(fmt.Sprintf("%s/endpoints=%d/routes=%d", name, endpoints, routes), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						compile(b, c, from)
					}
				})
			}
		}
	}
}
