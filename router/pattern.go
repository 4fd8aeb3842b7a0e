package router

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A kind is what one segment of a path pattern is, the most specific first.
type kind uint8

const (
	literal kind = iota // exactly this
	glob                // literal bytes with stars between them
	one                 // "*": any one segment that is not empty
	rest                // "**": everything from here on, nothing included; the last segment only
)

// A segment is what stands between two slashes of a pattern.
type segment struct {
	kind kind
	text string
}

// A pattern is a path pattern by segments. "/" is one empty literal segment, as is the end of
// every pattern with a slash at its end.
type pattern []segment

// mistake is what is wrong with a piece of configuration, and what to write instead.
type mistake struct{ message, hint string }

// parsePattern reads the path of a route.
func parsePattern(path string) (pattern, *mistake) {
	if !strings.HasPrefix(path, "/") {
		return nil, &mistake{fmt.Sprintf("%q does not begin with a /", path), fmt.Sprintf("write %q", "/"+path)}
	}
	if normal := normalForm(path); normal != path {
		return nil, &mistake{fmt.Sprintf("no path is spelt like %q when it is matched", path), fmt.Sprintf("write %q", normal)}
	}
	texts := strings.Split(path[1:], "/")
	p := make(pattern, len(texts))
	for i, text := range texts {
		switch {
		case text == "**" && i < len(texts)-1:
			return nil, &mistake{"** stands for everything to the end of the path: it may only be the last segment",
				"write * for one segment"}
		case text == "**":
			p[i] = segment{rest, text}
		case strings.Contains(text, "**"):
			return nil, &mistake{fmt.Sprintf("** must be a whole segment, not part of %q", text),
				"write one * for any bytes within a segment"}
		case text == "*":
			p[i] = segment{one, text}
		case text == "." || text == "..":
			return nil, &mistake{fmt.Sprintf("no path has a segment %q when it is matched", text), "write the path it leads to"}
		case strings.Contains(text, "*"):
			p[i] = segment{glob, text}
		default:
			p[i] = segment{literal, text}
		}
	}
	return p, nil
}

// normalForm spells a path as requests' paths are spelt when they are matched, which Request.Path
// describes; but for dot segments, which a pattern cannot mean.
func normalForm(path string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	b := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		escaped := false
		if c == '%' && i+2 < len(path) {
			if n, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				c, escaped = byte(n), true
				i += 2
			}
		}
		switch {
		case c >= 0x80 || escaped && strings.IndexByte(unreserved, c) < 0:
			b = fmt.Appendf(b, "%%%02X", c)
		case c == '%':
			b = append(b, "%25"...)
		case c == '/' && len(b) > 0 && b[len(b)-1] == '/': // slashes are merged
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// compare orders segments in one place of a path, the most specific first.
func (s segment) compare(t segment) int {
	if s.kind != t.kind {
		return cmp.Compare(s.kind, t.kind)
	}
	if s.kind == glob {
		if c := cmp.Compare(t.literalBytes(), s.literalBytes()); c != 0 {
			return c
		}
	}
	return cmp.Compare(s.text, t.text)
}

// literalBytes is how many bytes of a segment are not stars.
func (s segment) literalBytes() int { return len(s.text) - strings.Count(s.text, "*") }

// compare orders patterns, the most specific first. The end of a path is more specific than
// anything that could stand there.
func (p pattern) compare(q pattern) int {
	return slices.CompareFunc(p, q, segment.compare)
}

// allows says whether prefix, a path without stars, can begin a path that fits the pattern.
func (p pattern) allows(prefix string) bool {
	for i, text := range strings.Split(strings.TrimPrefix(prefix, "/"), "/") {
		if i >= len(p) {
			return false
		}
		if p[i].kind == rest {
			return true
		}
		if !p[i].fits(text) {
			return false
		}
	}
	return true
}

func (s segment) fits(text string) bool {
	switch s.kind {
	case literal:
		return s.text == text
	case glob:
		m := newMatcher(s.text)
		return m.match(text)
	case one:
		return text != ""
	}
	return true
}

// A matcher matches a segment with stars in it: what it begins with, what it ends with, and
// what comes between in this order. A star stands for any bytes, none included.
type matcher struct {
	prefix, suffix string
	between        []string
}

func newMatcher(text string) matcher {
	parts := strings.Split(text, "*")
	last := len(parts) - 1
	return matcher{prefix: parts[0], suffix: parts[last], between: parts[1:last]}
}

// match takes each part at the first place it fits, which leaves the most for those after it.
func (m *matcher) match(text string) bool {
	if len(text) < len(m.prefix)+len(m.suffix) ||
		!strings.HasPrefix(text, m.prefix) || !strings.HasSuffix(text, m.suffix) {
		return false
	}
	text = text[len(m.prefix) : len(text)-len(m.suffix)]
	for _, part := range m.between {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}
