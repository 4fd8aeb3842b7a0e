package health

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestResponse(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, c := range []struct {
		name, in string
		want     string // the error, or ""
		status   int
		keep     bool   // head.keep, and the body was read to its end
		rest     string // what is left for the next response
	}{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokREST", "", 200, true, "REST"},
		{"no reason phrase", "HTTP/1.1 204\r\n\r\n", "", 204, true, ""},
		{"length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nok", errFraming.Error(), 200, false, ""},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA;x=y\r\n0123456789\r\n1 \r\nx\r\n0\r\nT: v\r\n\r\nREST", "", 200, true, "REST"},
		{"to the end", "HTTP/1.1 200 OK\r\n\r\nabc", "", 200, false, ""},
		{"to the end, long", "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", maxBody+2), "", 200, false, "x"},
		{"long body", "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n" + strings.Repeat("x", maxBody+1), "", 200, false, "x"},
		{"longest body", "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + strings.Repeat("x", maxBody), "", 200, true, ""},
		{"long chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", "", 200, false, ""},
		{"closes", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n", "", 200, false, ""},
		{"old", "HTTP/1.0 503 x\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx", "", 503, false, ""},
		{"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200, true, ""},
		{"interim only", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 11), errInterim.Error(), 0, false, ""},
		{"switch", "HTTP/1.1 101 x\r\nContent-Length: 5\r\n\r\n", "", 101, false, ""},
		{"204 has none, whatever it says", "HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\nhello", "", 204, false, ""},
		{"304 has no body", "HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\nREST", "", 304, true, "REST"},
		{"long line", "HTTP/1.1 200 OK\r\nX: " + long + "\r\nContent-Length: 0\r\n\r\n", "", 200, true, ""},
		{"empty", "", errCut.Error(), 0, false, ""},
		{"cut in the head", "HTTP/1.1 200 OK\r\nContent-Le", errCut.Error(), 0, false, ""},
		{"cut in the body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", errCut.Error(), 200, false, ""},
		{"cut in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", errCut.Error(), 200, false, ""},
		{"cut between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", errCut.Error(), 200, false, ""},
		{"cut before the last line", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", errCut.Error(), 200, false, ""},
		{"chunk too long for its size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", errChunk.Error(), 200, false, ""},
		{"chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\x11\r\n", errChunk.Error(), 200, false, ""},
		{"chunk size, signed", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\n", errChunk.Error(), 200, false, ""},
		{"chunk line", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + long + "\r\n", errChunk.Error(), 200, false, ""},
		{"both framings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", errFraming.Error(), 200, false, ""},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\n", errFraming.Error(), 200, false, ""},
		{"bad length", "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n", errFraming.Error(), 200, false, ""},
		{"other coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", errFraming.Error(), 200, false, ""},
		{"coding in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", errFraming.Error(), 200, false, ""},
		{"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", errNoNewline.Error(), 0, false, ""},
		{"space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", errField.Error(), 200, false, ""},
		{"folding", "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", errField.Error(), 200, false, ""},
		{"control byte", "HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n", errField.Error(), 200, false, ""},
		{"endless head", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 20000), errLongHead.Error(), 200, false, ""},
		{"endless line", strings.Repeat("x", maxHead+1), errLongHead.Error(), 0, false, ""},
		{"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", errNotHTTP.Error(), 0, false, ""},
		{"ssh", "SSH-2.0-OpenSSH_9.6\r\n", errNotHTTP.Error(), 0, false, ""},
		{"status 99", "HTTP/1.1 099 x\r\n\r\n", errNotHTTP.Error(), 99, false, ""},
		{"status 2000", "HTTP/1.1 2000 x\r\n\r\n", errNotHTTP.Error(), 0, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := bufio.NewReaderSize(strings.NewReader(c.in), 1<<10)
			h, err := readHead(r)
			whole := false
			if err == nil {
				whole, err = h.discard(r)
			}
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Fatalf("error %q, want %q", got, c.want)
			}
			if err != nil {
				return
			}
			if h.status != c.status || (whole && h.keep) != c.keep {
				t.Errorf("status %d keep %v, want %d %v", h.status, whole && h.keep, c.status, c.keep)
			}
			if rest, _ := io.ReadAll(r); !c.keep {
				return
			} else if string(rest) != c.rest {
				t.Errorf("rest %q, want %q", rest, c.rest)
			}
		})
	}
}

func TestResponseLoad(t *testing.T) {
	h, err := readHead(bufio.NewReader(strings.NewReader(
		"HTTP/1.1 200 OK\r\nX-LOAD: 0.9\r\nEndpoint-Load-Metrics: TEXT cpu_utilization=0.25\r\n\r\n")))
	if err != nil || h.load != 0.25 {
		t.Error(h.load, err)
	}
}

// countingReader knows how much was taken from it.
type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 103 x\r\nLink: y\r\n\r\nHTTP/1.1 503 x\r\nX-Load: 1\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 200\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nTrailer: T\r\n\r\nA;x=y\r\n0123456789\r\n1 \r\nx\r\n0\r\nT: v\r\n\r\nHTTP/1.1"))
	f.Add([]byte("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\nx"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 003\r\nContent-Length: 3\r\nConnection: a, b\r\n\r\nabcd"))
	f.Fuzz(func(t *testing.T, in []byte) {
		src := &countingReader{r: bytes.NewReader(in)}
		r := bufio.NewReaderSize(src, 1<<10)
		h, err := readHead(r)
		if err != nil {
			return
		}
		whole, err := h.discard(r)
		if src.n > maxHead+maxBody+2<<10 { // what the buffer may have read ahead, and one last line
			t.Errorf("%d bytes read", src.n)
		}
		if h.status < 101 || h.status > 599 || h.load < 0 && h.load != notReported {
			t.Errorf("%+v", h)
		}
		// A connection kept for reuse stands where the standard library's reader says it stands.
		if err != nil || !whole || !h.keep {
			return
		}
		used := src.n - r.Buffered()
		std := bufio.NewReader(bytes.NewReader(in))
		for {
			resp, err := http.ReadResponse(std, nil)
			if err != nil {
				t.Fatalf("accepted, but net/http says: %v", err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatalf("accepted, but net/http says of the body: %v", err)
			}
			if resp.StatusCode >= 200 {
				if resp.StatusCode != h.status {
					t.Errorf("status %d, net/http says %d", h.status, resp.StatusCode)
				}
				break
			}
		}
		rest, _ := io.ReadAll(std)
		if got := len(in) - len(rest); got != used {
			t.Errorf("ends at %d, net/http says %d", used, got)
		}
	})
}
