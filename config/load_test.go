package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// testEnv is the environment of all tests that read files.
func testEnv(name string) (string, bool) {
	value, ok := map[string]string{
		"TEN":          "10",
		"EMPTY":        "",
		"ADDR":         "127.0.0.1:9000",
		"EVERY":        "250ms",
		"ON":           "true",
		"ADMIN_SECRET": "tell-nobody",
	}[name]
	return value, ok
}

// golden compares got with a golden file, or rewrites that.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./config -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

func testFiles(t *testing.T, pattern string, atLeast int) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < atLeast {
		t.Fatalf("%d files match %s (%v), want at least %d", len(files), pattern, err, atLeast)
	}
	return files
}

func TestBadFiles(t *testing.T) {
	for _, file := range testFiles(t, "testdata/bad/*.yaml", 34) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(filepath.ToSlash(file), data, testEnv)
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("error is %v, want Problems", err)
			}
			if strings.Contains(err.Error(), "tell-nobody") || strings.Contains(err.Error(), "tell nobody") {
				t.Errorf("a secret shows:\n%v", err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

// TestEveryMistakeHasItsGolden keeps stale goldens out.
func TestEveryMistakeHasItsGolden(t *testing.T) {
	files := testFiles(t, "testdata/*/*.txt", 1)
	for _, file := range files {
		if _, err := os.Stat(strings.TrimSuffix(file, ".txt") + ".yaml"); err != nil {
			t.Errorf("%s belongs to no file", file)
		}
	}
}

func TestOKFiles(t *testing.T) {
	for _, file := range testFiles(t, "testdata/ok/*.yaml", 5) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Load(filepath.ToSlash(file), data, testEnv)
			if err != nil {
				t.Fatal(err)
			}
			effective := c.YAML()
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", string(effective))
			again, err := Load(filepath.ToSlash(file), effective, func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatalf("the effective configuration does not load:\n%v", err)
			}
			if !slices.Equal(again.YAML(), effective) {
				t.Errorf("the effective configuration changes when loaded:\n%s", again.YAML())
			}
		})
	}
}
