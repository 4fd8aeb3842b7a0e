package http1

// A Response is a parsed response head. The zero value is ready for the first Parse; Reset
// makes it ready for the next message. It is not safe for concurrent use.
type Response struct {
	Size   int   // bytes of the head with the empty line; the body begins there
	Status int   // 100 to 599
	Minor  uint8 // HTTP/1.Minor: 0 or 1
	Reason Span  // may be empty
	Fields []Field
	Body   Framing

	// HasLength tells that there is a Content-Length, and Length what it says. An answer to HEAD
	// and a 304 have NoBody and may still have one: what a GET would have had, to be passed on.
	HasLength bool
	Length    int64

	KeepAlive     bool // the connection can be used again after the body
	Informational bool // 1xx: another head follows (except after 101)
	RetryAfter    bool // there is a Retry-After field
	Upgrade       Span // value of Upgrade if Connection names it
}

// Reset forgets the message, keeping the room for fields.
func (r *Response) Reset() { *r = Response{Fields: r.Fields[:0]} }

// Parse reads one response head from the front of b; head tells that the request was a HEAD,
// whose answer has no body. It resumes like Request.Parse. Errors are *Error with status 502.
func (r *Response) Parse(b []byte, lim Limits, head bool) (done bool, err error) { return false, nil }

// Find returns the index in Fields of the first field with that name, -1 without one.
func (r *Response) Find(n Name) int { return -1 }

// Lookup returns the value of the first field with that name, whatever its case; nil without
// one, not nil but empty for an empty value.
func (r *Response) Lookup(b []byte, name string) []byte { return nil }
