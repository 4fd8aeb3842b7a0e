package proxy

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/tidegate/tidegate/http1"
)

// What the forwarded request head never takes from the client's: what is ours to say.
var (
	ours = http1.Set(http1.NameHost, http1.NameExpect, http1.NameXRegion, http1.NameTrailer)

	// claims are what only a trusted proxy is believed about.
	claims = http1.Set(http1.NameXForwardedFor, http1.NameXForwardedProto, http1.NameXForwardedHost,
		http1.NameXForwardedPort, http1.NameXRealIP, http1.NameForwarded)

	chain   = http1.Set(http1.NameXForwardedFor)
	counted = http1.Set(http1.NameMaxForwards)

	served = http1.Set(http1.NameXServedRegion, http1.NameXServedBy)
)

// via names this gateway in Via (RFC 9110 §7.6.3).
const via = "tidegate"

// forward renders the request head as the endpoint gets it: the client's fields in their order and
// spelling, less those that end at a hop, then ours. The framing is written anew.
func (x *exchange) forward() {
	head, req := x.head, &x.req
	out := append(x.out[:0], req.Method.Of(head)...)
	out = append(out, ' ')
	out = x.appendTarget(out)
	out = append(out, " HTTP/1.1\r\nHost: "...)
	if a := req.Authority.Of(head); len(a) > 0 {
		out = append(out, a...)
	} else {
		out = append(out, x.flight.Endpoint().Addr()...)
	}
	out = append(out, "\r\n"...)

	trusted := contains(x.terms.trusted, x.conn.peer)
	drop := ours | claims
	if trusted {
		drop = ours | chain
	}
	if x.counts() {
		drop |= counted
	}
	out = http1.AppendFields(out, head, req.Fields, drop)

	out = append(out, "X-Region: "...)
	out = append(out, x.flight.HomeName...)
	out = x.appendForwarded(out, trusted)
	out = append(out, "\r\nVia: 1."...)
	out = append(out, '0'+req.Minor)
	out = append(out, " "+via+"\r\n"...)
	if x.counts() {
		out = append(out, "Max-Forwards: "...)
		out = strconv.AppendUint(out, x.hops-1, 10)
		out = append(out, "\r\n"...)
	}

	switch req.Body {
	case http1.Length:
		out = http1.AppendLength(out, req.Length)
	case http1.Chunked:
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	}
	out = append(out, "\r\n"...)
	x.out = append(out, x.body...)
}

// appendTarget appends the path and query as the client wrote them, less the route's prefix.
func (x *exchange) appendTarget(out []byte) []byte {
	head, req := x.head, &x.req
	strip := x.flight.Route.Strip
	if strip == "" || req.Asterisk {
		return req.AppendTarget(out, head)
	}
	path := stripped(req.Path.Of(head), x.path, strip)
	if len(path) == 0 {
		path = slash
	}
	out = append(out, path...)
	if req.HasQuery {
		out = append(out, '?')
		out = append(out, req.Query.Of(head)...)
	}
	return out
}

// counts reports whether the request counts its hops: OPTIONS with Max-Forwards does (RFC 9110 section
// 7.6.2), and so would TRACE, which is refused.
func (x *exchange) counts() bool {
	return x.req.Verb == http1.MethodOptions && x.req.Find(http1.NameMaxForwards) >= 0
}

// countHops reads how many hops are left to a request that counts them.
func (x *exchange) countHops() error {
	value := x.req.Fields[x.req.Find(http1.NameMaxForwards)].Value.Of(x.head)
	n, err := strconv.ParseUint(lend(value), 10, 64)
	if err != nil {
		return errMaxForwards
	}
	x.hops = n
	return nil
}

var errMaxForwards = &http1.Error{Status: 400, Reason: "malformed Max-Forwards"}

var slash = []byte("/")

// stripped takes prefix off path as sent, or, where the client spelt it otherwise, off its
// normalised form. A path that only shares letters with the prefix keeps them.
func stripped(path, normal []byte, prefix string) []byte {
	for _, p := range [2][]byte{path, normal} {
		if len(p) >= len(prefix) && string(p[:len(prefix)]) == prefix && (len(p) == len(prefix) || p[len(prefix)] == '/') {
			return p[len(prefix):]
		}
	}
	return path
}

// appendForwarded says who asked, over what, for which host. A trusted proxy's own words are
// kept, with its address added to the chain.
func (x *exchange) appendForwarded(out []byte, trusted bool) []byte {
	head, req := x.head, &x.req
	out = append(out, "\r\nX-Forwarded-For: "...)
	if trusted {
		for _, f := range req.Fields {
			if f.Known == http1.NameXForwardedFor {
				out = append(out, f.Value.Of(head)...)
				out = append(out, ", "...)
			}
		}
	}
	out = appendAddr(out, x.conn.peer)
	if !trusted || req.Find(http1.NameXForwardedProto) < 0 {
		out = append(out, "\r\nX-Forwarded-Proto: http"...)
	}
	if a := req.Authority.Of(head); len(a) > 0 && (!trusted || req.Find(http1.NameXForwardedHost) < 0) {
		out = append(out, "\r\nX-Forwarded-Host: "...)
		out = append(out, a...)
	}
	return out
}

func appendAddr(out []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return append(out, "unknown"...)
	}
	return a.AppendTo(out)
}

// findClient is the address the request came from: the peer's, or, if the peer is a trusted proxy, the
// last one in X-Forwarded-For that no trusted proxy has.
func (x *exchange) findClient() netip.Addr {
	client := x.conn.peer
	trusted := x.terms.trusted
	if len(trusted) == 0 || !contains(trusted, client) {
		return client
	}
	for i := len(x.req.Fields) - 1; i >= 0; i-- {
		f := x.req.Fields[i]
		if f.Known != http1.NameXForwardedFor {
			continue
		}
		rest := f.Value.Of(x.head)
		for len(rest) > 0 {
			var last []byte
			if comma := bytes.LastIndexByte(rest, ','); comma >= 0 {
				last, rest = rest[comma+1:], rest[:comma]
			} else {
				last, rest = rest, nil
			}
			a, err := netip.ParseAddr(lend(bytes.TrimSpace(last)))
			if err != nil {
				return client
			}
			client = a.Unmap()
			if !contains(trusted, client) {
				return client
			}
		}
	}
	return client
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
