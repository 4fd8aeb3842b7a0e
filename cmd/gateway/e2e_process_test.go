package main_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tidegate/tidegate/internal/upstreamtest"
)

// commandLine: what scripts rely on.
func commandLine(t *testing.T, r *rig) {
	dir := t.TempDir()
	f := newFleet(t)
	g := r.gateway(t, f.oneService())
	good := filepath.Join(dir, "good.yaml")
	bad := filepath.Join(dir, "bad.yaml")
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(good, g.config(f.oneService()))
	write(bad, g.config(strings.Replace(f.oneService(), "to: shop", "to: shpo", 1)))
	tests := []struct {
		args []string
		code int
		says string
	}{
		{[]string{"check", good}, 0, ""},
		{[]string{"check", bad}, 3, `shop`},
		{[]string{"check", filepath.Join(dir, "none.yaml")}, 3, "none.yaml"},
		{[]string{"version"}, 0, "tidegate"},
		{[]string{"run", "--config", bad}, 3, "shop"},
		{[]string{"run", "--nonsense"}, 2, "nonsense"},
		{[]string{"nonsense"}, 2, "nonsense"},
	}
	for _, tt := range tests {
		out, code := r.run(t, tt.args...)
		if code != tt.code || !strings.Contains(out, tt.says) {
			t.Errorf("%q: exit code %d, want %d, saying %q:\n%s", tt.args, code, tt.code, tt.says, out)
		}
	}
	busy, err := net.Listen("tcp", g.http)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if out, code := r.run(t, "run", "--config", good, "--state", g.state); code != 4 {
		t.Errorf("with its address taken: exit code %d, want 4\n%s", code, out)
	}
}

// curl: what the README's tour does.
func curl(t *testing.T, r *rig) {
	program, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl here")
	}
	f := newFleet(t)
	g := r.gateway(t, f.oneService())
	g.start()
	g.settled()
	tests := []struct {
		args []string
		says []string
	}{
		{[]string{"-H", "X-Region: cn-north", g.http + "/"}, []string{"HTTP/1.1 200", "X-Served-Region: cn-north", `"x_region":"cn-north"`}},
		{[]string{"-b", "region=cn-west", g.http + "/"}, []string{"X-Served-Region: cn-west"}},
		{[]string{g.http + "/"}, []string{"X-Served-Region: cn-east"}},
		{[]string{"-H", "X-Region: mars", g.http + "/"}, []string{"X-Served-Region: cn-east"}},
		{[]string{"-d", "hello", g.http + "/"}, []string{`"method":"POST"`, `"received":5`}},
		{[]string{"-H", "Expect: 100-continue", "-d", "hello", g.http + "/"}, []string{`"received":5`}},
		{[]string{"-T", g.file, g.http + "/up/"}, []string{`"method":"PUT"`}},
		{[]string{"-I", g.http + "/"}, []string{"HTTP/1.1 200"}},
		{[]string{"--http1.0", g.http + "/"}, []string{"200 OK", `"method":"GET"`}},
		{[]string{g.http + "/?chunked=1&pieces=3&trailer=X-Sum:1"}, []string{"200 OK", `"region":"cn-east"`}},
		{[]string{"-X", "PUT", "--json", `{"region":"cn-north","op":"drain","reason":"tour","for":"1m"}`, g.admin + "/v1/overrides"}, []string{"201", "region:cn-north"}},
		{[]string{"-H", "X-Region: cn-north", g.http + "/"}, []string{"X-Served-Region: cn-east"}},
		{[]string{g.admin + "/v1/plan"}, []string{"shop"}},
		{[]string{g.admin + "/metrics"}, []string{"tidegate_"}},
		{[]string{"-X", "DELETE", g.admin + "/v1/overrides/region:cn-north"}, []string{"HTTP/1.1 2"}},
		{[]string{"-H", "X-Region: cn-north", g.http + "/"}, []string{"X-Served-Region: cn-north"}},
	}
	for _, tt := range tests {
		out, err := exec.Command(program, append([]string{"-sS", "-i", "--max-time", "5"}, tt.args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("curl %q: %v\n%s", tt.args, err, out)
			continue
		}
		for _, want := range tt.says {
			if !strings.Contains(string(out), want) {
				t.Errorf("curl %q: no %q in\n%s", tt.args, want, out)
			}
		}
	}
}

// demoFailsOverAndBack: the demo does what it promises, and leaves nothing behind.
func demoFailsOverAndBack(t *testing.T, r *rig) {
	tmp := t.TempDir()
	listen, admin, control := freeAddr(t), freeAddr(t), freeAddr(t)
	written := filepath.Join(t.TempDir(), "demo.yaml")
	cmd := exec.Command(r.binary, "demo", "--plain", "--listen", listen, "--admin", admin, "--control", control, "--config-out", written)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	var out lockedBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-exited
		if t.Failed() {
			t.Logf("the demo said:\n%s", tail(out.String(), 40))
		}
	})
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	served := func() string {
		req, err := http.NewRequest(http.MethodGet, "http://"+listen+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Region", "cn-north")
		res, err := client.Do(req)
		if err != nil {
			return err.Error()
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return res.Status
		}
		return res.Header.Get("X-Served-Region")
	}
	post := func(path string) {
		res, err := client.Post("http://"+control+path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("POST %s: %s", path, res.Status)
		}
	}
	upstreamtest.Eventually(t, 20*time.Second, "cn-north answers", func() bool { return served() == "cn-north" })
	t.Logf("answering %v after its start", ms(time.Since(began)))
	time.Sleep(time.Second)
	post("/kill/cn-north")
	for range 50 {
		if got := served(); got != "cn-east" {
			t.Errorf("with cn-north killed, its caller is answered by %q, want cn-east", got)
		}
	}
	time.Sleep(2 * time.Second)
	post("/heal/cn-north")
	healed := time.Now()
	// Back is when all of its callers are served at home again, not the first.
	upstreamtest.Eventually(t, 15*time.Second, "cn-north serves its callers again after healing", func() bool {
		for range 20 {
			if served() != "cn-north" {
				return false
			}
		}
		return true
	})
	t.Logf("cn-north serves its callers again %v after healing", ms(time.Since(healed)))
	if text, code := r.run(t, "check", written); code != 0 {
		t.Errorf("check of --config-out: exit code %d\n%s", code, text)
	}
	cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-exited:
	case <-time.After(10 * time.Second):
		t.Fatal("Ctrl-C does not end it")
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != 130 {
		t.Errorf("exit code %d after Ctrl-C", code)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, addr := range []string{listen, admin, control} {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			t.Errorf("%s is still open", addr)
		}
	}
	if text := out.String(); !strings.Contains(text, "cn-north/1 is killed") || !strings.Contains(text, " 0 failed") {
		t.Logf("the demo's last words:\n%s", tail(text, 10))
	}
}
