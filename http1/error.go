package http1

// An Error is why a message is refused. All values are package variables made at start, so
// they can be compared and returning one costs nothing.
type Error struct {
	Status int    // what to answer the client: 400, 405, 414, 417, 431, 501, 505; for responses always 502
	Reason string // one line, fit for an answer and a log

	upstream *Error // the same fault found in a response
}

func (e *Error) Error() string { return e.Reason }
