package main

import (
	"context"
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
Ctrl-C leaves nothing behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			o.Out = cmd.OutOrStdout()
			o.Start = func(ctx context.Context, file string) error {
				return run(ctx, options{file: file, quiet: true, reload: make(chan struct{}), leave: make(chan leave)})
			}
			if err := demo.Run(ctx, o); err != nil {
				return &exit{exitRuntime, err}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "where the gateway listens")
	f.StringVar(&o.Admin, "admin", "127.0.0.1:9901", "where its admin API listens")
	f.StringVar(&o.Control, "control", "127.0.0.1:9902", "where the fleet is told what to suffer")
	f.StringVar(&o.ConfigOut, "config-out", "", "write the configuration to this file")
	f.BoolVar(&o.NoTraffic, "no-traffic", false, "send nothing")
	f.BoolVar(&o.Plain, "plain", false, "print lines, even on a terminal")
	return cmd
}
