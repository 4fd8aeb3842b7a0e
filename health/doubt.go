package health

import (
	"sync"
	"time"
)

// verdicts is what the probers of a Monitor know together. Alone, a prober cannot tell an
// endpoint that is down from a gateway that is cut off or starved; together they can:
//
//   - A verdict Down wants a witness: a probe of somebody that succeeded after the first of the
//     failures it rests on. Until there is one, the verdict is held: the subject keeps its state.
//   - The first failure of an endpoint has somebody who was well probed at once, so that a witness
//     is there by the time the failure is confirmed, and a partial outage is not found out later
//     for it. (The last endpoint of an outage to fail for the first time does so before it is
//     confirmed, and by then only those still up pass for well.)
//   - When everybody's last probe failed and a verdict is held, the gateway doubts itself. No
//     verdict changes until a probe succeeds. What failed during the doubt is then forgotten,
//     and has to fail anew.
//
// With a single address there is nobody to compare with, so its verdicts count at once. A fleet
// that really dies whole in one moment looks just like a gateway cut off, and is held as well: then
// the last known state goes on being used, and the breakers, which see real traffic, still act.
//
// All methods are safe for concurrent use. None calls anything foreign.
type verdicts struct {
	mu      sync.Mutex
	all     map[*prober]bool
	addrs   map[string]int // subjects by address
	well    []*prober      // whose last probe succeeded
	failing int            // whose last probe failed
	turn    uint           // who of well is woken next
	wells   uint64         // probes that succeeded, ever
	held    map[*prober]bool
	doubt   bool
	since   time.Time // of the doubt
}

func newVerdicts() *verdicts {
	return &verdicts{all: map[*prober]bool{}, addrs: map[string]int{}, held: map[*prober]bool{}}
}

// nowhere is the place of a prober that is not in verdicts.well.
const nowhere = -1

// A seat is a prober's part of verdicts, guarded by verdicts.mu.
type seat struct {
	streak   Streak
	last     Answer
	news     uint64 // counts what there was to tell the subject
	place    int    // in verdicts.well
	failures int    // in a row
	wellsAt  uint64 // verdicts.wells at the first of these
	gone     bool
}

// An outcome is what follows from one answer.
type outcome struct {
	confirm  bool      // probe the same subject again at once
	wake     *prober   // somebody else to probe at once
	released []*prober // others whose held verdict counts now
	doubt    *doubt    // begins or ends
}

// A doubt is the beginning or the end of self-doubt.
type doubt struct {
	begins  bool
	watched int           // subjects in all
	held    int           // verdicts held
	lasted  time.Duration // at its end
}

// join seats p.
func (v *verdicts) join(p *prober) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all[p] = true
	v.addrs[p.addr]++
}

// resume makes p, of which nothing has been heard yet, go on from a state.
func (v *verdicts) resume(p *prober, s State) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p.streak = Streak{State: s}
}

// leave ends p's part and returns the state it came to. Its answers count no more.
func (v *verdicts) leave(p *prober) State {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fare(p, false)
	if p.failures > 0 {
		v.failing--
	}
	p.gone = true
	delete(v.held, p)
	delete(v.all, p)
	if v.addrs[p.addr]--; v.addrs[p.addr] == 0 {
		delete(v.addrs, p.addr)
	}
	return p.streak.State
}

// settle ends a doubt that has lost its ground because too few are watched. It reports whether it did.
func (v *verdicts) settle() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.doubt || v.several() {
		return false
	}
	v.forget()
	return true
}

func (v *verdicts) suspect() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.doubt
}

// latest is what p's subject should know: the news counts up whenever there is something new. It
// is not ok if p left.
func (v *verdicts) latest(p *prober) (a Answer, s State, news uint64, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return p.last, p.streak.State, p.news, !p.gone
}

// hear takes the answer of one probe of p.
func (v *verdicts) hear(p *prober, a Answer) outcome {
	v.mu.Lock()
	defer v.mu.Unlock()
	if p.gone {
		return outcome{}
	}
	p.last = a
	p.news++
	if a.OK {
		return v.succeeded(p)
	}
	return v.failed(p)
}

func (v *verdicts) failed(p *prober) (out outcome) {
	v.fare(p, false)
	p.failures++
	if p.failures == 1 {
		v.failing++
		p.wellsAt = v.wells
		out.wake = v.witness(p)
	}
	next := p.streak.After(false, p.check.Up, p.check.Down)
	if next.State == p.streak.State || v.believes(p) {
		p.streak = next
		delete(v.held, p)
	} else {
		v.held[p] = true
	}
	out.confirm = p.failures == 1 && p.streak.State != Down && !v.held[p]
	if !v.doubt && len(v.held) > 0 && v.blind() {
		v.doubt, v.since = true, time.Now()
		out.doubt = &doubt{begins: true, watched: len(v.all), held: len(v.held)}
	}
	return out
}

func (v *verdicts) succeeded(p *prober) (out outcome) {
	v.fare(p, true)
	v.wells++
	if p.failures > 0 {
		p.failures = 0
		v.failing--
	}
	delete(v.held, p)
	p.streak = p.streak.After(true, p.check.Up, p.check.Down)
	if v.doubt {
		out.doubt = &doubt{watched: len(v.all), held: len(v.held), lasted: time.Since(v.since)}
		v.forget()
		return out
	}
	for q := range v.held {
		q.streak = Streak{State: Down}
		q.news++
		out.released = append(out.released, q)
	}
	clear(v.held)
	return out
}

// believes reports whether p's failures may be held against it.
func (v *verdicts) believes(p *prober) bool {
	if !v.several() {
		return true
	}
	return !v.doubt && !v.blind() && v.wells > p.wellsAt
}

// several reports whether there is anybody to compare with.
func (v *verdicts) several() bool { return len(v.addrs) > 1 }

// blind reports whether everybody's last probe failed.
func (v *verdicts) blind() bool { return v.several() && v.failing == len(v.all) }

// forget ends the doubt. A failure that is forgotten does not count any more, but is no success.
func (v *verdicts) forget() {
	v.doubt = false
	clear(v.held)
	for q := range v.all {
		if q.streak.State == Down || q.failures == 0 {
			continue
		}
		q.streak = Streak{State: q.streak.State}
		q.failures = 0
		v.failing--
	}
}

// fare keeps v.well after a probe of p.
func (v *verdicts) fare(p *prober, well bool) {
	if well == (p.place != nowhere) {
		return
	}
	if well {
		p.place = len(v.well)
		v.well = append(v.well, p)
		return
	}
	end := len(v.well) - 1
	v.well[p.place] = v.well[end]
	v.well[p.place].place = p.place
	v.well[end] = nil
	v.well = v.well[:end]
	p.place = nowhere
}

// witness is somebody who was well when last asked, by turns and preferably elsewhere than p; nil
// if there is nobody.
func (v *verdicts) witness(p *prober) *prober {
	if len(v.well) == 0 {
		return nil
	}
	var q *prober
	for range 4 {
		q = v.well[v.turn%uint(len(v.well))]
		v.turn++
		if q.addr != p.addr {
			break
		}
	}
	return q
}
