package region

import "errors"

// newCookie reads the region from a cookie, such as region.
func newCookie(name string) (source, error) {
	if !token(name) {
		return nil, errors.New(`needs the name of a cookie, as in "cookie region"`)
	}
	return func(r Request) string { return r.Cookie(name) }, nil
}
