package demo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// service is the name of the demo's only service.
const service = "shop"

// heading is the first line of a configuration made here. A file that begins with it may be
// overwritten.
const heading = "# Made by tidegate demo."

// configText is the configuration the gateway runs by.
func configText(o Options, f *fleet) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `%s Edit it while it runs and the change is in force at once; the next demo writes it anew.
region: cn-east
listen: { http: "%s", admin: "%s" }
expose: true # answers say who served them: X-Served-Region, X-Served-By

regions:
`, heading, o.Listen, o.Admin)
	for _, r := range regions {
		fmt.Fprintf(&b, "  %-9s { failover: [%s], failback: { ramp: 5s } }\n", r.name+":", strings.Join(r.failover, ", "))
	}
	fmt.Fprintf(&b, "\nservices:\n  %s:\n    probe: { path: /healthz }\n    endpoints:\n", service)
	for _, r := range regions {
		var addrs []string
		for _, m := range f.in(r.name) {
			addrs = append(addrs, m.server.Addr())
		}
		fmt.Fprintf(&b, "      %-9s [%s]\n", r.name+":", strings.Join(addrs, ", "))
	}
	fmt.Fprintf(&b, "\nroutes:\n  - { path: /**, to: %s }\n", service)
	return b.Bytes()
}

// writeOut writes to a file of the user's choice, but not over a file that was not made here.
func writeOut(file string, text []byte) error {
	old, err := os.ReadFile(file)
	if err == nil && !bytes.HasPrefix(old, []byte(heading)) {
		return fmt.Errorf("--config-out: %s exists and was not made by a demo; name another file", file)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--config-out: %w", err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("--config-out: %w", err)
	}
	return nil
}
