package upstreamtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// TB is the part of testing.TB that this package needs, so that a program may use the package
// without linking the testing package.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Options say who a server is. The zero value is a nameless server on a free port.
type Options struct {
	Addr         string   // where it listens; default 127.0.0.1:0
	Region, Name string   // what it says about itself
	Ledger       *Ledger  // where executions are booked; nil: nowhere
	Keep         int      // how many of the last requests are kept for Requests
	Behavior     Behavior // at first
	Probe        Behavior // how /healthz is answered at first
}

// State is what has happened to a server.
type State string

const (
	Up         State = "up"         // it serves
	Killed     State = "killed"     // gone: connects are refused
	Frozen     State = "frozen"     // connects succeed, nothing is ever answered
	Blackholed State = "blackholed" // packets are dropped: connects time out
)

// A Server is an upstream on a real socket. All methods are safe for concurrent use.
type Server struct {
	opt  Options
	addr string

	pattern []byte // 64 KiB of Pattern, and a period more

	behavior, probe atomic.Pointer[Behavior]

	mu       sync.Mutex
	state    State
	listener *net.TCPListener
	conns    map[*conn]struct{}
	gate     chan struct{} // closed while the server is not frozen
	fillers  []net.Conn    // what stuffs the accept queue while blackholed
	kept     []*Request
	closed   bool

	wg sync.WaitGroup // accept loop and connections

	accepted, open, requests, inFlight, answered, abandoned, probes atomic.Int64
	last                                                            atomic.Int64
	sequence                                                        atomic.Uint64
}

// Start starts a server. Close ends it.
func Start(o Options) (*Server, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	s := &Server{opt: o, state: Killed, conns: map[*conn]struct{}{}, gate: make(chan struct{})}
	close(s.gate)
	s.pattern = make([]byte, 64<<10+period)
	Pattern(0, s.pattern)
	s.behavior.Store(&o.Behavior)
	s.probe.Store(&o.Probe)
	s.addr = o.Addr
	if err := s.Heal(); err != nil {
		return nil, err
	}
	return s, nil
}

// New starts a server that ends with the test.
func New(t TB, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatalf("start upstream: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Addr returns host:port, the same throughout.
func (s *Server) Addr() string { return s.addr }

// Set replaces what it does with requests that come from now on.
func (s *Server) Set(b Behavior) { s.behavior.Store(&b) }

// SetProbe replaces what it does with probes (/healthz) that come from now on.
func (s *Server) SetProbe(b Behavior) { s.probe.Store(&b) }

// State returns what has happened to it.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Stats returns what it counted.
func (s *Server) Stats() Stats {
	st := Stats{
		Accepted:  s.accepted.Load(),
		Open:      s.open.Load(),
		Requests:  s.requests.Load(),
		InFlight:  s.inFlight.Load(),
		Answered:  s.answered.Load(),
		Abandoned: s.abandoned.Load(),
		Probes:    s.probes.Load(),
	}
	if at := s.last.Load(); at != 0 {
		st.Last = time.Unix(0, at)
	}
	return st
}

// Requests returns the last requests (as many as Options.Keep), oldest first, probes not among
// them. A request is there once it was read to its end, or to where it was cut.
func (s *Server) Requests() []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Request(nil), s.kept...)
}

func (s *Server) keep(r *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, r)
	if over := len(s.kept) - s.opt.Keep; over > 0 {
		s.kept = append(s.kept[:0], s.kept[over:]...)
	}
}

// Kill is a process killed on a machine that lives: the port is closed and every connection reset.
// When it returns, both have happened.
func (s *Server) Kill() {
	s.mu.Lock()
	if s.state == Killed {
		s.mu.Unlock()
		return
	}
	s.state = Killed
	s.listener.Close()
	s.dropFillers()
	for c := range s.conns {
		c.reset()
	}
	s.openGate()
	s.mu.Unlock()
	s.wg.Wait()
}

// Freeze is a process stopped: connects succeed, since the kernel accepts them, and nothing is
// answered any more, neither on new connections nor on old ones.
func (s *Server) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Up {
		s.state = Frozen
		s.gate = make(chan struct{})
	}
}

// Blackhole is a machine cut off: nothing is answered on old connections, and connects time out.
func (s *Server) Blackhole() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != Up {
		return fmt.Errorf("%s is %s", s.addr, s.state)
	}
	s.state = Blackholed
	s.gate = make(chan struct{})
	return s.stuff()
}

// Heal undoes Kill, Freeze and Blackhole. After a kill it listens on the same port again. What was
// frozen goes on where it stopped, as a stopped process would.
func (s *Server) Heal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return fmt.Errorf("%s is closed", s.addr)
	case s.state == Up:
		return nil
	case s.state == Killed:
		if err := s.listen(); err != nil {
			return err
		}
	case s.state == Blackholed:
		if err := s.unstuff(); err != nil {
			return err
		}
	}
	s.state = Up
	s.openGate()
	return nil
}

// Close ends the server. When it returns nothing of it is left.
func (s *Server) Close() {
	s.Kill()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wg.Wait()
}

// openGate lets the frozen go on. The caller holds mu.
func (s *Server) openGate() {
	select {
	case <-s.gate:
	default:
		close(s.gate)
	}
}

// pass returns once the server is not frozen, or c is gone.
func (s *Server) pass(c *conn) {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	select {
	case <-gate:
	case <-c.gone:
	}
}

// listen opens the port. The caller holds mu.
func (s *Server) listen() error {
	l, err := net.Listen("tcp", s.addr)
	// The old port may be busy for a moment: an outgoing connection can have drawn it.
	for end := time.Now().Add(time.Second); err != nil && s.listener != nil && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
		l, err = net.Listen("tcp", s.addr)
	}
	if err != nil {
		return err
	}
	s.listener = l.(*net.TCPListener)
	s.addr = l.Addr().String()
	s.wg.Add(1)
	go s.accept(s.listener)
	return nil
}

func (s *Server) accept(l *net.TCPListener) {
	defer s.wg.Done()
	for {
		nc, err := l.AcceptTCP()
		if errors.Is(err, os.ErrDeadlineExceeded) { // blackholed: accept nothing until healed or killed
			s.mu.Lock()
			gate := s.gate
			s.mu.Unlock()
			<-gate
			continue
		}
		if err != nil {
			return
		}
		s.admit(l, nc)
	}
}

// admit starts a connection's goroutine, unless the server was killed meanwhile.
func (s *Server) admit(l *net.TCPListener, nc *net.TCPConn) {
	c := newConn(nc)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Killed || s.listener != l {
		c.reset()
		return
	}
	s.accepted.Add(1)
	s.open.Add(1)
	s.conns[c] = struct{}{}
	s.wg.Add(1)
	go s.serve(c)
}

func (s *Server) forget(c *conn) {
	c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.open.Add(-1)
	s.wg.Done()
}
