package admin

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// NewServer returns a server for h with the time limits of this room, so that idle or slow
// clients cost little. The caller listens, serves and shuts it down.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute, // a CPU profile takes 30 s
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

// CheckListen says whether the API may listen at addr: beyond loopback only with a token. Call it
// for the first configuration, and with the address listened at for each that would follow it.
func CheckListen(addr, token string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if token != "" || loopbackName(host) {
		return nil
	}
	return fmt.Errorf("%s can be reached from other machines; set admin.token, or listen at 127.0.0.1", addr)
}

// loopbackName reports whether host is this machine's loopback for certain. Other names may
// resolve to anything.
func loopbackName(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
