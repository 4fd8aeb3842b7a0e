package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func TestCPUTimeOfThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here")
	}
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); { // burn some
	}
	after, err := cpuTime(os.Getpid())
	if err != nil || after <= before {
		t.Errorf("%v, then %v, %v", before, after, err)
	}
	if _, err := cpuTime(-1); err == nil {
		t.Error("a process that is not there")
	}
}

func TestTableTellsMediansAndRanges(t *testing.T) {
	all := []*contestant{{name: "ours"}, {name: "theirs"}}
	round := func(a, b time.Duration, failed uint64) []reading {
		return []reading{{cost: a * time.Microsecond, failed: failed}, {cost: b * time.Microsecond}}
	}
	var b strings.Builder
	writeTable(&b, 5000, all, [][]reading{round(10, 20, 0), round(15, 20, 2), round(30, 20, 1)})
	for _, want := range []string{"## 5000 requests", "| ours | 15.0 | **0.75** (0.50–1.50) |", "| 3 |\n", "| theirs | 20.0 | 1 |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestUpstreamsAnswer(t *testing.T) {
	addrs, stop, err := startUpstreams(2, 128)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for range 3 {
		res, err := http.Get("http://" + addrs[1] + "/")
		if err != nil || res.ContentLength != 128 {
			t.Fatalf("%+v, %v", res, err)
		}
		res.Body.Close()
	}
}
