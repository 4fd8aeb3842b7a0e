package router

import (
	"math"
	"time"

	"golang.org/x/time/rate"

	"github.com/tidegate/tidegate/config"
)

// limiter is a route's token bucket. It is shared by all tables that have the same limit under
// the same name, so that a reload does not hand out the burst again.
type limiter struct {
	def    config.Limit
	bucket *rate.Limiter
}

func newLimiter(def config.Limit) *limiter {
	return &limiter{def: def, bucket: rate.NewLimiter(rate.Limit(def.Rate), def.Burst)}
}

// admit takes a token. If there is none, it says when there will be one.
func (l *limiter) admit(now time.Duration) (retryAfter time.Duration, ok bool) {
	t := time.Unix(0, 0).Add(now) // any fixed start will do: only differences count
	if l.bucket.AllowN(t, 1) {
		return 0, true
	}
	missing := 1 - l.bucket.TokensAt(t)
	seconds := missing / float64(l.def.Rate)
	if seconds > maxRetryAfter.Seconds() || math.IsNaN(seconds) {
		return maxRetryAfter, false
	}
	return max(time.Duration(seconds*float64(time.Second)), time.Nanosecond), false
}

// maxRetryAfter bounds what a client is told to wait.
const maxRetryAfter = time.Hour
