package openloop

import (
	"context"
	"syscall"
	"time"
)

// sleepUntil sleeps in the kernel, which wakes within some 60 µs; the runtime's timers wake within
// a millisecond when nothing else runs, which at 10,000 requests a second would send ten at once.
// It returns false when ctx ended.
func sleepUntil(ctx context.Context, t time.Time) bool {
	for {
		if ctx.Err() != nil {
			return false
		}
		d := time.Until(t)
		if d <= 0 {
			return true
		}
		ts := syscall.NsecToTimespec(int64(min(d, 50*time.Millisecond)))
		syscall.Nanosleep(&ts, nil) // interrupted: the loop goes round
	}
}
