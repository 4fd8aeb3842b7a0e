package http1

// An Error is why a message is refused. All values are package variables made at start, so
// they can be compared, and returning one costs nothing.
type Error struct {
	Status int    // what to answer the client: 400, 405, 414, 417, 431, 501 or 505; for responses always 502
	Reason string // one line, fit for an answer and a log

	upstream *Error // the same fault found in a response
}

func (e *Error) Error() string { return e.Reason }

// Upstream returns the error for the same fault in a response: status 502.
func (e *Error) Upstream() *Error {
	if e.upstream == nil {
		return e
	}
	return e.upstream
}

func fault(status int, reason string) *Error {
	return &Error{Status: status, Reason: reason, upstream: &Error{Status: 502, Reason: "bad response: " + reason}}
}

// Faults of any head.
var (
	ErrControl       = fault(400, "control character in the head")
	ErrBareLF        = fault(400, "line feed without carriage return")
	ErrBareCR        = fault(400, "carriage return without line feed")
	ErrFold          = fault(400, "line folding, or white space before a field")
	ErrNoColon       = fault(400, "field line without a colon")
	ErrSpaceColon    = fault(400, "white space between field name and colon")
	ErrName          = fault(400, "field name is not a token")
	ErrTwin          = fault(400, "field name passes for another one where '_' is read as '-'")
	ErrFieldsTooBig  = fault(431, "fields too large")
	ErrFieldsTooMany = fault(431, "too many fields")

	ErrConnection        = fault(400, "malformed Connection")
	ErrConnectionNames   = fault(400, "Connection names a field that is not for the next hop only")
	ErrConnectionTooMany = fault(400, "too many options in Connection")

	ErrLengthRepeated   = fault(400, "Content-Length repeated")
	ErrLength           = fault(400, "malformed Content-Length")
	ErrLengthAndCoding  = fault(400, "both Content-Length and Transfer-Encoding")
	ErrCodingRepeated   = fault(400, "Transfer-Encoding repeated")
	ErrCoding           = fault(400, "malformed Transfer-Encoding")
	ErrCodingNotChunked = fault(400, "Transfer-Encoding does not end with chunked")
	ErrCodingUnknown    = fault(501, "transfer coding not implemented")
	ErrCodingOld        = fault(400, "Transfer-Encoding in HTTP/1.0")

	ErrVersion = fault(400, "malformed HTTP version")
)

// Faults of a request head.
var (
	ErrEmptyLines     = fault(400, "empty lines before the request")
	ErrRequestLine    = fault(400, "malformed request line")
	ErrMethod         = fault(400, "method is not a token")
	ErrMethodTooLong  = fault(501, "method too long")
	ErrTargetTooLong  = fault(414, "request target too long")
	ErrTarget         = fault(400, "character not allowed in the request target")
	ErrTargetForm     = fault(400, "request target is neither a path nor an http or https URI")
	ErrTargetHost     = fault(400, "malformed host in the request target")
	ErrTargetAsterisk = fault(400, "request target * is for OPTIONS only")
	ErrVersionUnknown = fault(505, "HTTP version not supported")

	ErrHostMissing  = fault(400, "Host missing")
	ErrHostRepeated = fault(400, "Host repeated")
	ErrHost         = fault(400, "malformed Host")

	ErrMethodNotAllowed = fault(405, "method not allowed")
	ErrExpectation      = fault(417, "expectation not met")
)

// Faults of a response head.
var (
	ErrStatusLine     = fault(400, "malformed status line").upstream
	ErrStatusTooLong  = fault(400, "status line too long").upstream
	ErrStatus         = fault(400, "status is not between 100 and 599").upstream
	ErrVersionForeign = fault(400, "HTTP version is neither 1.0 nor 1.1").upstream
)

// Faults of a chunked body.
var (
	ErrChunkSize      = fault(400, "malformed chunk size")
	ErrChunkExtension = fault(400, "malformed chunk extension")
	ErrChunkLine      = fault(400, "chunk line too long")
	ErrChunkEnd       = fault(400, "chunk data without CRLF after it")
	ErrTrailer        = fault(400, "field not allowed in trailers")
)

// Faults of a path, found by NormalizePath.
var (
	ErrPath       = fault(400, "path does not begin with a slash")
	ErrPathEscape = fault(400, "malformed escape in the path")
	ErrPathRoot   = fault(400, "path leaves the root")
	ErrPathHidden = fault(400, "ambiguous dot segment in the path")
)
