package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f, err := startFleet()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	return f
}

func TestOrders(t *testing.T) {
	f := newFleet(t)
	h := controlHandler(f, Options{Listen: "L", Admin: "A", Control: "C"})
	tests := []struct {
		method, target string
		status         int
		says           string // part of the answer
		state          string // of cn-north/1 afterwards
	}{
		{"POST", "/slow/cn-north/1?by=10", 200, "cn-north/1 is 10 times as slow as usual", "10× slow"},
		{"POST", "/fail/cn-north/1?rate=30%", 200, "cn-north/1 is answering 30% with 503", "10× slow, failing 30%"},
		{"POST", "/fail/cn-north/1?rate=50%25&status=500", 200, "answering 50% with 500", "10× slow, failing 50%"},
		{"POST", "/freeze/cn-north", 200, "cn-north/3 is frozen", "frozen"},
		{"POST", "/kill/cn-north", 200, "cn-north/1 is killed\ncn-north/2 is killed\ncn-north/3 is killed\n", "killed"},
		{"POST", "/freeze/cn-north/1", 409, "it is killed; heal it first", "killed"},
		{"GET", "/", 200, "killed", "killed"},
		{"POST", "/heal/cn-north/2", 200, "cn-north/2 is well", "killed"},
		{"POST", "/heal/cn-north", 200, "cn-north/1 is well", "well"},
		{"POST", "/kill/cn-nroth", 404, `there is no region "cn-nroth"; there are cn-east, cn-north, cn-west`, "well"},
		{"POST", "/kill/cn-north/4", 404, `there is no upstream "4" in cn-north; there are 1 to 3`, "well"},
		{"POST", "/slow/cn-north/1?by=fast", 400, "must be a factor", "well"},
		{"POST", "/fail/cn-north/1?rate=130%", 400, "must be a share", "well"},
		{"POST", "/fail/cn-north/1?status=200", 400, "from 400 to 599", "well"},
		{"GET", "/kill/cn-north", 405, "curl -X POST 'C/kill/cn-north'", "well"},
		{"POST", "/nuke/cn-north", 404, "/kill/REGION[/N]", "well"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(tt.method, "/", nil)
			u, query, _ := strings.Cut(tt.target, "?")
			r.URL = &url.URL{Path: u, RawQuery: query}
			h.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
			if got := f.in("cn-north")[0].state(); got != tt.state {
				t.Errorf("cn-north/1 is %s, want %s", got, tt.state)
			}
		})
	}
}

