package demo

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// site is what the demo says about a region.
type site struct {
	name     string
	failover []string
	port     int             // of its first upstream, if it is free
	speeds   []time.Duration // of its upstreams
	callers  float64         // its part of the traffic
}

// regions are the demo's. cn-east is the gateway's own; the others are further away, so slower.
var regions = []site{
	{name: "cn-east", failover: []string{"cn-north", "cn-west"}, port: 9911, speeds: ms(3, 4, 6), callers: 0.40},
	{name: "cn-north", failover: []string{"cn-east", "cn-west"}, port: 9921, speeds: ms(9, 11, 14), callers: 0.35},
	{name: "cn-west", failover: []string{"cn-north", "cn-east"}, port: 9931, speeds: ms(18, 22, 27), callers: 0.25},
}

func ms(n ...int) []time.Duration {
	out := make([]time.Duration, len(n))
	for i, v := range n {
		out[i] = time.Duration(v) * time.Millisecond
	}
	return out
}

// A machine is one upstream and what was done to it.
type machine struct {
	region string
	n      int // from 1 on
	server *upstreamtest.Server
	speed  time.Duration

	slow float64 // times slower; 1 is usual
	fail float64 // share of requests that fails
	code int     // with this status
}

// A fleet is the upstreams of all regions. Safe for concurrent use.
type fleet struct {
	mu       sync.Mutex
	machines []*machine
}

func startFleet() (*fleet, error) {
	f := &fleet{}
	for _, r := range regions {
		for i, speed := range r.speeds {
			m := &machine{region: r.name, n: i + 1, speed: speed, slow: 1}
			o := upstreamtest.Options{Region: r.name, Name: m.name(), Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port+i))}
			s, err := upstreamtest.Start(o)
			if errors.Is(err, syscall.EADDRINUSE) { // a port that can be remembered would have been nice
				o.Addr = "127.0.0.1:0"
				s, err = upstreamtest.Start(o)
			}
			if err != nil {
				f.close()
				return nil, fmt.Errorf("start %s: %w", m.name(), err)
			}
			m.server = s
			m.apply()
			f.machines = append(f.machines, m)
		}
	}
	return f, nil
}

func (f *fleet) close() {
	for _, m := range f.machines {
		m.server.Close()
	}
}

// in returns a region's machines.
func (f *fleet) in(region string) []*machine {
	var out []*machine
	for _, m := range f.machines {
		if m.region == region {
			out = append(out, m)
		}
	}
	return out
}

// find returns the machines that a region and, if given, a number name; the error says what there is.
func (f *fleet) find(region, number string) ([]*machine, error) {
	all := f.in(region)
	if len(all) == 0 {
		var names []string
		for _, r := range regions {
			names = append(names, r.name)
		}
		return nil, fmt.Errorf("there is no region %q; there are %s", region, strings.Join(names, ", "))
	}
	if number == "" {
		return all, nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(all) {
		return nil, fmt.Errorf("there is no upstream %q in %s; there are 1 to %d", number, region, len(all))
	}
	return all[n-1 : n], nil
}

// do does something to machines, one after the other.
func (f *fleet) do(targets []*machine, act func(*machine) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range targets {
		if err := act(m); err != nil {
			return fmt.Errorf("%s: %w", m.name(), err)
		}
		m.apply()
	}
	return nil
}

// states returns what is the matter with each machine, in order.
func (f *fleet) states() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]string, len(f.machines))
	for i, m := range f.machines {
		out[i] = m.state()
	}
	return out
}

func (m *machine) name() string { return fmt.Sprintf("%s/%d", m.region, m.n) }

// heal undoes all that was done to it.
func (m *machine) heal() error {
	m.slow, m.fail = 1, 0
	return m.server.Heal()
}

func (m *machine) freeze() error {
	m.server.Freeze()
	if s := m.server.State(); s != upstreamtest.Frozen {
		return fmt.Errorf("it is %s; heal it first", s)
	}
	return nil
}

// apply makes the server behave as the machine should. Probes are as slow as requests are, but do not
// fail: it is the traffic that has to tell.
func (m *machine) apply() {
	m.server.Set(upstreamtest.Behavior{Delay: m.speed, Scale: m.slow, Jitter: 0.4, FailRate: m.fail, FailStatus: m.code})
	m.server.SetProbe(upstreamtest.Behavior{Delay: m.speed, Scale: m.slow})
}

// state is what is the matter with it, in a word or two.
func (m *machine) state() string {
	if s := m.server.State(); s != upstreamtest.Up {
		return string(s)
	}
	var odd []string
	if m.slow != 1 {
		odd = append(odd, fmt.Sprintf("%g× slow", m.slow))
	}
	if m.fail > 0 {
		odd = append(odd, fmt.Sprintf("failing %.0f%%", m.fail*100))
	}
	if len(odd) == 0 {
		return "well"
	}
	return strings.Join(odd, ", ")
}
