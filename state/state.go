package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"time"
)

// format is the number of the envelope's layout.
const format = 1

// ErrCorrupt is found in errors about a file whose contents are not what was once saved.
var ErrCorrupt = errors.New("corrupt state file")

// An envelope is what is written: the data and how to tell that it is whole.
type envelope struct {
	Format int             `json:"format"`
	Saved  time.Time       `json:"saved"`
	SHA256 string          `json:"sha256"`
	Data   json.RawMessage `json:"data"`
}

// Recovered is the error of a Load that succeeded from the previous generation because the
// newest one was unusable. What was loaded may lack the last change.
type Recovered struct {
	Path   string // the file that was unusable
	Source string // the file that was read in its place
	Err    error  // what was wrong with Path
}

// Error says what was unusable, why, and what was read in its place.
func (r *Recovered) Error() string {
	return fmt.Sprintf("%v; the previous generation %s was read in its place", r.Err, r.Source)
}

// Unwrap returns what was wrong with the newest file.
func (r *Recovered) Unwrap() error { return r.Err }

// Save writes v as JSON to path. When it returns nil, v is on disk and survives a crash of the
// process or the machine; when it returns an error or does not return, path holds what it held
// before, or v. What path held before stays as path.1. The folder must exist.
//
// One caller at a time per path: Save does not lock.
func Save(path string, v any) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a rename would replace the link, not what it leads to
	}
	text, err := seal(v, time.Now())
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	// Only a whole generation is worth keeping: a corrupt one would push out the good one before it.
	if old, err := os.ReadFile(path); err == nil {
		if _, err := unseal(old); err == nil {
			if err := replace(path+".1", old); err != nil {
				return fmt.Errorf("save %s: keep the previous generation: %w", path, err)
			}
		}
	}
	if err := replace(path, text); err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return nil
}

// Load reads what Save wrote to path into v, a pointer, and returns the name of the file it came from.
//
// If path is unusable, path.1 is read in its place and the error is a *Recovered; v is then
// valid. With any other error v is as it was. If path does not exist the error wraps
// fs.ErrNotExist, whether or not path.1 does: Save never takes path away, so a person did.
func Load(path string, v any) (source string, err error) {
	err = read(path, v)
	if err == nil {
		return path, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	previous := path + ".1"
	if second := read(previous, v); second != nil {
		// Not wrapped: that the second does not exist must not make the first look missing.
		return "", fmt.Errorf("%w; nor can the previous generation be read: %v", err, second)
	}
	return previous, &Recovered{Path: path, Source: previous, Err: err}
}

// read fills v from exactly one file, or leaves it as it was.
func read(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data, err := unseal(text)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, path, err)
	}
	to := reflect.ValueOf(v)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		panic("BUG: state.Load needs a pointer")
	}
	fresh := reflect.New(to.Type().Elem())
	if err := json.Unmarshal(data, fresh.Interface()); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, path, err)
	}
	to.Elem().Set(fresh.Elem())
	return nil
}

// seal returns the text of the file that holds v.
func seal(v any, now time.Time) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	e := envelope{Format: format, Saved: now.UTC().Round(0), Data: data}
	if e.SHA256, err = sum(e); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(e, "", "  ") // people look into this file in bad hours
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// unseal returns the data of a file's text, or why it is not whole.
func unseal(text []byte) (json.RawMessage, error) {
	var e envelope
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, err
	}
	if e.Format != format {
		return nil, fmt.Errorf("format %d is not known here, only %d is", e.Format, format)
	}
	want, err := sum(e)
	if err != nil {
		return nil, err
	}
	if e.SHA256 != want {
		return nil, errors.New("the checksum does not match")
	}
	return e.Data, nil
}

// sum is the checksum over everything an envelope says, whatever its indentation.
func sum(e envelope) (string, error) {
	var b bytes.Buffer
	b.WriteString(strconv.Itoa(e.Format) + "\n" + e.Saved.UTC().Format(time.RFC3339Nano) + "\n")
	if err := json.Compact(&b, e.Data); err != nil {
		return "", err
	}
	digest := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(digest[:]), nil
}

// replace makes path hold text, in one step as seen by readers and by crashes.
func replace(path string, text []byte) error {
	temp := path + ".tmp" // a fixed name: a crash leaves at most this one behind
	if err := write(temp, text); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// write creates path with text in it, on disk.
func write(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

// syncFolder puts a rename on disk: it is an entry in the folder.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return errors.Join(err, d.Close())
	}
	return d.Close()
}
