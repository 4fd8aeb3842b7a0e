package main_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// TestEndToEnd drives the real binary with real sockets, from the outside only: what it shows is
// what an operator and a client would see. One scenario alone:
//
//	go test ./cmd/gateway -run 'TestEndToEnd/region_killed' -v
//
// With -short the rates are a quarter. TIDEGATE_E2E_RACE=1 builds the binary with the race detector,
// and quarters the rates as well.
func TestEndToEnd(t *testing.T) {
	r := &rig{binary: buildBinary(t)}
	// Load, upstreams and the gateway share the machine; spend memory rather than time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	scenarios := []struct {
		name string
		play func(*testing.T, *rig)
	}{
		{"command line", commandLine},
		{"curl", curl},
		{"region killed under load", regionKilled},
		{"region frozen under load", func(t *testing.T, r *rig) { regionSilent(t, r, freeze) }},
		{"region cut off under load", func(t *testing.T, r *rig) { regionSilent(t, r, cutOff) }},
		{"region frozen without load", func(t *testing.T, r *rig) { regionSilentUnnoticed(t, r, freeze) }},
		{"region cut off without load", func(t *testing.T, r *rig) { regionSilentUnnoticed(t, r, cutOff) }},
		{"reloads under load", reloadsUnderLoad},
		{"identical reload", identicalReload},
		{"one route edited", oneRouteEdited},
		{"drain", drained},
		{"kill -9", killedAndRestarted},
		{"SIGTERM", terminated},
		{"demo", demoFailsOverAndBack},
	}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) { s.play(t, r) })
	}
}

// buildBinary builds what is tested, once.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "tidegate")
	args := []string{"build", "-o", binary}
	if raceBuild() {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, ".")...).CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	lookAtSources(t)
	return binary
}

// lookAtSources looks at every source file, for go test notes what a test has looked at: it would
// otherwise take a result from its cache although what was built has changed.
func lookAtSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != "../..":
			return filepath.SkipDir
		case filepath.Ext(path) == ".go":
			os.Stat(path) // looking is the purpose
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func raceBuild() bool { return os.Getenv("TIDEGATE_E2E_RACE") != "" }

// scaled is a rate as far as this run can bear it.
func scaled(rate float64) float64 {
	if testing.Short() || raceBuild() {
		return rate / 4
	}
	return rate
}
