// Command load sends an open-loop load to an address and prints what became of it.
//
//	go run ./bench/cmd/load --addr 127.0.0.1:8080 --rate 2000 --for 10s
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tidegate/tidegate/bench/openloop"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		addr   = flag.String("addr", "127.0.0.1:8080", "where to send it, host:port")
		rate   = flag.Float64("rate", 1000, "requests per second")
		length = flag.Duration("for", 10*time.Second, "how long")
		even   = flag.Bool("even", false, "evenly spaced instead of a Poisson process")
		conns  = flag.Int("conns", 64, "connections at most")
		expiry = flag.Duration("timeout", 10*time.Second, "for one answer")
		path   = flag.String("path", "/", "path and query")
		posts  = flag.Float64("post", 0, "share of POSTs, 0 to 1")
		size   = flag.Int("size", 100, "bytes of a POST's body")
		seed   = flag.Uint64("seed", 1, "of the arrivals")
		fields fieldList
	)
	flag.Var(&fields, "H", `a header field, "Name: value"; may be given several times`)
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flag.Arg(0))
	}
	if _, ok := openloop.Field([]byte("\n"+fields.text), "Host"); !ok {
		fields.text = "Host: " + *addr + "\r\n" + fields.text
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	body := strings.Repeat("x", *size)
	report, err := openloop.Load{
		Addr: *addr, Rate: *rate, Even: *even, Duration: *length, Conns: *conns, Timeout: *expiry, Seed: *seed,
		Request: func(n uint64, buf []byte) []byte {
			if isPost(n, *posts) {
				return fmt.Appendf(buf, "POST %s HTTP/1.1\r\n%sX-Id: %d\r\nContent-Length: %d\r\n\r\n%s", *path, fields.text, n, *size, body)
			}
			return fmt.Appendf(buf, "GET %s HTTP/1.1\r\n%sX-Id: %d\r\n\r\n", *path, fields.text, n)
		},
	}.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Print(report)
	return nil
}

// isPost spreads the share evenly over the requests.
func isPost(n uint64, share float64) bool {
	return uint64(float64(n+1)*share) != uint64(float64(n)*share)
}

// A fieldList collects header fields.
type fieldList struct{ text string }

func (f *fieldList) String() string { return f.text }

func (f *fieldList) Set(v string) error {
	if name, _, ok := strings.Cut(v, ":"); !ok || name == "" || strings.ContainsAny(v, "\r\n") {
		return fmt.Errorf(`must be "Name: value"`)
	}
	f.text += v + "\r\n"
	return nil
}
