package health

import (
	"context"
	"time"

	"github.com/tidegate/tidegate/config"
)

// checkTCP refuses what a TCP probe would ignore. Statuses it cannot refuse: they have a default.
func checkTCP(p config.Probe, _ *Check) (wrong Mistakes) {
	for _, f := range []struct{ field, value string }{{"path", p.Path}, {"host", p.Host}} {
		if f.value != "" {
			wrong = append(wrong, Mistake{Field: f.field, Message: "a tcp probe only connects and has no " + f.field, Hint: "use kind: http"})
		}
	}
	return wrong
}

// newTCP makes a probe that connects and leaves. It cannot see more than the listening kernel: a
// process that is stopped goes on passing for well until its backlog is full.
func newTCP(c Check, open dial) (ask Probe, done func()) {
	ask = func(ctx context.Context, addr string) Answer {
		began := time.Now()
		conn, err := open(ctx, "tcp", addr)
		rt := time.Since(began)
		if err != nil {
			return failure("connect", err, rt, c.Timeout)
		}
		conn.Close()
		return Answer{OK: true, RT: rt, Load: notReported}
	}
	return ask, func() {}
}
