package http1

import "bytes"

// LastChunk ends a chunked body that has no trailers. With trailers, write LastChunkHead, the
// trailer lines and CRLF.
const (
	LastChunk     = "0\r\n\r\n"
	LastChunkHead = "0\r\n"
)

// maxChunkLine bounds the line before a chunk, without its CRLF.
const maxChunkLine = 256

// What bounds the trailer section unless Chunks.Limits says otherwise.
const (
	trailerBytes = 8 << 10
	trailerCount = 64
)

// Chunks decodes a chunked body as it arrives. The zero value is ready; Reset makes it ready
// for the next body. It is not safe for concurrent use.
type Chunks struct {
	// Limits bound the trailer section (Line is not used). Zero fields mean 8 KiB and 64 lines.
	Limits Limits

	// Trailer holds the trailer lines, each with its CRLF, once the body is done: those that
	// may be passed on. Fields this package knows are left out, but ETag: framing, routing,
	// credentials and the like have no place after a body (RFC 9110 section 6.5.1). It is
	// reused after Reset.
	Trailer []byte

	state  chunkState
	digits uint8  // of the size, so far
	line   uint16 // bytes of the chunk line, so far
	left   uint64 // bytes of the chunk still to come; while in its line, its size so far
	fields []Field
	at     section
	fault  *Error // the body is refused: nothing more is decoded
}

// chunkState is what the next byte of a chunked body is for.
type chunkState uint8

const (
	chunkSize      chunkState = iota // a digit, or the end of the size
	chunkBefore                      // white space or ';' after the size
	chunkName                        // white space or the name of an extension
	chunkInName                      // its second byte or what is after it
	chunkAfterName                   // white space, '=' or ';'
	chunkValue                       // white space or a value
	chunkInValue                     // a token's second byte or what is after it
	chunkQuoted                      // in a quoted string
	chunkEscaped                     // after a backslash in it
	chunkUnquoted                    // after its end
	chunkLF                          // the line feed of the chunk line
	chunkData                        // data
	chunkDataCR                      // CR after the data
	chunkDataLF                      // and LF
	chunkLast                        // after the last chunk: CR, or a trailer
	chunkLastLF                      // LF of the end
	chunkTrailer                     // in the trailer section
	chunkDone
)

// Reset forgets the body, keeping Limits and the room for trailers.
func (c *Chunks) Reset() {
	*c = Chunks{Limits: c.Limits, Trailer: c.Trailer[:0], fields: c.fields[:0]}
}

// Next decodes from the front of b: it used n bytes, and data, a part of b and maybe empty, is
// body. It returns after each piece of body, so it is called again with b[n:] until n is
// len(b) or done. done: the body is complete, and b[n:] is after it. An input that ends
// without done is a body cut short.
//
// Errors are *Error with a status fit for a request; for a response, see Error.Upstream.
func (c *Chunks) Next(b []byte) (n int, data []byte, done bool, err error) {
	if c.fault != nil {
		return 0, nil, false, c.fault
	}
	for n < len(b) {
		switch c.state {
		case chunkData:
			size := int(min(c.left, uint64(len(b)-n)))
			data = b[n : n+size : n+size]
			if c.left -= uint64(size); c.left == 0 {
				c.state = chunkDataCR
			}
			return n + size, data, false, nil
		case chunkTrailer:
			used, fault := c.trailer(b[n:])
			n += used
			if fault != nil {
				c.fault = fault
				return n, nil, false, fault
			}
		case chunkDone:
			return n, nil, true, nil
		default:
			if fault := c.step(b[n]); fault != nil {
				c.fault = fault
				return n, nil, false, fault
			}
			if c.state != chunkTrailer { // else the byte belongs to it
				n++
			}
		}
	}
	return n, nil, c.state == chunkDone, nil
}

// step takes one byte that is neither data nor part of a trailer.
func (c *Chunks) step(b byte) *Error {
	switch c.state {
	case chunkDataCR:
		if b != '\r' {
			return ErrChunkEnd
		}
		c.state = chunkDataLF
		return nil
	case chunkDataLF:
		if b != '\n' {
			return ErrChunkEnd
		}
		c.state, c.digits, c.line = chunkSize, 0, 0
		return nil
	case chunkLF:
		if b != '\n' {
			return ErrBareCR
		}
		c.state = chunkData
		if c.left == 0 {
			c.state = chunkLast
		}
		return nil
	case chunkLast:
		c.state = chunkTrailer
		if b == '\r' {
			c.state = chunkLastLF
		}
		return nil
	case chunkLastLF:
		if b != '\n' {
			return ErrBareCR
		}
		c.state = chunkDone
		return nil
	}
	if c.line++; c.line > maxChunkLine && b != '\r' {
		return ErrChunkLine
	}
	if c.state == chunkSize {
		return c.size(b)
	}
	return c.extension(b)
}

