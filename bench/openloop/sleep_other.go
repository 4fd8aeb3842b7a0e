//go:build !linux

package openloop

import (
	"context"
	"time"
)

// sleepUntil sleeps by the runtime's timers. It returns false when ctx ended.
func sleepUntil(ctx context.Context, t time.Time) bool {
	for d := time.Until(t); d > 0 && ctx.Err() == nil; d = time.Until(t) {
		time.Sleep(min(d, 50*time.Millisecond))
	}
	return ctx.Err() == nil
}
