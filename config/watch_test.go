package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for something that must come.
const patience = 20 * time.Second

// watched is a running Watcher and its file.
type watched struct {
	t       *testing.T
	file    string
	reload  chan struct{}
	updates chan Update
	stop    func() error // ends the watcher, once, and returns what Run returned
}

// watch starts a Watcher that has the content of file already, if there is any.
func watch(t *testing.T, file string, w Watcher) *watched {
	t.Helper()
	w.File = file
	if data, err := os.ReadFile(file); err == nil {
		w.Hash = hash(data)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &watched{t: t, file: file, reload: make(chan struct{}), updates: make(chan Update)}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx, s.reload, s.updates) }()
	s.stop = func() error {
		cancel()
		select {
		case err := <-ended:
			ended <- err
			return err
		case <-time.After(patience):
			t.Error("the watcher does not end")
			return nil
		}
	}
	t.Cleanup(func() { _ = s.stop() })
	return s
}

// notifying never polls, so that only notifications can be the cause of what it reports.
func notifying() Watcher { return Watcher{Debounce: 10 * time.Millisecond, Poll: time.Hour} }

func (s *watched) next() Update {
	s.t.Helper()
	select {
	case u := <-s.updates:
		return u
	case <-time.After(patience):
		s.t.Fatal("no update comes")
		return Update{}
	}
}

// expect waits for a configuration at this log level, the mark by which the tests tell versions apart.
func (s *watched) expect(level string) Update {
	s.t.Helper()
	u := s.next()
	if u.Err != nil {
		s.t.Fatalf("got the error %v, want version %s", u.Err, level)
	}
	if u.Config.Log.Level != level {
		s.t.Fatalf("got version %s, want %s", u.Config.Log.Level, level)
	}
	return u
}

func (s *watched) expectError(part string) {
	s.t.Helper()
	u := s.next()
	if u.Err == nil || u.Config != nil || !strings.Contains(u.Err.Error(), part) {
		s.t.Fatalf("got %v, %v; want an error about %q", u.Config, u.Err, part)
	}
}

// version is a file that differs from others by its log level. All are equally long.
func version(level string) string {
	return minimum + fmt.Sprintf("log: { level: %s }%*s\n", level, 10-len(level), "")
}

func write(t *testing.T, file, text string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(text), 0o600))
}

// overwrite writes a version in place. It does not truncate, so that nobody can see half of it.
func overwrite(t *testing.T, file, text string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, errors.Join(err, f.Close()))
}

// replace puts a file in place by renaming, as editors and deployment tools do.
func replace(t *testing.T, file, text string) {
	t.Helper()
	write(t, file+".swp", text)
	must(t, os.Rename(file+".swp", file))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	write(t, file, text)
	return file
}

func TestWatchWriteAndRename(t *testing.T) {
	s := watch(t, newFile(t, version("info")), notifying())
	overwrite(t, s.file, version("warn"))
	if u := s.expect("warn"); u.Forced || u.Config.Name() != s.file {
		t.Errorf("got %+v", u)
	}
	replace(t, s.file, version("error"))
	s.expect("error")
	replace(t, s.file, version("debug")) // the second rename is what watching the file itself would miss
	s.expect("debug")
}

// TestWatchEditorBackup is vim with a backup copy: the file is moved away and written anew.
func TestWatchEditorBackup(t *testing.T) {
	s := watch(t, newFile(t, version("info")), notifying())
	must(t, os.Rename(s.file, s.file+"~"))
	write(t, s.file, version("warn"))
	u := s.next()
	for u.Err != nil { // a slow machine may see no file, or an empty one
		u = s.next()
	}
	if u.Err != nil || u.Config.Log.Level != "warn" {
		t.Fatalf("got %+v", u)
	}
}

func TestWatchSameContentIsNoChange(t *testing.T) {
	s := watch(t, newFile(t, version("info")), notifying())
	overwrite(t, s.file, version("info"))
	replace(t, s.file, version("info"))
	must(t, os.Chtimes(s.file, time.Now(), time.Now()))
	s.look()
	write(t, filepath.Join(filepath.Dir(s.file), "other.yaml"), "x")
	s.look()
	overwrite(t, s.file, version("warn"))
	s.expect("warn") // and nothing before
}

// force asks for a reload.
func (s *watched) force() {
	s.t.Helper()
	select {
	case s.reload <- struct{}{}:
	case <-time.After(patience):
		s.t.Fatal("reload is not heard")
	}
}

// look waits until the watcher has certainly read the file after everything done so far: a forced
// update comes, and it is the only one.
func (s *watched) look() {
	s.t.Helper()
	s.force()
	if u := s.next(); !u.Forced {
		s.t.Fatalf("an update nobody asked for: %+v", u)
	}
}

func TestWatchReloadForces(t *testing.T) {
	s := watch(t, newFile(t, version("info")), notifying())
	s.look()
	s.look()
	close(s.reload) // a closed channel is no storm of reloads
	overwrite(t, s.file, version("warn"))
	if u := s.expect("warn"); u.Forced {
		t.Error("an ordinary change is called forced")
	}
}

