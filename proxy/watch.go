package proxy

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// sweepEvery is the grain of all deadlines on connections: a deadline is enforced at most this
// much late. Setting the kernel's own deadlines for each read costs a tenth of a request.
const sweepEvery = 20 * time.Millisecond

// peekAfter is how long a request waits for more of its answer before its client is looked after, and
// again each time.
const peekAfter = 200 * time.Millisecond

// fired marks a watch whose time has come.
const fired = -1

// A watch interrupts blocking input or output on one connection when its time has come.
// The goroutine that does the I/O arms it; the sweeper fires it. Arming is one atomic store.
type watch struct {
	due   atomic.Int64 // on the process clock, in nanoseconds; 0: not armed
	conn  net.Conn
	write bool
}

// arm sets the time at which I/O under way is interrupted.
func (w *watch) arm(at time.Duration) { w.due.Store(int64(at)) }

// rearm is arm, and returns false if the time before has come: what was waited for came with it, and I/O
// is, or will at once be, interrupted.
func (w *watch) rearm(at time.Duration) bool { return w.due.Swap(int64(at)) != fired }

// disarm takes the time back. It returns false if it has come: the connection is of no more use.
func (w *watch) disarm() bool { return w.due.Swap(0) != fired }

// move changes the time from one to another, if it is still that.
func (w *watch) move(from, to time.Duration) { w.due.CompareAndSwap(int64(from), int64(to)) }

// interrupt makes I/O under way, and any later, fail with os.ErrDeadlineExceeded.
func (w *watch) interrupt() {
	if w.write {
		w.conn.SetWriteDeadline(time.Unix(1, 0))
		return
	}
	w.conn.SetReadDeadline(time.Unix(1, 0))
}

// check fires the watch if its time has come.
func (w *watch) check(now time.Duration) {
	due := w.due.Load()
	if due > 0 && int64(now) >= due && w.due.CompareAndSwap(due, fired) {
		w.interrupt()
	}
}

// fireIf fires the watch if it is still armed for due: then it belongs to the same exchange as
// when due was read, since no two arm it for the same nanosecond.
func (w *watch) fireIf(due int64) {
	if due > 0 && w.due.CompareAndSwap(due, fired) {
		w.interrupt()
	}
}

// watched is a connection the sweeper looks at. Either half may be idle.
type watched interface {
	sweep(now time.Duration)
}

// A sweeper visits all connections every sweepEvery and enforces their deadlines. Connections are
// added and removed once in their life, so requests never meet its locks.
type sweeper struct {
	shards [16]struct {
		mu   sync.Mutex
		list []*slot
		_    [32]byte
	}
	next  atomic.Uint32
	clock Clock
}

// A slot is a watched connection's place in the sweeper.
type slot struct {
	of    watched
	shard uint32
	at    int
}

// add starts watching s.of.
func (s *sweeper) add(sl *slot) {
	sl.shard = s.next.Add(1) % uint32(len(s.shards))
	sh := &s.shards[sl.shard]
	sh.mu.Lock()
	sl.at = len(sh.list)
	sh.list = append(sh.list, sl)
	sh.mu.Unlock()
}

// remove stops watching; afterwards sweep is not called any more.
func (s *sweeper) remove(sl *slot) {
	sh := &s.shards[sl.shard]
	sh.mu.Lock()
	last := len(sh.list) - 1
	sh.list[sl.at] = sh.list[last]
	sh.list[sl.at].at = sl.at
	sh.list[last] = nil
	sh.list = sh.list[:last]
	sh.mu.Unlock()
}

// settle returns when a sweep of s.of that has begun is over.
func (s *sweeper) settle(sl *slot) {
	sh := &s.shards[sl.shard]
	sh.mu.Lock()
	defer sh.mu.Unlock()
}

// run sweeps until ctx ends. each is called once a second beside it.
func (s *sweeper) run(ctx context.Context, each func(now time.Duration)) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.clock.Now()
		for i := range s.shards {
			sh := &s.shards[i]
			sh.mu.Lock()
			for _, sl := range sh.list {
				sl.of.sweep(now)
			}
			sh.mu.Unlock()
		}
		if n%int(time.Second/sweepEvery) == 0 {
			each(now)
		}
	}
}
