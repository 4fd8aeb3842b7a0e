package config

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

// secretPaths are the places of all fields of type Secret. A test compares them with the types.
var secretPaths = []string{"admin.token"}

// secretLine finds the key of a secret in a line of a file that may not even parse.
var secretLine = regexp.MustCompile(`^(.*?\btoken["']?[ \t]*:)(.*)$`)

// hidden stands where a secret stood.
const hidden = "***"

// redactor keeps secrets out of problems. It covers the line by its look, which works on files that
// do not parse, and the values it knows wherever they turn up.
type redactor struct {
	lines  []string
	values []string
}

// redactor is made anew for each report: problems are rare.
func (s *source) redactor(values ...string) *redactor {
	data := bytes.TrimPrefix(s.data, []byte("\ufeff"))
	return &redactor{lines: strings.Split(string(data), "\n"), values: values}
}

// know adds the secrets as written in the file.
func (r *redactor) know(root *yaml.Node) {
	for _, path := range secretPaths {
		if at, all := find(root, path); all && at.Kind == yaml.ScalarNode {
			r.values = append(r.values, at.Value)
		}
	}
}

// show completes p with its source line and takes the secrets out of it.
func (r *redactor) show(p *Problem) {
	if p.Line > 0 && p.Line <= len(r.lines) {
		p.Source = r.line(p.Line - 1)
	}
	for _, v := range r.values {
		if len(v) < 4 { // hiding these everywhere would hide half of the message
			continue
		}
		for _, text := range []*string{&p.Path, &p.Message, &p.Hint, &p.Source} {
			*text = strings.ReplaceAll(*text, v, hidden)
		}
	}
}

// line is line i of the file, from 0, with everything after the key of a secret covered.
func (r *redactor) line(i int) string {
	line := strings.TrimSuffix(r.lines[i], "\r")
	if !utf8.ValidString(line) {
		line = strings.ToValidUTF8(line, "\ufffd")
	}
	if m := secretLine.FindStringSubmatch(line); m != nil {
		if strings.TrimSpace(m[2]) == "" {
			return line
		}
		return m[1] + " " + hidden
	}
	if r.continuesSecret(i) {
		return line[:len(line)-len(strings.TrimLeft(line, " \t"))] + hidden
	}
	return line
}

// continuesSecret tells whether line i belongs to a secret that began above: it is indented deeper
// than the secret's key, or is the first line after a key with nothing behind it.
func (r *redactor) continuesSecret(i int) bool {
	depth := indentation(r.lines[i])
	for above := i - 1; above >= 0; above-- {
		line := r.lines[above]
		if strings.TrimSpace(line) == "" {
			continue
		}
		if m := secretLine.FindStringSubmatch(line); m != nil {
			return indentation(line) < depth || strings.TrimSpace(m[2]) == "" && above == i-1
		}
		if indentation(line) < depth {
			return false
		}
	}
	return false
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t-")) }
