package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
)

const twoRegions = `
region: cn-east
regions:
  cn-east: { failover: [cn-north] }
  cn-north: { failover: [cn-east] }
services:
  pay:
    endpoints: { cn-east: [127.0.0.1:1], cn-north: [127.0.0.1:2] }
routes: [ { path: /**, to: pay } ]
`

func testGateway(t *testing.T, text string, log *slog.Logger) *gateway {
	t.Helper()
	g, err := newGateway(load(t, text), options{state: filepath.Join(t.TempDir(), "state.json")}, log, new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func load(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Load("tidegate.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A region that leaves and one that is back are each one line, whatever number of plans is made.
func TestMovesAreLoggedOnce(t *testing.T) {
	var text bytes.Buffer
	g := testGateway(t, twoRegions, slog.New(slog.NewTextHandler(&text, nil)))
	text.Reset()
	told := func(want ...string) {
		t.Helper()
		for range 3 {
			g.planAll()
		}
		lines := strings.Count(text.String(), "\n")
		for _, w := range want {
			if lines != 1 || !strings.Contains(text.String(), w) {
				t.Errorf("want one line with %q, got\n%s", w, text.String())
			}
		}
		if len(want) == 0 && lines > 0 {
			t.Errorf("want nothing, got\n%s", text.String())
		}
		text.Reset()
	}
	told()
	g.orders = balancer.NewOrders([]balancer.Override{{
		ID: "region:cn-north", Region: "cn-north", Op: balancer.OpDrain, Reason: "a test", Expires: time.Now().Add(time.Hour),
	}})
	told("level=WARN", `msg="region out of service" service=pay region=cn-north to="cn-east 1.00"`, "a test")
	g.orders = balancer.NewOrders(nil)
	told("level=INFO", `msg="region back in service" service=pay region=cn-north`)
}

func TestMovesForgetWhatIsGone(t *testing.T) {
	g := testGateway(t, twoRegions, slog.New(slog.DiscardHandler))
	g.moves[place{"pay", "cn-north"}] = true
	g.moves[place{"pay", "cn-west"}] = true
	g.moves[place{"site", "cn-north"}] = true
	g.moves.forget(g.live.Load())
	if len(g.moves) != 1 || !g.moves[place{"pay", "cn-north"}] {
		t.Errorf("left: %v", g.moves)
	}
}

// A rejected file is told problem by problem, with its place, and changes nothing.
func TestRejectionNamesThePlaces(t *testing.T) {
	var text bytes.Buffer
	g := testGateway(t, twoRegions, slog.New(slog.NewJSONHandler(&text, nil)))
	before := g.live.Load()
	text.Reset()
	_, err := config.Load("tidegate.yaml", []byte(strings.Replace(twoRegions, "to: pay", "to: pya", 1)), nil)
	g.take(config.Update{Err: err})
	var lines []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(text.String()), "\n") {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, one)
	}
	if len(lines) != 2 || lines[0]["problems"] != 1.0 || lines[1]["file"] != "tidegate.yaml" || lines[1]["line"] != 9.0 ||
		lines[1]["key"] != "routes[0].to" || lines[1]["hint"] != `did you mean "pay"?` {
		t.Errorf("got %s", text.String())
	}
	if g.live.Load() != before || g.Reload().OK || g.Reload().Failures != 1 {
		t.Errorf("reload: %+v", g.Reload())
	}
}

// Durations carry their unit in JSON too.
func TestLogIsReadable(t *testing.T) {
	var text bytes.Buffer
	slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{ReplaceAttr: readable})).Info("x", "timeout", 30*time.Second)
	if !strings.Contains(text.String(), `"timeout":"30s"`) {
		t.Error(text.String())
	}
}
