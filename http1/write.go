package http1

import "strconv"

// AppendFields appends those lines of fields, which were parsed from b, that are to be
// forwarded: in order and exactly as sent, but without hop-by-hop fields, without
// Content-Length and Transfer-Encoding, and without the names in drop. A caller can mark more
// fields as Hop before.
func AppendFields(dst, b []byte, fields []Field, drop NameSet) []byte {
	drop |= framing
	from, to := uint32(0), uint32(0) // kept lines side by side are copied together
	for i := range fields {
		f := &fields[i]
		if f.Hop || drop.Has(f.Known) {
			continue
		}
		if f.Line.Off != to {
			dst = append(dst, b[from:to]...)
			from = f.Line.Off
		}
		to = f.Line.Off + f.Line.Len
	}
	return append(dst, b[from:to]...)
}

// AppendLength appends the field line "Content-Length: n".
func AppendLength(dst []byte, n int64) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, "\r\n"...)
}

// AppendChunkHead appends the line before a chunk of size bytes, which must be more than none:
// a chunk of none ends the body. The chunk's data is followed by CRLF.
func AppendChunkHead(dst []byte, size int) []byte {
	if size <= 0 {
		panic("BUG: a chunk of no bytes")
	}
	dst = strconv.AppendUint(dst, uint64(size), 16)
	return append(dst, "\r\n"...)
}
