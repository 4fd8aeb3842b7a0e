package openloop

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// A Report is what became of a load.
type Report struct {
	Start    time.Time
	Elapsed  time.Duration // to the last answer's end
	Conns    int           // connections used at the same time, at most
	Sent     uint64
	Outcomes [Outcomes]uint64
	Status   map[int]uint64    // of heads received, cut answers among them
	Latency  Hist              // of whole answers, from the intended instant to the end
	ToHead   Hist              // of whole answers, from the intended instant to the head
	Lag      Hist              // from the intended instant to the sending: late generator, or too few connections
	Errors   map[string]uint64 // by text, of what was not answered whole
}

func (r *Report) book(res *Result) {
	r.Sent++
	r.Outcomes[res.Outcome]++
	if res.Status != 0 {
		r.Status[res.Status]++
	}
	r.Lag.Add(res.Sent.Sub(res.Intended))
	if res.Outcome == Answered {
		r.Latency.Add(res.Latency())
		r.ToHead.Add(res.Headed.Sub(res.Intended))
		return
	}
	if r.Errors == nil {
		r.Errors = map[string]uint64{}
	}
	r.Errors[plain(res)]++
}

// plain is an error without what is particular to one connection, so that equal ones count
// together.
func plain(res *Result) string {
	text := res.Err.Error()
	if i := strings.LastIndex(text, "->"); i >= 0 { // "read tcp a->b: reset" without a and b
		if _, rest, ok := strings.Cut(text[i:], ": "); ok {
			text = rest
		}
	}
	return res.Outcome.String() + ": " + text
}

func (r *Report) merge(o *Report) {
	r.Sent += o.Sent
	for i := range o.Outcomes {
		r.Outcomes[i] += o.Outcomes[i]
	}
	for status, n := range o.Status {
		r.Status[status] += n
	}
	for text, n := range o.Errors {
		if r.Errors == nil {
			r.Errors = map[string]uint64{}
		}
		r.Errors[text] += n
	}
	r.Latency.Merge(&o.Latency)
	r.ToHead.Merge(&o.ToHead)
	r.Lag.Merge(&o.Lag)
}

// String is the report in a few lines.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests in %.1f s (%.0f/s) over at most %d connections\n",
		r.Sent, r.Elapsed.Seconds(), float64(r.Sent)/r.Elapsed.Seconds(), r.Conns)
	for o, n := range r.Outcomes {
		if n > 0 {
			fmt.Fprintf(&b, "  %-22s %d\n", Outcome(o), n)
		}
	}
	for _, status := range sortedKeys(r.Status) {
		fmt.Fprintf(&b, "  status %-15d %d\n", status, r.Status[status])
	}
	for _, text := range sortedKeys(r.Errors) {
		fmt.Fprintf(&b, "  %d × %s\n", r.Errors[text], text)
	}
	line := func(name string, h *Hist) {
		fmt.Fprintf(&b, "  %-22s p50 %v  p90 %v  p99 %v  p99.9 %v  max %v\n", name,
			round(h.Quantile(.5)), round(h.Quantile(.9)), round(h.Quantile(.99)), round(h.Quantile(.999)), round(h.Max()))
	}
	line("latency", &r.Latency)
	line("to the head", &r.ToHead)
	line("generator's lag", &r.Lag)
	return b.String()
}

func sortedKeys[K int | string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	return keys
}

// round keeps three digits or so.
func round(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}
