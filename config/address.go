package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// endpointAddress checks the address of an endpoint and returns it in the one form in which equal
// addresses are equal strings.
func endpointAddress(s string) (string, *wrong) {
	quoted := strconv.Quote(s)
	if s == "" {
		return "", &wrong{"the endpoint has no address", "write address: host:port"}
	}
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		rest, _, _ = strings.Cut(rest, "/")
		if !strings.Contains(rest, ":") {
			rest += map[string]string{"https": ":443"}[scheme]
		}
		return "", &wrong{quoted + " is a URL", "write host:port, such as " + rest}
	}
	host, port, err := splitAddress(s)
	if err != nil {
		return "", err
	}
	if host == "" {
		return "", &wrong{quoted + " names no host", "write host:port"}
	}
	if port == "0" {
		return "", &wrong{quoted + " has port 0, where nobody listens", ""}
	}
	return net.JoinHostPort(host, port), nil
}

// listenAddress checks an address to listen on, where the host may be left out and port 0 means any.
func listenAddress(s string) (host, port string, err *wrong) {
	if n, bad := strconv.Atoi(s); bad == nil && n >= 0 && n <= 65535 {
		return "", "", &wrong{strconv.Quote(s) + " is only a port", "write " + strconv.Quote(":"+s)}
	}
	return splitAddress(s)
}

// splitAddress takes an address apart and normalises both parts.
func splitAddress(s string) (host, port string, problem *wrong) {
	quoted := strconv.Quote(s)
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		if ip, bad := netip.ParseAddr(strings.Trim(s, "[]")); bad == nil && ip.Is6() {
			return "", "", &wrong{quoted + " has no port", "write " + strconv.Quote("["+ip.String()+"]:8080")}
		}
		if !strings.Contains(s, ":") {
			return "", "", &wrong{quoted + " has no port", "write " + s + ":8080"}
		}
		return "", "", &wrong{quoted + " is not host:port", `an IPv6 address stands in brackets: "[::1]:8080"`}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", "", &wrong{quoted + ": " + strconv.Quote(port) + " is not a port number", "write 1 to 65535"}
	}
	port = strconv.FormatUint(n, 10)
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String(), port, nil
	}
	if host != "" && !isHostname(host) {
		return "", "", &wrong{quoted + ": " + strconv.Quote(host) + " is neither a host name nor an address", ""}
	}
	return strings.ToLower(host), port, nil
}

// routeHost checks what a route may match hosts by.
func routeHost(s string) *wrong {
	quoted := strconv.Quote(s)
	name := strings.TrimPrefix(s, "*.")
	switch {
	case s == "*":
		return &wrong{`"*" is no host`, "leave host out: then the route is for every host"}
	case isHostname(name):
		return nil
	case name == s && len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']':
		if ip, err := netip.ParseAddr(s[1 : len(s)-1]); err == nil && ip.Is6() {
			return nil
		}
	case strings.Contains(s, "://"):
		return &wrong{quoted + " is a URL", "write the host alone"}
	}
	if host, _, err := net.SplitHostPort(s); err == nil {
		return &wrong{quoted + " has a port, which hosts are matched without", "write " + strconv.Quote(host)}
	}
	if net.ParseIP(name) != nil && name == s {
		return nil
	}
	return &wrong{quoted + " is neither a host name nor *.NAME", ""}
}

// isHostname accepts what resolvers do: letters, digits, hyphens and underscores between dots. Of
// digits and dots alone only an address is a host.
func isHostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	letters := false
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := 0; i < len(label); i++ {
			if !isAlnum(label[i]) && label[i] != '-' && label[i] != '_' {
				return false
			}
			letters = letters || label[i] < '0' || label[i] > '9'
		}
	}
	return letters
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// isToken is the grammar of methods and field names (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) && strings.IndexByte("!#$%&'*+-.^_`|~", s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// isVisible tells whether s is free of blanks and control characters.
func isVisible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

func everywhere(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
