package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	yaml "go.yaml.in/yaml/v4"
)

type textType interface {
	encoding.TextUnmarshaler
	encoding.TextMarshaler
	fmt.Stringer
}

func newDuration() textType       { return new(Duration) }
func newSize() textType           { return new(Size) }
func newRate() textType           { return new(Rate) }
func newPercent() textType        { return new(Percent) }
func newPrefix() textType         { return new(Prefix) }
func newStatus() textType         { return new(StatusRange) }
func newAffinitySource() textType { return new(Source) }

// TestTexts reads every written form and checks how it prints again; "" stands for a refusal.
func TestTexts(t *testing.T) {
	for _, c := range []struct {
		kind     func() textType
		in, want string
	}{
		{newDuration, "750ms", "750ms"}, {newDuration, "1500ms", "1.5s"}, {newDuration, "2s", "2s"},
		{newDuration, "10m", "10m"}, {newDuration, "60m", "1h"}, {newDuration, "90s", "1m30s"},
		{newDuration, "1h0m5s", "1h0m5s"}, {newDuration, "36h", "36h"}, {newDuration, "48h", "2d"},
		{newDuration, "7d", "7d"}, {newDuration, "1d12h", "36h"}, {newDuration, "1.5h", "1h30m"},
		{newDuration, "100us", "100µs"}, {newDuration, "0s", "0s"}, {newDuration, "0", "0s"}, {newDuration, "0d", "0s"},
		{newDuration, "10", ""}, {newDuration, "1.5", ""}, {newDuration, "10x", ""}, {newDuration, "", ""},
		{newDuration, "d", ""}, {newDuration, "-1s", ""}, {newDuration, "-1d", ""}, {newDuration, "+1d", ""},
		{newDuration, "1d-1h", ""}, {newDuration, "1.5d", ""}, {newDuration, "1d1d", ""}, {newDuration, "2 s", ""},
		{newDuration, "106751d23h", "2562047h"}, {newDuration, "106751d24h", ""}, {newDuration, "999999999d", ""},

		{newSize, "512B", "512B"}, {newSize, "16KiB", "16KiB"}, {newSize, "16384B", "16KiB"}, {newSize, "100MiB", "100MiB"},
		{newSize, "1MB", "1MB"}, {newSize, "1.5KiB", "1536B"}, {newSize, "2GiB", "2GiB"}, {newSize, "8 KiB", "8KiB"}, {newSize, "0B", "0B"},
		{newSize, "10", ""}, {newSize, "10kb", ""}, {newSize, "1.5B", ""}, {newSize, "KiB", ""}, {newSize, "-1B", ""},
		{newSize, "1e3B", ""}, {newSize, "99999999999GiB", ""}, {newSize, "", ""}, {newSize, ".B", ""},

		{newRate, "2000/s", "2000/s"}, {newRate, "90/m", "90/m"}, {newRate, "120/m", "2/s"}, {newRate, "10/h", "10/h"},
		{newRate, "0.5/s", "30/m"}, {newRate, "1.25/h", "0.00034722222222222224/s"}, {newRate, "0/s", "0/s"}, {newRate, "0", "0/s"},
		{newRate, "2000", ""}, {newRate, "2000/d", ""}, {newRate, "/s", ""}, {newRate, "1e3/s", ""}, {newRate, "-1/s", ""},
		{newRate, "Inf/s", ""}, {newRate, "9999999999999/s", ""},

		{newPercent, "30%", "30%"}, {newPercent, "7%", "7%"}, {newPercent, "0.5%", "0.5%"}, {newPercent, "100%", "100%"},
		{newPercent, "0%", "0%"}, {newPercent, "33.333333333333336%", "33.333333333333336%"},
		{newPercent, "101%", ""}, {newPercent, "-1%", ""}, {newPercent, "0.3", ""}, {newPercent, "%", ""}, {newPercent, "", ""},

		{newPrefix, "10.0.0.0/8", "10.0.0.0/8"}, {newPrefix, "10.1.2.3", "10.1.2.3"}, {newPrefix, "10.1.2.3/32", "10.1.2.3"},
		{newPrefix, "fd00::/8", "fd00::/8"}, {newPrefix, "::1", "::1"}, {newPrefix, "::ffff:10.0.0.0/104", "10.0.0.0/8"}, {newPrefix, "0.0.0.0/0", "0.0.0.0/0"},
		{newPrefix, "10.0.0.1/8", ""}, {newPrefix, "10.0.0.0/33", ""}, {newPrefix, "fe80::1%eth0", ""}, {newPrefix, "host", ""}, {newPrefix, "", ""},

		{newStatus, "200", "200"}, {newStatus, "200-299", "200-299"}, {newStatus, "200-200", "200"},
		{newStatus, "299-200", ""}, {newStatus, "99", ""}, {newStatus, "600", ""}, {newStatus, "2xx", ""}, {newStatus, "200-", ""}, {newStatus, "+20", ""},

		{newAffinitySource, "header X-Region", "header X-Region"}, {newAffinitySource, "client-ip", "client-ip"}, {newAffinitySource, " cookie  region ", "cookie region"},
		{newAffinitySource, "", ""}, {newAffinitySource, "header A B", ""},
	} {
		v := c.kind()
		err := v.UnmarshalText([]byte(c.in))
		if c.want == "" {
			if err == nil {
				t.Errorf("%T takes %q as %v", v, c.in, v)
			}
			continue
		}
		if err != nil || v.String() != c.want {
			t.Errorf("%T of %q = %v, %v; want %s", v, c.in, v, err, c.want)
		}
	}
}

