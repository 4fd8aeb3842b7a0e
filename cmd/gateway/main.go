package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tidegate/tidegate/config"
)

// Exit codes. By signal: 128 and its number.
const (
	exitRuntime = 1 // something failed while running
	exitUsage   = 2 // the command line makes no sense
	exitConfig  = 3 // the configuration is broken
	exitListen  = 4 // an address can't be listened on
)

func main() {
	root := command()
	said, err := root.ExecuteC()
	if err == nil {
		return
	}
	var e *exit
	if !errors.As(err, &e) {
		e = &exit{code: exitUsage, err: fmt.Errorf("%w\nRun '%s --help' for what there is", err, said.CommandPath())}
	}
	if e.err != nil {
		fmt.Fprintln(os.Stderr, "tidegate:", e.err)
	}
	os.Exit(e.code)
}

// An exit is an error that knows the process's exit code. A nil err has been told already.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// command is the whole command line.
func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "tidegate",
		Short:         "The edge gateway of one region of a multi-active fleet",
		Version:       version().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate("tidegate {{.Version}}\n")
	root.AddCommand(runCommand(), checkCommand(), demoCommand(), versionCommand())
	return root
}

func runCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Serve traffic",
		Long: `Serve traffic by a configuration file. The file is watched: a change that makes sense is in
force at once, one that does not changes nothing and is logged, shown on the admin API and as a metric.

Without --config the first of these is taken: ./tidegate.yaml, tidegate/tidegate.yaml in the user's
configuration folder (~/.config), /etc/tidegate/tidegate.yaml.

Environment: TIDEGATE_CONFIG and TIDEGATE_STATE stand for --config and --state.
Signals: HUP reads the file again, TERM drains and exits, INT likewise but cuts after a second,
either of them again exits at once.
Exit codes: 0 ended in order, 1 failed while running, 2 usage, 3 broken configuration, 4 an address
can't be listened on, 130 and 143 cut short by INT and TERM.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			file, err := findConfig(o.file)
			if err != nil {
				return &exit{exitUsage, err}
			}
			o.file = file
			return runUntilSignal(o)
		},
	}
	cmd.Flags().StringVarP(&o.file, "config", "c", env("TIDEGATE_CONFIG", ""), "configuration file; without it the places above are searched")
	cmd.Flags().StringVar(&o.state, "state", env("TIDEGATE_STATE", ""), "state file, instead of the one in the configuration")
	return cmd
}

// findConfig is the file to serve by.
func findConfig(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	search := []string{"tidegate.yaml"}
	if dir, err := os.UserConfigDir(); err == nil {
		search = append(search, dir+"/tidegate/tidegate.yaml")
	}
	search = append(search, "/etc/tidegate/tidegate.yaml")
	for _, f := range search {
		if _, err := os.Stat(f); err == nil {
			return f, nil
		}
	}
	return "", fmt.Errorf("no configuration file: looked for %s; name one with --config", strings.Join(search, ", "))
}

// noArgs is for verbs that take flags only.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, but was given %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// oneFile is for verbs about a file.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s takes one FILE, but was given %d", cmd.CommandPath(), len(args))
	}
	return nil
}

func env(name, fallback string) string {
	if v, ok := os.LookupEnv(name); ok {
		return v
	}
	return fallback
}

// runUntilSignal serves until a signal ends it.
func runUntilSignal(o options) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	end := make(chan os.Signal, 2)
	signal.Notify(end, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(end)

	o.reload = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for {
			select {
			case <-hup:
				select {
				case o.reload <- struct{}{}:
				default: // one is due already
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	o.leave = make(chan leave, 1)
	go func() {
		first := <-end
		o.leave <- leave{fast: first == os.Interrupt}
		second := <-end
		os.Exit(128 + int(second.(syscall.Signal)))
	}()
	return run(ctx, o)
}

func checkCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Say everything that is wrong with a configuration file",
		Long:  "Say everything that is wrong with a configuration file, with place and hint. Nothing is started and no address is looked up.\nExit codes: 0 nothing is, 2 usage, 3 something is, or the file can't be read.",
		Args:  oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return check(cmd.OutOrStdout(), args[0], output)
		},
	}
	outputFlag(cmd, &output)
	return cmd
}

func outputFlag(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", "text", "text or json")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *output != "text" && *output != "json" {
			return &exit{exitUsage, fmt.Errorf("--output is text or json, not %q", *output)}
		}
		return nil
	}
}

func versionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which tidegate this is",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := version()
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), v)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "tidegate", v)
			return nil
		},
	}
	outputFlag(cmd, &output)
	return cmd
}

// problems are the faults of a file, if that is what err is.
func problems(err error) (config.Problems, bool) {
	var p config.Problems
	return p, errors.As(err, &p)
}
