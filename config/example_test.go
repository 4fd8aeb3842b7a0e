package config

import (
	"os"
	"reflect"
	"strings"
	"testing"

	yaml "go.yaml.in/yaml/v4"
)

const exampleFile = "../gateway.example.yaml"

// TestExample keeps gateway.example.yaml true: it loads, shows every key, and calls (default) exactly
// what is one.
func TestExample(t *testing.T) {
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	none := func(string) (string, bool) { return "", false }
	c, err := Load("gateway.example.yaml", data, none)
	if err != nil {
		t.Fatal(err)
	}

	lines := strings.Split(string(data), "\n")
	var rest []string
	for _, line := range lines {
		if !strings.Contains(line, "# (default)") {
			rest = append(rest, line)
		}
	}
	without, err := Load("gateway.example.yaml", []byte(strings.Join(rest, "\n")), none)
	if err != nil {
		t.Fatalf("without the lines that say (default):\n%v", err)
	}
	want, got := strings.Split(string(without.YAML()), "\n"), strings.Split(string(c.YAML()), "\n")
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Errorf("the example says (default) of %q, but the default is %q", strings.TrimSpace(got[i]), strings.TrimSpace(want[i]))
		}
	}

	var doc yaml.Node
	if err := yaml.Load(data, &doc, yaml.WithV4Defaults()); err != nil {
		t.Fatal(err)
	}
	shown := make(map[string][]int) // the lines on which a path is shown, names and indexes left open
	collectPaths(doc.Content[0], reflect.TypeFor[Config](), "", shown)
	walkTypes(reflect.TypeFor[Config](), "", func(path string, field reflect.StructField) {
		path = strings.TrimPrefix(path+"."+field.Tag.Get("yaml"), ".")
		if len(shown[path]) == 0 {
			t.Errorf("%s is not in the example", path)
			return
		}
		if _, ok := field.Tag.Lookup("default"); !ok {
			return
		}
		for _, line := range shown[path] {
			if strings.Contains(lines[line-1], "# (default)") {
				return
			}
		}
		t.Errorf("%s has a default, but the example does not show it", path)
	})
}

// collectPaths notes where each key of the types is shown.
func collectPaths(n *yaml.Node, typ reflect.Type, path string, shown map[string][]int) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			collectPaths(n.Content[i+1], typ.Elem(), path+".<name>", shown)
		}
	case typ.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for _, entry := range n.Content {
			collectPaths(entry, typ.Elem(), path+"[]", shown)
		}
	case typ.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			for _, field := range reflect.VisibleFields(typ) {
				if field.Tag.Get("yaml") == n.Content[i].Value {
					p := strings.TrimPrefix(path+"."+n.Content[i].Value, ".")
					shown[p] = append(shown[p], n.Content[i].Line)
					collectPaths(n.Content[i+1], field.Type, p, shown)
				}
			}
		}
	}
}
