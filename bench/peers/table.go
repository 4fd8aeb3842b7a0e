package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// writeHead says what was measured where.
func writeHead(ctx context.Context, out io.Writer, p *plan, all []*contestant) {
	fmt.Fprintf(out, "# Processor time per request\n\n")
	fmt.Fprintf(out, "User and system time of the proxy's processes ÷ requests answered. GET, %d bytes of body, %d keep-alive connections, open loop (Poisson), 2 upstreams on the same machine, %d round(s) of %v each, %d worker(s) or GOMAXPROCS each.\n\n",
		p.body, p.conns, p.rounds, p.length, p.procs)
	fmt.Fprintf(out, "- date: %s\n", time.Now().UTC().Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(out, "- commit: %s\n", ask(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12"))
	fmt.Fprintf(out, "- machine: %s, %d processors\n", ask(ctx, "uname", "-srm"), runtime.NumCPU())
	fmt.Fprintf(out, "- go: %s\n", runtime.Version())
	for _, c := range all {
		fmt.Fprintf(out, "- %s: %s\n", c.name, c.version)
	}
}

func ask(ctx context.Context, name string, args ...string) string {
	text, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// writeTable writes one rate: medians over the rounds, and each contestant's cost as a ratio to each
// of the others in the same round, with its range.
func writeTable(out io.Writer, rate float64, all []*contestant, rounds [][]reading) {
	fmt.Fprintf(out, "\n## %.0f requests a second\n\n| | µs per request |", rate)
	for _, c := range all[1:] {
		fmt.Fprintf(out, " × %s |", c.name)
	}
	fmt.Fprintf(out, " p50 | p99 | failed |\n| --- | --- |%s --- | --- | --- |\n", strings.Repeat(" --- |", len(all)-1))
	for i, c := range all {
		fmt.Fprintf(out, "| %s | %.1f |", c.name, median(column(rounds, func(r []reading) float64 { return micros(r[i].cost) })))
		for k := 1; k < len(all); k++ {
			if i == k {
				fmt.Fprintf(out, " 1 |")
				continue
			}
			ratios := column(rounds, func(r []reading) float64 { return float64(r[i].cost) / float64(r[k].cost) })
			fmt.Fprintf(out, " **%.2f** (%.2f–%.2f) |", median(ratios), slices.Min(ratios), slices.Max(ratios))
		}
		failed := uint64(0)
		for _, r := range rounds {
			failed += r[i].failed
		}
		fmt.Fprintf(out, " %.2f ms | %.2f ms | %d |\n",
			median(column(rounds, func(r []reading) float64 { return micros(r[i].p50) / 1000 })),
			median(column(rounds, func(r []reading) float64 { return micros(r[i].p99) / 1000 })), failed)
	}
}

func column(rounds [][]reading, f func([]reading) float64) []float64 {
	out := make([]float64, len(rounds))
	for i, r := range rounds {
		out[i] = f(r)
	}
	return out
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}
