package openloop

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"
)

// Load is what to send, and when.
type Load struct {
	Addr     string        // host:port
	Rate     float64       // requests per second
	Even     bool          // evenly spaced; otherwise a Poisson process
	Duration time.Duration // from the first to the last arrival
	Conns    int           // connections at most, opened as they are needed; 0 means 64
	Timeout  time.Duration // for one answer, from when it was sent; 0 means 10 s
	Seed     uint64        // of the arrivals

	// Request appends the n-th request, whole, to buf. Called from many goroutines.
	Request func(n uint64, buf []byte) []byte

	// Done, if set, is told what became of each request, in the order they end. r and what it
	// refers to are borrowed. Called from many goroutines.
	Done func(r *Result)
}

// An Outcome is what became of a request.
type Outcome uint8

const (
	Answered  Outcome = iota // whole
	NoConnect                // no connection could be had, so nothing was sent
	NoHead                   // it failed before a whole response head was received
	Cut                      // the body ended early, visibly
	Outcomes                 // how many there are
)

// String returns the outcome's name.
func (o Outcome) String() string {
	return [Outcomes]string{"answered", "no connection", "failed before a head", "cut"}[o]
}

// A Result is what became of one request.
type Result struct {
	N        uint64
	Intended time.Time // when it was meant to be sent
	Sent     time.Time // when it was: later, if all connections were busy
	Headed   time.Time // when the head was there; zero if it never was
	Ended    time.Time
	Outcome  Outcome
	Status   int    // 0 if there was no head
	Head     []byte // of the answer, raw
	Body     int64  // bytes of it, without chunking
	Err      error
}

// Latency is the time from the intended instant to the answer's end.
func (r *Result) Latency() time.Duration { return r.Ended.Sub(r.Intended) }

// Run sends the load and returns when every request has ended, or earlier when ctx does: then what
// has not been sent is left out, and what is under way still ends. The error says what is wrong with
// l; a server that does not answer is no error but a finding.
func (l Load) Run(ctx context.Context) (*Report, error) {
	switch {
	case l.Addr == "" || l.Request == nil:
		return nil, errors.New("openloop: an address and requests are needed")
	case !(l.Rate > 0) || l.Duration <= 0:
		return nil, errors.New("openloop: rate and duration must be above zero")
	}
	if l.Conns == 0 {
		l.Conns = 64
	}
	if l.Timeout == 0 {
		l.Timeout = 10 * time.Second
	}
	d := &dispatcher{load: &l}
	start := time.Now()
	d.pace(ctx, start)
	d.finish()
	r := &Report{Start: start, Elapsed: time.Since(start), Status: map[int]uint64{}, Conns: len(d.all)}
	for _, w := range d.all {
		r.merge(&w.report)
	}
	return r, nil
}

// A job is one request to be sent.
type job struct {
	n        uint64
	intended time.Time
}

// A dispatcher hands jobs to connections: to the one most recently used, so that few are kept busy;
// to a new one if all are; to the queue if no more are allowed.
type dispatcher struct {
	load *Load
	wg   sync.WaitGroup

	mu    sync.Mutex
	all   []*worker
	idle  []*worker
	queue []job
	over  bool
}

// pace hands out every job at its instant.
func (d *dispatcher) pace(ctx context.Context, start time.Time) {
	runtime.LockOSThread() // sleepUntil sleeps in the kernel, whose alarm is finer than the runtime's
	defer runtime.UnlockOSThread()
	draw := rand.New(rand.NewPCG(d.load.Seed, 0x7469646567617465))
	gap := float64(time.Second) / d.load.Rate
	at := 0.0
	for n := uint64(0); ; n++ {
		if d.load.Even {
			at = float64(n) * gap
		} else {
			at += -math.Log(1-draw.Float64()) * gap
		}
		if time.Duration(at) >= d.load.Duration {
			return
		}
		intended := start.Add(time.Duration(at))
		if !sleepUntil(ctx, intended) {
			return
		}
		d.hand(job{n: n, intended: intended})
	}
}

func (d *dispatcher) hand(j job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.idle); n > 0 {
		w := d.idle[n-1]
		d.idle = d.idle[:n-1]
		w.next <- j
		return
	}
	if len(d.all) >= d.load.Conns {
		d.queue = append(d.queue, j)
		return
	}
	w := newWorker(d)
	d.all = append(d.all, w)
	d.wg.Add(1)
	go w.run()
	w.next <- j
}

// want returns w's next job, if there is one at once; otherwise w is idle and will be told. It
// returns false when there will be no more.
func (d *dispatcher) want(w *worker) (j job, now, more bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) > 0 {
		j = d.queue[0]
		d.queue = d.queue[1:]
		return j, true, true
	}
	if d.over {
		return job{}, false, false
	}
	d.idle = append(d.idle, w)
	return job{}, false, true
}

// finish waits until every job has ended.
func (d *dispatcher) finish() {
	d.mu.Lock()
	d.over = true
	for _, w := range d.idle {
		close(w.next)
	}
	d.mu.Unlock()
	d.wg.Wait()
}
