package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tidegate/tidegate/internal/demo"
)

func demoCommand() *cobra.Command {
	var o demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Start three regions on this machine with the gateway in front, and say what to try",
		Long: `Start three regions of three upstreams each on loopback, the gateway in front of them, light traffic, and
a view of what becomes of it. The fleet's own control kills, heals, slows and sickens upstreams.
Ctrl-C leaves nothing behind.

The gateway runs by a file whose name is shown: edit it and see. It is a temporary one, unless
--config-out names another. If an address is taken, choose others with --listen, --admin and --control.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // HUP: the terminal was closed
			defer stop()
			for _, addr := range []struct{ flag, value string }{{"listen", o.Listen}, {"admin", o.Admin}, {"control", o.Control}} {
				if _, _, err := net.SplitHostPort(addr.value); err != nil {
					return fmt.Errorf("--%s is an address such as 127.0.0.1:8080, not %q", addr.flag, addr.value)
				}
			}
			o.Out = cmd.OutOrStdout()
			o.Start = func(ctx context.Context, file, state string, log io.Writer) error {
				return run(ctx, options{file: file, state: state, quiet: true, log: log, reload: make(chan struct{}), leave: make(chan leave)})
			}
			err := demo.Run(ctx, o)
			if err == nil {
				return nil
			}
			code := exitRuntime
			var e *exit
			if errors.As(err, &e) {
				code = e.code
			}
			if code == exitListen || errors.Is(err, syscall.EADDRINUSE) {
				code, err = exitListen, fmt.Errorf("%w; choose other addresses with --listen, --admin and --control", err)
			}
			return &exit{code, err}
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "where the gateway listens")
	f.StringVar(&o.Admin, "admin", "127.0.0.1:9901", "where its admin API listens")
	f.StringVar(&o.Control, "control", "127.0.0.1:9902", "where the fleet is told what to suffer")
	f.StringVar(&o.ConfigOut, "config-out", "", "run by this file, and leave it; written anew at each start")
	f.BoolVar(&o.NoTraffic, "no-traffic", false, "send no requests")
	f.BoolVar(&o.Plain, "plain", false, "print lines, even on a terminal")
	return cmd
}
