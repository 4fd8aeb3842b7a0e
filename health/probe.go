package health

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/tidegate/tidegate/config"
)

// dial opens a connection, as net.Dialer.DialContext does.
type dial func(ctx context.Context, network, addr string) (net.Conn, error)

// A kind is one way of examining.
type kind struct {
	// check fills in the fields of Check that this kind uses, and says what is wrong with them.
	check func(config.Probe, *Check) Mistakes

	// make returns a Probe for one subject, and what lets go of the connection it may keep.
	make func(Check, dial) (ask Probe, done func())
}

// probes are the kinds of probe there are, by their names in the configuration.
var probes = map[string]kind{
	"http": {checkHTTP, newHTTP},
	"tcp":  {checkTCP, newTCP},
}

// Compile turns a configured probe, with its defaults filled in, into a Check. The error is
// Mistakes and names everything wrong at once.
func Compile(p config.Probe) (Check, error) {
	c := Check{Kind: p.Kind, Every: p.Every.Std(), Timeout: p.Timeout.Std(), Up: p.Up, Down: p.Down}
	var wrong Mistakes
	for _, span := range []struct {
		field string
		value time.Duration
	}{{"every", c.Every}, {"timeout", c.Timeout}} {
		if span.value <= 0 {
			wrong = append(wrong, Mistake{Field: span.field, Message: fmt.Sprintf("must be above 0, is %v", span.value)})
		}
	}
	for _, count := range []struct {
		field string
		value int
	}{{"down", c.Down}, {"up", c.Up}} {
		if count.value < 1 {
			wrong = append(wrong, Mistake{Field: count.field, Message: fmt.Sprintf("must be at least 1, is %d", count.value)})
		}
	}
	k, ok := probes[p.Kind]
	if !ok {
		hint := config.Among(p.Kind, slices.Sorted(maps.Keys(probes)))
		wrong = append(wrong, Mistake{Field: "kind", Message: fmt.Sprintf("no probe %q", p.Kind), Hint: hint})
	} else {
		wrong = append(wrong, k.check(p, &c)...)
	}
	if len(wrong) > 0 {
		return Check{}, wrong
	}
	return c, nil
}

// failure is the Answer of a probe that got none. doing is what it was at, such as "connect".
func failure(doing string, err error, rt, timeout time.Duration) Answer {
	return Answer{RT: rt, Load: notReported, Err: doing + ": " + reason(err, timeout)}
}

// reason says in few words why the network refused, without the addresses, which are known: the
// same fault reads the same every time.
func reason(err error, timeout time.Duration) string {
	var no syscall.Errno
	var lookup *net.DNSError
	var slow interface{ Timeout() bool }
	switch {
	case errors.As(err, &lookup):
		return "lookup of " + lookup.Name + ": " + lookup.Err
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "no answer within " + timeout.String()
	case errors.As(err, &no):
		return no.Error()
	}
	return err.Error()
}
