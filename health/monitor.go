package health

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

const (
	// A start is spread out, or a gateway with thousands of endpoints would open thousands of
	// connections in its first millisecond: over startSpread, or startStep per subject if longer.
	startSpread = 100 * time.Millisecond
	startStep   = 100 * time.Microsecond

	// jitter is how far the time between two probes strays from Check.Every, as a share of it.
	jitter = 0.1
)

// A Monitor examines subjects, each in a goroutine of its own. Make one with NewMonitor; it is
// safe for concurrent use, except that only one Run may be under way.
type Monitor struct {
	log      *slog.Logger
	changed  func()
	kinds    map[string]kind
	dial     dial
	seed     uint64 // other gateways of the fleet have another one, and so another rhythm
	verdicts *verdicts
}

// NewMonitor makes a Monitor that logs what changed and why, and calls changed after the state of
// a subject changed and after self-doubt began or ended. changed is called from many goroutines
// and must not block.
func NewMonitor(log *slog.Logger, changed func()) *Monitor {
	return &Monitor{
		log:      log,
		changed:  changed,
		kinds:    probes,
		dial:     (&net.Dialer{KeepAlive: -1}).DialContext, // the probes themselves keep it alive
		seed:     rand.Uint64(),
		verdicts: newVerdicts(),
	}
}

// Suspect reports whether self-doubt is in force: every probe of this gateway fails, so that it
// takes itself for the patient and holds its verdicts. Safe for concurrent use.
func (m *Monitor) Suspect() bool { return m.verdicts.suspect() }

// Run watches exactly the subjects last received, until ctx ends. A subject received again is
// left as it is, unless its Check changed. Run returns nil, when every probe has returned.
func (m *Monitor) Run(ctx context.Context, watch <-chan []Subject) error {
	probers := map[Subject]*prober{}
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			m.follow(ctx, probers, nil)
			return nil
		case subjects, ok := <-watch:
			if !ok {
				watch = nil // what is watched stays
				continue
			}
			fresh := m.follow(ctx, probers, subjects)
			step := max(startSpread/time.Duration(max(1, len(fresh))), startStep)
			for i, p := range fresh {
				running.Go(func() { m.examine(p, time.Duration(i)*step) })
			}
		}
	}
}

// follow makes probers hold exactly one for each of subjects, and returns the new ones, not started
// yet. They take their seats before the old ones leave theirs, and before the first of them is asked:
// a verdict depends on who else there is.
func (m *Monitor) follow(ctx context.Context, probers map[Subject]*prober, subjects []Subject) (fresh []*prober) {
	old := maps.Clone(probers)
	clear(probers)
	for _, s := range subjects {
		if probers[s] != nil {
			continue
		}
		check := s.Check()
		if p := old[s]; p != nil && p.check.Equal(check) {
			probers[s] = p
			delete(old, s)
			continue
		}
		p := newProber(ctx, s, check)
		probers[s] = p
		fresh = append(fresh, p)
		m.verdicts.join(p)
	}
	known := make(map[Subject]State, len(old))
	for s, p := range old {
		known[s] = m.dismiss(p)
	}
	for _, p := range fresh {
		state := known[p.subject]
		if k, ok := p.subject.(interface{ Health() (State, Answer) }); ok {
			state, _ = k.Health()
		}
		p.shown = state
		m.verdicts.resume(p, state)
	}
	if m.verdicts.settle() && ctx.Err() == nil {
		m.changed()
		m.log.Info("too few endpoints are watched to compare: self-doubt ends")
	}
	return fresh
}

// dismiss ends p and returns the state it came to. Its subject is told nothing after that.
func (m *Monitor) dismiss(p *prober) State {
	p.stop()
	p.telling.Lock()
	defer p.telling.Unlock()
	return m.verdicts.leave(p)
}

// A prober examines one subject.
type prober struct {
	subject Subject
	addr    string
	name    string // in the log
	check   Check
	life    context.Context
	stop    context.CancelFunc
	wake    chan struct{} // be asked at once

	telling sync.Mutex // held while the subject is told something; taken before verdicts.mu
	told    uint64     // the news it was told last
	shown   State      // the state it was told last

	seat // guarded by verdicts.mu
}

