package balancer

import (
	"testing"
	"time"
)

func TestLatencyBucketsFollowBounds(t *testing.T) {
	bounds := LatencyBounds()
	for i, bound := range bounds {
		if i > 0 && bound <= bounds[i-1] {
			t.Errorf("bound %d is %v after %v", i, bound, bounds[i-1])
		}
		if got := latencyBucket(bound); got != i {
			t.Errorf("%v is in bucket %d, want %d: bounds are inclusive", bound, got, i)
		}
		if got := latencyBucket(bound + 1); got != i+1 {
			t.Errorf("%v is in bucket %d, want %d", bound+1, got, i+1)
		}
	}
	if got := latencyBucket(0); got != 0 {
		t.Errorf("0 is in bucket %d", got)
	}
	if got := latencyBucket(time.Hour); got != LatencyBuckets-1 {
		t.Errorf("an hour is in bucket %d", got)
	}
}

func TestStatsRead(t *testing.T) {
	s := new(Stats)
	s.head(Answered, 2*time.Millisecond)
	s.head(Answered, 30*time.Millisecond)
	s.head(ErrorStatus, 3*time.Millisecond)
	s.head(ConnectFailed, 500*time.Millisecond)
	s.head(Unsent, time.Second)
	first := s.Read()
	s.head(Overloaded, 20*time.Second)
	s.head(Abandoned, time.Second)
	s.end(Truncated)
	s.end(TimedOut)
	s.Retried()

	want := Reading{Requests: 6, Heads: 4, Retries: 1, Nanos: uint64(20*time.Second + 35*time.Millisecond)}
	want.Failures = [Outcomes]uint64{Answered: 2, ErrorStatus: 1, ConnectFailed: 1, Overloaded: 1, Abandoned: 1, Truncated: 1, TimedOut: 1}
	want.Buckets = [LatencyBuckets]uint64{1: 1, 2: 1, 5: 1, 13: 1}
	got := s.Read()
	if got != want {
		t.Errorf("read\n%+v, want\n%+v", got, want)
	}
	if got.Failed() != 4 || first.Failed() != 2 {
		t.Errorf("failed %d and %d, want 4 and 2", got.Failed(), first.Failed())
	}
	diff := Reading{Requests: 2, Heads: 1, Retries: 1, Nanos: uint64(20 * time.Second)}
	diff.Failures = [Outcomes]uint64{Overloaded: 1, Abandoned: 1, Truncated: 1, TimedOut: 1}
	diff.Buckets = [LatencyBuckets]uint64{13: 1}
	if d := got.Sub(&first); d != diff {
		t.Errorf("difference\n%+v, want\n%+v", d, diff)
	}
}
