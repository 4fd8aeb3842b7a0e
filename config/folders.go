package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/fsnotify/fsnotify"
)

// maxLinks is how many symbolic links in a row are followed.
const maxLinks = 8

// folders is the notifications about every folder on which the content of a file's path depends: its
// own, and those that hold a symbolic link on the way to it. Kubernetes swaps such a link (..data).
type folders struct {
	notify *fsnotify.Watcher // nil when the system has none to give
}

func watchFolders(warn func(error)) *folders {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		warn(fmt.Errorf("no notifications about files, polling only: %w", err))
		return &folders{}
	}
	return &folders{notify: notify}
}

func (f *folders) close() {
	if f.notify != nil {
		_ = f.notify.Close()
	}
}

// events and errors are nil, and so never ready, without notifications.
func (f *folders) events() <-chan fsnotify.Event {
	if f.notify == nil {
		return nil
	}
	return f.notify.Events
}

func (f *folders) errors() <-chan error {
	if f.notify == nil {
		return nil
	}
	return f.notify.Errors
}

// follow watches the folders that the file depends on now, and no others.
func (f *folders) follow(file string) {
	if f.notify == nil {
		return
	}
	var wanted []string
	for _, folder := range foldersOf(file, maxLinks) {
		if folder = existing(folder); !slices.Contains(wanted, folder) && f.notify.Add(folder) == nil {
			wanted = append(wanted, folder)
		}
	}
	for _, folder := range f.notify.WatchList() {
		if !slices.Contains(wanted, folder) {
			_ = f.notify.Remove(folder)
		}
	}
}

// foldersOf lists the folder of a path and the folder of every link in it, and the same for what
// those links point to.
func foldersOf(path string, links int) []string {
	list := []string{filepath.Dir(path)}
	for p := path; links > 0 && filepath.Dir(p) != p; p = filepath.Dir(p) {
		target, err := os.Readlink(p)
		if err != nil {
			continue
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(p), target)
		}
		list = append(list, filepath.Dir(p))
		list = append(list, foldersOf(target, links-1)...)
	}
	return list
}

// existing is the real path of a folder, or of the nearest one above it that exists: there its
// return will be noticed. Real, because a watch on a link would stay with what it pointed to.
func existing(folder string) string {
	for {
		if path, err := filepath.EvalSymlinks(folder); err == nil {
			return path
		}
		up := filepath.Dir(folder)
		if up == folder {
			return folder
		}
		folder = up
	}
}
