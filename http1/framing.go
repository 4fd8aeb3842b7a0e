package http1

// framing finds how the end of the body is told; NoBody if nothing is said about it.
func (s *section) framing(b []byte, fields []Field, minor uint8) (Framing, int64, *Error) {
	both := s.present & framing
	switch {
	case both == 0:
		return NoBody, 0, nil
	case s.repeated.Has(NameContentLength):
		return NoBody, 0, ErrLengthRepeated
	case both == framing:
		return NoBody, 0, ErrLengthAndCoding
	case s.repeated.Has(NameTransferEncoding):
		return NoBody, 0, ErrCodingRepeated
	case both.Has(NameContentLength):
		n, err := contentLength(fields[find(fields, both, NameContentLength)].Value.Of(b))
		return Length, n, err
	case minor == 0:
		return NoBody, 0, ErrCodingOld
	}
	return Chunked, 0, coding(fields[find(fields, both, NameTransferEncoding)].Value.Of(b))
}

// contentLength reads the value of Content-Length: digits only, and it must fit an int64.
func contentLength(v []byte) (int64, *Error) {
	if len(v) == 0 || len(v) > 19 {
		return 0, ErrLength
	}
	var n uint64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, ErrLength
		}
		n = n*10 + uint64(c-'0')
	}
	if n > 1<<63-1 {
		return 0, ErrLength
	}
	return int64(n), nil
}

// coding judges the value of Transfer-Encoding: nil if it is chunked and nothing else.
func coding(v []byte) *Error {
	if foldEqual(v, "chunked") {
		return nil
	}
	unknown, chunked := false, false
	for len(v) > 0 {
		var c []byte
		c, v = element(v)
		switch {
		case !isTokens(c):
			return ErrCoding
		case chunked: // it must be the last one
			return ErrCoding
		case foldEqual(c, "chunked"):
			chunked = true
		case foldEqual(c, "identity"):
			return ErrCoding
		case foldEqual(c, "gzip"), foldEqual(c, "x-gzip"), foldEqual(c, "deflate"),
			foldEqual(c, "compress"), foldEqual(c, "x-compress"):
		default:
			unknown = true
		}
		if len(v) == 1 { // a comma at the end
			return ErrCoding
		}
		if len(v) > 0 {
			v = v[1:]
		}
	}
	if !unknown && !chunked {
		return ErrCodingNotChunked // RFC 9112 section 6.3: the end can't be known
	}
	return ErrCodingUnknown
}

// element splits a list at its first comma, which stays in rest.
func element(list []byte) (elem, rest []byte) {
	i := 0
	for i < len(list) && list[i] != ',' {
		i++
	}
	elem, rest = list[:i], list[i:]
	for len(elem) > 0 && (elem[0] == ' ' || elem[0] == '\t') {
		elem = elem[1:]
	}
	for len(elem) > 0 && (elem[len(elem)-1] == ' ' || elem[len(elem)-1] == '\t') {
		elem = elem[:len(elem)-1]
	}
	return elem, rest
}

// What Connection says.
const (
	optionClose = 1 << iota
	optionKeepAlive
	optionUpgrade
)

// maxNominated bounds how many fields of its own a message may name in Connection: each costs
// a walk through all fields.
const maxNominated = 32

// options reads the Connection fields and marks the fields they name as hop-by-hop.
func (s *section) options(b []byte, fields []Field) (options uint8, err *Error) {
	if !s.present.Has(NameConnection) {
		return 0, nil
	}
	nominated := 0
	for i := range fields {
		if fields[i].Known != NameConnection {
			continue
		}
		v := fields[i].Value.Of(b)
		for len(v) > 0 {
			var opt []byte
			opt, v = element(v)
			if len(v) > 0 {
				v = v[1:]
			}
			if len(opt) == 0 {
				continue // RFC 9110 section 5.6.1.2: empty elements are ignored
			}
			switch k := classify(opt); {
			case k == NameKeepAlive:
				options |= optionKeepAlive
			case k == NameUpgrade:
				options |= optionUpgrade
			case nominable.Has(k):
				nominate(fields, k)
			case k != NameOther:
				return 0, ErrConnectionNames
			case foldEqual(opt, "close"):
				options |= optionClose
			default:
				if nominated++; nominated > maxNominated {
					return 0, ErrConnectionTooMany
				}
				if err := nominateOther(b, fields, opt); err != nil {
					return 0, err
				}
			}
		}
	}
	return options, nil
}

func nominate(fields []Field, k Name) {
	for i := range fields {
		if fields[i].Known == k {
			fields[i].Hop = true
		}
	}
}

func nominateOther(b []byte, fields []Field, name []byte) *Error {
	if !isTokens(name) {
		return ErrConnection
	}
	const family = "x-forwarded-"
	if len(name) > len(family) && foldEqual(name[:len(family)], family) {
		return ErrConnectionNames
	}
	for i := range fields {
		f := &fields[i]
		if f.Known == NameOther && int(f.Name.Len) == len(name) && sameFold(f.Name.Of(b), name) {
			f.Hop = true
		}
	}
	return nil
}
