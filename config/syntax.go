package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

// parse reads the one document of a file into nodes, or says why not.
func parse(s *source) (*yaml.Node, *Problem) {
	if p := unreadable(s); p != nil {
		return nil, p
	}
	loader, err := yaml.NewLoader(bytes.NewReader(s.data), yaml.WithV4Defaults())
	if err != nil {
		panic("BUG: yaml options: " + err.Error())
	}
	var doc, second yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) || err == nil && emptyDocument(&doc) {
		return nil, &Problem{File: s.name, Message: "the file is empty", Hint: "it needs at least region, regions, services and routes"}
	} else if err != nil {
		return nil, syntaxProblem(s, err)
	}
	if err := loader.Load(&second); err == nil {
		return nil, &Problem{File: s.name, Line: second.Line, Column: second.Column,
			Message: "a second document begins here", Hint: "one file holds one configuration: take the --- line out"}
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxProblem(s, err)
	}
	return doc.Content[0], nil
}

func emptyDocument(doc *yaml.Node) bool {
	return doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 ||
		isNull(doc.Content[0]) && doc.Content[0].Value == ""
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// unreadable finds bytes that YAML does not allow; the library refuses them without saying where.
func unreadable(s *source) *Problem {
	line, column := 1, 1
	data := bytes.TrimPrefix(s.data, []byte("\ufeff"))
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		message := ""
		switch {
		case r == utf8.RuneError && size == 1:
			message = fmt.Sprintf("byte 0x%02X is not UTF-8", data[i])
		case r < ' ' && r != '\n' && r != '\r' && r != '\t', r >= 0x7f && r < 0xa0 && r != 0x85, r == 0xfffe, r == 0xffff:
			message = fmt.Sprintf("control character 0x%02X is not allowed", r)
		case r == '\n':
			line, column = line+1, 0
		}
		if message != "" {
			return &Problem{File: s.name, Line: line, Column: column, Message: message, Hint: "save the file as plain UTF-8 text"}
		}
		column++
		i += size
	}
	return nil
}

// syntaxProblem puts an error of the library into an operator's words. Most come from text that
// wants quotes, and for those it says which.
func syntaxProblem(s *source, err error) *Problem {
	p := &Problem{File: s.name, Message: err.Error()}
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return p
	}
	p.Message = e.Message
	if e.ContextMsg != "" {
		p.Message = e.ContextMsg + ": " + e.Message
	}
	p.Line, p.Column = e.Mark.Line, e.Mark.Column
	p.Message, p.Hint = explain(p, e, strings.Split(string(bytes.TrimPrefix(s.data, []byte("\ufeff"))), "\n"))
	return p
}

// explain returns the message and the hint for an error, and may move the place to where the
// mistake was made.
func explain(p *Problem, e *yaml.LoadError, lines []string) (message, hint string) {
	here := restOf(lines, p.Line, p.Column)
	said := func(text string) bool { return strings.Contains(e.Message, text) }
	during := func(text string) bool { return strings.Contains(e.ContextMsg, text) }
	switch {
	case said("unknown anchor"):
		return `a * begins the name of an anchor in YAML, and there is none of this name`, quoteHint(here)
	case during("block scalar") && said("did not find expected"):
		p.Column = e.ContextMark.Column
		return `a > or | begins a block of text in YAML`, quoteHint(restOf(lines, p.Line, p.Column))
	case said("cannot start any token") && strings.HasPrefix(here, "\t"):
		return "a tab indents this line", "indent with spaces"
	case said("cannot start any token"):
		return fmt.Sprintf("text cannot begin with %.1s in YAML", here), quoteHint(here)
	case said("mapping values are not allowed") && !strings.Contains(before(lines, p.Line, p.Column), ": ") && p.toOpenBracket(lines):
		return "this bracket is not closed", ""
	case said("mapping values are not allowed"):
		return `a second ": " on one line, or a wrong indentation`, `if it is one text, quote it: key: "a: b"`
	case during("flow") && strings.HasPrefix(here, "{") && strings.HasSuffix(before(lines, p.Line, p.Column), "$"):
		p.Column--
		_, variable, _ := strings.Cut(here, "{")
		variable, _, _ = strings.Cut(variable, "}")
		return "inside { } and [ ], a variable must be quoted", `write "${` + variable + `}"`
	case during("flow") && e.ContextMark.Line < e.Mark.Line:
		failed := p.Line
		p.Line, p.Column = e.ContextMark.Line, e.ContextMark.Column
		return fmt.Sprintf("this bracket is not closed before line %d", failed), "close it, or quote text that holds brackets or commas"
	case during("flow"):
		return "a comma or the closing bracket is missing here", "quote text that holds brackets or commas"
	case during("quoted scalar") && said("end of stream"):
		p.Line, p.Column = e.ContextMark.Line, e.ContextMark.Column
		return "this quote is not closed", ""
	case said("unknown escape"):
		return `a \ begins an escape inside " "`, `write \\, or use ' ' around the text`
	case said("did not find expected key") && strings.HasPrefix(valueOf(before(lines, p.Line, p.Column)), "["):
		return "something follows the closing bracket", quoteHint(valueOf(restOf(lines, p.Line, 1)))
	case said("did not find expected key"), said("did not find expected '-' indicator"):
		return "a key or a list entry should begin here", "check the indentation: entries of one block begin in the same column"
	case strings.Contains(p.Message, "YAML d"): // directive, document
		return "a line beginning with % is not for this file", "take it out"
	}
	return p.Message, ""
}

// quoteHint advises to quote the text at the beginning of rest.
func quoteHint(rest string) string {
	text, _, _ := strings.Cut(rest, " #")
	if !strings.HasPrefix(text, ">") && !strings.HasPrefix(text, "[") {
		if i := strings.IndexAny(text, ",]}"); i > 0 {
			text = text[:i]
		}
	}
	text = strings.TrimSpace(text)
	if len(text) > 60 {
		return "quote it"
	}
	return "if it is text, quote it: " + strconv.Quote(text)
}

func restOf(lines []string, line, column int) string {
	if line < 1 || line > len(lines) {
		return ""
	}
	r := []rune(strings.TrimSuffix(lines[line-1], "\r"))
	return string(r[min(max(column-1, 0), len(r)):])
}

func before(lines []string, line, column int) string {
	if line < 1 || line > len(lines) {
		return ""
	}
	r := []rune(lines[line-1])
	return string(r[:min(max(column-1, 0), len(r))])
}

// valueOf is what stands behind the first key of a line.
func valueOf(line string) string {
	_, value, _ := strings.Cut(line, ": ")
	return strings.TrimSpace(value)
}

// toOpenBracket moves p to the last bracket above its line that was never closed, if there is one. It
// knows quotes and comments, but not that plain text may hold brackets: it only has to be right
// where the library already found a mistake.
func (p *Problem) toOpenBracket(lines []string) bool {
	type place struct{ line, column int }
	var open []place
	for i, line := range lines[:min(p.Line-1, len(lines))] {
		quote := rune(0)
		blank := true // the character before
		for column, c := range []rune(line) {
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '[' || c == '{':
				open = append(open, place{i + 1, column + 1})
			case c == ']' || c == '}':
				open = open[:max(len(open)-1, 0)]
			}
			if c == '#' && blank && quote == 0 {
				break
			}
			blank = c == ' ' || c == '\t'
		}
	}
	if len(open) == 0 {
		return false
	}
	p.Line, p.Column = open[len(open)-1].line, open[len(open)-1].column
	return true
}
