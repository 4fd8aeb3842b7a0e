package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

// maxValues bounds how many keys and values one file may have. Aliases can repeat a block so often
// that a small file becomes a huge configuration.
const maxValues = 1_000_000

// binder lays YAML nodes over the types of config.go. The library's own decoder would do it, too,
// but stops at the first bad value of a kind, knows no paths, and cannot substitute variables.
type binder struct {
	env    func(string) (string, bool)
	found  *findings
	types  map[reflect.Type]*structType
	values int // counted so far
}

// spend counts n values, and reports the file that has too many.
func (b *binder) spend(n int, node *yaml.Node, at *trail) bool {
	over := b.values > maxValues
	b.values += n
	if !over && b.values > maxValues {
		b.found.at(node, at.String(), fmt.Sprintf("the file has more than %d keys and values, those repeated by aliases counted each time", maxValues), "")
	}
	return b.values <= maxValues
}

// structType is what the binder knows of a struct: its keys, and a value with all defaults.
type structType struct {
	keys     []string
	fields   map[string]int
	defaults reflect.Value
}

// trail is the way to a value; only a problem makes it a path.
type trail struct {
	up    *trail
	key   string
	index int
}

func (t *trail) String() string {
	switch {
	case t == nil || t.up == nil:
		return ""
	case t.key == "":
		return t.up.String() + "[" + strconv.Itoa(t.index) + "]"
	case t.up.up == nil:
		return t.key
	}
	return t.up.String() + "." + t.key
}

func (t *trail) path(key string) string {
	if s := t.String(); s != "" {
		return s + "." + key
	}
	return key
}

// bind writes the value of n to v, which holds the default.
func (b *binder) bind(n *yaml.Node, v reflect.Value, at *trail) {
	n = resolve(n)
	if !b.spend(1, n, at) {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		b.setDefaults(v.Elem())
		v = v.Elem()
	}
	if isNull(n) {
		return // an entry with nothing but defaults; who cannot do with that has said so
	}
	if !knownTag(n) {
		b.found.at(n, at.String(), "a YAML tag (!) means nothing here", "if it is text, quote it")
		return
	}
	if n.Kind == yaml.ScalarNode {
		b.scalar(n, v, at)
		return
	}
	switch {
	case v.Kind() == reflect.Struct && n.Kind == yaml.MappingNode && !isText(v):
		b.mapping(n, v, at)
	case v.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
		b.table(n, v, at)
	case v.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		b.list(n, v, at)
	default:
		b.mismatch(n, v, at)
	}
}

func knownTag(n *yaml.Node) bool {
	switch n.Tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!timestamp", "!!merge", "":
		return true
	}
	return false
}

func isText(v reflect.Value) bool {
	_, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	return ok
}

// mapping binds the keys of a struct.
func (b *binder) mapping(n *yaml.Node, v reflect.Value, at *trail) {
	t := b.structType(v.Type())
	for _, e := range b.entries(n, at) {
		field, ok := t.fields[e.key.Value]
		if !ok {
			if at.up == nil && strings.HasPrefix(e.key.Value, "x-") {
				continue // a place for anchors
			}
			b.unknownKey(e.key, e.value, t, at)
			continue
		}
		if isNull(resolve(e.value)) {
			continue // written without a value: as if it were not there
		}
		b.bind(e.value, v.Field(field), &trail{up: at, key: e.key.Value})
	}
}

// table binds a map, whose keys are names the operator chose.
func (b *binder) table(n *yaml.Node, v reflect.Value, at *trail) {
	entries := b.entries(n, at)
	v.Set(reflect.MakeMapWithSize(v.Type(), len(entries)))
	for _, e := range entries {
		value := reflect.New(v.Type().Elem()).Elem()
		here := &trail{up: at, key: e.key.Value}
		if value.Kind() == reflect.String && isNull(resolve(e.value)) {
			b.found.at(e.key, here.String(), "there is no value", "")
		}
		b.bind(e.value, value, here)
		v.SetMapIndex(reflect.ValueOf(e.key.Value), value)
	}
}

func (b *binder) list(n *yaml.Node, v reflect.Value, at *trail) {
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, entry := range n.Content {
		here := &trail{up: at, index: i}
		if isNull(resolve(entry)) {
			b.found.at(entry, here.String(), "this entry of the list is empty", "")
		}
		b.bind(entry, v.Index(i), here)
	}
}

// entry is a key of a mapping and its value.
type entry struct{ key, value *yaml.Node }

