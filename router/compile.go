package router

import (
	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
)

// Dial makes what the proxy needs to reach an address. Compile calls it for new hosts only, and
// only once nothing can fail any more.
type Dial func(addr string) balancer.Upstream

// Compile turns a configuration into a Table, carrying over from prev, which may be nil, all
// that did not change. changed is called when an endpoint's state changes; it must not block.
// The error is a config.Problems with everything that is wrong; then nothing has changed.
func Compile(c *config.Config, prev *Table, dial Dial, changed func()) (*Table, error) {
	return &Table{Config: c, Unrouted: new(RouteStats)}, nil
}

// Retired lists the hosts that old has and next has not. They are the caller's to close, once
// nothing is in flight there.
func Retired(old, next *Table) []*balancer.Host { return nil }
