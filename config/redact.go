package config

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// secretPaths are the places of all fields of type Secret. A test compares them with the types.
var secretPaths = []string{"admin.token"}

// secretLine finds the key of a secret in a line of a file that may not even parse.
var secretLine = regexp.MustCompile(`^(.*?\btoken["']?[ \t]*:)(.*)$`)

// hidden stands where a secret stood.
const hidden = "***"

// redactor keeps secrets out of problems. It covers the lines of a secret by their look, which works
// on files that do not parse, and the values it knows wherever they turn up.
type redactor struct {
	lines   []string
	covered map[int]string // lines of secrets, by index, as they may be shown
	values  []string
}

// redactor is made anew for each report: problems are rare.
func (s *source) redactor(secrets ...string) *redactor {
	data := bytes.TrimPrefix(s.data, []byte("\ufeff"))
	r := &redactor{lines: strings.Split(string(data), "\n"), covered: make(map[int]string)}
	for i, line := range r.lines {
		r.lines[i] = strings.ToValidUTF8(strings.TrimSuffix(line, "\r"), "\ufffd")
	}
	r.cover()
	for _, secret := range secrets {
		r.hide(secret)
	}
	return r
}

// cover finds the lines that hold a secret: what stands behind its key, the lines indented deeper
// than the key, and the first line after a key with nothing behind it.
func (r *redactor) cover() {
	key, next := -1, false // how deep the key above is indented, and whether its value is still to come
	for i, line := range r.lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		deep := len(line) - len(strings.TrimLeft(line, " \t-"))
		switch m := secretLine.FindStringSubmatch(line); {
		case m != nil:
			key, next = deep, strings.TrimSpace(m[2]) == ""
			if !next {
				r.covered[i] = m[1] + " " + hidden
			}
		case key >= 0 && (next || deep > key):
			r.covered[i] = line[:deep] + hidden
			next = false
		default:
			key, next = -1, false
		}
	}
}

// hide has a value covered wherever it turns up, also in the form %q gives it. Very short ones are
// left to the look of their line: without them half of the message would be gone.
func (r *redactor) hide(secret string) {
	if len(secret) < 4 {
		return
	}
	quoted := strconv.Quote(secret)
	r.values = append(r.values, secret, quoted[1:len(quoted)-1])
}

// know hides the secrets as they are written in the file. A mere ${NAME} gives nothing away.
func (r *redactor) know(root *yaml.Node) {
	for _, path := range secretPaths {
		if _, value, all := find(root, path); all {
			r.hideAll(resolve(value))
		}
	}
}

// hideAll hides every text in n, which should be one text but may be a mistake of any shape.
func (r *redactor) hideAll(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && !(strings.HasPrefix(n.Value, "${") && strings.IndexByte(n.Value, '}') == len(n.Value)-1) {
		r.hide(n.Value)
	}
	for _, part := range n.Content {
		r.hideAll(part)
	}
}

// show completes p with its source line and takes the secrets out of it.
func (r *redactor) show(p *Problem) {
	if i := p.Line - 1; i >= 0 && i < len(r.lines) {
		p.Source = r.lines[i]
		if covered, ok := r.covered[i]; ok {
			p.Source = covered
		}
	}
	for _, v := range r.values {
		for _, text := range []*string{&p.Path, &p.Message, &p.Hint, &p.Source} {
			*text = strings.ReplaceAll(*text, v, hidden)
		}
	}
}
