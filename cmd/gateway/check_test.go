package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A file that is wrong in every way is told all of it at once, whichever room judges it.
func TestCheckTellsEverything(t *testing.T) {
	var out bytes.Buffer
	err := check(&out, "testdata/everything.yaml", "text")
	var e *exit
	if !errors.As(err, &e) || e.code != exitConfig {
		t.Errorf("check ended with %v", err)
	}
	const golden = "testdata/everything.txt"
	if *update {
		os.WriteFile(golden, out.Bytes(), 0o644)
	}
	want, _ := os.ReadFile(golden)
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", out.Bytes(), want)
	}
}
