package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// ANSI sequences. The alternate screen keeps what was on the terminal before.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	toTop       = "\x1b[H"
	restOfLine  = "\x1b[K"
	restOfAll   = "\x1b[J"
)

// A view shows the demo: one screen drawn over and over on a terminal, otherwise a line every few
// seconds and one for each change.
type view struct {
	o       Options
	fleet   *fleet
	traffic *traffic
	client  *http.Client
	file    string // the configuration
	every   time.Duration
	began   time.Time

	screen *os.File // nil: lines
	plan   *plan    // as read last; nil: never, or out of reach
	reload *reload  // likewise

	states []string // lines: as told last
	edits  int      // lines: reloads told of
	told   time.Time
}

func newView(o Options, f *fleet, t *traffic, client *http.Client, file string) *view {
	v := &view{o: o, fleet: f, traffic: t, client: client, file: file, every: time.Second / 2, began: time.Now()}
	if v.screen = o.screen(); v.screen != nil {
		io.WriteString(v.screen, enterScreen)
		return v
	}
	fmt.Fprintf(o.Out, "%s\nto try, in another terminal:\n", v.title())
	for _, line := range tries(o) {
		fmt.Fprintln(o.Out, "  "+line)
	}
	fmt.Fprintf(o.Out, "  edit %s\n\n", file)
	v.states, v.told = f.states(), v.began
	return v
}

// screen is the terminal to draw on; nil: lines are printed.
func (o *Options) screen() *os.File {
	if out, ok := o.Out.(*os.File); ok && !o.Plain && term.IsTerminal(int(out.Fd())) {
		return out
	}
	return nil
}

// leave gives the terminal back.
func (v *view) leave() {
	if v.screen != nil {
		io.WriteString(v.screen, leaveScreen)
	}
	s := v.traffic.summarise(time.Now())
	fmt.Fprintf(v.o.Out, "%d requests sent, %d failed\n", s.sent, s.failed)
}

func (v *view) title() string {
	return fmt.Sprintf("tidegate demo   gateway http://%s   admin http://%s   fleet http://%s", v.o.Listen, v.o.Admin, v.o.Control)
}

