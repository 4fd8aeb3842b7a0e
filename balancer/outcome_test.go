package balancer

import "testing"

func TestOutcomes(t *testing.T) {
	tests := []struct {
		o       Outcome
		word    string
		failure bool
		headed  bool
	}{
		{Answered, "answered", false, true},
		{ConnectFailed, "connect", true, false},
		{Reset, "reset", true, false},
		{TimedOut, "timeout", true, false},
		{BadResponse, "bad_response", true, false},
		{ErrorStatus, "status", true, true},
		{Overloaded, "overload", false, true},
		{Truncated, "truncated", true, false},
		{Abandoned, "abandoned", false, false},
		{Unsent, "unsent", false, false},
	}
	if len(tests) != Outcomes {
		t.Fatalf("%d outcomes tested, there are %d", len(tests), Outcomes)
	}
	for i, tt := range tests {
		if int(tt.o) != i || tt.o.String() != tt.word || tt.o.Failure() != tt.failure || tt.o.headed() != tt.headed {
			t.Errorf("outcome %d: %q failure %v headed %v, want %+v", tt.o, tt.o, tt.o.Failure(), tt.o.headed(), tt)
		}
	}
}
