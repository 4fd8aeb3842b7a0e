package region

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/config"
)

// testConfig has these regions, the first being the gateway's own.
func testConfig(names ...string) *config.Config {
	c := &config.Config{Region: names[0], Regions: map[string]*config.Region{}}
	for _, name := range names {
		c.Regions[name] = &config.Region{}
	}
	return c
}

func testSet(t testing.TB, names ...string) *Set {
	t.Helper()
	s, err := Compile(testConfig(names...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCompile(t *testing.T) {
	c := testConfig("cn-north", "cn-east", "cn-west")
	c.Regions["cn-east"] = &config.Region{
		Failover: []string{"cn-west", "cn-north"},
		Capacity: 12000,
		Failback: config.Failback{Ramp: config.Duration(5 * time.Second)},
	}
	s, err := Compile(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.Active, s.Own, s.Len()); got != "[0 1 2] 1 3" {
		t.Errorf("active, own and length are %s", got)
	}
	id, ok := s.ID("cn-east")
	if !ok || id != 0 || s.Name(id) != "cn-east" {
		t.Errorf("cn-east is %d, %v, called %q", id, ok, s.Name(id))
	}
	if got := fmt.Sprint(s.Failover(id), s.Capacity(id), s.Failback(id).Ramp.Std()); got != "[2 1] 12000 5s" {
		t.Errorf("cn-east has %s", got)
	}
	if s.Failover(1) != nil || s.Capacity(1) != 0 {
		t.Errorf("cn-north has %v, %v", s.Failover(1), s.Capacity(1))
	}
	for _, id := range []ID{3, 63, None} {
		if s.Name(id) != "" || s.Failover(id) != nil || s.Capacity(id) != 0 || s.Failback(id) != (config.Failback{}) {
			t.Errorf("ID %d was never given and has an answer", id)
		}
	}
}

func TestCompileKeepsIDs(t *testing.T) {
	first := testSet(t, "b", "d")
	second, err := Compile(testConfig("a", "d", "c"), first)
	if err != nil {
		t.Fatal(err)
	}
	third, err := Compile(testConfig("b", "a"), second)
	if err != nil {
		t.Fatal(err)
	}

	if got := fmt.Sprint(second.names, second.Active); got != "[b d a c] [2 3 1]" {
		t.Errorf("second: %s", got)
	}
	if _, ok := second.ID("b"); ok {
		t.Error("b is gone and found")
	}
	if got := second.Name(0); got != "b" {
		t.Errorf("b is gone, and its ID is called %q", got)
	}
	if id, ok := third.ID("b"); !ok || id != 0 || third.Len() != 4 {
		t.Errorf("b came back as %d, %v, of %d", id, ok, third.Len())
	}
	if got := fmt.Sprint(first.names); got != "[b d]" {
		t.Errorf("the first set changed: %s", got)
	}
}

func TestCompileProblems(t *testing.T) {
	full := testConfig("r00")
	for i := range Max {
		full.Regions[fmt.Sprintf("r%02d", i)] = &config.Region{}
	}
	prev, err := Compile(full, nil)
	if err != nil {
		t.Fatal(err)
	}

	twins := testConfig("east", "East")
	unknown := testConfig("east")
	unknown.Region = "aest"
	unknown.Regions["east"].Failover = []string{"west"}

	tests := []struct {
		name string
		c    *config.Config
		prev *Set
		want []string
	}{
		{"too many ever", testConfig("r01", "new", "newer"), prev, []string{
			"regions.new: one region too many: this process has known 64, and 64 is the most it can",
			"regions.newer: one region too many: this process has known 64, and 64 is the most it can"}},
		{"case only", twins, nil, []string{`regions.east: region "east" differs from "East" in case only`}},
		{"unknown", unknown, nil, []string{
			`regions.east.failover[0]: no region "west"`, `region: no region "aest"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Compile(test.c, test.prev)
			if got := problems(t, err); strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// problems lists path and message of each.
func problems(t *testing.T, err error) []string {
	t.Helper()
	ps, ok := err.(config.Problems)
	if !ok {
		t.Fatalf("error is %T: %v", err, err)
	}
	var list []string
	for _, p := range ps {
		list = append(list, p.Path+": "+p.Message)
	}
	return list
}

func TestFold(t *testing.T) {
	s := testSet(t, "CN-East", "cn-west")
	for name, want := range map[string]bool{
		"CN-East": true, "cn-east": true, "CN-WEST": true, "cn-eas": false, "": false,
		strings.Repeat("x", 10000): false, "CN\u2010East": false,
	} {
		if _, ok := s.fold(name); ok != want {
			t.Errorf("fold(%.20q) = %v, want %v", name, ok, want)
		}
	}
	name := "CN-WEST"
	if n := testing.AllocsPerRun(100, func() {
		s.fold(name)
		s.ID(name)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
