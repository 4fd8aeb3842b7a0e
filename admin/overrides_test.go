package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/balancer"
)

const (
	drain    = `{"region":"cn-north","op":"drain","reason":"deploy 42","for":"1h"}`
	jsonBody = "Content-Type: application/json"
)

func TestOverrides(t *testing.T) {
	f := newFake(t, "")
	h := Handler(f, options)
	type list struct {
		Revision  uint64
		Overrides []shown
	}
	w := ask(h, "GET", "/v1/overrides", "")
	if got := w.Body.String(); w.Code != 200 || w.Header().Get("ETag") != `"0"` || !strings.Contains(got, `"overrides": []`) {
		t.Fatalf("at first: %d %s %s", w.Code, w.Header().Get("ETag"), got)
	}
	if got := ask(h, "GET", "/v1/overrides?format=text", "").Body.String(); got != "no overrides\n" {
		t.Errorf("at first, as text: %q", got)
	}

	before := time.Now().UTC()
	w = ask(h, "PUT", "/v1/overrides", drain, jsonBody)
	if w.Code != 201 || w.Header().Get("ETag") != `"1"` || w.Header().Get("Location") != "/v1/overrides/region:cn-north" {
		t.Fatalf("put: %d %v %s", w.Code, w.Header(), w.Body)
	}
	type answer struct {
		Revision uint64
		Override shown
	}
	a := told[answer](t, w)
	o := a.Override
	if a.Revision != 1 || o.ID != "region:cn-north" || o.Op != "drain" || o.Value != nil || o.Reason != "deploy 42" || o.Owner != "" {
		t.Errorf("put: %+v", a)
	}
	if d := o.Expires.Sub(before); d < 59*time.Minute || d > 61*time.Minute {
		t.Errorf("expires in %v", d)
	}
	for i, order := range []string{
		`{"service":"pay","region":"cn-east","op":"scale","value":0.5,"reason":"r","owner":"ops","for":"1d"}`,
		`{"service":"pay","region":"cn-north","endpoint":"[fd00::1]:8080","op":"set","value":0,"reason":"r","expires":"` +
			before.Add(48*time.Hour).Format(time.RFC3339) + `"}`,
	} {
		if w := ask(h, "PUT", "/v1/overrides", order, jsonBody+"; charset=utf-8"); w.Code != 201 || told[answer](t, w).Revision != uint64(2+i) {
			t.Fatalf("put %s: %d %s", order, w.Code, w.Body)
		}
	}
	if w := ask(h, "PUT", "/v1/overrides", drain, jsonBody); w.Code != 200 || w.Header().Get("Location") != "" {
		t.Errorf("replace: %d %s", w.Code, w.Body)
	}
	w = ask(h, "GET", "/v1/overrides", "")
	if l := told[list](t, w); l.Revision != 4 || len(l.Overrides) != 3 {
		t.Errorf("list: %+v", l)
	}
	if w := ask(h, "GET", "/v1/overrides", "", `If-None-Match: "4"`); w.Code != 304 || w.Body.Len() > 0 {
		t.Errorf("unchanged: %d %s", w.Code, w.Body)
	}
	text := ask(h, "GET", "/v1/overrides", "", "Accept: text/plain").Body.String()
	for _, want := range []string{"region:cn-north", "1h0m0s  ", "service:pay/cn-east", "scale 0.5", "ops", "set 0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}

	one := "/v1/overrides/endpoint:pay/cn-north/[fd00::1]:8080"
	if w := ask(h, "GET", one, ""); w.Code != 200 || told[shown](t, w).Endpoint != "[fd00::1]:8080" {
		t.Errorf("one: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "DELETE", one, ""); w.Code != 200 || w.Header().Get("ETag") != `"5"` {
		t.Errorf("delete by path: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "DELETE", one, ""); w.Code != 404 {
		t.Errorf("delete again: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "DELETE", "/v1/overrides?id=service:pay/cn-east", ""); w.Code != 200 {
		t.Errorf("delete by query: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "DELETE", "/v1/overrides/region:cn-nroth", ""); w.Code != 404 || !strings.Contains(w.Body.String(), `did you mean \"region:cn-north\"?`) {
		t.Errorf("delete a misspelt one: %d %s", w.Code, w.Body)
	}
}

func TestIfMatch(t *testing.T) {
	f := newFake(t, "")
	f.orders.Revision = 7
	h := Handler(f, options)
	for _, c := range []struct {
		match  string
		status int
	}{
		{`"6"`, 412},
		{`W/"7"`, 400},
		{`7`, 400},
		{`"seven"`, 400},
		{`"7"`, 201},
		{`"7"`, 412}, // the order before this made it 8
		{`"1", "8"`, 200},
		{`*`, 200},
	} {
		w := ask(h, "PUT", "/v1/overrides", drain, jsonBody, "If-Match: "+c.match)
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.match, w.Code, w.Body)
		}
		if want := fmt.Sprintf("%q", fmt.Sprint(f.Overrides().Revision)); c.status == 412 && w.Header().Get("ETag") != want {
			t.Errorf("%s: ETag %s, want %s", c.match, w.Header().Get("ETag"), want)
		}
	}
	if w := ask(h, "DELETE", "/v1/overrides/region:cn-north", "", `If-Match: "1"`); w.Code != 412 {
		t.Errorf("delete: %d %s", w.Code, w.Body)
	}
}

func TestBadOrders(t *testing.T) {
	f := newFake(t, "")
	h := Handler(f, options)
	with := func(field, value string) string {
		return strings.Replace(drain, "{", fmt.Sprintf("{%q:%s,", field, value), 1)
	}
	instead := func(old, new string) string { return strings.Replace(drain, old, new, 1) }
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	for _, c := range []struct{ body, fields, detail string }{
		{``, "body", "is not JSON: it ends too early"},
		{`{"region":`, "body", "is not JSON: it ends too early"},
		{`region=cn-north`, "body", "is not JSON: invalid character"},
		{`[]`, "body", "must be a JSON object"},
		{`null`, "body", "must be a JSON object"},
		{drain + "{}", "body", "has something after the JSON object"},
		{`{"region":"cn-north",}`, "body", "is not JSON"},
		{`{}`, "region for", ""},
		{with("regoin", `"x"`), "regoin", `no such field; did you mean "region"?`},
		{with("id", `"region:x"`), "id", "no such field"},
		{with("Region", `"x"`), "Region", "no such field"},
		{with("region", `"x"`), "region", "is given twice"},
		{with("service", `7`), "service", "must be a string"},
		{with("service", `null`), "service", "must be a string"},
		{with("value", `"0.5"`), "value", "must be a number"},
		{with("value", `null`), "value", "must be a number"},
		{with("value", `1e999`), "value", "must be a number"},
		{with("value", `1`), "value", ""},
		{instead(`"drain"`, `"set"`), "value", ""},
		{instead(`"drain"`, `"scale","value":-1`), "value", ""},
		{instead(`"drain"`, `"set","value":1001`), "value", ""},
		{instead(`"drain"`, `"off"`), "op", "set, scale or drain"},
		{instead(`cn-north`, `cn-nroth`), "region", `no such region; did you mean "cn-north"?`},
		{with("service", `"pya"`), "service", `no such service; did you mean "pay"?`},
		{with("service", `"search"`), "region", `service "search" does not run in "cn-north"`},
		{with("endpoint", `"10.1.1.1:8080"`), "service", "is needed with endpoint"},
		{instead(`{`, `{"service":"pay","endpoint":"10.1.1.2:8080",`), "endpoint", "no such endpoint in cn-north"},
		{instead(`deploy 42`, ``), "reason", ""},
		{instead(`deploy 42`, ` `), "reason", ""},
		{instead(`deploy 42`, strings.Repeat("x", 501)), "reason", ""},
		{instead(`deploy 42`, `\u001b[2J`), "reason", "control characters"},
		{with("owner", `"`+strings.Repeat("x", 101)+`"`), "owner", "at most 100 bytes"},
		{instead(`,"for":"1h"`, ``), "for", "is needed"},
		{instead(`"1h"`, `"1"`), "for", "must be a duration with its unit"},
		{instead(`"1h"`, `"-1h"`), "for", ""},
		{instead(`"1h"`, `"0s"`), "for", "must end in the future"},
		{instead(`"1h"`, `"31d"`), "for", "must end within 30 days"},
		{with("expires", `"`+at(time.Hour)+`"`), "expires", "cannot be given together with for"},
		{instead(`"for":"1h"`, `"expires":"tomorrow"`), "expires", "must be a time by RFC 3339"},
		{instead(`"for":"1h"`, `"expires":"`+at(-time.Hour)+`"`), "expires", "must end in the future"},
		{instead(`"for":"1h"`, `"expires":"`+at(31*24*time.Hour)+`"`), "expires", "must end within 30 days"},
		{`{"regoin":"cn-north","reason":1}`, "regoin reason", ""},
		{`{"region":"x","op":"off","reason":"r","for":"x"}`, "region for op", ""},
	} {
		w := ask(h, "PUT", "/v1/overrides", c.body, jsonBody)
		if w.Code != 400 || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", c.body, w.Code, w.Body)
			continue
		}
		p := told[problem](t, w)
		var fields []string
		for _, e := range p.Errors {
			fields = append(fields, e.Field)
		}
		if strings.Join(fields, " ") != c.fields || !strings.Contains(p.Detail, c.detail) {
			t.Errorf("%s: %v: %s", c.body, fields, p.Detail)
		}
	}
	if got := f.Overrides(); got.Revision != 0 || len(got.List) > 0 {
		t.Errorf("bad orders got through: %+v", got)
	}
}

func TestOrderRefusedOutside(t *testing.T) {
	f := newFake(t, "")
	h := Handler(f, options)
	for _, c := range []struct {
		fields []string
		body   string
		status int
	}{
		{nil, drain, 415},
		{[]string{"Content-Type: application/x-www-form-urlencoded"}, drain, 415},
		{[]string{"Content-Type: text/plain"}, drain, 415},
		{[]string{jsonBody, "Origin: https://evil.example.com", "Sec-Fetch-Site: cross-site"}, drain, 403},
		{[]string{jsonBody, "Origin: https://evil.example.com"}, drain, 403},
		{[]string{jsonBody, "Host: rebound.example.com"}, drain, 421},
		{[]string{jsonBody}, `{"reason":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
	} {
		w := ask(h, "PUT", "/v1/overrides", c.body, c.fields...)
		if w.Code != c.status || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v: %d %.200s", c.fields, w.Code, w.Body)
		}
	}
	if w := ask(h, "PUT", "/v1/overrides", "{"+strings.Repeat(`"x":1,`, 100_000)+`"x":1}`, jsonBody); w.Code != 400 || w.Body.Len() > 2000 {
		t.Errorf("many faults: %d, %d bytes", w.Code, w.Body.Len())
	}
	if f.Overrides().Revision != 0 {
		t.Error("an order got through")
	}
	if w := ask(h, "PUT", "/v1/overrides", drain, jsonBody, "Origin: http://127.0.0.1:9901", "Sec-Fetch-Site: same-origin"); w.Code != 201 {
		t.Errorf("a page of our own: %d %s", w.Code, w.Body)
	}
}

// What the control loop answers is told with the right status.
func TestOrderFails(t *testing.T) {
	f := newFake(t, "")
	h := Handler(f, options)
	for _, c := range []struct {
		err    error
		status int
	}{
		{&balancer.BadOrder{Field: "op", Message: "no"}, 400},
		{ErrConflict, 409},
		{context.DeadlineExceeded, 504},
		{fmt.Errorf("save: %w", errors.New("no space left on device")), 500},
	} {
		f.putFails = c.err
		if w := ask(h, "PUT", "/v1/overrides", drain, jsonBody); w.Code != c.status {
			t.Errorf("%v: %d %s", c.err, w.Code, w.Body)
		}
	}
}

// Of two who read the same revision, one wins.
func TestConcurrentOrders(t *testing.T) {
	f := newFake(t, "")
	h := Handler(f, options)
	const writers = 8
	status := make(chan int, writers)
	for range writers {
		go func() {
			status <- ask(h, "PUT", "/v1/overrides", drain, jsonBody, `If-Match: "0"`).Code
		}()
	}
	count := map[int]int{}
	for range writers {
		count[<-status]++
	}
	if count[201] != 1 || count[412] != writers-1 {
		t.Errorf("answers %v", count)
	}
}

// Whatever is sent, the answer is an acknowledgement or says what is wrong: never a 5xx.
func FuzzPut(f *testing.F) {
	f.Add([]byte(drain), jsonBody, "")
	f.Add([]byte(`{"service":"pay","region":"cn-east","op":"set","value":0.5,"reason":"r","expires":"2030-01-01T00:00:00Z"}`), jsonBody, `"0"`)
	f.Add([]byte(`{"value":1e400,"\ud800":"\u0000"}`), "Content-Type: application/json; charset=x", "*")
	g := newFake(f, "")
	h := Handler(g, options)
	f.Fuzz(func(t *testing.T, body []byte, kind, match string) {
		fields := []string{kind}
		if match != "" {
			fields = append(fields, "If-Match: "+match)
		}
		w := ask(h, "PUT", "/v1/overrides", string(body), fields...)
		if w.Code >= 500 || w.Code < 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w.Code >= 400 && told[problem](t, w).Detail == "" {
			t.Errorf("%d without a detail", w.Code)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "/v1/overrides/region:cn-north", "/v1/plan/pay", "/v1/plan/%2e%2e", "/debug/pprof/x", "//v1", "/metrics?name[]=go_info"} {
		f.Add("GET", path)
		f.Add("DELETE", path)
	}
	h := Handler(newFake(f, ""), options)
	f.Fuzz(func(t *testing.T, method, path string) {
		if strings.HasPrefix(path, "/debug/pprof/profile") || strings.HasPrefix(path, "/debug/pprof/trace") {
			return // they take their time
		}
		r, err := newRequest(method, path)
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
