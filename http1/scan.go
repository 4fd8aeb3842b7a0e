package http1

import (
	"encoding/binary"
	"math/bits"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// control returns the index of the first byte in b[i:end] that is a control character other
// than HTAB, or end. Carriage return and line feed are among them, so one pass both finds the
// end of a line and checks its bytes.
func control(b []byte, i, end int) int {
	b = b[:end]
	for i+16 <= len(b) {
		w := b[i : i+16] // two words a turn take less time than one
		m := suspects(binary.LittleEndian.Uint64(w))
		if m == 0 {
			i += 8
			m = suspects(binary.LittleEndian.Uint64(w[8:]))
		}
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		if isControl(b[i]) {
			return i
		}
		i++
	}
	for i < len(b) && !isControl(b[i]) {
		i++
	}
	return i
}

// suspects sets the high bit of the bytes of x that are below 0x20 or 0x7f. The lowest bit set
// may also be at 0x7e (after 0xff, which carries).
func suspects(x uint64) uint64 {
	return ((x - 0x20*ones) | (x + ones)) &^ x & highs
}

func isControl(c byte) bool { return c < 0x20 && c != '\t' || c == 0x7f }

// isTokens tells whether b is a token.
func isTokens(b []byte) bool {
	for _, c := range b {
		if class[c]&inToken == 0 {
			return false
		}
	}
	return len(b) > 0
}

// foldEqual compares without case. It is exact for text of letters, digits and '-', and lower
// must be in lower case.
func foldEqual(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// sameFold compares two texts without case (of ASCII letters).
func sameFold[T []byte | string](a []byte, b T) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if c != b[i] && lowerByte(c) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}
