package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one mistake in a configuration file, with the place where it was made.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`             // from 1; 0 when the place is not known
	Column  int    `json:"column"`           // from 1, in characters
	Path    string `json:"path"`             // such as routes[0].to; "" when it is about the file as a whole
	Message string `json:"message"`          // what is the matter
	Hint    string `json:"hint,omitempty"`   // what to write instead
	Source  string `json:"source,omitempty"` // the offending line, without secrets
}

// Problems are all mistakes found together, in the order of the file.
type Problems []Problem

// Error lists all problems, each as Problem.Error prints it.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "\n")
}

// Error is the place and the message, then the offending line with a caret under the place and the
// hint behind it:
//
//	gateway.yaml:12:26: routes[0].to: there is no service "pya"
//	  12 |   - { path: /pay/**, to: pya }
//	     |                          ^ did you mean "pay"?
func (p Problem) Error() string {
	var b strings.Builder
	for _, part := range []string{p.place(), p.Path} {
		if part != "" {
			b.WriteString(part)
			b.WriteString(": ")
		}
	}
	b.WriteString(p.Message)
	if p.Line == 0 || p.Source == "" {
		if p.Hint != "" {
			b.WriteString("; ")
			b.WriteString(p.Hint)
		}
		return b.String()
	}
	line, indent := excerpt(p.Source, p.Column)
	number := strconv.Itoa(p.Line)
	b.WriteString("\n  " + number + " | " + line)
	b.WriteString("\n  " + strings.Repeat(" ", len(number)) + " | " + indent + "^")
	if p.Hint != "" {
		b.WriteString(" " + p.Hint)
	}
	return b.String()
}

func (p Problem) place() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// excerptWidth is how many characters of a line are shown; flow style makes endless ones.
const excerptWidth = 120

// excerpt is the part of a line around a column, fit for a terminal, and the blanks that put a
// caret under that column.
func excerpt(line string, column int) (shown, indent string) {
	runes := []rune(line)
	at := min(max(column-1, 0), len(runes))
	from, to := 0, len(runes)
	if len(runes) > excerptWidth {
		from = max(0, min(at-excerptWidth/2, len(runes)-excerptWidth))
		to = from + excerptWidth
	}
	var text, blanks strings.Builder
	if from > 0 {
		text.WriteString("…")
		blanks.WriteString(" ")
	}
	for i, r := range runes[from:to] {
		blank := " "
		switch {
		case r == '\t':
			blank = "\t"
		case !unicode.IsPrint(r):
			r = utf8.RuneError // nothing in a file may steer the terminal
		case r >= 0x2e80:
			blank = "  " // East Asian characters take two cells
		}
		text.WriteRune(r)
		if from+i < at {
			blanks.WriteString(blank)
		}
	}
	if to < len(runes) {
		text.WriteString("…")
	}
	return text.String(), blanks.String()
}

// sort puts problems in the order of the file and drops repetitions, which an anchored block that is
// used twice makes.
func (ps Problems) sort() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(ps, func(a, b Problem) bool {
		return a.Line == b.Line && a.Column == b.Column && a.Line > 0 && a.Message == b.Message
	})
}

// Problem makes a problem of something found only after loading, such as an unknown policy. The path
// is like routes[0].to or services.pay.endpoints.cn-east[1].address.
func (c *Config) Problem(path, message, hint string) Problem {
	p := Problem{Path: path, Message: message, Hint: hint}
	if c.source == nil {
		return p
	}
	p.File = c.source.name
	if root := c.source.root(); root != nil {
		at, _, _ := find(root, path)
		p.Line, p.Column = at.Line, at.Column
	}
	c.source.redactor(c.Admin.Token.Reveal()).show(&p)
	return p
}
