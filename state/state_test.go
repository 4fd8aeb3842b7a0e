package state

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// note is what the tests keep. Text is always Number's letters, so that a mixture is noticed.
type note struct {
	Number int
	Text   string
}

func noteOf(n int) note { return note{n, strings.Repeat("é<"+strconv.Itoa(n), 50)} }

func mustSave(t *testing.T, path string, n int) {
	t.Helper()
	if err := Save(path, noteOf(n)); err != nil {
		t.Fatal(err)
	}
}

func TestSaveThenLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	for n := range 3 {
		mustSave(t, path, n)
		var got note
		source, err := Load(path, &got)
		if err != nil || source != path || got != noteOf(n) {
			t.Fatalf("after save %d: %v from %q, %v", n, got, source, err)
		}
	}
	var previous note
	if source, err := Load(path+".1", &previous); err != nil || previous != noteOf(1) {
		t.Fatalf("the previous generation is %v from %q, %v", previous, source, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range left {
		names = append(names, l.Name())
	}
	if want := []string{"state.json", "state.json.1"}; !slices.Equal(names, want) {
		t.Errorf("the folder holds %v, want %v", names, want)
	}
}

func TestLoadMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	v := noteOf(7)
	if _, err := Load(path, &v); !errors.Is(err, fs.ErrNotExist) || v != noteOf(7) {
		t.Errorf("no file at all: %v, %v", v, err)
	}
	mustSave(t, path, 1)
	mustSave(t, path, 2)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, &v); !errors.Is(err, fs.ErrNotExist) || v != noteOf(7) {
		t.Errorf("a person took the file away: %v, %v", v, err)
	}
}

// Whatever is lost of the newest file, Load gives all of it or all of the one before.
func TestTruncatedAtEveryByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	mustSave(t, path, 1)
	mustSave(t, path, 2)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := range whole {
		overwrite(t, path, whole[:size])
		v := noteOf(0)
		source, err := Load(path, &v)
		if size == len(whole)-1 { // only the line end is gone
			if err != nil || v != noteOf(2) {
				t.Fatalf("without its line end: %v, %v", v, err)
			}
			continue
		}
		var recovered *Recovered
		if !errors.As(err, &recovered) || !errors.Is(err, ErrCorrupt) || source != path+".1" || v != noteOf(1) {
			t.Fatalf("cut after %d bytes: %v from %q, %v", size, v, source, err)
		}
	}
}

// A changed byte is found, or it changed nothing that is read.
func TestEveryByteFlipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	mustSave(t, path, 2)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		for _, bit := range []byte{1, 0x20, 0x80} {
			bad := slices.Clone(whole)
			bad[i] ^= bit
			overwrite(t, path, bad)
			v := noteOf(0)
			if _, err := Load(path, &v); err == nil && v != noteOf(2) {
				t.Fatalf("byte %d flipped by %#x went unnoticed: %v", i, bit, v)
			} else if err != nil && v != noteOf(0) {
				t.Fatalf("byte %d flipped by %#x: an error, but v changed to %v", i, bit, v)
			}
		}
	}
}

func TestUnusable(t *testing.T) {
	other, err := seal([]string{"another type"}, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":              "",
		"not JSON":           "overrides: none",
		"no envelope":        `{"Number": 1, "Text": "a"}`,
		"null":               "null",
		"two values":         "{} {}",
		"later format":       `{"format": 2, "saved": "2026-01-01T00:00:00Z", "sha256": "", "data": {}}`,
		"no data":            `{"format": 1, "saved": "2026-01-01T00:00:00Z", "sha256": ""}`,
		"another type":       string(other),
		"zeros (lost write)": strings.Repeat("\x00", 300),
	} {
		path := filepath.Join(t.TempDir(), "state.json")
		overwrite(t, path, []byte(text))
		v := noteOf(7)
		if _, err := Load(path, &v); !errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) || v != noteOf(7) {
			t.Errorf("%s, alone: %v, %v", name, v, err)
		}
		overwrite(t, path+".1", []byte(text))
		if _, err := Load(path, &v); !errors.Is(err, ErrCorrupt) || v != noteOf(7) {
			t.Errorf("%s, both generations: %v, %v", name, v, err)
		}
	}
}