// entries lists the keys of a mapping, merged ones (<<) after its own. Of a key that stands twice
// the first counts, once it is reported.
func (b *binder) entries(n *yaml.Node, at *trail) []entry {
	list := make([]entry, 0, len(n.Content)/2)
	b.collect(n, at, &list, make(map[string]*yaml.Node, len(n.Content)/2), 0)
	return list
}

func (b *binder) collect(n *yaml.Node, at *trail, list *[]entry, seen map[string]*yaml.Node, depth int) {
	if !b.spend(len(n.Content)/2, n, at) {
		return
	}
	own := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolve(n.Content[i]), n.Content[i+1]
		switch {
		case key.Tag == mergeTag:
			continue
		case key.Kind != yaml.ScalarNode:
			b.found.at(key, at.String(), "a key must be plain text", "")
			continue
		case own[key.Value]:
			b.found.note(n.Content[i], at.path(key.Value), fmt.Sprintf("the key %q stands here for the second time", key.Value),
				fmt.Sprintf("the first is on line %d", seen[key.Value].Line))
			continue
		case !knownTag(key):
			b.found.at(key, at.path(key.Value), "a YAML tag (!) means nothing here", "")
		}
		own[key.Value] = true
		if seen[key.Value] == nil {
			seen[key.Value] = n.Content[i]
			*list = append(*list, entry{n.Content[i], value})
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if resolve(n.Content[i]).Tag == mergeTag {
			b.merge(n.Content[i], n.Content[i+1], at, list, seen, depth)
		}
	}
}

func (b *binder) merge(key, value *yaml.Node, at *trail, list *[]entry, seen map[string]*yaml.Node, depth int) {
	if depth >= maxMergeDepth {
		b.found.at(key, at.path("<<"), "merged too deep", "a mapping cannot be merged into itself")
		return
	}
	mappings := merged(value)
	if len(mappings) == 0 {
		b.found.at(key, at.path("<<"), "only a mapping can be merged", "write <<: *name for a mapping anchored with &name")
	}
	for _, m := range mappings {
		b.collect(m, at, list, seen, depth+1)
	}
}

// unknownKey reports a key with what was probably meant.
func (b *binder) unknownKey(key, value *yaml.Node, t *structType, at *trail) {
	if b.found.more {
		return // enough is enough
	}
	path := at.path(key.Value)
	near := nearest(key.Value, t.keys)
	hint := "known here: " + strings.Join(t.keys, ", ")
	name, _, glued := strings.Cut(key.Value, ":")
	switch {
	case near != "":
		hint = fmt.Sprintf("did you mean %q?", near)
		b.found.excuse(at.path(near))
	case glued && isNull(value) && slices.Contains(t.keys, name):
		hint = "write a blank after the colon"
		b.found.excuse(at.path(name))
	default:
		if places := elsewhere(key.Value); len(places) == 1 {
			hint = "it belongs in " + places[0]
		}
	}
	b.found.at(key, path, fmt.Sprintf("there is no key %q here", key.Value), hint)
}

// elsewhere lists the places in a file where a key is known.
func elsewhere(key string) []string {
	var places []string
	walkTypes(reflect.TypeFor[Config](), "", func(path string, field reflect.StructField) {
		if field.Tag.Get("yaml") == key {
			places = append(places, cmp.Or(path, "the top level"))
		}
	})
	return places
}

// walkTypes calls visit for every field of t and below, with the path of the struct it is in.
func walkTypes(t reflect.Type, path string, visit func(path string, field reflect.StructField)) {
	for t.Kind() != reflect.Struct {
		switch t.Kind() {
		case reflect.Map:
			path += ".<name>"
		case reflect.Slice:
			path += "[]"
		case reflect.Pointer:
		default:
			return
		}
		t = t.Elem()
	}
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("yaml")
		if name == "" {
			continue
		}
		visit(path, f)
		walkTypes(f.Type, strings.TrimPrefix(path+"."+name, "."), visit)
	}
}

// shorthand names the key a plain value stands for where a mapping is expected.
func shorthand(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Endpoint]():
		return "address"
	case reflect.TypeFor[Timeout]():
		return "total"
	}
	return ""
}

