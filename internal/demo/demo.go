package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Options say where things listen and what is shown.
type Options struct {
	Listen    string // the gateway
	Admin     string // its admin API
	Control   string // the fleet's control
	ConfigOut string // the file the gateway runs by, which is left; empty: a temporary one
	NoTraffic bool   // send nothing
	Plain     bool   // lines, even on a terminal

	// Out is where the view goes.
	Out io.Writer

	// Start runs the gateway by a configuration file until ctx ends, and returns when nothing of it
	// is left. It keeps its state in stateFile and its log in log.
	Start func(ctx context.Context, configFile, stateFile string, log io.Writer) error
}

// patience is how long the gateway may take to be ready.
const patience = 20 * time.Second

// Run runs the demo until ctx ends, which is no error. When it returns nothing is left: no socket, no
// goroutine, no file but ConfigOut.
func Run(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp("", "tidegate-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	f, err := startFleet()
	if err != nil {
		return err
	}
	defer f.close()

	text := configText(o, f)
	file := filepath.Join(dir, "tidegate.yaml")
	if o.ConfigOut != "" {
		file = o.ConfigOut
		err = writeOut(file, text)
	} else {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", o.Control)
	if err != nil {
		return fmt.Errorf("--control: %w", err)
	}
	o.Control = ln.Addr().String()
	control := &http.Server{Handler: controlHandler(f, o), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		control.Serve(ln) // ends by Close
	}()
	defer func() {
		control.Close()
		<-served
	}()

	ctx, cancel := context.WithCancel(ctx)
	gateway := make(chan error, 1)
	go func() { gateway <- o.Start(ctx, file, filepath.Join(dir, "state.json"), o.log()) }()
	err = show(ctx, o, f, file, gateway)
	cancel()
	if ended := <-gateway; err == nil && !errors.Is(ended, context.Canceled) {
		err = ended
	}
	return err
}

// log is where the gateway's log goes. On a screen it would be painted over; the view tells what
// became of an edited file.
func (o *Options) log() io.Writer {
	if o.screen() != nil {
		return io.Discard
	}
	return os.Stderr
}

// show sends the traffic and draws the view until ctx or the gateway ends. What the gateway returned
// is put back for the caller.
func show(ctx context.Context, o Options, f *fleet, file string, gateway chan error) error {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	if ended, err := awaitReady(ctx, client, o.Admin, gateway); err != nil || ended {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := newTraffic(o.Listen)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if !o.NoTraffic {
			t.run(ctx)
		}
	}()
	defer func() { <-sent }()
	defer cancel()

	v := newView(o, f, t, client, file)
	defer v.leave()
	tick := time.NewTicker(v.every)
	defer tick.Stop()
	for {
		v.draw(ctx, time.Now())
		select {
		case <-tick.C:
		case err := <-gateway:
			gateway <- err
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// awaitReady waits until the gateway takes traffic. ended says that it or ctx ended first.
func awaitReady(ctx context.Context, client *http.Client, admin string, gateway chan error) (ended bool, err error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		res, err := client.Get("http://" + admin + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return false, nil
			}
		}
		select {
		case <-tick.C:
		case err := <-gateway:
			gateway <- err
			return true, nil
		case <-ctx.Done():
			return true, nil
		case <-late.C:
			return false, fmt.Errorf("the gateway is not ready after %v: see http://%s/readyz?verbose", patience, admin)
		}
	}
}
