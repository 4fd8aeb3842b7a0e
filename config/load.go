package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

const (
	maxFile     = 8 << 20 // bytes of a configuration file
	maxProblems = 1000    // reported of one file
)

// Load reads a configuration. name is what the file is called in messages, and its folder is where
// the state file goes by default; env looks up variables, as os.LookupEnv does. The result has every
// default in place. When the file is at fault the error is Problems, all of them.
func Load(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	c, problems := draft(name, data, env)
	if len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// DraftFile reads a file as LoadFile does, but returns what could be made of it beside its problems, so that
// other rooms can add what they find. The draft is nil where nothing could be; it may lack entries
// that are there in the file, and is not to be served by. An error says why the file cannot be read.
func DraftFile(name string) (*Config, Problems, error) {
	data, err := readFile(name)
	var tooLarge Problems
	if errors.As(err, &tooLarge) {
		return nil, tooLarge, nil
	}
	if err != nil {
		return nil, nil, err
	}
	c, problems := draft(name, data, os.LookupEnv)
	return c, problems, nil
}

// draft reads a configuration as far as that goes, and says what is wrong with it.
func draft(name string, data []byte, env func(string) (string, bool)) (*Config, Problems) {
	if len(data) > maxFile {
		return nil, tooLarge(name)
	}
	s := newSource(name, bytes.Clone(data))
	root, problem := parse(s)
	if problem != nil {
		s.redactor().show(problem)
		if strings.HasSuffix(problem.Source, hidden) {
			problem.Hint = "" // it may quote the secret, which is not known by value here
		}
		return nil, Problems{*problem}
	}
	found := &findings{file: name, root: root}
	b := &binder{env: env, found: found, types: make(map[reflect.Type]*structType)}
	c := &Config{source: s}
	b.setDefaults(reflect.ValueOf(c).Elem())
	c.source = s
	whole := false
	if root.Kind != yaml.MappingNode {
		found.at(root, "", "a configuration is a mapping of keys", "begin with region: NAME")
	} else {
		b.bind(root, reflect.ValueOf(c).Elem(), &trail{})
		whole = b.values <= maxValues // else c is a torso
		if whole {
			check(c, found)
		}
	}
	if len(found.list) == 0 {
		return c, nil
	}
	r := s.redactor(append(found.secrets, c.Admin.Token.Reveal())...)
	r.know(root)
	problems := found.list.sort()
	for i := range problems {
		r.show(&problems[i])
	}
	if found.more {
		problems = append(problems, Problem{File: name, Message: fmt.Sprintf("more than %d problems; the rest is not listed", maxProblems)})
	}
	if !whole {
		return nil, problems
	}
	return c, problems
}

// LoadFile reads the configuration in a file, with the variables of the process. An error that is
// not Problems says why the file cannot be read.
func LoadFile(name string) (*Config, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	return Load(name, data, os.LookupEnv)
}

// readFile reads no more than Load would take.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, tooLarge(name)
	}
	return data, nil
}

func tooLarge(name string) Problems {
	return Problems{{File: name, Message: "the file is larger than " + Size(maxFile).String()}}
}

// Name is the name of the file c was loaded from, "" if none.
func (c *Config) Name() string {
	if c.source == nil {
		return ""
	}
	return c.source.name
}

// Hash is a short hash of the file's content, "" if c was not loaded from a file.
func (c *Config) Hash() string {
	if c.source == nil {
		return ""
	}
	return hash(c.source.data)
}

// NeedsRestart lists the keys that differ between two configurations and that a running gateway
// cannot take over.
func NeedsRestart(old, next *Config) []string {
	var keys []string
	for _, k := range []struct {
		path      string
		old, next string
	}{
		{"listen.http", old.Listen.HTTP, next.Listen.HTTP},
		{"listen.admin", old.Listen.Admin, next.Listen.Admin},
		{"state", old.State, next.State},
	} {
		if k.old != k.next {
			keys = append(keys, k.path)
		}
	}
	return keys
}

// findings collects the problems of one file.
type findings struct {
	file    string
	root    *yaml.Node
	list    Problems
	more    bool            // there were too many to list
	excused map[string]bool // paths that are wrong for a reason already given
	secrets []string        // values of variables that sound secret
}

// at adds a problem at a node whose value could not be read; what its absence causes is excused.
func (f *findings) at(n *yaml.Node, path, message, hint string) {
	f.excuse(path)
	f.note(n, path, message, hint)
}

// note adds a problem at a node.
func (f *findings) note(n *yaml.Node, path, message, hint string) {
	if len(f.list) >= maxProblems {
		f.more = true
		return
	}
	f.list = append(f.list, Problem{File: f.file, Line: n.Line, Column: n.Column, Path: path, Message: message, Hint: hint})
}

// add adds a problem of meaning, found by its path, unless the values it is about could not be read
// in the first place.
func (f *findings) add(path, message, hint string) {
	for p := path; p != ""; p = parent(p) {
		if f.excused[p] {
			return
		}
	}
	n, _, _ := find(f.root, path)
	f.note(n, path, message, hint)
}

// excuse lets no later problem be reported for a path.
func (f *findings) excuse(path string) {
	if f.excused == nil {
		f.excused = make(map[string]bool)
	}
	f.excused[path] = true
}

// written tells whether the file says something at path.
func (f *findings) written(path string) bool {
	_, _, all := find(f.root, path)
	return all
}

func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }
