package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// A problem is an error as told to the client, by RFC 9457.
type problem struct {
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail,omitempty"`
	Errors []fault `json:"errors,omitempty"`

	header http.Header // fields of the answer beside the usual ones
}

// A fault is what is wrong with one field of a request body.
type fault struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// fail returns a problem with one line for a person.
func fail(status int, detail string) *problem {
	return &problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// faulty returns the problem of a body with faults in it.
func faulty(faults []fault) *problem {
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = f.Field + ": " + f.Detail
	}
	p := fail(http.StatusBadRequest, strings.Join(lines, "; "))
	p.Errors = faults
	return p
}

// Error is the detail.
func (p *problem) Error() string { return p.Detail }

// with adds a header field.
func (p *problem) with(name, value string) *problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// write sends the problem.
func (p *problem) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

// writeJSON sends v, indented: people read it in a terminal.
func writeJSON(w http.ResponseWriter, status int, kind string, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic("BUG: admin: an answer is no JSON: " + err.Error())
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	w.Write(b.Bytes()) // the client may be gone; that is its affair
}

// writeText sends lines for a person.
func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text)) // as above
}
