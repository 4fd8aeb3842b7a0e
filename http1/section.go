package http1

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A section is the progress made through a head or a trailer section, line by line. Every
// line is first searched for its end and for control characters, and judged once it is whole,
// so that the verdict does not depend on how the bytes arrived.
type section struct {
	line     int // where the current line begins
	scan     int // no control characters in the current line before this
	fields   int // where the field lines begin
	present  NameSet
	repeated NameSet
}

// eol returns the index of the CRLF that ends the current line, -1 if it is not there yet.
// The CR must be at last or before.
func (s *section) eol(b []byte, last int, tooLong *Error) (int, *Error) {
	end := min(len(b), last+1)
	i := control(b, s.scan, end)
	if i+1 < len(b) && i < end && b[i] == '\r' && b[i+1] == '\n' {
		return i, nil
	}
	s.scan = i
	return -1, unended(b, i, last, tooLong)
}

// unended says what is wrong with a line without its CRLF, of which i is the first byte that
// is a control character or not there: nil if the rest may still come.
func unended(b []byte, i, last int, tooLong *Error) *Error {
	switch {
	case i > last:
		return tooLong
	case i == len(b):
		return nil
	case b[i] == '\n':
		return ErrBareLF
	case b[i] != '\r':
		return ErrControl
	case i+1 == len(b):
		return nil
	}
	return ErrBareCR
}

// next goes on to the line that begins at i.
func (s *section) next(i int) { s.line, s.scan = i, i }

// parse appends the field lines of b from s.line on to fields. done: the empty line at the end
// was reached, and s.line is after it.
func (s *section) parse(b []byte, fields []Field, lim Limits) (_ []Field, done bool, err *Error) {
	last := s.fields + lim.Fields - 2 // the last place for a CR
	end := min(len(b), last+1)
	start, scan := s.line, s.scan
	for start < len(b) {
		switch b[start] {
		case '\r':
			if start+1 == len(b) {
				s.line, s.scan = start, start
				return fields, false, nil
			}
			if b[start+1] != '\n' {
				return fields, false, ErrBareCR
			}
			s.next(start + 2)
			return fields, true, nil
		case ' ', '\t':
			return fields, false, ErrFold
		}
		if len(fields) >= lim.Count {
			return fields, false, ErrFieldsTooMany
		}
		if start > last {
			return fields, false, ErrFieldsTooBig
		}
		cr := control(b, scan, end)
		if cr+1 >= len(b) || cr == end || b[cr] != '\r' || b[cr+1] != '\n' {
			s.line, s.scan = start, cr
			return fields, false, unended(b, cr, last, ErrFieldsTooBig)
		}
		colon, known := splitName(b, start, cr)
		if known == NameOther {
			if colon < 0 {
				return fields, false, ErrNoColon
			}
			if err := checkName(b[start:colon]); err != nil {
				return fields, false, err
			}
		} else {
			bit := NameSet(1) << known
			s.repeated |= s.present & bit
			s.present |= bit
		}
		from, to := colon+1, cr
		for from < to && (b[from] == ' ' || b[from] == '\t') {
			from++
		}
		for from < to && (b[to-1] == ' ' || b[to-1] == '\t') {
			to--
		}
		// Written in place: a Field built apart and then copied takes twice as long.
		n := len(fields)
		if n < cap(fields) {
			fields = fields[:n+1]
		} else {
			fields = append(fields, Field{})
		}
		f := &fields[n]
		f.Line.Off, f.Line.Len = uint32(start), uint32(cr+2-start)
		f.Name.Off, f.Name.Len = uint32(start), uint32(colon-start)
		f.Value.Off, f.Value.Len = uint32(from), uint32(to-from)
		f.Known, f.Hop = known, hop.Has(known)
		start, scan = cr+2, cr+2
	}
	s.next(start)
	return fields, false, nil
}

func span(from, to int) Span { return Span{uint32(from), uint32(to - from)} }

// splitName finds the colon in the line b[start:cr], which has no control characters, and what
// name is before it. colon is -1 without one.
func splitName(b []byte, start, cr int) (colon int, known Name) {
	if start+longestName > len(b) {
		if colon = bytes.IndexByte(b[start:cr], ':'); colon < 0 {
			return -1, NameOther
		}
		return start + colon, classify(b[start : start+colon])
	}
	var s spelling
	head := b[start : start+longestName]
	for k := range s {
		x := binary.LittleEndian.Uint64(head[k*8:])
		y := x ^ ':'*ones
		m := (y - ones) &^ y & highs
		if m == 0 {
			s[k] = x | 0x20*ones
			continue
		}
		s[k] = (x | 0x20*ones) & (m&-m>>7 - 1) // the bytes before the first colon
		colon = start + k*8 + bits.TrailingZeros64(m)>>3
		if colon >= cr {
			return -1, NameOther
		}
		return colon, s.known()
	}
	if colon = start + longestName; colon < cr {
		if i := bytes.IndexByte(b[colon:cr], ':'); i >= 0 {
			return colon + i, NameOther
		}
	}
	return -1, NameOther
}

// checkName judges a name that is not a known one.
func checkName(name []byte) *Error {
	all, some := uint8(inToken), uint8(0)
	for _, c := range name {
		all &= class[c]
		some |= class[c]
	}
	if all == 0 || len(name) == 0 {
		if n := len(name); n > 0 && (name[n-1] == ' ' || name[n-1] == '\t') {
			return ErrSpaceColon
		}
		return ErrName
	}
	if some&isLow != 0 && isTwin(name) {
		return ErrTwin
	}
	return nil
}

func find(fields []Field, present NameSet, n Name) int {
	if !present.Has(n) {
		return -1
	}
	for i := range fields {
		if fields[i].Known == n {
			return i
		}
	}
	panic("BUG: a field is said to be present and is not")
}
