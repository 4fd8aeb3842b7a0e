package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// Prefix is a range of addresses, written as a CIDR ("10.0.0.0/8") or a single address.
type Prefix struct{ netip.Prefix }

// StatusRange is a range of HTTP statuses, both ends included, written "200" or "200-299".
type StatusRange struct{ From, To int }

// String prints a range of one address as that address.
func (p Prefix) String() string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.Prefix.String()
}

// MarshalText is String.
func (p Prefix) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a CIDR or an address. An IPv4 address written as IPv6 becomes IPv4, as the
// addresses it is compared with are.
func (p *Prefix) UnmarshalText(text []byte) error {
	s := string(text)
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		p.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return &wrong{strconv.Quote(s) + " is neither a CIDR nor an address", "write 10.0.0.0/8 or 10.1.2.3"}
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	if prefix != prefix.Masked() {
		return &wrong{strconv.Quote(s) + " has bits beyond its length", "write " + prefix.Masked().String()}
	}
	p.Prefix = prefix
	return nil
}

// Contains tells whether status is in the range.
func (r StatusRange) Contains(status int) bool { return r.From <= status && status <= r.To }

// String prints a range of one status as that status.
func (r StatusRange) String() string {
	if r.From == r.To {
		return strconv.Itoa(r.From)
	}
	return strconv.Itoa(r.From) + "-" + strconv.Itoa(r.To)
}

// MarshalText is String.
func (r StatusRange) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads "200" or "200-299".
func (r *StatusRange) UnmarshalText(text []byte) error {
	s := string(text)
	if len(s) == 3 && strings.EqualFold(s[1:], "xx") && s[0] >= '1' && s[0] <= '5' {
		return &wrong{strconv.Quote(s) + " is not a status", "write " + s[:1] + "00-" + s[:1] + "99"}
	}
	first, last, isRange := strings.Cut(s, "-")
	if !isRange {
		last = first
	}
	from, ok1 := status(first)
	to, ok2 := status(last)
	if !ok1 || !ok2 {
		return &wrong{strconv.Quote(s) + " is not a status from 100 to 599", "write 200 or 200-299"}
	}
	if from > to {
		return &wrong{strconv.Quote(s) + " runs backwards", "write " + last + "-" + first}
	}
	*r = StatusRange{from, to}
	return nil
}

func status(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && len(s) == 3 && n >= 100 && n <= 599
}

// String prints the source as it is written.
func (s Source) String() string {
	if s.Arg == "" {
		return s.Kind
	}
	return s.Kind + " " + s.Arg
}

// MarshalText is String.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a kind and at most one argument. Which kinds there are, and what they ask of
// their argument, is known to the region room.
func (s *Source) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if len(words) == 0 || len(words) > 2 {
		return &wrong{strconv.Quote(string(text)) + " is not an affinity source", `write a kind and its argument: header X-Region`}
	}
	s.Kind, s.Arg = words[0], ""
	if len(words) == 2 {
		s.Arg = words[1]
	}
	return nil
}
