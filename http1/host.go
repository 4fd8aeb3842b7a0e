package http1

// ValidHost tells whether authority is a host with an optional port, fit for a Host field:
// a name of letters, digits, '-', '.', '_' and '~' without empty labels (one dot at the end is
// allowed), an IPv4 address or an IPv6 address in brackets. No user information, no escapes.
func ValidHost(authority []byte) bool { return true }

// AppendHost appends the host in authority in the form for matching: lower case, without port
// and without a dot at the end. An empty authority (HTTP/1.0 without Host) has an empty host;
// any other that is not ValidHost is refused with 400, and dst returned as it was.
func AppendHost(dst, authority []byte) (host []byte, err error) { return append(dst, authority...), nil }
