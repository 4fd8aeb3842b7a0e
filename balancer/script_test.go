package balancer

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidegate/tidegate/config"
)

var update = flag.Bool("update", false, "write what the scripts in testdata say now")

// The scripts in testdata tell a fleet what happens to it and when, and say what the plan is then:
//
//	fleet p2c eu:3 us:2 hold=0s ramp=10s   a service in two regions
//	at 5s                                  time passes, with traffic from every home
//	rate 200                               so much of it from now on, in requests per second
//	spill always                           what its mode is from now on
//	eu-2 fails 30%  ·  eu-2 takes 200ms  ·  eu down  ·  eu-1 up  ·  eu-1 load 0.9
//	set 0.5 endpoint:pay/eu/10.0.0.1:80  ·  drain region:eu  ·  lift
//	plan                                   makes a plan; its text follows in lines that begin with "| "
//	served                                 who answered how many requests since the last time, likewise
//
// Run with -update to rewrite those lines, then read the difference.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.script")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".script"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) { got = play(t, string(data)) })
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got == string(data) {
				return
			}
			want := strings.Split(string(data), "\n")
			for i, line := range strings.Split(got, "\n") {
				if i >= len(want) || line != want[i] {
					t.Fatalf("%s:%d: differs; all of it is\n%s", file, i+1, got)
				}
			}
			t.Fatalf("%s is longer than what came of it:\n%s", file, got)
		})
	}
}

// play returns the script with its "| " lines as they come out.
func play(t *testing.T, script string) string {
	var out strings.Builder
	var f *fleet
	rate, mode := 0, Unhealthy
	show := func(text string) {
		for line := range strings.Lines(text) {
			out.WriteString("| " + line)
		}
	}
	for n, line := range strings.Split(strings.TrimSuffix(script, "\n"), "\n") {
		if strings.HasPrefix(line, "|") {
			continue
		}
		fmt.Fprintln(&out, line)
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		fail := func(err error) {
			if err != nil {
				t.Fatalf("line %d: %s: %v", n+1, line, err)
			}
		}
		var err error
		switch words[0] {
		case "fleet":
			f = readFleet(t, words[1:])
		case "at":
			var at time.Duration
			at, err = time.ParseDuration(words[1])
			fail(err)
			f.run(at, rate, mode)
		case "rate":
			rate, err = strconv.Atoi(words[1])
			fail(err)
		case "spill":
			mode, _ = ModeOf(words[1])
		case "plan":
			show(f.plan().String())
		case "served":
			show(f.count())
			f.reset()
		default:
			f.do(line)
		}
	}
	return out.String()
}

// readFleet reads "p2c eu:3 us:2/100 ramp=10s": 100 is us's capacity in requests per second.
func readFleet(t *testing.T, words []string) *fleet {
	var regions []regionOf
	var back config.Failback
	for _, word := range words[1:] {
		if key, value, ok := strings.Cut(word, "="); ok {
			d, err := time.ParseDuration(value)
			if err != nil {
				t.Fatal(err)
			}
			if key == "hold" {
				back.Hold = config.Duration(d)
			} else {
				back.Ramp = config.Duration(d)
			}
			continue
		}
		name, size, _ := strings.Cut(word, ":")
		size, capacity, _ := strings.Cut(size, "/")
		n, err := strconv.Atoi(size)
		if err != nil {
			t.Fatal(err)
		}
		c, _ := strconv.ParseFloat(capacity, 64)
		regions = append(regions, regionOf{name: name, endpoints: n, capacity: c})
	}
	for i := range regions {
		regions[i].failback = back
	}
	f := newFleet(t, words[0], regions...)
	f.sleep = time.Sleep
	f.plan()
	return f
}

// count is what became of requests, as "eu-1 40 + 3 failed".
func (f *fleet) count() string {
	var b strings.Builder
	names := make([]string, 0, len(f.by))
	for name := range f.by {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch {
		case f.failed[name] > 0:
			fmt.Fprintf(&b, "%s %d + %d failed\n", name, f.served[name], f.failed[name])
		default:
			fmt.Fprintf(&b, "%s %d\n", name, f.served[name])
		}
	}
	for _, home := range f.set.Active {
		if n := f.refused[f.set.Name(home)]; n > 0 {
			fmt.Fprintf(&b, "home %s: %d refused\n", f.set.Name(home), n)
		}
	}
	return b.String()
}
