package router

import (
	"path/filepath"
	"testing"

	"github.com/tidegate/tidegate/config"
)

// Check looks at drafts, in which anything may be missing: it adds to what was found and loses nothing.
func TestCheckTakesAnyDraft(t *testing.T) {
	files, _ := filepath.Glob("../config/testdata/bad/*.yaml")
	if len(files) < 30 {
		t.Fatalf("only %d broken files", len(files))
	}
	for _, file := range files {
		c, found, err := config.DraftFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if c == nil {
			continue
		}
		if all := Check(c, found); len(all) < len(found) {
			t.Errorf("%s: %d problems became %d", file, len(found), len(all))
		}
	}
}
