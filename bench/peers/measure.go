package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tidegate/tidegate/bench/openloop"
)

// A reading is one contestant in one round.
type reading struct {
	cost   time.Duration // processor time per answered request
	failed uint64
	p50    time.Duration
	p99    time.Duration
}

// measure runs all rounds and writes the tables.
func (p *plan) measure(ctx context.Context, out io.Writer) error {
	upstreams, closeUpstreams, err := startUpstreams(2, p.body)
	if err != nil {
		return err
	}
	defer closeUpstreams()
	all, err := p.contestants(ctx, upstreams)
	if err != nil {
		return err
	}
	var started []*contestant
	defer func() {
		for _, c := range started {
			c.stop()
		}
	}()
	for _, c := range all {
		if err := c.start(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		started = append(started, c)
	}
	writeHead(ctx, out, p, all)
	for _, rate := range p.rates {
		rounds := make([][]reading, p.rounds)
		for i := range rounds {
			rounds[i] = make([]reading, len(all))
			for k := range all {
				at := (i + k) % len(all)
				r, err := p.load(ctx, all[at], rate, uint64(i))
				if err != nil {
					return fmt.Errorf("%s: %w", all[at].name, err)
				}
				rounds[i][at] = r
			}
			fmt.Fprintf(os.Stderr, "%.0f/s, round %d of %d:%s\n", rate, i+1, p.rounds, costs(all, rounds[i]))
		}
		writeTable(out, rate, all, rounds)
	}
	return nil
}

func costs(all []*contestant, round []reading) string {
	s := ""
	for i, c := range all {
		s += fmt.Sprintf("  %s %.1f µs", c.name, micros(round[i].cost))
	}
	return s
}

// load loads one contestant and reads what that cost it.
func (p *plan) load(ctx context.Context, c *contestant, rate float64, seed uint64) (reading, error) {
	l := openloop.Load{
		Addr: c.addr, Rate: rate, Duration: p.warm, Conns: p.conns, Timeout: 5 * time.Second, Seed: seed,
		Request: func(_ uint64, buf []byte) []byte {
			return append(buf, "GET /bench/item?id=42 HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n"...)
		},
	}
	if _, err := l.Run(ctx); err != nil {
		return reading{}, err
	}
	before, err := cpuTime(c.pid())
	if err != nil {
		return reading{}, err
	}
	l.Duration = p.length
	report, err := l.Run(ctx)
	if err != nil {
		return reading{}, err
	}
	after, err := cpuTime(c.pid())
	if err != nil {
		return reading{}, err
	}
	if ctx.Err() != nil {
		return reading{}, ctx.Err()
	}
	answered := report.Latency.Count()
	if answered == 0 {
		return reading{}, fmt.Errorf("nothing was answered:\n%v", report)
	}
	return reading{
		cost:   (after - before) / time.Duration(answered),
		failed: report.Sent - min(answered, report.Status[200]),
		p50:    report.Latency.Quantile(.5),
		p99:    report.Latency.Quantile(.99),
	}, nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
