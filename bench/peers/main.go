// Command peers measures the processor time a request costs: ours, nginx and the naive proxy beside
// each other, in front of the same upstreams, at fixed rates.
//
//	go run ./bench/peers
//
// All run all the time; in each round each is loaded once, in an order that rotates, so that whatever
// the machine is doing meanwhile befalls all of them. What counts are the ratios within a round. It is
// printed as Markdown.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// plan is what is measured.
type plan struct {
	rates  []float64
	rounds int
	length time.Duration
	warm   time.Duration
	conns  int
	procs  int
	body   int
	binary string // ours; empty: built
	naive  bool   // with timeouts
	dir    string // for binaries and configurations
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var p plan
	rates := flag.String("rates", "5000,10000", "requests per second, comma-separated")
	flag.IntVar(&p.rounds, "rounds", 5, "rounds")
	flag.DurationVar(&p.length, "for", 4*time.Second, "length of one measurement")
	flag.DurationVar(&p.warm, "warm", time.Second, "load before each measurement")
	flag.IntVar(&p.conns, "conns", 64, "clients' connections")
	flag.IntVar(&p.procs, "procs", 1, "GOMAXPROCS of the Go contestants and worker processes of nginx")
	flag.IntVar(&p.body, "body", 128, "bytes of an answer's body")
	flag.StringVar(&p.binary, "tidegate", "", "our binary; built from this tree if empty")
	flag.BoolVar(&p.naive, "naive-timeouts", false, "give the naive proxy timeouts, which cost it 10 to 20 %")
	flag.Parse()
	for _, r := range strings.Split(*rates, ",") {
		rate, err := strconv.ParseFloat(r, 64)
		if err != nil || !(rate > 0) {
			return fmt.Errorf("--rates: %q is no rate", r)
		}
		p.rates = append(p.rates, rate)
	}
	dir, err := os.MkdirTemp("", "tidegate-peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p.dir = dir
	return p.measure(ctx, os.Stdout)
}
