package health

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const (
	maxHead    = 64 << 10 // bytes of head, interim ones and trailers included
	maxBody    = 64 << 10 // bytes of body that are read; a longer one costs the connection
	maxInterim = 10       // 1xx responses before the final one

	maxChunkLine = 256 // bytes of the line before a chunk
)

var (
	errClosed    = errors.New("closed without an answer")
	errCut       = errors.New("cut short")
	errLongHead  = errors.New("head longer than 64 KiB")
	errNotHTTP   = errors.New("not HTTP/1")
	errField     = errors.New("malformed field")
	errFraming   = errors.New("contradictory or unknown framing")
	errChunk     = errors.New("malformed chunk")
	errInterim   = errors.New("too many interim responses")
	errNoNewline = errors.New("line without CR LF")
)

// A head is what a probe wants to know of a response before its body. It is read as strictly as
// the answers to real requests are: what would fail those must not pass for well here.
type head struct {
	status  int
	load    float64 // as Answer.Load
	keep    bool    // the connection may carry another request
	length  int64   // of the body; -1: to the end of the connection
	chunked bool
	room    int // bytes of head left, for the trailers
}

// readHead reads the head of the final response to a GET.
func readHead(r *bufio.Reader) (head, error) {
	room := maxHead
	for range maxInterim + 1 {
		h, err := readOneHead(r, room)
		if err != nil || h.status >= 200 || h.status == 101 {
			return h, err
		}
		room = h.room
	}
	return head{}, errInterim
}

func readOneHead(r *bufio.Reader, room int) (head, error) {
	h := head{load: notReported, keep: true, length: -1, room: room}
	line, err := readLine(r, &h.room)
	if err != nil {
		return h, err
	}
	status, old, ok := statusLine(line)
	if !ok {
		return h, errNotHTTP
	}
	h.status = status

	var orca, own string
	coding := false
	for {
		line, err := readLine(r, &h.room)
		if err != nil {
			return h, err
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		value = bytes.Trim(value, " \t")
		if !ok || !isToken(name) || !isValue(value) {
			return h, errField
		}
		is := func(s string) bool { return bytes.EqualFold(name, []byte(s)) }
		switch {
		case is("content-length"):
			n, ok := digits(value)
			if !ok || h.length >= 0 {
				return h, errFraming
			}
			h.length = n
		case is("transfer-encoding"):
			if coding || old || !bytes.EqualFold(value, []byte("chunked")) {
				return h, errFraming
			}
			coding = true
		case is("connection"):
			for word := range bytes.SplitSeq(value, []byte(",")) {
				h.keep = h.keep && !bytes.EqualFold(bytes.Trim(word, " \t"), []byte("close"))
			}
		case is("endpoint-load-metrics"):
			orca = string(value)
		case is("x-load"):
			own = string(value)
		}
	}
	if coding && h.length >= 0 {
		return h, errFraming
	}
	h.chunked = coding
	if h.status == 204 && (h.chunked || h.length > 0) {
		h.keep = false // who announces a body here may send one
	}
	if h.status < 200 || h.status == 204 || h.status == 304 {
		h.chunked, h.length = false, 0 // no body; after 101 the connection speaks something else
	}
	h.keep = h.keep && !old && h.status != 101 && (h.chunked || h.length >= 0)
	h.load = load(orca, own)
	return h, nil
}

// statusLine reads "HTTP/1.1 200 OK", of which " OK" may be missing. old says that it is HTTP/1.0.
func statusLine(line []byte) (status int, old, ok bool) {
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[7] != '0' && line[7] != '1' ||
		line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return 0, false, false
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return 0, false, false
		}
		status = status*10 + int(c-'0')
	}
	return status, line[7] == '0', 100 <= status && status <= 599
}

// discard reads the body, at most maxBody bytes of it. whole says that it has been read to its end.
func (h head) discard(r *bufio.Reader) (whole bool, err error) {
	if h.chunked {
		return h.discardChunks(r)
	}
	if h.length < 0 {
		n, err := io.CopyN(io.Discard, r, maxBody+1)
		if err == io.EOF {
			return true, nil
		}
		return n <= maxBody, err
	}
	n, err := r.Discard(int(min(h.length, maxBody)))
	if err == io.EOF {
		err = errCut
	}
	return int64(n) == h.length, err
}

func (h head) discardChunks(r *bufio.Reader) (whole bool, err error) {
	left := int64(maxBody)
	for {
		size, framing, err := readChunkSize(r)
		if err != nil {
			return false, err
		}
		if size == 0 {
			break
		}
		if left -= size + framing; left < 0 {
			return false, nil
		}
		if _, err := r.Discard(int(size)); err != nil {
			return false, cut(err)
		}
		end, err := r.Peek(2)
		if err != nil {
			return false, cut(err)
		}
		if string(end) != "\r\n" {
			return false, errChunk
		}
		r.Discard(2) // peeked, so there
	}
	for {
		line, err := readLine(r, &h.room)
		if err != nil {
			return false, err
		}
		if len(line) == 0 {
			return true, nil
		}
	}
}

// readChunkSize reads the line before a chunk, and says how long the chunk is and how many bytes
// frame it. What follows a semicolon is nothing to us.
func readChunkSize(r *bufio.Reader) (size, framing int64, err error) {
	room := maxChunkLine
	line, err := readLine(r, &room)
	if err == errLongHead {
		return 0, 0, errChunk
	}
	if err != nil {
		return 0, 0, err
	}
	line, _, _ = bytes.Cut(line, []byte(";"))
	line = bytes.TrimRight(line, " \t")
	if len(line) == 0 || len(line) > 8 {
		return 0, 0, errChunk
	}
	for _, c := range line {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, 0, errChunk
		}
		size = size<<4 | int64(c)
	}
	return size, int64(maxChunkLine-room) + 2, nil
}

// readLine reads up to CR LF, which it takes off, and takes what it read off room. The line is
// valid until the next read.
func readLine(r *bufio.Reader, room *int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if *room -= len(part); *room < 0 {
			return nil, errLongHead
		}
		if line != nil || err == bufio.ErrBufferFull {
			line = append(line, part...)
		} else {
			line = part
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return nil, cut(err)
		}
		if len(line) < 2 || line[len(line)-2] != '\r' {
			return nil, errNoNewline
		}
		return line[:len(line)-2], nil
	}
}

// cut is what the end of a connection means where there should be more.
func cut(err error) error {
	if err == io.EOF {
		return errCut
	}
	return err
}

// digits reads a length.
func digits(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	n := int64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// isToken reports whether b is a token as RFC 9110 §5.6.2 has it.
func isToken(b []byte) bool {
	for _, c := range b {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) < 0 {
			return false
		}
	}
	return len(b) > 0
}

// isValue reports whether b may be the value of a field.
func isValue(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
