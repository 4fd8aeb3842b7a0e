package main

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
)

// startUpstreams starts n servers that answer every request alike, as cheaply as can be: they share
// the processor with what is measured.
func startUpstreams(n, body int) (addrs []string, stop func(), err error) {
	answer := []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", body, strings.Repeat("x", body)))
	var (
		mu    sync.Mutex
		open  []net.Conn
		ports []net.Listener
	)
	stop = func() {
		mu.Lock()
		defer mu.Unlock()
		for _, l := range ports {
			l.Close()
		}
		for _, c := range open {
			c.Close()
		}
	}
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			stop()
			return nil, nil, err
		}
		ports = append(ports, l)
		addrs = append(addrs, l.Addr().String())
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				mu.Lock()
				open = append(open, c)
				mu.Unlock()
				go answerAll(c, answer)
			}
		}()
	}
	return addrs, stop, nil
}

// answerAll answers every head that ends; bodies are not expected.
func answerAll(c net.Conn, answer []byte) {
	defer c.Close()
	end := []byte("\r\n\r\n")
	buf := make([]byte, 8<<10)
	have := 0
	for {
		n, err := c.Read(buf[have:])
		if err != nil {
			return
		}
		have += n
		for {
			i := bytes.Index(buf[:have], end)
			if i < 0 {
				break
			}
			have = copy(buf, buf[i+len(end):have])
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
		if have == len(buf) {
			return // no head is that long here
		}
	}
}
