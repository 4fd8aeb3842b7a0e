package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span written with its unit: 500ms, 2s, 10m, 1h, 7d, 1m30s.
type Duration time.Duration

// Size is a number of bytes written with its unit: 512B, 16KiB, 100MiB, 1MB.
type Size int64

// Rate is a number of requests per second, written per second, minute or hour: 2000/s, 90/m.
type Rate float64

// Percent is a share in [0,1], written as a percentage: 30%.
type Percent float64

// Secret is a string that prints as "***" everywhere but Reveal.
type Secret string

// wrong is an error about a written value: what is the matter, and what to write instead.
type wrong struct{ message, hint string }

func (w *wrong) Error() string {
	if w.hint == "" {
		return w.message
	}
	return w.message + "; " + w.hint
}

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String prints d as it is written in a file, in its largest units: 90s is 1m30s, 48h is 2d.
func (d Duration) String() string {
	t := time.Duration(d)
	if t != 0 && t%(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(t/(24*time.Hour)), 10) + "d"
	}
	s := t.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what the standard library's durations allow, and days. Negative spans
// are refused: no setting means anything by one.
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	if isNumber(s) && strings.Trim(s, "0.") != "" {
		return &wrong{strconv.Quote(s) + " has no unit", "write " + s + "s or " + s + "ms"}
	}
	rest, total := s, time.Duration(0)
	if before, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseInt(before, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(24*time.Hour) || strings.HasPrefix(before, "+") {
			return notDuration(s)
		}
		rest, total = after, time.Duration(n)*24*time.Hour
	}
	if rest != "" || total == 0 && !strings.HasSuffix(s, "d") {
		t, err := time.ParseDuration(rest)
		if err != nil {
			return notDuration(s)
		}
		if t < 0 {
			return &wrong{strconv.Quote(s) + " is negative", ""}
		}
		if total += t; total < 0 {
			return &wrong{strconv.Quote(s) + " is too long", ""}
		}
	}
	*d = Duration(total)
	return nil
}

func notDuration(s string) error {
	return &wrong{strconv.Quote(s) + " is not a duration", "write 500ms, 2s, 10m, 1h or 7d"}
}

// sizeUnits are tried from the largest when a Size is printed.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"KB", 1e3}, {"B", 1},
}

// String prints s in the largest unit of which it is a whole number.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}

// MarshalText is String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a number and its unit: B, KB, MB and GB count in thousands, KiB, MiB and
// GiB in 1024s.
func (s *Size) UnmarshalText(text []byte) error {
	t := string(text)
	end := len(t)
	for end > 0 && (t[end-1] < '0' || t[end-1] > '9') {
		end--
	}
	number, unit := t[:end], strings.TrimPrefix(t[end:], " ")
	if !isNumber(number) {
		return &wrong{strconv.Quote(t) + " is not a size", "write 512B, 16KiB or 100MiB"}
	}
	if unit == "" {
		return &wrong{strconv.Quote(t) + " has no unit", "write " + t + "B, or use KiB or MiB"}
	}
	for _, u := range sizeUnits {
		if u.name != unit {
			continue
		}
		f, err := strconv.ParseFloat(number, 64)
		if n := f * float64(u.bytes); err == nil && n == math.Trunc(n) && n < 1<<53 {
			*s = Size(n)
			return nil
		}
		return &wrong{strconv.Quote(t) + " is not a whole number of bytes that fits", ""}
	}
	hint := "write B, KiB, MiB or GiB"
	for _, u := range sizeUnits {
		if strings.EqualFold(u.name, unit) || strings.EqualFold(u.name, unit+"iB") {
			hint = "did you mean " + number + u.name + "?"
		}
	}
	return &wrong{fmt.Sprintf("%q: there is no unit %q", t, unit), hint}
}

// rateUnits are tried in this order when a Rate is printed.
var rateUnits = []struct {
	name    string
	seconds float64
}{{"/s", 1}, {"/m", 60}, {"/h", 3600}}

// String prints r per second, or per minute or hour where only that is a round number.
func (r Rate) String() string {
	for _, u := range rateUnits {
		n := math.Round(float64(r) * u.seconds)
		if n/u.seconds == float64(r) {
			return strconv.FormatFloat(n, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatFloat(float64(r), 'f', -1, 64) + "/s"
}

// MarshalText is String.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a number per second, minute or hour.
func (r *Rate) UnmarshalText(text []byte) error {
	s := string(text)
	for _, u := range rateUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok || !isNumber(number) {
			continue
		}
		f, err := strconv.ParseFloat(number, 64)
		if err != nil || f > 1e12 {
			return &wrong{strconv.Quote(s) + " is too much", ""}
		}
		*r = Rate(f / u.seconds)
		return nil
	}
	if isNumber(s) {
		if strings.Trim(s, "0.") == "" {
			*r = 0
			return nil
		}
		return &wrong{strconv.Quote(s) + " has no unit", "write " + s + "/s"}
	}
	return &wrong{strconv.Quote(s) + " is not a rate", "write 2000/s, 90/m or 10/h"}
}

// String prints p as a percentage.
func (p Percent) String() string {
	// The product of a parsed share and 100 may be off in the last bit: 0.07 × 100 is 7.000000000000001.
	short := strconv.FormatFloat(math.Round(float64(p)*1e12)/1e10, 'f', -1, 64)
	if f, _ := strconv.ParseFloat(short, 64); f/100 == float64(p) {
		return short + "%"
	}
	exact := float64(p) * 100
	for _, f := range []float64{math.Nextafter(exact, 0), math.Nextafter(exact, 200)} {
		if f/100 == float64(p) {
			exact = f
		}
	}
	return strconv.FormatFloat(exact, 'f', -1, 64) + "%"
}

// MarshalText is String.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a percentage from 0% to 100%.
func (p *Percent) UnmarshalText(text []byte) error {
	s := string(text)
	number, ok := strings.CutSuffix(s, "%")
	if !ok && isNumber(s) {
		return &wrong{strconv.Quote(s) + " has no unit", "write a percentage, such as 30%"}
	}
	if !isNumber(number) {
		return &wrong{strconv.Quote(s) + " is not a percentage", "write 30%"}
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f > 100 {
		return &wrong{strconv.Quote(s) + " is more than 100%", ""}
	}
	*p = Percent(f / 100)
	return nil
}

// isNumber tells whether s is digits with at most one point among them. Signs, exponents,
// infinities and underscores, which strconv would take, mean nothing in a file of ours.
func isNumber(s string) bool {
	digits, points := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] >= '0' && s[i] <= '9':
			digits++
		case s[i] == '.':
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// Format hides the secret from every verb of fmt, %d and %#v included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText hides the secret from JSON, YAML and logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
