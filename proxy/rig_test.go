package proxy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/internal/upstreamtest"
	"github.com/tidegate/tidegate/router"
)

func TestMain(m *testing.M) {
	// fasthttp keeps one goroutine for the date, for the life of the process.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// A rig is a gateway on a real socket, without the control loop: its plans are made once.
type rig struct {
	*Gateway
	t    testing.TB
	addr string
	live atomic.Pointer[router.Table]
}

// newRig starts a gateway by a configuration. Endpoints are given as the services section.
func newRig(t testing.TB, text string) *rig {
	t.Helper()
	r := &rig{t: t}
	r.Gateway = New(&r.live, StartClock(), 1, slog.New(slog.NewTextHandler(io.Discard, nil)))
	r.configure(text)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() { r.Run(ctx); done <- struct{}{} }()
	go func() { r.Serve(ln); done <- struct{}{} }()
	t.Cleanup(func() {
		ln.Close()
		end, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer stop()
		r.Drain(end)
		cancel()
		<-done
		<-done
		if live := r.live.Load(); live != nil {
			for _, h := range live.Hosts() {
				h.Upstream.Close()
			}
		}
	})
	return r
}

func (r *rig) configure(text string) {
	r.t.Helper()
	c, err := config.Load("test.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		r.t.Fatal(err)
	}
	table, err := router.Compile(c, r.live.Load(), r.Dial, func() {})
	if err != nil {
		r.t.Fatal(err)
	}
	s := balancer.NewScheduler()
	for _, svc := range table.Services() {
		s.Plan(r.clock.Now(), svc, table.Regions, balancer.Orders{})
	}
	r.Configure(c)
	r.live.Store(table)
}

// one is a configuration with one region, one service at addrs, and one route with extra terms.
func one(extra string, addrs ...string) string {
	return fmt.Sprintf(`
region: here
regions: { here: {} }
services:
  app: { endpoints: { here: [%s] } }
routes:
  - { path: /**, to: app%s }
`, strings.Join(addrs, ", "), extra)
}

// dial connects to the gateway.
func (r *rig) dial() *upstreamtest.Client { return upstreamtest.Dial(r.t, r.addr) }

type netConn = net.Conn
