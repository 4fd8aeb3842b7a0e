package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A contestant is one proxy, run as a process of its own.
type contestant struct {
	name    string
	version string
	addr    string
	args    []string
	env     []string
	cmd     *exec.Cmd
	output  bytes.Buffer
	exited  chan struct{}
}

// contestants prepares all of them in front of upstreams. nginx is left out where there is none.
func (p *plan) contestants(ctx context.Context, upstreams []string) ([]*contestant, error) {
	procs := fmt.Sprintf("GOMAXPROCS=%d", p.procs)
	ours, err := p.tidegate(ctx, upstreams)
	if err != nil {
		return nil, err
	}
	ours.env = []string{procs}
	naive, err := p.naiveProxy(ctx, upstreams)
	if err != nil {
		return nil, err
	}
	naive.env = []string{procs}
	nginx, err := p.nginx(ctx, upstreams)
	if errors.Is(err, exec.ErrNotFound) {
		fmt.Fprintln(os.Stderr, "no nginx here; measuring without it")
		return []*contestant{ours, naive}, nil
	}
	if err != nil {
		return nil, err
	}
	return []*contestant{ours, nginx, naive}, nil
}

func (p *plan) tidegate(ctx context.Context, upstreams []string) (*contestant, error) {
	binary := p.binary
	if binary == "" {
		binary = filepath.Join(p.dir, "tidegate")
		if err := build(ctx, binary, "./cmd/gateway"); err != nil {
			return nil, err
		}
	}
	addr, admin, err := twoAddrs()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(p.dir, "tidegate.yaml")
	text := fmt.Sprintf(`region: here
listen: { http: "%s", admin: "%s" }
regions:
  here: {}
services:
  bench:
    endpoints:
      here: [%s]
routes:
  - { to: bench }
log: { level: warn }
`, addr, admin, strings.Join(upstreams, ", "))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	version, err := firstLine(ctx, binary, "version")
	if err != nil {
		return nil, err
	}
	return &contestant{name: "tidegate", version: version, addr: addr, args: []string{binary, "run", "--config", file}}, nil
}

func (p *plan) naiveProxy(ctx context.Context, upstreams []string) (*contestant, error) {
	binary := filepath.Join(p.dir, "naive")
	if err := build(ctx, binary, "./bench/naive"); err != nil {
		return nil, err
	}
	addr, _, err := twoAddrs()
	if err != nil {
		return nil, err
	}
	version, err := firstLine(ctx, "go", "list", "-m", "-f", "{{.Path}} {{.Version}}", "github.com/valyala/fasthttp")
	if err != nil {
		return nil, err
	}
	args := []string{binary, "--listen", addr, "--upstreams", strings.Join(upstreams, ",")}
	if p.naive {
		args = append(args, "--timeouts")
		version += ", with timeouts"
	}
	return &contestant{name: "naive", version: version, addr: addr, args: args}, nil
}

func (p *plan) nginx(ctx context.Context, upstreams []string) (*contestant, error) {
	binary, err := exec.LookPath("nginx")
	if err != nil { // Debian keeps it where only root's path leads
		if binary, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			return nil, exec.ErrNotFound
		}
	}
	addr, _, err := twoAddrs()
	if err != nil {
		return nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	file := filepath.Join(p.dir, "nginx.conf")
	text := fmt.Sprintf(`%s
daemon off;
worker_processes %d;
pid %s/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path %[3]s/body; proxy_temp_path %[3]s/proxy; fastcgi_temp_path %[3]s/f; uwsgi_temp_path %[3]s/u; scgi_temp_path %[3]s/s;
  keepalive_requests 1000000000;
  upstream bench { server %s; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen %s;
    location / {
      proxy_pass http://bench;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
    }
  }
}
`, user, p.procs, p.dir, strings.Join(upstreams, "; server "), addr)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	version, err := firstLine(ctx, binary, "-v")
	if err != nil {
		return nil, err
	}
	return &contestant{name: "nginx", version: version, addr: addr, args: []string{binary, "-c", file, "-p", p.dir}}, nil
}

func build(ctx context.Context, out, pkg string) error {
	text, err := exec.CommandContext(ctx, "go", "build", "-o", out, pkg).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build %s (run this from the top of the repository): %w\n%s", pkg, err, text)
	}
	return nil
}

func firstLine(ctx context.Context, name string, args ...string) (string, error) {
	text, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, text)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line), nil
}

// twoAddrs returns two free addresses, as free as it can be known.
func twoAddrs() (a, b string, err error) {
	one, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer one.Close()
	two, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer two.Close()
	return one.Addr().String(), two.Addr().String(), nil
}

// start starts the process and waits until it answers.
func (c *contestant) start(ctx context.Context) error {
	c.cmd = exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	c.cmd.Env = append(os.Environ(), c.env...)
	c.cmd.Stdout, c.cmd.Stderr = &c.output, &c.output
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = 5 * time.Second
	if err := c.cmd.Start(); err != nil {
		return err
	}
	c.exited = make(chan struct{})
	go func() {
		c.cmd.Wait()
		close(c.exited)
	}()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case <-c.exited:
			return fmt.Errorf("ended at once:\n%s", c.output.String())
		default:
		}
		res, err := http.Get("http://" + c.addr + "/")
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
	}
	c.stop()
	return fmt.Errorf("does not answer:\n%s", c.output.String())
}

func (c *contestant) pid() int { return c.cmd.Process.Pid }

// stop ends the process and waits for its end.
func (c *contestant) stop() {
	c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.exited:
	case <-time.After(5 * time.Second):
		c.cmd.Process.Kill()
		<-c.exited
	}
}