// draw shows how things are now.
func (v *view) draw(ctx context.Context, now time.Time) {
	s := v.traffic.summarise(now)
	v.reload = read[struct {
		Reload *reload `json:"reload"`
	}](ctx, v, "/v1/config").Reload
	if v.screen == nil {
		v.lines(now, s)
		return
	}
	v.plan = read[*plan](ctx, v, "/v1/plan/"+service)
	width, height, err := term.GetSize(int(v.screen.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	io.WriteString(v.screen, paint(v.text(now, s), width, height))
}

// paint turns lines into what draws them over the last ones, cut to the screen.
func paint(lines []string, width, height int) string {
	var b strings.Builder
	b.WriteString(toTop)
	for i, line := range lines[:min(len(lines), height)] {
		if i > 0 {
			b.WriteString("\r\n")
		}
		if r := []rune(line); len(r) > width {
			line = string(r[:width])
		}
		b.WriteString(line + restOfLine)
	}
	return b.String() + restOfAll
}

// text is the screen.
func (v *view) text(now time.Time, s summary) []string {
	out := []string{v.title() + "   " + now.Sub(v.began).Round(time.Second).String(), ""}
	out = append(out, fmt.Sprintf("%-10s %9s %10s %9s %9s %8s   %s", "region", "callers/s", "served/s", "p50", "p99", "errors", "its callers are served by"))
	for _, r := range regions {
		f := s.homes[r.name]
		out = append(out, fmt.Sprintf("%-10s %9.0f %10.0f %9s %9s %8d   %s", r.name, f.asked, f.served,
			short(f.quantile(.5)), short(f.quantile(.99)), f.failed, where(f)))
	}
	out = append(out, "", fmt.Sprintf("%-10s %-16s %-21s %8s %8s %8s   %s", "upstream", "address", "really", "weight", "served/s", "p50", "the gateway sees"))
	states := v.fleet.states()
	for i, m := range v.fleet.machines {
		f := s.addresses[m.server.Addr()]
		if f == nil {
			f = &flow{}
		}
		weight, why := v.plan.of(m.server.Addr())
		out = append(out, fmt.Sprintf("%-10s %-16s %-21s %8s %8.0f %8s   %s", m.name(), m.server.Addr(), states[i],
			weight, f.served, short(f.quantile(.5)), why))
	}
	out = append(out, "", total(s), "")
	if said := v.reload.text(); said != nil {
		out = append(append(out, said...), "")
	}
	out = append(out, "to try, in another terminal:")
	for _, line := range tries(v.o) {
		out = append(out, "  "+line)
	}
	return append(out, "  edit "+v.file, "Ctrl-C ends it all and leaves nothing behind.")
}

func total(s summary) string {
	text := fmt.Sprintf("%d requests sent, %d failed", s.sent, s.failed)
	if s.last != "" {
		text += "; the last: " + s.last
	}
	return text
}

// where says which regions serve a home.
func where(f *flow) string {
	n := 0
	for _, k := range f.where {
		n += k
	}
	var parts []string
	for _, r := range regions {
		if k := f.where[r.name]; k > 0 {
			parts = append(parts, fmt.Sprintf("%s %.0f%%", r.name, 100*float64(k)/float64(n)))
		}
	}
	if parts == nil {
		return "nobody"
	}
	return strings.Join(parts, ", ")
}

func short(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
}

// lines tells what has changed, and every few seconds how it goes.
func (v *view) lines(now time.Time, s summary) {
	clock := now.Format("15:04:05")
	states := v.fleet.states()
	for i, state := range states {
		if m := v.fleet.machines[i]; state != v.states[i] {
			fmt.Fprintf(v.o.Out, "%s  %s is %s\n", clock, m.name(), state)
		}
	}
	v.states = states
	if r := v.reload; r != nil && r.Successes+r.Failures != v.edits {
		if v.edits > 0 {
			fmt.Fprintf(v.o.Out, "%s  %s\n", clock, strings.Join(r.text(), "\n          "))
		}
		v.edits = r.Successes + r.Failures
	}
	if now.Sub(v.told) < window {
		return
	}
	v.told = now
	var parts []string
	for _, r := range regions {
		f := s.homes[r.name]
		parts = append(parts, fmt.Sprintf("%s %.0f/s → %s (p99 %s)", r.name, f.asked, where(f), short(f.quantile(.99))))
	}
	fmt.Fprintf(v.o.Out, "%s  %s; %s\n", clock, strings.Join(parts, "; "), total(s))
}

// A plan is the part of the admin API's /v1/plan/SERVICE that is shown.
type plan struct {
	Regions []struct {
		Reasons   []string `json:"reasons"`
		Endpoints []struct {
			Address string   `json:"address"`
			Weight  float64  `json:"weight"`
			Health  string   `json:"health"`
			Reasons []string `json:"reasons"`
		} `json:"endpoints"`
	} `json:"regions"`
}

// of returns an endpoint's weight and what the gateway makes of it.
func (p *plan) of(address string) (weight, why string) {
	if p == nil {
		return "?", ""
	}
	for _, r := range p.Regions {
		for _, e := range r.Endpoints {
			if e.Address != address {
				continue
			}
			parts := append([]string{e.Health}, e.Reasons...)
			return fmt.Sprintf("%.2f", e.Weight), strings.Join(append(parts, r.Reasons...), ", ")
		}
	}
	return "?", "" // the file was edited
}

// A reload is the part of the admin API's /v1/config that is shown.
type reload struct {
	OK           bool     `json:"ok"`
	Successes    int      `json:"successes"` // the start among them
	Failures     int      `json:"failures"`
	Error        string   `json:"error"`
	NeedsRestart []string `json:"needs_restart"`
}

// text says what became of the last edit; nil if there was none.
func (r *reload) text() []string {
	switch {
	case r == nil || r.Successes+r.Failures < 2:
		return nil
	case !r.OK:
		return append([]string{"the edited file is refused, nothing has changed:"}, strings.Split(r.Error, "\n")...)
	case len(r.NeedsRestart) > 0:
		return []string{"the edited file is in force, but for what needs a restart: " + strings.Join(r.NeedsRestart, ", ")}
	}
	return []string{"the edited file is in force"}
}

// read asks the admin API; the zero T says that it is out of reach.
func read[T any](ctx context.Context, v *view, path string) (told T) {
	var nothing T
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.o.Admin+path+"?format=json", nil)
	if err != nil {
		return nothing
	}
	res, err := v.client.Do(req)
	if err != nil {
		return nothing
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&told); err != nil || res.StatusCode != http.StatusOK {
		return nothing
	}
	return told
}
