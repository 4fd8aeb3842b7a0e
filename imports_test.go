package tidegate

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tidegate/tidegate"

// allowed is the import graph of the house: a room may import the rooms its row names, and nothing
// else of ours. It only leads down. A new room adds a row.
var allowed = map[string][]string{
	"config":                {},
	"http1":                 {},
	"state":                 {},
	"region":                {"config"},
	"health":                {"config"},
	"balancer":              {"config", "health", "region"},
	"router":                {"balancer", "config", "health", "region"},
	"proxy":                 {"balancer", "config", "http1", "region", "router"},
	"admin":                 {"balancer", "config", "health", "proxy", "router"},
	"internal/upstreamtest": {},
	"internal/demo":         {"config", "internal/upstreamtest"},
	"cmd/gateway":           {"admin", "balancer", "config", "health", "internal/demo", "proxy", "region", "router", "state"},
	"bench": {"admin", "balancer", "bench", "config", "health", "http1", "internal/demo", "internal/upstreamtest",
		"proxy", "region", "router", "state"}, // stands outside and looks at everything
}

// forTests may be imported by the tests of every room.
var forTests = []string{"bench", "internal/upstreamtest"}

// homes says which rooms may import a dependency: one dependency, one room, so that a change of
// it stays in one place. "tests" are the tests of any room.
var homes = map[string][]string{
	"github.com/fsnotify/fsnotify":        {"config"},
	"github.com/prometheus/client_golang": {"admin"},
	"github.com/sony/gobreaker/v2":        {"balancer"},
	"github.com/spf13/cobra":              {"cmd/gateway"},
	"github.com/valyala/fasthttp":         {"proxy", "bench"},
	"go.uber.org/goleak":                  {"tests"},
	"go.yaml.in/yaml/v4":                  {"config"},
	"golang.org/x/sys":                    {"proxy"},
	"golang.org/x/term":                   {"cmd/gateway", "internal/demo"},
	"golang.org/x/time":                   {"router"},
	"pgregory.net/rapid":                  {"tests"},
}

func TestImports(t *testing.T) {
	met := map[string]bool{}
	for _, file := range goFiles(t) {
		room := longest(allowed, filepath.ToSlash(filepath.Dir(file)))
		if room == "" {
			if file != "imports_test.go" {
				t.Errorf("%s: its room has no row in the import graph", file)
			}
			continue
		}
		met[room] = true
		tests := strings.HasSuffix(file, "_test.go")
		for _, path := range imports(t, file) {
			if problem := judge(room, path, tests); problem != "" {
				t.Errorf("%s imports %s: %s", file, path, problem)
			}
		}
	}
	for room := range allowed {
		if !met[room] {
			t.Errorf("the import graph has a row for %s, which has no Go files", room)
		}
	}
}

// judge says what is wrong with an import, "" if nothing is.
func judge(room, path string, tests bool) string {
	first, _, _ := strings.Cut(path, "/")
	if !strings.Contains(first, ".") {
		return "" // the standard library
	}
	if ours, ok := strings.CutPrefix(path, module+"/"); ok {
		other := longest(allowed, ours)
		switch {
		case other == room || slices.Contains(allowed[room], other):
			return ""
		case tests && slices.Contains(forTests, other):
			return ""
		}
		return room + " may import only " + strings.Join(allowed[room], ", ")
	}
	dependency := longest(homes, path)
	switch {
	case dependency == "":
		return "this dependency has no home"
	case slices.Contains(homes[dependency], room), tests && slices.Contains(homes[dependency], "tests"):
		return ""
	}
	return "its home is " + strings.Join(homes[dependency], ", ")
}

// longest returns the longest key of m that is path or a folder it is in, "" if there is none.
func longest[V any](m map[string]V, path string) string {
	best := ""
	for key := range m {
		if (path == key || strings.HasPrefix(path, key+"/")) && len(key) > len(best) {
			best = key
		}
	}
	return best
}

func goFiles(t *testing.T) []string {
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func imports(t *testing.T, file string) []string {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// The judge must be able to say no.
func TestImportsAreJudged(t *testing.T) {
	for _, test := range []struct {
		room, path string
		tests      bool
		wrong      bool
	}{
		{"router", module + "/balancer", false, false},
		{"balancer", module + "/router", false, true},
		{"balancer", module + "/router", true, true},
		{"config", module + "/region", false, true},
		{"proxy", module + "/internal/upstreamtest", false, true},
		{"proxy", module + "/internal/upstreamtest", true, false},
		{"router", module + "/util", false, true},
		{"router", "golang.org/x/time/rate", false, false},
		{"balancer", "golang.org/x/time/rate", false, true},
		{"region", "pgregory.net/rapid", false, true},
		{"region", "pgregory.net/rapid", true, false},
		{"router", "example.com/new", false, true},
		{"router", "net/http", false, false},
	} {
		if got := judge(test.room, test.path, test.tests); (got != "") != test.wrong {
			t.Errorf("%s importing %s, in tests %v: %q", test.room, test.path, test.tests, got)
		}
	}
}