// TestUnitsInYAMLAndJSON: the types need no more than their texts to be read and written elsewhere.
func TestUnitsInYAMLAndJSON(t *testing.T) {
	type all struct {
		D Duration
		S Size
		R Rate
		P Percent
		C Prefix
		H StatusRange
		A Source
	}
	var fromYAML, fromJSON all
	const text = "d: 750ms\ns: 16KiB\nr: 90/m\np: 30%\nc: 10.0.0.0/8\nh: 200-299\na: header X-Region\n"
	if err := yaml.Load([]byte(text), &fromYAML); err != nil {
		t.Fatal(err)
	}
	out, err := yaml.Dump(fromYAML)
	if err != nil || string(out) != text {
		t.Errorf("YAML gives %s, %v", out, err)
	}
	if out, err = json.Marshal(fromYAML); err == nil {
		err = json.Unmarshal(out, &fromJSON)
	}
	if err != nil || fromJSON != fromYAML {
		t.Errorf("JSON %s gives %+v, %v", out, fromJSON, err)
	}
}

func TestUnitValues(t *testing.T) {
	var d Duration
	var s Size
	var r Rate
	var p Percent
	for in, v := range map[string]encoding.TextUnmarshaler{"1d2h": &d, "2KB": &s, "90/m": &r, "30%": &p} {
		if err := v.UnmarshalText([]byte(in)); err != nil {
			t.Fatal(err)
		}
	}
	if d.Std() != 26*time.Hour || s != 2000 || r != 1.5 || p != 0.3 {
		t.Errorf("got %v %d %v %v", d.Std(), s, float64(r), float64(p))
	}
	if (StatusRange{200, 299}).Contains(300) || !(StatusRange{200, 299}).Contains(200) {
		t.Error("StatusRange does not include exactly its ends")
	}
}

func TestSecretNeverPrints(t *testing.T) {
	s := Secret("tell-nobody")
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%c"} {
		fmt.Fprintf(&out, verb, s)
		fmt.Fprintf(&out, verb, struct{ T Secret }{s})
		fmt.Fprintf(&out, verb, Admin{Token: s})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("", "token", s, "admin", Admin{Token: s})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("", "token", s, "admin", Admin{Token: s})
	data, err := json.Marshal(Admin{Token: s})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(data)
	if strings.Contains(out.String(), "tell") || strings.Contains(out.String(), fmt.Sprintf("%x", "tell")) {
		t.Errorf("the secret shows: %s", out.String())
	}
	if s.Reveal() != "tell-nobody" || Secret("").String() != "" {
		t.Error("Reveal or the empty secret is wrong")
	}
}

// fuzzText: a reader of text never panics, and what it takes prints to something that reads the same.
func fuzzText(f *testing.F, kind func() textType, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		v := kind()
		if err := v.UnmarshalText([]byte(in)); err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		again := kind()
		if err := again.UnmarshalText([]byte(v.String())); err != nil || fmt.Sprintf("%#v", again) == "" || again.String() != v.String() {
			t.Errorf("%q reads as %v, which reads as %v, %v", in, v, again, err)
		}
	})
}

func FuzzDuration(f *testing.F) {
	fuzzText(f, newDuration, "1d", "1m30s", "-1s", "0", "1.5h", "9223372036854775807ns")
}
func FuzzSize(f *testing.F)        { fuzzText(f, newSize, "1KiB", "1.5MB", "12", "9007199254740991B") }
func FuzzRate(f *testing.F)        { fuzzText(f, newRate, "90/m", "0.1/s", "7/h", "0") }
func FuzzPercent(f *testing.F)     { fuzzText(f, newPercent, "30%", "33.3333333333333333%", "0.07%") }
func FuzzPrefix(f *testing.F)      { fuzzText(f, newPrefix, "10.0.0.0/8", "::1", "::ffff:10.0.0.1/120") }
func FuzzStatusRange(f *testing.F) { fuzzText(f, newStatus, "200", "200-299", "2xx") }
func FuzzSource(f *testing.F)      { fuzzText(f, newAffinitySource, "header X-Region", "cookie", " a b ") }
