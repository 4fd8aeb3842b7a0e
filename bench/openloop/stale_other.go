//go:build !unix

package openloop

import "net"

func staleness(net.Conn) func() bool { return func() bool { return false } }
