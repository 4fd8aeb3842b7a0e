package http1

// target reads the request target b[from:to], which is not empty (RFC 9112 section 3.2).
func (r *Request) target(b []byte, from, to int) *Error {
	t := b[from:to]
	switch {
	case r.Verb == MethodConnect:
		if n := hostLen(t); n == 0 || len(t) < n+2 { // the port is needed
			return ErrTargetHost
		}
		r.Authority = r.Target
		return nil
	case t[0] == '/':
		return r.pathAndQuery(b, from, to)
	case len(t) == 1 && t[0] == '*':
		if r.Verb != MethodOptions {
			return ErrTargetAsterisk
		}
		r.Asterisk = true
		return nil
	case len(t) > 7 && foldEqual(t[:7], "http://"):
		return r.absolute(b, from+7, to)
	case len(t) > 8 && foldEqual(t[:8], "https://"):
		r.Secure = true
		return r.absolute(b, from+8, to)
	}
	return ErrTargetForm
}

// absolute reads what is after the scheme of an absolute URI.
func (r *Request) absolute(b []byte, from, to int) *Error {
	r.Absolute = true
	i := from
	for i < to && b[i] != '/' && b[i] != '?' {
		i++
	}
	if !ValidHost(b[from:i]) {
		return ErrTargetHost
	}
	r.Authority = span(from, i)
	if i == to && r.Verb == MethodOptions {
		r.Asterisk = true // RFC 9112 section 3.2.4
	}
	return r.pathAndQuery(b, i, to)
}

func (r *Request) pathAndQuery(b []byte, from, to int) *Error {
	b = b[:to]
	i := from
	for i < len(b) && class[b[i]]&inPath != 0 {
		i++
	}
	r.Path = span(from, i)
	if i == to {
		return nil
	}
	if b[i] != '?' {
		return ErrTarget
	}
	i++
	r.HasQuery, r.Query = true, span(i, to)
	for ; i < len(b); i++ {
		if class[b[i]]&inQuery == 0 {
			return ErrTarget
		}
	}
	return nil
}

// AppendTarget appends the target in the form a server expects: path and query exactly as
// sent, or "*".
func (r *Request) AppendTarget(dst, b []byte) []byte {
	switch {
	case r.Asterisk:
		return append(dst, '*')
	case r.Path.Len == 0:
		dst = append(dst, '/')
	default:
		dst = append(dst, r.Path.Of(b)...)
	}
	if r.HasQuery {
		dst = append(dst, '?')
		dst = append(dst, r.Query.Of(b)...)
	}
	return dst
}
