package config

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Update is what a Watcher reports: a new configuration, or why there is none. A reader that gets
// an error keeps what it has.
type Update struct {
	Config *Config
	Err    error // unreadable or broken; Config is nil then
	Forced bool  // asked for by reload, so it may be the same as before
}

// Watcher reports changes of a configuration file. It watches the folder rather than the file, since
// editors and Kubernetes put a new file in the old one's place, and compares contents, so that a touched
// file is no change. What it reports is the latest: an update that nobody took yet gives way to
// a newer one.
type Watcher struct {
	File string

	// Hash is Config.Hash of what is in force already. While the file still holds that, nothing is
	// reported; with "" the first content is, too.
	Hash string

	// Debounce is how long the folder must be quiet before the file is read. Default 100 ms. An ever
	// busy folder delays reading tenfold at most.
	Debounce time.Duration

	// Poll is how often the file is read anyway, for file systems that notify nobody. Default 10 s.
	Poll time.Duration

	// Warn is told when notifications cannot be had or are lost; the file is then only polled. May be nil.
	Warn func(error)
}

// Run watches until ctx ends, and returns its error. A word on reload (SIGHUP) has the file read and
// reported even if it is the same. A broken file is reported once per content, an unreadable one once
// per reason.
func (w Watcher) Run(ctx context.Context, reload <-chan struct{}, out chan<- Update) error {
	if w.Debounce <= 0 {
		w.Debounce = 100 * time.Millisecond
	}
	if w.Poll <= 0 {
		w.Poll = 10 * time.Second
	}
	if w.Warn == nil {
		w.Warn = func(error) {}
	}
	folders := watchFolders(w.Warn)
	defer folders.close()

	poll := time.NewTicker(w.Poll)
	defer poll.Stop()
	quiet := time.NewTimer(0) // the first look is at once
	defer quiet.Stop()
	var busySince time.Time // first notification not yet looked into; zero if none

	var pending *Update // not yet taken by the reader
	seen := w.Hash
	look := func(forced bool) {
		busySince = time.Time{}
		folders.follow(w.File) // before reading, so that what comes after is noticed
		update, now := w.read(seen, forced)
		if update == nil {
			return
		}
		seen = now
		update.Forced = forced || pending != nil && pending.Forced
		pending = update
	}
	for {
		var deliver chan<- Update
		var next Update
		if pending != nil {
			deliver, next = out, *pending
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case deliver <- next:
			pending = nil
		case <-folders.events():
			if busySince.IsZero() {
				busySince = time.Now()
			}
			quiet.Reset(max(0, min(w.Debounce, 10*w.Debounce-time.Since(busySince))))
		case err := <-folders.errors():
			w.Warn(fmt.Errorf("notifications may be lost: %w", err))
			quiet.Reset(w.Debounce)
		case <-quiet.C:
			look(false)
		case <-poll.C:
			look(false)
		case _, open := <-reload:
			if !open {
				reload = nil
				continue
			}
			look(true)
		}
	}
}

// read loads the file, unless it is as seen before and nobody insists. now stands for what was
// found: the hash of the content, or the reason why there is none.
func (w Watcher) read(seen string, forced bool) (update *Update, now string) {
	data, err := readRegular(w.File)
	if err != nil {
		now = "unreadable: " + err.Error()
	} else {
		now = hash(data)
	}
	if now == seen && !forced {
		return nil, now
	}
	if err != nil {
		return &Update{Err: fmt.Errorf("the configuration cannot be read: %w", err)}, now
	}
	c, err := Load(w.File, data, os.LookupEnv)
	return &Update{Config: c, Err: err}, now
}

// readRegular reads a file, but not a pipe, which would have us wait for a writer.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return readFile(name)
}