// TestWatchKubernetes swaps ..data as the kubelet does: the path of the file never changes, and nothing
// is written in its folder but a link.
func TestWatchKubernetes(t *testing.T) {
	dir := t.TempDir()
	publish := func(stamp, text string) {
		must(t, os.Mkdir(filepath.Join(dir, stamp), 0o700))
		write(t, filepath.Join(dir, stamp, "gateway.yaml"), text)
		must(t, os.Symlink(stamp, filepath.Join(dir, "..data_tmp")))
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	publish("..2026_01", version("info"))
	must(t, os.Symlink("..data/gateway.yaml", filepath.Join(dir, "gateway.yaml")))
	s := watch(t, filepath.Join(dir, "gateway.yaml"), notifying())
	s.look()
	publish("..2026_02", version("warn"))
	must(t, os.RemoveAll(filepath.Join(dir, "..2026_01")))
	s.expect("warn")
	publish("..2026_03", version("error"))
	must(t, os.RemoveAll(filepath.Join(dir, "..2026_02")))
	s.expect("error")
}

// TestWatchThroughLinks changes what links lead to, in folders other than the file's.
func TestWatchThroughLinks(t *testing.T) {
	dir := t.TempDir()
	for _, release := range []string{"v1", "v2"} {
		must(t, os.MkdirAll(filepath.Join(dir, "releases", release), 0o700))
	}
	write(t, filepath.Join(dir, "releases/v1/gateway.yaml"), version("info"))
	write(t, filepath.Join(dir, "releases/v2/gateway.yaml"), version("warn"))
	must(t, os.Symlink("releases/v1", filepath.Join(dir, "current")))
	s := watch(t, filepath.Join(dir, "current", "gateway.yaml"), notifying())
	s.look()
	must(t, os.Symlink("releases/v2", filepath.Join(dir, "next")))
	must(t, os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "current")))
	s.expect("warn")
	overwrite(t, filepath.Join(dir, "releases/v2/gateway.yaml"), version("error"))
	s.expect("error")
}

func TestWatchRemovedAndReturning(t *testing.T) {
	s := watch(t, newFile(t, version("info")), notifying())
	must(t, os.Remove(s.file))
	s.expectError("cannot be read")
	write(t, s.file+".other", "x") // looks again, and finds the same reason
	replace(t, s.file, version("info"))
	s.expect("info") // the same content as before, but the error is over
}

func TestWatchFolderRemovedAndReturning(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "etc", "tidegate")
	must(t, os.MkdirAll(dir, 0o700))
	write(t, filepath.Join(dir, "gateway.yaml"), version("info"))
	s := watch(t, filepath.Join(dir, "gateway.yaml"), notifying())
	s.look()
	must(t, os.RemoveAll(filepath.Dir(dir)))
	s.expectError("cannot be read")
	must(t, os.MkdirAll(dir, 0o700))
	replace(t, s.file, version("warn"))
	s.expect("warn")
	replace(t, s.file, version("error"))
	s.expect("error")
}

func TestWatchBrokenOncePerContent(t *testing.T) {
	s := watch(t, newFile(t, version("info")), notifying())
	broken := strings.Replace(minimum, "routes:", "rotues:", 1)
	replace(t, s.file, broken)
	s.expectError("rotues")
	replace(t, s.file, broken) // the same mistake again is not repeated
	s.force()
	if u := s.next(); !u.Forced || u.Err == nil {
		t.Fatalf("got %+v", u)
	}
	replace(t, s.file, broken+"x: 1\n")
	s.expectError("rotues")
	replace(t, s.file, version("info"))
	s.expect("info")
}

func TestWatchReportsTheFirstContentWhenNothingIsInForce(t *testing.T) {
	s := &watched{t: t, file: newFile(t, version("info")), updates: make(chan Update)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Watcher{File: s.file}.Run(ctx, nil, s.updates) }()
	s.expect("info")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}

// TestWatchFileChangedBeforeStart: what happened between loading and watching is noticed.
func TestWatchFileChangedBeforeStart(t *testing.T) {
	file := newFile(t, version("warn"))
	s := &watched{t: t, file: file, updates: make(chan Update)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Watcher{File: file, Hash: hash([]byte(version("info"))), Poll: time.Hour}.Run(ctx, nil, s.updates)
	}()
	s.expect("warn")
	cancel()
	<-ended
}

// TestWatchPolls cannot rely on notifications: they would be acted on in an hour.
func TestWatchPolls(t *testing.T) {
	s := watch(t, newFile(t, version("info")), Watcher{Debounce: time.Hour, Poll: 10 * time.Millisecond})
	replace(t, s.file, version("warn"))
	s.expect("warn")
}

// TestWatchLatestWins: a reader that is busy finds the newest version, and only that.
func TestWatchLatestWins(t *testing.T) {
	s := watch(t, newFile(t, version("info")), notifying())
	for _, level := range []string{"warn", "debug", "error"} {
		replace(t, s.file, version(level))
		s.force() // nobody takes the update, but the watcher goes on
	}
	s.expect("error")
	overwrite(t, s.file, version("info"))
	s.expect("info")
}

func TestWatchEndsWhileNobodyReads(t *testing.T) {
	s := watch(t, newFile(t, version("info")), notifying())
	s.force() // an update is waiting now
	if err := s.stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}

func TestWatchRefusesPipesAndFolders(t *testing.T) {
	if _, err := readRegular(t.TempDir()); err == nil {
		t.Error("a folder is read")
	}
	if _, err := readRegular(os.DevNull); err == nil {
		t.Error("a device is read")
	}
}

func TestFoldersOfCircle(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink("b", filepath.Join(dir, "a")))
	must(t, os.Symlink("a", filepath.Join(dir, "b")))
	if got := len(foldersOf(filepath.Join(dir, "a"), maxLinks)); got > 1<<maxLinks {
		t.Errorf("a circle of links gives %d folders", got)
	}
}
