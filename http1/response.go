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
	// A 1xx and a 204 have none, whatever the server sent.
	HasLength bool
	Length    int64

	KeepAlive     bool // the connection can be used again after the body
	Informational bool // 1xx: another head follows (except after 101)
	RetryAfter    bool // there is a Retry-After field
	Upgrade       Span // value of the first Upgrade field if Connection names it

	at section
}

// Reset forgets the message, keeping the room for fields.
func (r *Response) Reset() { *r = Response{Fields: r.Fields[:0]} }

// Parse reads one response head from the front of b; head tells that the request was a HEAD,
// whose answer has no body. It resumes like Request.Parse. Errors are *Error with status 502.
func (r *Response) Parse(b []byte, lim Limits, head bool) (done bool, err error) {
	if r.at.fields == 0 {
		cr, err := r.at.eol(b, lim.Line, ErrStatusTooLong)
		if err != nil {
			return false, err.Upstream()
		}
		if cr < 0 {
			return false, nil
		}
		if err := r.statusLine(b[:cr]); err != nil {
			return false, err
		}
		r.at.next(cr + 2)
		r.at.fields = cr + 2
	}
	fields, done, e := r.at.parse(b, r.Fields, lim)
	r.Fields = fields
	if e != nil {
		return false, e.Upstream()
	}
	if !done {
		return false, nil
	}
	r.Size = r.at.line
	if e := r.judge(b, head); e != nil {
		return false, e.Upstream()
	}
	return true, nil
}

// statusLine reads version SP status [SP reason]. The second space belongs there even without
// a reason, but many servers leave it out, and nothing depends on it.
func (r *Response) statusLine(line []byte) *Error {
	const version, status = len("HTTP/1.1"), len("HTTP/1.1 200")
	if len(line) < status || line[version] != ' ' {
		return ErrStatusLine
	}
	switch string(line[:version]) {
	case "HTTP/1.1":
		r.Minor = 1
	case "HTTP/1.0":
		r.Minor = 0
	default:
		return ErrVersionForeign
	}
	for _, c := range line[version+1 : status] {
		if !isDigit(c) {
			return ErrStatusLine
		}
		r.Status = r.Status*10 + int(c-'0')
	}
	if r.Status < 100 || r.Status > 599 {
		return ErrStatus
	}
	if len(line) == status {
		return nil
	}
	if line[status] != ' ' {
		return ErrStatusLine
	}
	r.Reason = span(status+1, len(line))
	return nil
}

// judge draws the conclusions from a head that is complete.
func (r *Response) judge(b []byte, head bool) *Error {
	options, err := r.at.options(b, r.Fields)
	if err != nil {
		return err
	}
	if r.Minor == 1 {
		r.KeepAlive = options&optionClose == 0
	} else {
		r.KeepAlive = options&(optionClose|optionKeepAlive) == optionKeepAlive
	}
	if options&optionUpgrade != 0 {
		if i := r.Find(NameUpgrade); i >= 0 {
			r.Upgrade = r.Fields[i].Value
		}
	}
	r.RetryAfter = r.at.present.Has(NameRetryAfter)
	r.Informational = r.Status < 200
	if r.Body, r.Length, err = r.at.framing(b, r.Fields, r.Minor); err != nil {
		return err
	}
	r.HasLength = r.Body == Length
	switch {
	case r.Informational || r.Status == 204:
		if r.Body == Chunked || r.Length > 0 {
			r.KeepAlive = false // a server that announces a body here may send one
		}
		r.Body, r.HasLength, r.Length = NoBody, false, 0
	case head || r.Status == 304:
		r.Body = NoBody
	case r.Body == NoBody:
		r.Body, r.KeepAlive = UntilClose, false
	}
	return nil
}

// Find returns the index in Fields of the first field with that name, -1 without one.
func (r *Response) Find(n Name) int { return find(r.Fields, r.at.present, n) }