// A corrupt generation never pushes out the good one before it.
func TestSaveOverCorrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	mustSave(t, path, 1)
	mustSave(t, path, 2)
	overwrite(t, path, []byte("half a fi"))
	mustSave(t, path, 3)
	var got note
	if _, err := Load(path, &got); err != nil || got != noteOf(3) {
		t.Errorf("the new one: %v, %v", got, err)
	}
	if _, err := Load(path+".1", &got); err != nil || got != noteOf(1) {
		t.Errorf("the one before: %v, %v", got, err)
	}
}

func TestSaveThroughALink(t *testing.T) {
	dir := t.TempDir()
	link, target := filepath.Join(dir, "link.json"), filepath.Join(dir, "target.json")
	mustSave(t, target, 1)
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	mustSave(t, link, 2)
	var got note
	if _, err := Load(target, &got); err != nil || got != noteOf(2) {
		t.Errorf("the link's target holds %v, %v", got, err)
	}
}

func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")
	mustSave(t, path, 1)
	check := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", what)
		}
		var got note
		if _, err := Load(path, &got); err != nil || got != noteOf(1) {
			t.Errorf("%s: the file now holds %v, %v", what, got, err)
		}
	}
	check("no JSON", Save(path, make(chan int)))
	check("no such folder", Save(filepath.Join(dir, "none", "state.json"), 1))
	check("a file for a folder", Save(filepath.Join(path, "state.json"), 1))

	if err := os.Mkdir(path+".tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	check("the neighbour cannot be written", Save(path, noteOf(2)))
	if err := os.Remove(path + ".tmp"); err != nil {
		t.Fatal(err)
	}

	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
	asNobody(t, func() {
		err := Save(path, noteOf(2))
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("read-only folder: %v", err)
		}
	})
	check("read-only folder", errors.New("seen above"))
}

// A process killed at any moment leaves a whole file that holds at least what was acknowledged.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	first := 1
	for round := range 20 {
		acknowledged := writeUntilKilled(t, path, first, 1+round%7)
		var got note
		source, err := Load(path, &got)
		if err != nil || source != path {
			t.Fatalf("round %d: from %q, %v", round, source, err)
		}
		if got != noteOf(got.Number) || got.Number < acknowledged {
			t.Fatalf("round %d: %d was acknowledged, the file holds %v", round, acknowledged, got)
		}
		if previous := new(note); got.Number > 1 {
			if _, err := Load(path+".1", previous); err != nil || *previous != noteOf(previous.Number) {
				t.Fatalf("round %d: the previous generation: %v, %v", round, *previous, err)
			}
		}
		first = got.Number + 1
	}
}

// writeUntilKilled runs this test binary as a writer of first, first+1, ... and kills it once it
// has acknowledged so many. It returns the last one acknowledged.
func writeUntilKilled(t *testing.T, path string, first, many int) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	writer := exec.Command(self, "-test.run=^TestWriter$")
	writer.Env = append(os.Environ(), "STATE_TEST_PATH="+path, "STATE_TEST_FIRST="+strconv.Itoa(first))
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	last := 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("the writer said %q", lines.Text())
		}
		last = n
		if many--; many == 0 {
			if err := writer.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	writer.Wait() // it was killed: that is its error
	if many > 0 {
		t.Fatal("the writer ended by itself")
	}
	return last
}

// TestWriter is the process that TestKilled kills.
func TestWriter(t *testing.T) {
	path := os.Getenv("STATE_TEST_PATH")
	if path == "" {
		t.Skip("only for TestKilled")
	}
	first, err := strconv.Atoi(os.Getenv("STATE_TEST_FIRST"))
	if err != nil {
		t.Fatal(err)
	}
	for n := first; ; n++ {
		if err := Save(path, noteOf(n)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stdout.WriteString(strconv.Itoa(n) + "\n"); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzUnseal(f *testing.F) {
	whole, err := seal(noteOf(1), time.Unix(0, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"format":1,"data":null}`))
	f.Fuzz(func(t *testing.T, text []byte) { unseal(text) })
}

func overwrite(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// asNobody runs f without the privileges of a superuser, if it has them.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if !setFSUser(65534) {
		t.Skip("running as root, and the user for file access cannot be changed")
	}
	defer setFSUser(0)
	f()
}
