package config

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"

	yaml "go.yaml.in/yaml/v4"
)

// source is the file a Config came from. It keeps the bytes, not the nodes: those are five times as
// big and wanted only when a problem is found later.
type source struct {
	name string
	data []byte
	root func() *yaml.Node // parses data at the first call; nil if it does not parse
}

func newSource(name string, data []byte) *source {
	s := &source{name: name, data: data}
	s.root = sync.OnceValue(func() *yaml.Node {
		root, problem := parse(s)
		if problem != nil {
			return nil
		}
		return root
	})
	return s
}

// hash names the content of a file.
func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// find walks from root along a path. It returns the value at the path, or the deepest one there is,
// and whether the path led to its end. at is where a caret belongs: at plain values themselves, but
// at the keys of lists and mappings.
func find(root *yaml.Node, path string) (at, node *yaml.Node, all bool) {
	at, node = root, root
	for path != "" {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		var name, next *yaml.Node
		var rest string
		switch node.Kind {
		case yaml.SequenceNode:
			next, rest = item(node, path)
			name = next
		case yaml.MappingNode:
			name, next, rest = member(node, path, 0)
		}
		if next == nil {
			return at, node, false
		}
		at, node, path = name, next, rest
		if next.Kind == yaml.ScalarNode && next.Line > 0 && next.Value != "" {
			at = next
		}
	}
	return at, node, true
}

// item takes an index off the path.
func item(list *yaml.Node, path string) (next *yaml.Node, rest string) {
	digits, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
	i, err := strconv.Atoi(digits)
	if !ok || err != nil || i < 0 || i >= len(list.Content) {
		return nil, ""
	}
	return list.Content[i], strings.TrimPrefix(rest, ".")
}

// member takes a key off the path: the longest that fits, since names may hold dots. Keys merged in
// by << count after the mapping's own.
func member(mapping *yaml.Node, path string, depth int) (key, value *yaml.Node, rest string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		k := mapping.Content[i]
		after, ok := strings.CutPrefix(path, k.Value)
		if !ok || k.Kind != yaml.ScalarNode || key != nil && len(k.Value) <= len(key.Value) {
			continue
		}
		if after == "" || after[0] == '.' || after[0] == '[' {
			key, value, rest = k, mapping.Content[i+1], strings.TrimPrefix(after, ".")
		}
	}
	if key != nil || depth > maxMergeDepth {
		return key, value, rest
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Tag != mergeTag {
			continue
		}
		for _, m := range merged(mapping.Content[i+1]) {
			if key, value, rest = member(m, path, depth+1); key != nil {
				return key, value, rest
			}
		}
	}
	return nil, nil, ""
}

const (
	mergeTag      = "!!merge"
	maxMergeDepth = 20 // of << within <<; also what ends a circle of them
)

// merged lists the mappings that the value of a << names.
func merged(value *yaml.Node) []*yaml.Node {
	value = resolve(value)
	if value.Kind == yaml.MappingNode {
		return []*yaml.Node{value}
	}
	var list []*yaml.Node
	if value.Kind == yaml.SequenceNode {
		for _, v := range value.Content {
			if v = resolve(v); v.Kind == yaml.MappingNode {
				list = append(list, v)
			}
		}
	}
	return list
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
