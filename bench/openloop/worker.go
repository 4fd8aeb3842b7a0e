package openloop

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// A worker sends over one connection, one request at a time, and connects again when it must.
type worker struct {
	d      *dispatcher
	next   chan job
	report Report

	conn     net.Conn
	r        *bufio.Reader
	stale    func() bool // tells whether the server has closed the idle connection
	deadline time.Time   // set on the connection; moved in coarse steps, since setting one costs
	buf      []byte      // the request
	head     []byte      // of the answer
}

func newWorker(d *dispatcher) *worker {
	return &worker{d: d, next: make(chan job, 1), r: bufio.NewReaderSize(nil, 16<<10), report: Report{Status: map[int]uint64{}}}
}

func (w *worker) run() {
	defer w.d.wg.Done()
	defer w.hangUp()
	j, ok := <-w.next
	for ok {
		w.do(j)
		var now, more bool
		if j, now, more = w.d.want(w); !more {
			return
		}
		if !now {
			j, ok = <-w.next
		}
	}
}

func (w *worker) hangUp() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// do sends one request and books what becomes of it.
func (w *worker) do(j job) {
	w.buf = w.d.load.Request(j.n, w.buf[:0])
	res := Result{N: j.n, Intended: j.intended, Sent: time.Now()}
	res.Outcome, res.Err = w.exchange(&res)
	res.Ended = time.Now()
	if res.Outcome != Answered {
		w.hangUp()
	}
	w.report.book(&res)
	if w.d.load.Done != nil {
		w.d.load.Done(&res)
	}
}

func (w *worker) exchange(res *Result) (Outcome, error) {
	if err := w.connect(res.Sent); err != nil {
		return NoConnect, err
	}
	if _, err := w.conn.Write(w.buf); err != nil {
		return NoHead, err
	}
	a, err := w.readHead(res)
	if err != nil {
		return NoHead, err
	}
	res.Headed = time.Now()
	res.Head = w.head
	if err := w.readBody(res, a); err != nil {
		return Cut, err
	}
	if a.close {
		w.hangUp()
	}
	return Answered, nil
}

// connect makes sure that there is a connection which the server has not closed while it was idle.
func (w *worker) connect(now time.Time) error {
	if w.conn != nil && w.stale() {
		w.hangUp()
	}
	timeout := w.d.load.Timeout
	if w.conn == nil {
		conn, err := net.DialTimeout("tcp", w.d.load.Addr, timeout)
		if err != nil {
			return err
		}
		w.conn = conn
		w.stale = staleness(conn)
		w.r.Reset(conn)
		w.deadline = time.Time{}
	}
	if w.deadline.Before(now.Add(timeout)) {
		w.deadline = now.Add(timeout + timeout/8)
		return w.conn.SetDeadline(w.deadline)
	}
	return nil
}

// An answer is what a response head says about what follows.
type answer struct {
	length  int64 // of the body; -1: until the connection ends
	chunked bool
	close   bool
}

// readHead reads the head of the final answer into w.head.
func (w *worker) readHead(res *Result) (answer, error) {
	for {
		w.head = w.head[:0]
		for {
			line, err := w.r.ReadSlice('\n')
			w.head = append(w.head, line...)
			if err != nil && err != bufio.ErrBufferFull {
				return answer{}, early(err)
			}
			if len(line) <= 2 && err == nil {
				break
			}
		}
		status, err := parseStatus(w.head)
		if err != nil {
			return answer{}, err
		}
		if status < 200 {
			continue
		}
		res.Status = status
		return w.parseFields(status)
	}
}

func parseStatus(head []byte) (int, error) {
	if len(head) < len("HTTP/1.1 200") || !bytes.HasPrefix(head, []byte("HTTP/1.")) || head[8] != ' ' {
		return 0, fmt.Errorf("no status line: %.40q", head)
	}
	status, err := strconv.Atoi(string(head[9:12]))
	if err != nil {
		return 0, fmt.Errorf("no status: %.40q", head)
	}
	return status, nil
}

func (w *worker) parseFields(status int) (answer, error) {
	a := answer{length: -1}
	if v, ok := Field(w.head, "Connection"); ok {
		a.close = strings.EqualFold(v, "close")
	}
	if status == 204 || status == 304 || bytes.HasPrefix(w.buf, []byte("HEAD ")) {
		a.length = 0
		return a, nil
	}
	if v, ok := Field(w.head, "Transfer-Encoding"); ok {
		if !strings.EqualFold(v, "chunked") {
			return a, fmt.Errorf("transfer coding %q", v)
		}
		a.chunked = true
		return a, nil
	}
	if v, ok := Field(w.head, "Content-Length"); ok {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return a, fmt.Errorf("content length %q", v)
		}
		a.length = n
	}
	return a, nil
}

// Field returns the value of the first field of that name in a raw head, and whether there is one.
func Field(head []byte, name string) (string, bool) {
	for {
		end := bytes.IndexByte(head, '\n')
		if end < 0 {
			return "", false
		}
		head = head[end+1:]
		if len(head) > len(name) && head[len(name)] == ':' && strings.EqualFold(string(head[:len(name)]), name) {
			value, _, _ := bytes.Cut(head[len(name)+1:], []byte("\r\n"))
			return string(bytes.Trim(value, " \t")), true
		}
	}
}

// readBody reads the body to its end. An error means that it was cut.
func (w *worker) readBody(res *Result, a answer) error {
	switch {
	case a.chunked:
		return w.readChunks(res)
	case a.length >= 0:
		return w.skip(res, a.length)
	}
	n, err := io.Copy(io.Discard, w.r)
	res.Body += n
	w.hangUp()
	return err
}

func (w *worker) skip(res *Result, n int64) error {
	for n > 0 {
		k, err := w.r.Discard(int(min(n, 1<<20)))
		res.Body += int64(k)
		n -= int64(k)
		if err != nil {
			return early(err)
		}
	}
	return nil
}

func (w *worker) readChunks(res *Result) error {
	for {
		line, err := w.r.ReadSlice('\n')
		if err != nil {
			return early(err)
		}
		digits, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(";"))
		size, err := strconv.ParseInt(string(digits), 16, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("chunk size %q", line)
		}
		if size == 0 {
			break
		}
		if err := w.skip(res, size); err != nil {
			return err
		}
		if line, err = w.r.ReadSlice('\n'); err != nil {
			return early(err)
		}
		if string(line) != "\r\n" {
			return fmt.Errorf("chunk ends in %q", line)
		}
	}
	for { // trailer
		line, err := w.r.ReadSlice('\n')
		if err != nil {
			return early(err)
		}
		if len(line) <= 2 {
			return nil
		}
	}
}

func early(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
