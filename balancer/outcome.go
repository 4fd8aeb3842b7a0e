package balancer

// An Outcome is what became of one attempt at an endpoint.
type Outcome uint8

const (
	// Answered: a response head came, and nothing is wrong with it.
	Answered Outcome = iota

	// ConnectFailed: no connection could be had; nothing was sent.
	ConnectFailed

	// Reset: the connection broke before the head was whole.
	Reset

	// TimedOut: the head did not come within the attempt's time.
	TimedOut

	// BadResponse: what came is no response that can be trusted.
	BadResponse

	// ErrorStatus: a head came and its status says that the endpoint failed.
	ErrorStatus

	// Overloaded: a head came and says that the endpoint has too much to do (429, or 503 with
	// Retry-After). It is not a failure: it tells of load, not of sickness.
	Overloaded

	// Truncated: the answer was cut after its head.
	Truncated

	// Abandoned: the client went away first. Nobody's failure.
	Abandoned

	// Unsent: not one byte was sent, through no fault of the endpoint, for instance because it was
	// barred while the connection was being made. Counted nowhere.
	Unsent

	// Outcomes is how many outcomes there are.
	Outcomes = int(Unsent) + 1
)

// String returns the word metrics use for o.
func (o Outcome) String() string {
	switch o {
	case Answered:
		return "answered"
	case ConnectFailed:
		return "connect"
	case Reset:
		return "reset"
	case TimedOut:
		return "timeout"
	case BadResponse:
		return "bad_response"
	case ErrorStatus:
		return "status"
	case Overloaded:
		return "overload"
	case Truncated:
		return "truncated"
	case Abandoned:
		return "abandoned"
	case Unsent:
		return "unsent"
	}
	panic("BUG: an outcome out of range")
}

// Failure says whether o is the endpoint's failure: what breakers, ejection and weights go by.
func (o Outcome) Failure() bool {
	switch o {
	case ConnectFailed, Reset, TimedOut, BadResponse, ErrorStatus, Truncated:
		return true
	}
	return false
}

// headed says whether a response head came, so that a body may follow.
func (o Outcome) headed() bool {
	return o == Answered || o == ErrorStatus || o == Overloaded
}
