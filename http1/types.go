package http1

// Limits bound a message head. All three must be set: zero means that nothing is allowed.
type Limits struct {
	Line   int // bytes of the first line, without its CRLF
	Fields int // bytes of all field lines together, each with its CRLF
	Count  int // number of field lines
}

// A Span is a place in the buffer that was given to Parse.
type Span struct{ Off, Len uint32 }

// Of returns the bytes of b that s spans. b must begin with the bytes that were parsed; it
// may have been moved or have grown since.
func (s Span) Of(b []byte) []byte { return b[s.Off : s.Off+s.Len : s.Off+s.Len] }

// A Field is one field line of a head.
type Field struct {
	Line  Span // the whole line with its CRLF
	Name  Span
	Value Span // without the white space around it
	Known Name
	Hop   bool // meant for the next hop only, so not to be forwarded (RFC 9110 section 7.6.1)
}

// Framing says how the end of a message body is found.
type Framing uint8

const (
	NoBody     Framing = iota // the message ends with its head
	Length                    // Content-Length bytes follow, maybe zero
	Chunked                   // a chunked body follows
	UntilClose                // the body ends with the connection (responses only)
)

// MethodID is a request method known to this package.
type MethodID uint8

const (
	MethodOther MethodID = iota
	MethodGet
	MethodHead
	MethodPost
	MethodPut
	MethodDelete
	MethodOptions
	MethodPatch
	MethodTrace
	MethodConnect
)
