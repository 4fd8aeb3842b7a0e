package proxy

import "time"

// A Clock tells the time since it was started, on the monotonic clock, which no change of the
// wall clock touches. It is a value and safe for concurrent use.
type Clock struct{ start time.Time }

// StartClock returns a clock that starts now.
func StartClock() Clock { return Clock{start: time.Now()} }

// Now returns the time since the start.
func (c Clock) Now() time.Duration { return time.Since(c.start) }
