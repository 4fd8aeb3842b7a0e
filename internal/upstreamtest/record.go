package upstreamtest

import (
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
)

// A Ledger counts how often each request (by its X-Id) was executed. Many servers may share one,
// so that a request executed on two of them shows. Safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	entries map[string]*entry
}

type entry struct {
	method string
	where  []string
}

// note books one execution.
func (l *Ledger) note(method, id, where string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[string]*entry{}
	}
	e := l.entries[id]
	if e == nil {
		e = &entry{method: method}
		l.entries[id] = e
	}
	e.where = append(e.where, where)
}

// Executed returns how often the request with this id was executed.
func (l *Ledger) Executed(id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[id]; e != nil {
		return len(e.where)
	}
	return 0
}

// Count returns how many different requests with this method were executed.
func (l *Ledger) Count(method string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, e := range l.entries {
		if e.method == method {
			n++
		}
	}
	return n
}

// Repeated names every request with this method that was executed more than once, and where.
func (l *Ledger) Repeated(method string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for id, e := range l.entries {
		if e.method == method && len(e.where) > 1 {
			out = append(out, fmt.Sprintf("%s %s: %s", method, id, strings.Join(e.where, ", ")))
		}
	}
	sort.Strings(out)
	return out
}

// A Request is a request as it came.
type Request struct {
	Method, Target, Proto string
	Head                  string    // byte for byte, with the empty line
	Body                  []byte    // its first 64 KiB, chunking taken off
	Size                  int64     // of the whole body
	Sum                   string    // SHA-256 of the whole body, in hex
	Trailer               string    // trailer fields, raw
	Err                   error     // the body was cut: why
	At                    time.Time // of its first byte
}

// Field returns the value of the first header field of that name, and whether there is one.
func (r *Request) Field(name string) (string, bool) { return field(r.Head, name) }

// field looks a header field up in a raw head. Names compare without regard to case.
func field(head, name string) (string, bool) {
	_, rest, _ := strings.Cut(head, "\r\n")
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\r\n")
		n, v, ok := strings.Cut(line, ":")
		if ok && strings.EqualFold(n, name) {
			return strings.Trim(v, " \t"), true
		}
	}
	return "", false
}

// Stats is what a server counted since its start. Probes (/healthz) are counted apart.
type Stats struct {
	Accepted  int64     // connections
	Open      int64     // connections now
	Requests  int64     // begun: their first byte was seen
	InFlight  int64     // begun, and not yet answered
	Answered  int64     // answered whole
	Abandoned int64     // left by the other side while the answer was being made
	Probes    int64     //
	Last      time.Time // first byte of the last request that is no probe
}
