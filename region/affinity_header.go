package region

import "errors"

// newHeader reads the region from a header field, such as X-Region.
func newHeader(name string) (source, error) {
	if !token(name) {
		return nil, errors.New(`needs the name of a header field, as in "header X-Region"`)
	}
	return func(r Request) string { return r.Header(name) }, nil
}

// token says whether s is a token of RFC 9110, section 5.6.2: what field and cookie names
// are made of.
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !alnum && !special(c) {
			return false
		}
	}
	return s != ""
}

func special(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}