func TestTheConfigurationIsGood(t *testing.T) {
	f := newFleet(t)
	text := configText(Options{Listen: "127.0.0.1:8080", Admin: "127.0.0.1:9901"}, f)
	c, err := config.Load("demo.yaml", text, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(c.Regions) != 3 || len(c.Services[service].Endpoints["cn-west"]) != 3 || !c.Expose {
		t.Errorf("%s", text)
	}
}

func TestConfigOutSparesOthersFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.yaml")
	for range 2 { // its own it may write over
		if err := writeOut(file, []byte(heading+"\na: b\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeOut(file, []byte(heading)); err == nil || !strings.Contains(err.Error(), "was not made by a demo") {
		t.Errorf("got %v", err)
	}
}

func TestPaintKeepsToTheScreen(t *testing.T) {
	got := paint([]string{"12345", "ab", "gone"}, 3, 2)
	if want := toTop + "123" + restOfLine + "\r\nab" + restOfLine + restOfAll; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestScreen(t *testing.T) {
	f := newFleet(t)
	first := f.machines[0]
	if err := f.do(f.machines[:1], func(m *machine) error { m.slow = 10; return nil }); err != nil {
		t.Fatal(err)
	}
	v := &view{o: Options{Listen: "L", Admin: "A", Control: "C"}, fleet: f, traffic: newTraffic("unused"), file: "F", began: time.Unix(0, 0)}
	v.plan = &plan{}
	told := fmt.Sprintf(`{"regions":[{"reasons":["half of it drained"],"endpoints":[{"address":"%s","weight":0.25,"health":"up","reasons":["latency 0.50"]}]}]}`, first.server.Addr())
	if err := json.Unmarshal([]byte(told), v.plan); err != nil {
		t.Fatal(err)
	}
	v.reload = &reload{Successes: 1, Failures: 1, Error: "F:4:1: no such key\n  4 | expsoe"}
	now := time.Unix(61, 0)
	v.traffic.book(context.Background(), sample{at: now, home: "cn-north", region: "cn-east", address: first.server.Addr(), took: 20 * time.Millisecond})
	got := strings.Join(v.text(now, v.traffic.summarise(now)), "\n")
	for _, want := range []string{
		"1m1s", "cn-east 100%", "20.0 ms", "10× slow", "0.25", "up, latency 0.50, half of it drained", "1 requests sent, 0 failed",
		"curl -X POST C/kill/cn-north", "edit F", "is refused, nothing has changed:\nF:4:1: no such key\n  4 | expsoe",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// standIn is a gateway that only knows how to send a request home.
func standIn(ctx context.Context, listen, admin string, upstreams map[string]string) error {
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{DisableKeepAlives: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: upstreams[r.In.Header.Get("X-Region")]})
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("X-Served-Region", r.Request.Header.Get("X-Region"))
			r.Header.Set("X-Served-By", r.Request.URL.Host)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	servers := []*http.Server{
		{Addr: listen, Handler: proxy},
		{Addr: admin, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})},
	}
	var wg sync.WaitGroup
	for _, s := range servers {
		wg.Go(func() { s.ListenAndServe() })
	}
	<-ctx.Done()
	for _, s := range servers {
		s.Close()
	}
	wg.Wait()
	return nil
}

// lockedBuffer may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestRunLeavesNothingBehind(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var out lockedBuffer
	o := Options{Listen: freeAddr(t), Admin: freeAddr(t), Control: freeAddr(t), ConfigOut: filepath.Join(t.TempDir(), "demo.yaml"), Out: &out}
	o.Start = func(ctx context.Context, file, _ string, _ io.Writer) error {
		c, err := config.LoadFile(file)
		if err != nil {
			return err
		}
		first := map[string]string{}
		for region, endpoints := range c.Services[service].Endpoints {
			first[region] = endpoints[0].Address
		}
		return standIn(ctx, o.Listen, o.Admin, first)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()

	eventually(t, "traffic is told of", func() bool { return strings.Contains(out.String(), "cn-north 100%") })
	res, err := http.Post("http://"+o.Control+"/kill/cn-north", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	eventually(t, "the kill is told of", func() bool { return strings.Contains(out.String(), "cn-north/3 is killed") })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	if !strings.Contains(out.String(), "requests sent") {
		t.Error("no last word")
	}
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, addr := range []string{o.Listen, o.Admin, o.Control} {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			t.Errorf("%s is still open", addr)
		}
	}
	if _, err := config.LoadFile(o.ConfigOut); err != nil {
		t.Errorf("--config-out: %v", err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

func TestAGatewayThatDoesNotStartIsTold(t *testing.T) {
	broken := errors.New("listen.http: no such luck")
	err := Run(context.Background(), Options{
		Listen: freeAddr(t), Admin: freeAddr(t), Control: freeAddr(t), Out: io.Discard,
		Start: func(context.Context, string, string, io.Writer) error { return broken },
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestTrafficIsSummedUp(t *testing.T) {
	tr := newTraffic("unused")
	now := time.Unix(1000, 0)
	add := func(ago time.Duration, home, region, address, err string, took time.Duration) {
		tr.book(context.Background(), sample{at: now.Add(-ago), home: home, region: region, address: address, err: err, took: took})
	}
	for i := range 10 {
		add(time.Second, "cn-east", "cn-east", "a", "", time.Duration(i+1)*time.Millisecond)
	}
	for range 5 {
		add(time.Second, "cn-north", "cn-west", "b", "", time.Millisecond)
	}
	add(time.Second, "cn-north", "", "", "no answer", 0)
	add(time.Hour, "cn-north", "cn-north", "c", "", 0)
	s := tr.summarise(now)
	east, north, west := s.homes["cn-east"], s.homes["cn-north"], s.homes["cn-west"]
	got := fmt.Sprintf("%.1f %.1f %v %.1f %.1f %d %s %.1f %d %d %s", east.asked, east.served, east.quantile(.5), north.asked, north.served,
		north.failed, where(north), west.served, s.sent, s.failed, s.last)
	if want := "2.0 2.0 6ms 1.2 0.0 1 cn-west 100% 1.0 17 1 no answer"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
