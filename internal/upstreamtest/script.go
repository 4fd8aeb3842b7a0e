package upstreamtest

import (
	"net"
	"sync"
	"time"
)

// Script starts an upstream that is scripted byte by byte: play is called, in a goroutine of its
// own, for every connection accepted, which is closed when it returns. It returns the address. The
// test's end closes what is left and waits for the goroutines.
func Script(t TB, play func(conn net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		conns = map[net.Conn]bool{}
		over  bool
	)
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			if over {
				mu.Unlock()
				c.Close()
				return
			}
			conns[c] = true
			wg.Add(1)
			mu.Unlock()
			go func() {
				defer wg.Done()
				play(c)
				c.Close()
				mu.Lock()
				delete(conns, c)
				mu.Unlock()
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		over = true
		for c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// ReadRequest reads one request head off conn, byte for byte, without a byte of what follows. It
// is slow, and meant for scripts.
func ReadRequest(conn net.Conn) (head string, err error) {
	var b []byte
	one := make([]byte, 1)
	for len(b) < 4 || string(b[len(b)-4:]) != "\r\n\r\n" {
		if _, err := conn.Read(one); err != nil {
			return string(b), err
		}
		b = append(b, one[0])
	}
	return string(b), nil
}

// AbortConn resets a connection.
func AbortConn(conn net.Conn) {
	if tc, ok := conn.(*net.TCPConn); ok {
		tc.SetLinger(0)
	}
	conn.Close()
}

// Eventually waits until ok returns true, and fails the test if it does not within d.
func Eventually(t TB, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, d)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
