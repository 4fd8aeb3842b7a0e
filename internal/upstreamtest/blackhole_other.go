//go:build !unix

package upstreamtest

import "errors"

func (s *Server) stuff() error { return errors.New("a black hole needs a Unix system") }

func (s *Server) unstuff() error { return nil }

func (s *Server) dropFillers() {}
