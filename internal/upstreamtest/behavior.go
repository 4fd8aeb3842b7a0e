package upstreamtest

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// A Fault is what happens in place of an answer, once the request has been read.
type Fault string

const (
	None    Fault = ""        // an answer
	Reset   Fault = "reset"   // the connection is reset
	Close   Fault = "close"   // the connection is closed without a word
	Garbage Fault = "garbage" // bytes that are no HTTP, then a close
	Hang    Fault = "hang"    // nothing, until the other side gives up
)

// A Behavior is what a server does with a request. The zero value answers 200 at once with a
// line of JSON that names the server. It is a value: copy, change and set it.
type Behavior struct {
	Delay  time.Duration // before the head of the answer
	Scale  float64       // multiplies Delay; 0 means 1
	Jitter float64       // varies Delay by ± this share, by a fixed sequence

	Status     int     // of the answer; 0 means 200
	FailRate   float64 // share of requests answered with FailStatus instead, evenly spaced
	FailStatus int     // 0 means 503

	Fields  string // further header fields, raw: "Name: value\r\n" each
	Interim []int  // interim (1xx) answers sent first
	Echo    bool   // the body is the request's head, byte for byte
	Size    int64  // the body is so much of Pattern; 0 means the line of JSON, below 0 no body

	Pieces     int           // how many writes the body takes; 0 means 1
	Every      time.Duration // between two pieces
	Chunked    bool          // chunked instead of Content-Length; one chunk a piece
	Events     bool          // pieces are server-sent events (implies Chunked, ignores Size)
	Trailer    string        // trailer fields after a chunked body, raw as Fields
	UntilClose bool          // no framing: the body ends with the connection
	HTTP10     bool          // answer as HTTP/1.0 (with Content-Length unless UntilClose)
	Finish     bool          // "Connection: close", and close after the answer

	Cut      bool  // end the connection after CutAfter bytes of the body
	CutAfter int64 //
	CutReset bool  // cut by a reset instead of an orderly close

	Fault    Fault // instead of an answer
	Early    bool  // answer before the request's body was read
	ReadRate int   // bytes of the request's body read per second; 0 means no limit
}

// Directed returns b as changed by a request's raw query. Keys it does not know are left to others;
// a value it cannot read is an error. Known are: delay, scale, status, fail (a share such as 30%),
// fail_status, interim, echo, size, pieces, every, chunked, events, trailer (one field),
// until_close, http10, finish, cut, cut_reset, fault, early, read_rate.
func (b Behavior) Directed(rawQuery string) (Behavior, error) {
	if rawQuery == "" {
		return b, nil
	}
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return b, err
	}
	for key, values := range q {
		if err := b.direct(key, values[len(values)-1], values); err != nil {
			return b, fmt.Errorf("%s=%s: %w", key, values, err)
		}
	}
	return b, nil
}

func (b *Behavior) direct(key, v string, all []string) (err error) {
	switch key {
	case "delay":
		b.Delay, err = time.ParseDuration(v)
	case "scale":
		b.Scale, err = strconv.ParseFloat(v, 64)
	case "status":
		b.Status, err = strconv.Atoi(v)
	case "fail":
		b.FailRate, err = ParseShare(v)
	case "fail_status":
		b.FailStatus, err = strconv.Atoi(v)
	case "interim":
		b.Interim, err = ints(all)
	case "echo":
		b.Echo, err = flag(v)
	case "size":
		b.Size, err = strconv.ParseInt(v, 10, 64)
	case "pieces":
		b.Pieces, err = strconv.Atoi(v)
	case "every":
		b.Every, err = time.ParseDuration(v)
	case "chunked":
		b.Chunked, err = flag(v)
	case "events":
		b.Events, err = flag(v)
	case "trailer":
		b.Trailer = v + "\r\n"
	case "until_close":
		b.UntilClose, err = flag(v)
	case "http10":
		b.HTTP10, err = flag(v)
	case "finish":
		b.Finish, err = flag(v)
	case "cut":
		b.Cut = true
		b.CutAfter, err = strconv.ParseInt(v, 10, 64)
	case "cut_reset":
		b.CutReset, err = flag(v)
	case "fault":
		b.Fault = Fault(v)
	case "early":
		b.Early, err = flag(v)
	case "read_rate":
		b.ReadRate, err = strconv.Atoi(v)
	}
	return err
}

// ParseShare reads a share in [0,1], written "30%" or "0.3".
func ParseShare(v string) (float64, error) {
	whole := 1.0
	if n := len(v); n > 0 && v[n-1] == '%' {
		v, whole = v[:n-1], 100
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0 && f <= whole) {
		return 0, fmt.Errorf("must be a share between 0%% and 100%%, such as 30%%")
	}
	return f / whole, nil
}

func flag(v string) (bool, error) {
	if v == "" {
		return true, nil
	}
	return strconv.ParseBool(v)
}

func ints(values []string) ([]int, error) {
	out := make([]int, 0, len(values))
	for _, v := range values {
		n, err := strconv.Atoi(v)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// wait returns the delay of request number n.
func (b *Behavior) wait(n uint64) time.Duration {
	d := float64(b.Delay)
	if b.Scale > 0 {
		d *= b.Scale
	}
	if b.Jitter > 0 {
		d *= 1 + b.Jitter*(2*unit(n)-1)
	}
	return time.Duration(d)
}

// fails tells whether request number n is one of those that fail: of any k requests in a row,
// k×FailRate do, give or take one.
func (b *Behavior) fails(n uint64) bool {
	return uint64(float64(n+1)*b.FailRate) != uint64(float64(n)*b.FailRate)
}

// unit maps n to [0,1), evenly and without a pattern the eye would see (splitmix64's finaliser).
func unit(n uint64) float64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return float64((n^n>>31)>>11) / (1 << 53)
}

// Pattern fills p with the bytes that a body made by Size has from offset off on: printable, and
// with a prime period, so that a lost, doubled or shifted piece shows.
func Pattern(off int64, p []byte) {
	for i := range p {
		p[i] = '!' + byte((off+int64(i))%period)
	}
}

const period = 89
