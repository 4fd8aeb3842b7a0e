package http1

// NormalizePath returns the form of the path p in which routes are matched: escapes of
// unreserved characters decoded, other escapes in upper case (so %2F and %5C stay escaped),
// dot segments removed, slashes merged. It returns p itself if p is in that form, else the
// form written to scratch[:0], grown if need be. It refuses with 400 what servers read in
// different ways: broken escapes, %00, dot segments that climb above the root, follow an
// empty segment, or hide behind an escaped slash or a path parameter. An empty p means "/".
func NormalizePath(scratch, p []byte) (norm []byte, err error) {
	if isNormal(p) {
		return p, nil
	}
	if len(p) == 0 {
		return append(scratch[:0], '/'), nil
	}
	if p[0] != '/' {
		return nil, ErrPath
	}
	out := scratch[:0]
	odd := false // something before makes servers disagree on what ".." removes
	for i := 0; i < len(p); {
		// p[i] is the slash before a segment.
		slash := len(out)
		out = append(out, '/')
		for i++; i < len(p) && p[i] != '/'; i++ {
			if p[i] != '%' {
				out = append(out, p[i])
				continue
			}
			if out, err = appendEscape(out, p[i:]); err != nil {
				return nil, err
			}
			i += 2
		}
		last := i == len(p)
		seg := out[slash+1:]
		switch {
		case string(seg) == "." || len(seg) == 0:
			odd = odd || len(seg) == 0
			out = out[:slash]
		case string(seg) == "..":
			if odd {
				return nil, ErrPathHidden
			}
			if slash == 0 {
				return nil, ErrPathRoot
			}
			for slash--; out[slash] != '/'; {
				slash--
			}
			out = out[:slash]
		default:
			hidden, split := inspect(seg)
			if hidden {
				return nil, ErrPathHidden
			}
			odd = odd || split
			continue
		}
		if last {
			out = append(out, '/')
		}
	}
	return out, nil
}

// isNormal tells whether p surely is in normal form already.
func isNormal(p []byte) bool {
	if len(p) == 0 || p[0] != '/' {
		return false
	}
	for i, c := range p {
		if class[c]&isSplit == 0 {
			continue
		}
		if c != '/' {
			return false
		}
		if i+1 == len(p) {
			return true
		}
		if d := p[i+1]; d == '/' || d == '.' && (i+2 == len(p) || class[p[i+2]]&inHost == 0 || p[i+2] == '.') {
			return false
		}
	}
	return true
}

// appendEscape appends the normal form of the escape at the front of p.
func appendEscape(out, p []byte) ([]byte, error) {
	if len(p) < 3 {
		return nil, ErrPathEscape
	}
	hi, lo := unhex(p[1]), unhex(p[2])
	if hi > 15 || lo > 15 || hi|lo == 0 {
		return nil, ErrPathEscape
	}
	if c := hi<<4 | lo; class[c]&inHost != 0 {
		return append(out, c), nil
	}
	const digits = "0123456789ABCDEF"
	return append(out, '%', digits[hi], digits[lo]), nil
}

// inspect looks at a segment as servers do that take %2F, %5C and '\' for slashes, or what is
// after ';' for a parameter. split: it has such slashes; hidden: it has dot segments then.
func inspect(seg []byte) (hidden, split bool) {
	from := 0
	for i := 0; i <= len(seg); i++ {
		width := 0
		switch {
		case i == len(seg):
		case seg[i] == '\\':
			width = 1
		case seg[i] == '%' && (string(seg[i:i+3]) == "%2F" || string(seg[i:i+3]) == "%5C"):
			width = 3
		default:
			continue
		}
		if isDots(seg[from:i]) {
			return true, true
		}
		split = split || width > 0
		from = i + width
		i = max(i, from-1)
	}
	return false, split
}

// isDots tells whether part is a dot segment, maybe with a parameter.
func isDots(part []byte) bool {
	for i, c := range part {
		if c == ';' {
			part = part[:i]
			break
		}
	}
	return string(part) == "." || string(part) == ".."
}