// scalar binds a plain or quoted value.
func (b *binder) scalar(n *yaml.Node, v reflect.Value, at *trail) {
	text, used, err := expand(n.Value, b.env)
	if err != nil {
		b.report(n, at, err, nil)
		return
	}
	if !utf8.ValidString(text) {
		b.report(n, at, &wrong{"the value is not UTF-8", ""}, used)
		return
	}
	plain := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if slices.ContainsFunc(used, soundsSecret) {
		b.found.secrets = append(b.found.secrets, text)
	}
	if len(used) > 0 && text == "" && plain {
		return // as if nothing were written
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			b.report(n, at, err, used)
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return
	case reflect.Struct:
		if key := shorthand(v.Type()); key != "" {
			b.scalar(n, v.Field(b.structType(v.Type()).fields[key]), &trail{up: at, key: key})
			return
		}
	case reflect.Int, reflect.Float64, reflect.Bool:
		if !plain && len(used) == 0 {
			err = &wrong{fmt.Sprintf("%q is text here", text), "write it without quotes"}
		} else {
			err = number(text, v)
		}
		if err != nil {
			b.report(n, at, err, used)
		}
		return
	}
	b.mismatch(n, v, at)
}

// number reads the types that have no unit.
func number(text string, v reflect.Value) error {
	quoted := strconv.Quote(text)
	switch v.Kind() {
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true":
			v.SetBool(true)
		case "false":
			v.SetBool(false)
		case "yes", "on":
			return &wrong{quoted + " is neither true nor false", "write true"}
		case "no", "off":
			return &wrong{quoted + " is neither true nor false", "write false"}
		default:
			return &wrong{quoted + " is neither true nor false", ""}
		}
	case reflect.Int:
		i, err := strconv.ParseInt(text, 10, 32)
		if errors.Is(err, strconv.ErrRange) {
			return &wrong{quoted + " is too large", ""}
		}
		if digits := strings.TrimPrefix(text, "-"); err != nil || digits[0] == '0' && len(digits) > 1 {
			return &wrong{quoted + " is not a whole number", "write it with decimal digits"}
		}
		v.SetInt(i)
	default:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || strings.ContainsAny(text, "xXnN_") {
			return &wrong{quoted + " is not a number", ""}
		}
		v.SetFloat(f)
	}
	return nil
}

// report adds an error about a written value.
func (b *binder) report(n *yaml.Node, at *trail, err error, used []string) {
	message, hint := err.Error(), ""
	var w *wrong
	if errors.As(err, &w) {
		message, hint = w.message, w.hint
	}
	if len(used) > 0 {
		message += " (from ${" + strings.Join(used, "}, ${") + "})"
	}
	b.found.at(n, at.String(), message, hint)
}

// mismatch reports a value of the wrong shape.
func (b *binder) mismatch(n *yaml.Node, v reflect.Value, at *trail) {
	got := map[yaml.Kind]string{yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value"}[n.Kind]
	want, hint := "a single value", ""
	switch {
	case n.Kind == yaml.SequenceNode && len(n.Content) == 1 && n.Content[0].Kind == yaml.ScalarNode && v.Kind() == reflect.String:
		hint = "write " + n.Content[0].Value
	case v.Kind() == reflect.Slice:
		want = "a list"
		if n.Kind == yaml.ScalarNode {
			hint = "write [" + n.Value + "]"
		}
	case v.Kind() == reflect.Map:
		want = "a mapping of names"
	case v.Kind() == reflect.Struct && !isText(v):
		want = "a mapping"
		keys := b.structType(v.Type()).keys
		hint = "its keys: " + strings.Join(keys, ", ")
	}
	b.found.at(n, at.String(), "this must be "+want+", not "+got, hint)
}

// structType examines a struct, once.
func (b *binder) structType(t reflect.Type) *structType {
	if known := b.types[t]; known != nil {
		return known
	}
	s := &structType{fields: make(map[string]int), defaults: reflect.New(t).Elem()}
	b.types[t] = s
	for i := range t.NumField() {
		field := t.Field(i)
		name := field.Tag.Get("yaml")
		if name == "" {
			continue
		}
		s.keys = append(s.keys, name)
		s.fields[name] = i
		v := s.defaults.Field(i)
		b.setDefaults(v)
		if text, ok := field.Tag.Lookup("default"); ok {
			b.setTag(v, name, text)
		}
	}
	return s
}

func (b *binder) setDefaults(v reflect.Value) {
	if v.Kind() == reflect.Struct && !isText(v) {
		v.Set(b.structType(v.Type()).defaults)
	}
}

// setTag reads a default tag as if it stood in a file.
func (b *binder) setTag(v reflect.Value, name, text string) {
	var doc yaml.Node
	if err := yaml.Load([]byte(text), &doc, yaml.WithV4Defaults()); err != nil {
		panic("BUG: default of " + name + ": " + err.Error())
	}
	plain := &binder{env: b.env, found: &findings{}, types: b.types}
	plain.bind(doc.Content[0], v, &trail{})
	if len(plain.found.list) > 0 {
		panic("BUG: default of " + name + ": " + plain.found.list[0].Message)
	}
}
