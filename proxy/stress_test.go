package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// A mess is many clients and a few endpoints that misbehave in every way at random, with reloads in
// between. Whatever looks whole, on either side, must be exactly what belongs to it.
type mess struct {
	t       *testing.T
	rig     *rig
	ledger  sync.Map // POST ids executed
	id      atomic.Uint64
	whole   atomic.Uint64
	uploads atomic.Uint64
}

// content is the body that belongs to id.
func content(id string, size int) []byte {
	unit := id + ";"
	return []byte(strings.Repeat(unit, size/len(unit)+1)[:size])
}

// play is an endpoint.
func (m *mess) play(conn netConn) {
	br := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		q := req.URL.Query()
		id := q.Get("id")
		size, _ := strconv.Atoi(q.Get("size"))
		faults := rand.IntN(100) < 15
		if rand.IntN(40) == 0 {
			time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond)
		}
		if faults && rand.IntN(4) == 0 { // before the body is read
			fmt.Fprintf(conn, "HTTP/1.1 403 Early\r\nX-Id: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", id)
			return
		}
		sent, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		if up, _ := strconv.Atoi(q.Get("up")); !bytes.Equal(sent, content(id, up)) {
			m.t.Errorf("%s: an upload looks whole: %d bytes of %d: %.60q", id, len(sent), up, sent)
		}
		if req.Method == "POST" {
			m.uploads.Add(1)
			if _, again := m.ledger.LoadOrStore(id, true); again {
				m.t.Errorf("%s: executed twice", id)
			}
		}
		if !m.answer(conn, req.Method, id, size, faults) {
			return
		}
	}
}

