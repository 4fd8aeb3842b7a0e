package health

import (
	"math"
	"testing"
)

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		orca, own string
		want      float64
	}{
		{"", "", -1},
		{"", "0.42", 0.42},
		{"", " 0 ", 0},
		{"", "1.5", 1.5},
		{"", "-0.1", -1},
		{"", "NaN", -1},
		{"", "+Inf", -1},
		{"", "42%", -1},
		{"TEXT application_utilization=0.3,cpu_utilization=0.5", "", 0.3},
		{"TEXT cpu_utilization=0.5", "", 0.5},
		{"TEXT application_utilization=0,cpu_utilization=0.5", "", 0.5},
		{"TEXT application_utilization=0", "", 0},
		{"TEXT cpu_utilization = 0.5 , mem_utilization=0.9", "", 0.5},
		{"TEXT named_metrics.cpu_utilization=0.5", "", -1},
		{"TEXT application_utilization=x,cpu_utilization=0.5", "", 0.5},
		{"TEXT", "0.1", 0.1},
		{"TEXT rps_fractional=10", "0.1", 0.1},
		{"text cpu_utilization=0.5", "", -1},
		{`JSON {"cpu_utilization": 0.5}`, "", 0.5},
		{`JSON {"cpuUtilization": "0.5", "named_metrics": {"x": 1}}`, "", 0.5},
		{`JSON {"applicationUtilization": 0.2, "cpu_utilization": 0.5}`, "0.9", 0.2},
		{`JSON {"cpu_utilization": 0.5`, "0.9", 0.9},
		{`JSON [1]`, "", -1},
		{`JSON {"cpu_utilization": null}`, "", -1},
		{"BIN AAAA", "0.9", 0.9},
	} {
		if got := load(c.orca, c.own); got != c.want {
			t.Errorf("load(%q, %q) = %v, want %v", c.orca, c.own, got, c.want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("TEXT application_utilization=0.3,cpu_utilization=0.5", "0.42")
	f.Add(`JSON {"cpuUtilization": "0.5"}`, "-1")
	f.Add("BIN AAAA", "1e999")
	f.Fuzz(func(t *testing.T, orca, own string) {
		l := load(orca, own)
		if math.IsNaN(l) || math.IsInf(l, 0) || l < 0 && l != notReported {
			t.Errorf("load(%q, %q) = %v", orca, own, l)
		}
	})
}
