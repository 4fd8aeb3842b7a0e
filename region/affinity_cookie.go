package region

import "errors"

// newCookie reads the region from a cookie, such as region. Quotes around the value are taken
// off, as RFC 6265, section 4.1.1, allows them.
func newCookie(name string) (source, error) {
	if !token(name) {
		return nil, errors.New(`needs the name of a cookie, as in "cookie region"`)
	}
	return func(r Request) string {
		v := r.Cookie(name)
		if n := len(v); n >= 2 && v[0] == '"' && v[n-1] == '"' {
			return v[1 : n-1]
		}
		return v
	}, nil
}