// answer answers one request, maybe wrongly. It returns false if the connection is used up.
func (m *mess) answer(conn netConn, method, id string, size int, faults bool) bool {
	if rand.IntN(20) == 0 {
		fmt.Fprintf(conn, "HTTP/1.1 103 Early Hints\r\nX-Id: %s\r\n\r\n", id)
	}
	body := content(id, size)
	fault := -1
	if faults {
		fault = rand.IntN(7)
	}
	switch fault {
	case 0:
		upstreamtest.AbortConn(conn)
		return false
	case 1:
		io.WriteString(conn, "garbage\r\n\r\n")
		return false
	case 2:
		return false
	case 3:
		fmt.Fprintf(conn, "HTTP/1.1 503 Busy\r\nX-Id: %s\r\nContent-Length: 0\r\n\r\n", id)
		return true
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 200 OK\r\nX-Id: %s\r\n", id)
	close, framing := false, rand.IntN(3)
	switch framing {
	case 0:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", size)
		b.Write(body)
	case 1:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for len(body) > 0 {
			n := min(len(body), 1+rand.IntN(20_000))
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		b.WriteString("0\r\n\r\n")
	case 2:
		close = true
		b.WriteString("\r\n")
		b.Write(body)
	}
	out := b.Bytes()
	if method == "HEAD" {
		out = out[:bytes.Index(out, []byte("\r\n\r\n"))+4]
	}
	if fault == 4 || fault == 5 { // cut; what ends by a close is cut by a reset
		conn.Write(out[:rand.IntN(len(out))])
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
		if fault == 5 || close {
			upstreamtest.AbortConn(conn)
		}
		return false
	}
	if _, err := conn.Write(out); err != nil || close {
		return false
	}
	return fault != 6 // closes after the answer without having said so
}

// An asked is a request that was sent and not answered yet.
type asked struct {
	id, method string
	size       int
}

// client makes requests on one connection until something ends it.
func (m *mess) client() {
	conn, err := net.Dial("tcp", m.rig.addr)
	if err != nil {
		return
	}
	defer func() {
		if rand.IntN(4) == 0 {
			upstreamtest.AbortConn(conn)
		}
		conn.Close()
	}()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	br := bufio.NewReader(conn)
	for range 1 + rand.IntN(12) {
		var open []asked
		var out bytes.Buffer
		last := false
		for range 1 + rand.IntN(3)*rand.IntN(2) { // pipelined
			a, end := m.request(&out)
			open, last = append(open, a), last || end
			if last {
				break
			}
		}
		if rand.IntN(30) == 0 { // leaves within its request
			conn.Write(out.Bytes()[:rand.IntN(out.Len())])
			return
		}
		go func() { // not to be stuck when both sides write
			b := out.Bytes()
			if rand.IntN(10) == 0 {
				n := rand.IntN(len(b))
				conn.Write(b[:n])
				time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
				b = b[n:]
			}
			conn.Write(b)
		}()
		if rand.IntN(30) == 0 { // leaves before the answer, or within it
			conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			io.CopyN(io.Discard, br, int64(rand.IntN(4000)))
			return
		}
		for _, a := range open {
			if !m.check(br, a) {
				return
			}
		}
		if last {
			return
		}
	}
}

// request appends a request. last: the connection ends with it.
func (m *mess) request(out *bytes.Buffer) (a asked, last bool) {
	a = asked{id: fmt.Sprintf("r%d", m.id.Add(1)), method: [...]string{"GET", "GET", "HEAD", "POST", "PUT"}[rand.IntN(5)]}
	a.size = [...]int{0, 5, 5000, 40_000, 700_000}[min(rand.IntN(5), rand.IntN(5))]
	up := 0
	if a.method == "POST" || a.method == "PUT" {
		up = [...]int{0, 10, 9000, 100_000}[rand.IntN(4)]
	}
	body := content(a.id, up)
	version, fields := 1, ""
	switch rand.IntN(20) {
	case 0, 1, 2:
		version, last = 0, true
	case 3:
		fields, last = "Connection: close\r\n", true
	}
	fmt.Fprintf(out, "%s /%s?id=%s&size=%d&up=%d HTTP/1.%d\r\nHost: %s\r\nX-Id: %s\r\n%s", a.method, a.id, a.id, a.size, up, version, a.id, a.id, fields)
	switch {
	case up == 0:
		out.WriteString("\r\n")
	case version == 1 && rand.IntN(2) == 0:
		out.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for len(body) > 0 {
			n := min(len(body), 1+rand.IntN(20_000))
			fmt.Fprintf(out, "%x\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		out.WriteString("0\r\n\r\n")
	default:
		fmt.Fprintf(out, "Content-Length: %d\r\n\r\n%s", up, body)
	}
	return a, last
}

// check reads one answer. What looks whole must be whole, and belong to a. False: the connection ended.
func (m *mess) check(br *bufio.Reader, a asked) bool {
	var res *http.Response
	for {
		var err error
		res, err = http.ReadResponse(br, &http.Request{Method: a.method})
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				m.t.Errorf("%s: no answer: %v", a.id, err)
			}
			return false
		}
		if res.Header.Get("X-Id") != a.id && res.Header.Get(ReasonHeader) == "" {
			m.t.Errorf("%s got the head for %q", a.id, res.Header.Get("X-Id"))
			return false
		}
		if res.StatusCode >= 200 {
			break
		}
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			m.t.Errorf("%s: the answer does not end: %v", a.id, err)
		}
		return false
	}
	if res.StatusCode == 200 {
		m.whole.Add(1)
		if want := content(a.id, a.size); a.method != "HEAD" && !bytes.Equal(body, want) {
			m.t.Errorf("%s: an answer looks whole: %d bytes of %d", a.id, len(body), len(want))
		}
	}
	return !res.Close
}

func TestMess(t *testing.T) {
	m := &mess{t: t}
	var addrs []string
	for range 4 {
		addrs = append(addrs, upstreamtest.Script(t, m.play))
	}
	text := one(", timeout: {try: 150ms, total: 1s}", addrs...)
	m.rig = newRig(t, text)
	length := 3 * time.Second
	if testing.Short() {
		length = time.Second
	}
	const enough = 50 // whole answers; a slow machine takes longer over them
	begin := time.Now()
	goes := func() bool {
		d := time.Since(begin)
		return d < length || m.whole.Load() < enough && d < time.Minute
	}
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() {
			for goes() {
				m.client()
			}
		})
	}
	for i := 0; goes(); i++ {
		time.Sleep(20 * time.Millisecond)
		from := i % 3
		m.rig.reload(one(", timeout: {try: 150ms, total: 1s}", addrs[from:from+2]...))
	}
	wg.Wait()
	upstreamtest.Eventually(t, 10*time.Second, "all connections end", func() bool { return m.rig.Stats.Open.Load() == 0 })
	if n := m.rig.Stats.InFlight.Load(); n != 0 {
		t.Errorf("%d exchanges are in flight", n)
	}
	if n := m.rig.Stats.Panics.Load(); n != 0 {
		t.Errorf("%d panics", n)
	}
	for _, h := range m.rig.live.Load().Hosts() {
		if h.Waiting() != 0 || h.Bodies() != 0 {
			t.Errorf("%s: %d wait, %d bodies", h.Addr, h.Waiting(), h.Bodies())
		}
	}
	t.Logf("%d requests, %d whole answers, %d POSTs executed", m.id.Load(), m.whole.Load(), m.uploads.Load())
	if m.whole.Load() < enough {
		t.Errorf("only %d whole answers", m.whole.Load())
	}
}

// reload is configure, and closes what the new table does not know any more, as the control loop does.
func (r *rig) reload(text string) {
	before := r.live.Load().Hosts()
	r.configure(text)
	known := map[string]bool{}
	for _, h := range r.live.Load().Hosts() {
		known[h.Addr] = true
	}
	for _, h := range before {
		if !known[h.Addr] {
			h.Upstream.Close()
		}
	}
}