func newProber(ctx context.Context, s Subject, check Check) *prober {
	p := &prober{
		subject: s,
		addr:    s.Address(),
		name:    s.Address(),
		check:   check,
		wake:    make(chan struct{}, 1),
		seat:    seat{place: nowhere},
	}
	if named, ok := s.(interface{ ID() string }); ok {
		p.name = named.ID()
	}
	p.life, p.stop = context.WithCancel(ctx)
	return p
}

// examine probes p's subject until p's life ends, for the first time after offset.
func (m *Monitor) examine(p *prober, offset time.Duration) {
	defer p.stop()
	ask, done := m.kinds[p.check.Kind].make(p.check, m.dial)
	defer done()
	timer := time.NewTimer(offset)
	defer timer.Stop()
	chance := m.seed ^ hash(p.name)
	parted := false

	for n := chance; ; n++ {
		select {
		case <-p.life.Done():
			return
		case <-timer.C:
		case <-p.wake:
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(p.life, p.check.Timeout)
		answer := ask(ctx, p.addr)
		cancel()
		if p.life.Err() != nil {
			return
		}
		select {
		case <-p.wake: // it wanted an answer, and here is one
		default:
		}
		if confirm := m.hear(p, answer); confirm {
			timer.Reset(0)
			continue
		}
		next := pause(p.check.Every, mix(n))
		if !parted { // those that started together are spread over the whole period
			next = time.Duration(fraction(mix(n)) * float64(p.check.Every))
			parted = true
		}
		timer.Reset(time.Until(began.Add(next)))
	}
}

// pause is the time from the start of one probe to the start of the next.
func pause(every time.Duration, draw uint64) time.Duration {
	return time.Duration((1 - jitter + 2*jitter*fraction(draw)) * float64(every))
}

// fraction makes a draw one of [0,1).
func fraction(draw uint64) float64 { return float64(draw>>11) / (1 << 53) }

// hear takes an answer about p to its end: the verdicts that follow from it, telling the subjects
// concerned, the log. confirm asks for another probe of p at once.
func (m *Monitor) hear(p *prober, a Answer) (confirm bool) {
	out := m.verdicts.hear(p, a)
	if out.wake != nil {
		select {
		case out.wake.wake <- struct{}{}:
		default:
		}
	}
	// Everybody is told before anything is logged: a log may be slow.
	var turns []turn
	for _, q := range append(out.released, p) {
		if t := m.tell(q); t.before != t.after {
			turns = append(turns, t)
		}
	}
	if out.doubt != nil {
		m.changed()
	}
	if d := out.doubt; d != nil && d.begins {
		m.log.Warn("every probe fails: this gateway doubts itself and holds its verdicts",
			"endpoints", d.watched, "held", d.held, "last", p.name, "reason", a.Err)
	} else if d != nil {
		m.log.Info("a probe succeeds again: self-doubt ends", "after", d.lasted, "endpoint", p.name)
	}
	for _, t := range turns {
		m.logTurn(t)
	}
	return out.confirm
}

// A turn is a change of a subject's state.
type turn struct {
	p             *prober
	before, after State
	answer        Answer
}

// tell lets p's subject know the latest there is, if it does not yet.
func (m *Monitor) tell(p *prober) turn {
	p.telling.Lock()
	defer p.telling.Unlock()
	a, s, news, ok := m.verdicts.latest(p)
	if !ok || news == p.told {
		return turn{}
	}
	t := turn{p: p, before: p.shown, after: s, answer: a}
	p.told, p.shown = news, s
	p.subject.Observe(a, s)
	if t.before != t.after {
		m.changed()
	}
	return t
}

func (m *Monitor) logTurn(t turn) {
	switch {
	case t.after == Down:
		m.log.Warn("endpoint down", "endpoint", t.p.name, "probe", t.p.check.Kind, "reason", t.answer.Err)
	case t.before == Down:
		m.log.Info("endpoint up", "endpoint", t.p.name, "probe", t.p.check.Kind, "rt", t.answer.RT)
	default: // at a start every endpoint comes by here
		m.log.Debug("endpoint up", "endpoint", t.p.name, "probe", t.p.check.Kind, "rt", t.answer.RT)
	}
}

// hash is FNV-1a: it sets subjects apart, no more.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mix is the output function of SplitMix64 (Steele, Lea, Flood, 2014): one draw for each x.
func mix(x uint64) uint64 {
	x = (x + 1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
