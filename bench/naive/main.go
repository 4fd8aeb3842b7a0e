// Command naive is the proxy one writes in ten minutes: a fasthttp.Server whose handler hands every
// request to a fasthttp.HostClient, in turn. It is what ours is measured beside, and no example: it holds
// bodies whole in memory, lets hop-by-hop fields pass, and sends every request to whoever is next,
// dead or not.
//
//	go run ./bench/naive --listen 127.0.0.1:8081 --upstreams 127.0.0.1:9001,127.0.0.1:9002
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8081", "where it listens")
	upstreams := flag.String("upstreams", "", "where it sends requests: host:port, comma-separated")
	timeouts := flag.Bool("timeouts", false, "with read and write timeouts on both sides, as one would run it")
	flag.Parse()
	if *upstreams == "" {
		fmt.Fprintln(os.Stderr, "naive: --upstreams is needed")
		os.Exit(2)
	}
	if err := serve(*listen, strings.Split(*upstreams, ","), *timeouts); err != nil {
		fmt.Fprintln(os.Stderr, "naive:", err)
		os.Exit(1)
	}
}

func serve(listen string, upstreams []string, timeouts bool) error {
	var limit time.Duration
	if timeouts {
		limit = 10 * time.Second
	}
	clients := make([]*fasthttp.HostClient, len(upstreams))
	for i, addr := range upstreams {
		clients[i] = &fasthttp.HostClient{
			Addr: addr, MaxConns: 4096, NoDefaultUserAgentHeader: true,
			ReadTimeout: limit, WriteTimeout: limit,
		}
	}
	var turn atomic.Uint64
	server := &fasthttp.Server{
		NoDefaultServerHeader: true, NoDefaultDate: true,
		ReadTimeout: limit, WriteTimeout: limit,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.Request.Header.Set("X-Forwarded-For", ctx.RemoteIP().String())
			client := clients[turn.Add(1)%uint64(len(clients))]
			if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
				ctx.Error(err.Error(), fasthttp.StatusBadGateway)
			}
		},
	}
	return server.ListenAndServe(listen)
}
