package http1

import "bytes"

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
	Secure    bool // the absolute target's scheme is https: refuse it on a connection without TLS (RFC 9110 section 7.4)
	Asterisk  bool // OPTIONS for the server as a whole: forward the target "*"

	Minor     uint8 // HTTP/1.Minor: 0 or 1
	Fields    []Field
	Body      Framing
	Length    int64 // Content-Length when Body is Length, else 0
	KeepAlive bool  // the client wants to keep the connection
	Expect    bool  // the client waits for 100 Continue before it sends the body
	Upgrade   Span  // value of the first Upgrade field if Connection names it (never in HTTP/1.0)

	at     section
	blanks uint8
}

// Reset forgets the message, keeping the room for fields.
func (r *Request) Reset() { *r = Request{Fields: r.Fields[:0]} }

// Parse reads one request head from the front of b. With done false and no error, b is the
// beginning of a head that is acceptable so far, and Parse must be called again with the same
// bytes and more after them; it resumes where it stopped. After an error or done, Reset.
//
// Errors are *Error. One that comes with done true refuses a request whose head was read to
// its end and is well-formed (405, 417): Size and the framing are valid then.
func (r *Request) Parse(b []byte, lim Limits) (done bool, err error) {
	if r.at.fields == 0 {
		done, err := r.first(b, lim.Line)
		if err != nil {
			return false, err
		}
		if !done {
			return false, nil
		}
	}
	fields, done, e := r.at.parse(b, r.Fields, lim)
	r.Fields = fields
	if e != nil {
		return false, e
	}
	if !done {
		return false, nil
	}
	r.Size = r.at.line
	if e := r.judge(b); e != nil {
		return false, e
	}
	switch {
	case r.Verb == MethodTrace || r.Verb == MethodConnect:
		return true, ErrMethodNotAllowed
	case !r.at.present.Has(NameExpect):
	case r.Minor == 0: // it must be ignored, and would not be if it were sent on in HTTP/1.1
		nominate(r.Fields, NameExpect)
	default:
		if e := r.expect(b); e != nil {
			return true, e
		}
	}
	return true, nil
}

// maxBlanks is how many empty lines may come before a request (RFC 9112 section 2.2).
const maxBlanks = 2

// first reads the request line and what may be before it.
func (r *Request) first(b []byte, max int) (bool, error) {
	s := &r.at
	for s.line == s.scan && s.line < len(b) && b[s.line] == '\r' {
		if s.line+1 == len(b) {
			return false, nil
		}
		if b[s.line+1] != '\n' {
			return false, ErrBareCR
		}
		if r.blanks++; r.blanks > maxBlanks {
			return false, ErrEmptyLines
		}
		s.next(s.line + 2)
	}
	cr, err := s.eol(b, s.line+max, ErrTargetTooLong)
	if cr < 0 {
		if err == ErrTargetTooLong {
			err = tooLong(b[s.line:s.scan])
		}
		if err != nil {
			return false, err
		}
		return false, nil
	}
	if err := r.requestLine(b, s.line, cr); err != nil {
		return false, err
	}
	s.next(cr + 2)
	s.fields = cr + 2
	return true, nil
}

// tooLong says what is too long about a request line.
func tooLong(line []byte) *Error {
	method := line
	if i := bytes.IndexByte(line, ' '); i >= 0 {
		method = line[:i]
	}
	switch {
	case !isTokens(method):
		return ErrMethod
	case len(method) == len(line):
		return ErrMethodTooLong
	}
	return ErrTargetTooLong
}

// requestLine reads method SP target SP version from b[from:to].
func (r *Request) requestLine(b []byte, from, to int) *Error {
	line := b[from:to]
	sp := bytes.IndexByte(line, ' ')
	if sp < 0 {
		return ErrRequestLine
	}
	r.Verb = verb(line[:sp])
	if r.Verb == MethodOther && !isTokens(line[:sp]) {
		return ErrMethod
	}
	r.Method = span(from, from+sp)

	const version = len("HTTP/1.1")
	end := len(line) - version - 1
	if end <= sp+1 || line[end] != ' ' {
		return badVersion(line)
	}
	switch string(line[end+1:]) {
	case "HTTP/1.1":
		r.Minor = 1
	case "HTTP/1.0":
		r.Minor = 0
	default:
		return badVersion(line)
	}
	r.Target = span(from+sp+1, from+end)
	return r.target(b, from+sp+1, from+end)
}