// size takes one byte of the size of a chunk, or the one after it.
func (c *Chunks) size(b byte) *Error {
	if d := unhex(b); d < 16 {
		if c.digits == 16 || c.left>>59 != 0 { // it must fit an int64
			return ErrChunkSize
		}
		c.digits++
		c.left = c.left<<4 | uint64(d)
		return nil
	}
	if c.digits == 0 {
		return ErrChunkSize
	}
	switch b {
	case '\r':
		c.state = chunkLF
	case ';':
		c.state = chunkName
	case ' ', '\t':
		c.state = chunkBefore
	case '\n':
		return ErrBareLF
	default:
		return ErrChunkSize
	}
	return nil
}

// extension takes one byte of a chunk's extensions, which are checked and dropped
// (RFC 9112 section 7.1.1).
func (c *Chunks) extension(b byte) *Error {
	space := b == ' ' || b == '\t'
	word := class[b]&inToken != 0
	switch c.state {
	case chunkBefore, chunkAfterName:
		switch {
		case space:
			return nil
		case b == ';':
			c.state = chunkName
			return nil
		case b == '=' && c.state == chunkAfterName:
			c.state = chunkValue
			return nil
		}
	case chunkName, chunkValue:
		switch {
		case space:
			return nil
		case word && c.state == chunkName:
			c.state = chunkInName
			return nil
		case word:
			c.state = chunkInValue
			return nil
		case b == '"' && c.state == chunkValue:
			c.state = chunkQuoted
			return nil
		}
	case chunkQuoted:
		switch {
		case b == '"':
			c.state = chunkUnquoted
			return nil
		case b == '\\':
			c.state = chunkEscaped
			return nil
		case isText(b):
			return nil
		}
	case chunkEscaped:
		if isText(b) {
			c.state = chunkQuoted
			return nil
		}
	case chunkInName, chunkInValue, chunkUnquoted:
		switch {
		case word && c.state != chunkUnquoted:
			return nil
		case space && c.state == chunkInName:
			c.state = chunkAfterName
			return nil
		case space:
			c.state = chunkBefore
			return nil
		case b == '=' && c.state == chunkInName:
			c.state = chunkValue
			return nil
		case b == ';':
			c.state = chunkName
			return nil
		case b == '\r':
			c.state = chunkLF
			return nil
		}
	}
	if b == '\n' {
		return ErrBareLF
	}
	return ErrChunkExtension
}

// isText tells whether b may be in a quoted string or behind its backslash.
func isText(b byte) bool { return b >= 0x20 && b != 0x7f || b == '\t' }

// trailer takes bytes of the trailer section, and does not go beyond its end.
func (c *Chunks) trailer(b []byte) (n int, err *Error) {
	lim := c.Limits
	if lim.Fields == 0 {
		lim.Fields = trailerBytes
	}
	if lim.Count == 0 {
		lim.Count = trailerCount
	}
	for n < len(b) {
		i := bytes.IndexByte(b[n:], '\n') + 1
		if i == 0 {
			i = len(b) - n
		}
		// What is over the limit need not be kept: parse only has to see that it is.
		i = min(i, lim.Fields+2-len(c.Trailer))
		c.Trailer = append(c.Trailer, b[n:n+i]...)
		n += i
		var done bool
		c.fields, done, err = c.at.parse(c.Trailer, c.fields, lim)
		if err != nil {
			return n, err
		}
		if done {
			c.state = chunkDone
			return n, c.keepTrailers()
		}
	}
	return n, nil
}

// keepTrailers reduces Trailer to the lines that may be passed on.
func (c *Chunks) keepTrailers() *Error {
	const refused = framing | 1<<NameHost
	const kept NameSet = 1<<NameOther | 1<<NameETag
	if c.at.present&refused != 0 {
		return ErrTrailer
	}
	raw := c.Trailer
	c.Trailer = raw[:0]
	for i := range c.fields {
		if f := &c.fields[i]; kept.Has(f.Known) {
			c.Trailer = append(c.Trailer, f.Line.Of(raw)...)
		}
	}
	return nil
}
