package health

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// notReported is the Load of an answer that says nothing about it.
const notReported = -1

// load is the utilization an answer reports, 1 being all the endpoint can do: from the value of
// its field endpoint-load-metrics, else from that of X-Load, else notReported.
func load(orca, own string) float64 {
	if l, ok := parseORCA(orca); ok {
		return l
	}
	if l, ok := parseShare(own); ok {
		return l
	}
	return notReported
}

// parseORCA reads an Open Request Cost Aggregation report as response fields carry it:
//
//	TEXT application_utilization=0.3,cpu_utilization=0.5
//	JSON {"application_utilization": 0.3, "cpu_utilization": 0.5}
//
// The application's own reading goes before the processor's, as in the client-side weighted round
// robin of gRPC; a reading of zero is what a sender that measures nothing sends, so it counts only
// if nothing else is there. The binary form is not read.
func parseORCA(s string) (float64, bool) {
	form, body, _ := strings.Cut(s, " ")
	var app, cpu string
	switch form {
	case "TEXT":
		for pair := range strings.SplitSeq(body, ",") {
			key, value, _ := strings.Cut(pair, "=")
			switch strings.TrimSpace(key) {
			case "application_utilization":
				app = value
			case "cpu_utilization":
				cpu = value
			}
		}
	case "JSON":
		// Protocol buffers have two spellings in JSON, and numbers may be quoted.
		var report map[string]json.RawMessage
		if json.Unmarshal([]byte(body), &report) != nil {
			return 0, false
		}
		app = unquote(report, "application_utilization", "applicationUtilization")
		cpu = unquote(report, "cpu_utilization", "cpuUtilization")
	}
	a, aok := parseShare(app)
	c, cok := parseShare(cpu)
	if aok && (a > 0 || !cok) {
		return a, true
	}
	return c, cok
}

// unquote is the value of the first of names that report has, without its quotes.
func unquote(report map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		if raw, ok := report[name]; ok {
			return strings.Trim(string(raw), `"`)
		}
	}
	return ""
}

// parseShare reads a number from 0 up. More than 1 is said by endpoints beyond what they call full.
func parseShare(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return 0, false
	}
	return v, true
}
