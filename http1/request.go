package http1

// A Request is a parsed request head. The zero value is ready for the first Parse; Reset makes
// it ready for the next message. It is not safe for concurrent use.
type Request struct {
	Size   int      // bytes of the head with the empty line (and empty lines before it); the body begins there
	Method Span     // as sent
	Verb   MethodID // Method, when it is a known one
	Target Span     // as sent

	Path     Span // of the target, as sent; empty for "*" and for an absolute target without one (means "/")
	Query    Span // of the target, as sent, without the '?'
	HasQuery bool // tells an empty query ("/a?") from none ("/a")

	// Authority is host and port as sent: from an absolute target, else from the Host field.
	// Empty only in HTTP/1.0. It is valid in the sense of ValidHost.
	Authority Span
	Absolute  bool // the target was an absolute URI; forward it as path and query, with Host: Authority
	Asterisk  bool // OPTIONS for the server as a whole: forward the target "*"

	Minor     uint8 // HTTP/1.Minor: 0 or 1
	Fields    []Field
	Body      Framing
	Length    int64 // Content-Length when Body is Length, else 0
	KeepAlive bool  // the client wants to keep the connection
	Expect    bool  // the client waits for 100 Continue before it sends the body
	Upgrade   Span  // value of Upgrade if Connection names it (never in HTTP/1.0)
}

// Reset forgets the message, keeping the room for fields.
func (r *Request) Reset() { *r = Request{Fields: r.Fields[:0]} }

// Parse reads one request head from the front of b. With done false and no error, b is the
// beginning of a head that is acceptable so far, and Parse must be called again with the same
// bytes and more after them; it resumes where it stopped. After an error or done, Reset.
//
// Errors are *Error. One that comes with done true refuses a request whose head was read to
// its end and is well-formed (405, 417): Size and the framing are valid then.
func (r *Request) Parse(b []byte, lim Limits) (done bool, err error) { return false, nil }

// Idempotent tells whether the method is one that may be sent twice (RFC 9110 section 9.2.2).
func (r *Request) Idempotent() bool { return false }

// IsHead tells whether the method is HEAD, whose answer has no body.
func (r *Request) IsHead() bool { return r.Verb == MethodHead }

// Find returns the index in Fields of the first field with that name, -1 without one.
func (r *Request) Find(n Name) int { return -1 }

// Lookup returns the value of the first field with that name, whatever its case; nil without
// one, not nil but empty for an empty value.
func (r *Request) Lookup(b []byte, name string) []byte { return nil }

// Cookie returns the value of the first cookie with that name (cookie names have case), nil
// without one. Double quotes around the value are not part of it.
func (r *Request) Cookie(b []byte, name string) []byte { return nil }

// AppendTarget appends the target in the form a server expects: path and query exactly as
// sent, or "*".
func (r *Request) AppendTarget(dst, b []byte) []byte { return dst }