// badVersion says what is wrong with the end of a request line.
func badVersion(line []byte) *Error {
	v := line[bytes.LastIndexByte(line, ' ')+1:]
	if len(v) != len("HTTP/1.1") || string(v[:5]) != "HTTP/" || v[6] != '.' || !isDigit(v[5]) || !isDigit(v[7]) {
		return ErrVersion
	}
	if v[5] == '1' && v[7] <= '1' { // the version is fine, what is before it is not
		return ErrRequestLine
	}
	return ErrVersionUnknown
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func verb(method []byte) MethodID {
	switch string(method) {
	case "GET":
		return MethodGet
	case "HEAD":
		return MethodHead
	case "POST":
		return MethodPost
	case "PUT":
		return MethodPut
	case "DELETE":
		return MethodDelete
	case "OPTIONS":
		return MethodOptions
	case "PATCH":
		return MethodPatch
	case "TRACE":
		return MethodTrace
	case "CONNECT":
		return MethodConnect
	}
	return MethodOther
}

// judge draws the conclusions from a head that is complete.
func (r *Request) judge(b []byte) *Error {
	options, err := r.at.options(b, r.Fields)
	if err != nil {
		return err
	}
	if err := r.judgeHost(b); err != nil {
		return err
	}
	if r.Body, r.Length, err = r.at.framing(b, r.Fields, r.Minor); err != nil {
		return err
	}
	if r.Minor == 1 {
		r.KeepAlive = options&optionClose == 0
	} else {
		r.KeepAlive = options&(optionClose|optionKeepAlive) == optionKeepAlive
	}
	if options&optionUpgrade != 0 && r.Minor == 1 {
		if i := r.Find(NameUpgrade); i >= 0 {
			r.Upgrade = r.Fields[i].Value
		}
	}
	return nil
}

func (r *Request) judgeHost(b []byte) *Error {
	if r.at.repeated.Has(NameHost) {
		return ErrHostRepeated
	}
	i := r.Find(NameHost)
	if i < 0 {
		if r.Minor == 1 {
			return ErrHostMissing
		}
		return nil
	}
	value := r.Fields[i].Value
	if !ValidHost(value.Of(b)) {
		return ErrHost
	}
	if r.Authority.Len == 0 { // else the target's counts (RFC 9112 section 3.2.2)
		r.Authority = value
	}
	return nil
}

// expect reads the Expect fields of an HTTP/1.1 request.
func (r *Request) expect(b []byte) *Error {
	for i := range r.Fields {
		if f := &r.Fields[i]; f.Known == NameExpect && !foldEqual(f.Value.Of(b), "100-continue") {
			return ErrExpectation
		}
	}
	r.Expect = r.Body == Chunked || r.Length > 0 // without a body there is nothing to wait for
	return nil
}

// Idempotent tells whether the method is one that may be sent twice (RFC 9110 section 9.2.2).
func (r *Request) Idempotent() bool {
	const idempotent = 1<<MethodGet | 1<<MethodHead | 1<<MethodPut | 1<<MethodDelete | 1<<MethodOptions | 1<<MethodTrace
	return idempotent>>r.Verb&1 != 0
}

// Find returns the index in Fields of the first field with that name, -1 without one.
func (r *Request) Find(n Name) int { return find(r.Fields, r.at.present, n) }

// Lookup returns the value of the first field with that name, whatever its case; nil without
// one, not nil but empty for an empty value.
func (r *Request) Lookup(b []byte, name string) []byte {
	for i := range r.Fields {
		f := &r.Fields[i]
		if int(f.Name.Len) == len(name) && sameFold(f.Name.Of(b), name) {
			return f.Value.Of(b)
		}
	}
	return nil
}

// Cookie returns the value of the first cookie with that name (cookie names have case), nil
// without one. Double quotes around the value are not part of it.
func (r *Request) Cookie(b []byte, name string) []byte {
	if !r.at.present.Has(NameCookie) {
		return nil
	}
	for i := range r.Fields {
		if r.Fields[i].Known != NameCookie {
			continue
		}
		if v := cookie(r.Fields[i].Value.Of(b), name); v != nil {
			return v
		}
	}
	return nil
}

// cookie finds a cookie in the value of one Cookie field.
func cookie(list []byte, name string) []byte {
	for len(list) > 0 {
		pair := list
		if i := bytes.IndexByte(list, ';'); i >= 0 {
			pair, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		for len(pair) > 0 && (pair[0] == ' ' || pair[0] == '\t') {
			pair = pair[1:]
		}
		if len(pair) <= len(name) || pair[len(name)] != '=' || string(pair[:len(name)]) != name {
			continue
		}
		v := pair[len(name)+1:]
		for len(v) > 0 && (v[len(v)-1] == ' ' || v[len(v)-1] == '\t') {
			v = v[:len(v)-1]
		}
		if n := len(v); n >= 2 && v[0] == '"' && v[n-1] == '"' {
			v = v[1 : n-1]
		}
		return v
	}
	return nil
}
