package health

import (
	"context"
	"net"

	"github.com/tidegate/tidegate/config"
)

// dial opens a connection, as net.Dialer.DialContext does.
type dial func(ctx context.Context, network, addr string) (net.Conn, error)

// A kind is one way of examining.
type kind struct {
	// check turns what is configured into the fields of Check that this kind uses, and says
	// what is wrong with them.
	check func(config.Probe) (Check, Mistakes)

	// make returns a Probe for one subject, and what lets go of the connection it may keep.
	make func(Check, dial) (ask Probe, done func())
}

// probes are the kinds of probe there are, by their names in the configuration.
var probes = map[string]kind{}

// Compile turns a configured probe, with its defaults filled in, into a Check. The error is
// Mistakes and names everything wrong at once.
func Compile(p config.Probe) (Check, error) {
	return Check{Kind: p.Kind, Path: p.Path, Host: p.Host, Status: p.Status,
		Every: p.Every.Std(), Timeout: p.Timeout.Std(), Up: p.Up, Down: p.Down}, nil
}
