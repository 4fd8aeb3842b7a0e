package http1

// ValidHost tells whether authority is a host with an optional port, fit for a Host field:
// a name of letters, digits, '-', '.', '_' and '~' without empty labels (one dot at the end is
// allowed), an IPv4 address, or an IPv6 address in brackets. No user information, no escapes.
func ValidHost(authority []byte) bool {
	return hostLen(authority) > 0
}

// AppendHost appends the host in authority in the form for matching: lower case, without port
// and without a dot at the end. An empty authority (HTTP/1.0 without Host) has an empty host;
// any other that is not ValidHost is refused with 400, and dst returned as it was.
func AppendHost(dst, authority []byte) (host []byte, err error) {
	if len(authority) == 0 {
		return dst, nil
	}
	n := hostLen(authority)
	if n == 0 {
		return dst, ErrHost
	}
	if authority[n-1] == '.' {
		n--
	}
	host = append(dst, authority[:n]...)
	for i, c := range host[len(dst):] {
		if 'A' <= c && c <= 'Z' {
			host[len(dst)+i] = c | 0x20
		}
	}
	return host, nil
}

// hostLen returns the length of the host in a valid authority, 0 if it is not valid.
func hostLen(a []byte) int {
	n := 0
	if len(a) > 0 && a[0] == '[' {
		n = bracketLen(a)
	} else {
		n = nameLen(a)
	}
	if n == 0 || n == len(a) {
		return n
	}
	if a[n] != ':' || !isPort(a[n+1:]) {
		return 0
	}
	return n
}

// nameLen returns the length of the host name at the front of a, 0 if it has an empty label.
func nameLen(a []byte) int {
	before := uint8(isDot)
	for n, c := range a {
		k := class[c]
		if k&inHost == 0 {
			return n
		}
		if before&k&isDot != 0 {
			return 0
		}
		before = k
	}
	return len(a)
}

// isPort tells whether p is a port number, or nothing (RFC 3986 allows "host:").
func isPort(p []byte) bool {
	if len(p) > 5 {
		return false
	}
	n := 0
	for _, c := range p {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}

// bracketLen returns the length of the IPv6 address in brackets at the front of a, else 0.
func bracketLen(a []byte) int {
	for i, c := range a {
		if c == ']' {
			if isIPv6(a[1:i]) {
				return i + 1
			}
			return 0
		}
	}
	return 0
}

// isIPv6 judges an address without zone (RFC 3986 section 3.2.2).
func isIPv6(a []byte) bool {
	groups, gap := 0, false
	if len(a) >= 2 && a[0] == ':' {
		if a[1] != ':' {
			return false
		}
		a, gap = a[2:], true
	}
	for len(a) > 0 {
		n := 0
		for n < len(a) && n < 5 && unhex(a[n]) < 16 {
			n++
		}
		if n < len(a) && a[n] == '.' {
			groups += 2
			if !isIPv4(a) {
				return false
			}
			break
		}
		if n == 0 || n > 4 {
			return false
		}
		groups++
		a = a[n:]
		if len(a) == 0 {
			break
		}
		if a[0] != ':' || len(a) == 1 {
			return false
		}
		a = a[1:]
		if a[0] == ':' {
			if gap {
				return false
			}
			a, gap = a[1:], true
		}
	}
	if gap {
		return groups < 8
	}
	return groups == 8
}

func isIPv4(a []byte) bool {
	parts, digits, n := 0, 0, 0
	for i := 0; ; i++ {
		if i == len(a) || a[i] == '.' {
			if digits == 0 {
				return false
			}
			if parts++; parts == 4 || i == len(a) {
				return parts == 4 && i == len(a)
			}
			digits, n = 0, 0
			continue
		}
		c := a[i]
		if c < '0' || c > '9' || digits > 0 && n == 0 {
			return false
		}
		digits++
		if n = n*10 + int(c-'0'); n > 255 {
			return false
		}
	}
}

// unhex returns the value of a hexadecimal digit, 255 if it is none.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
