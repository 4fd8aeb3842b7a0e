package balancer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestOverrideValidate(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		change func(*Override)
		want   string
	}{
		{func(o *Override) {}, ""},
		{func(o *Override) { o.ID = "endpoint:pay/cn-north/10.1.1.1:8080" }, ""},
		{func(o *Override) { o.Op, o.Value = OpSet, 0 }, ""},
		{func(o *Override) { o.Op, o.Value = OpSet, 1000 }, ""},
		{func(o *Override) { o.Op, o.Value = OpDrain, 0 }, ""},
		{func(o *Override) { o.Endpoint = "" }, ""},
		{func(o *Override) { o.Endpoint, o.Service = "", "" }, ""},
		{func(o *Override) { o.Endpoint = "[::1]:80" }, ""},
		{func(o *Override) { o.Owner = "" }, ""},

		{func(o *Override) { o.Op = "" }, "op: is required: set, scale or drain"},
		{func(o *Override) { o.Op = "off" }, `op: must be set, scale or drain, is "off"`},
		{func(o *Override) { o.Value = math.NaN() }, "value: is required for scale"},
		{func(o *Override) { o.Op, o.Value = OpSet, math.NaN() }, "value: is required for set"},
		{func(o *Override) { o.Value = -1 }, "value: must be between 0 and 1000, is -1"},
		{func(o *Override) { o.Value = 1001 }, "value: must be between 0 and 1000, is 1001"},
		{func(o *Override) { o.Value = math.Inf(1) }, "value: must be between 0 and 1000, is +Inf"},
		{func(o *Override) { o.Op = OpDrain }, "value: drain takes no value, it is zero; did you mean set or scale?"},
		{func(o *Override) { o.Reason = "" }, "reason: is required"},
		{func(o *Override) { o.Reason = "  " }, "reason: is required"},
		{func(o *Override) { o.Reason = "one\ntwo" }, "reason: must be one line of text"},
		{func(o *Override) { o.Reason = strings.Repeat("x", 501) }, "reason: must be at most 500 bytes long, is 501"},
		{func(o *Override) { o.Owner = "one\x00two" }, "owner: must be one line of text"},
		{func(o *Override) { o.Expires = time.Time{} }, "expires: is required"},
		{func(o *Override) { o.Expires = now }, "expires: must be in the future, is 2026-11-22T12:00:00Z"},
		{func(o *Override) { o.Region = "" }, "region: is required"},
		{func(o *Override) { o.Region = "cn/north" }, `region: must be a name, is "cn/north"`},
		{func(o *Override) { o.Service = "a b" }, `service: must be a name, is "a b"`},
		{func(o *Override) { o.Service = "" }, "service: is required for an order about an endpoint"},
		{func(o *Override) { o.Endpoint = "10.1.1.1" }, `endpoint: must be host:port, is "10.1.1.1"`},
		{func(o *Override) { o.Endpoint = ":80" }, `endpoint: must be host:port, is ":80"`},
		{func(o *Override) { o.ID = "region:cn-north" },
			`id: must be "endpoint:pay/cn-north/10.1.1.1:8080", by service, region and endpoint, or left out; is "region:cn-north"`},
	}
	for _, tt := range tests {
		o := Override{Service: "pay", Region: "cn-north", Endpoint: "10.1.1.1:8080", Op: OpScale, Value: 0.5,
			Reason: "deploy 42", Owner: "ann", Created: now, Expires: now.Add(2 * time.Hour)}
		tt.change(&o)
		err := o.Validate(now)
		got := ""
		if err != nil {
			got = err.Error()
			var bad *BadOrder
			if !errors.As(err, &bad) || !strings.HasPrefix(got, bad.Field+": ") {
				t.Errorf("%+v: %T is no BadOrder", o, err)
			}
		}
		if got != tt.want {
			t.Errorf("%+v: %q, want %q", o, got, tt.want)
		}
	}
}

func TestOverrideJSON(t *testing.T) {
	o := Override{ID: "region:cn-north", Region: "cn-north", Op: OpDrain, Reason: "deploy 42",
		Created: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Expires: time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)}
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"region:cn-north","region":"cn-north","op":"drain","value":0,"reason":"deploy 42",` +
		`"created":"2026-11-22T12:00:00Z","expires":"2026-11-22T14:00:00Z"}`
	if string(data) != want {
		t.Errorf("%s, want %s", data, want)
	}
	var back Override
	if err := json.Unmarshal(data, &back); err != nil || back != o {
		t.Errorf("%+v comes back as %+v: %v", o, back, err)
	}
}

func TestScope(t *testing.T) {
	for _, o := range []Override{
		{Region: "cn-north"},
		{Service: "pay", Region: "cn-north"},
		{Service: "pay", Region: "cn-north", Endpoint: "10.1.1.1:8080"},
		{Service: "pay", Region: "cn-north", Endpoint: "[::1]:8080"},
	} {
		service, region, endpoint, err := ParseScope(o.Scope())
		if err != nil || service != o.Service || region != o.Region || endpoint != o.Endpoint {
			t.Errorf("%s is read as %q %q %q, %v", o.Scope(), service, region, endpoint, err)
		}
	}
	for _, id := range []string{"", "region", "region:", "region:a/b", "service:pay", "service:/a", "endpoint:a/b", "endpoint:a/b/", "zone:a"} {
		if _, _, _, err := ParseScope(id); err == nil {
			t.Errorf("%q is no scope", id)
		}
	}
}

func TestOrders(t *testing.T) {
	f := newFleet(t, "p2c", regionOf{name: "eu", endpoints: 1}, regionOf{name: "us", endpoints: 1})
	e := f.by["eu-1"]
	endpoint := "endpoint:" + e.ID()
	tests := []struct {
		orders       string // one per line
		weight       float64
		site         float64
		siteZero     bool
		ids          string
		untouchedToo bool
	}{
		{"", 1, 1, false, "[]", true},
		{"set 0.2 " + endpoint, 0.2, 1, false, "[" + endpoint + "]", true},
		{"scale 0.5 " + endpoint, 0.5, 1, false, "[" + endpoint + "]", true},
		{"drain " + endpoint, 0, 1, false, "[" + endpoint + "]", true},
		{"set 0 " + endpoint, 0, 1, false, "[" + endpoint + "]", true},
		{"scale 0 " + endpoint, 0, 1, false, "[" + endpoint + "]", true},
		{"set 3 " + endpoint + "\ndrain " + endpoint, 0, 1, false, "[" + endpoint + " " + endpoint + "]", true},
		{"scale 0.5 " + endpoint + "\nscale 0.5 " + endpoint, 0.25, 1, false, "[" + endpoint + " " + endpoint + "]", true},
		{"set 4 " + endpoint + "\nscale 0.5 " + endpoint, 2, 1, false, "[" + endpoint + " " + endpoint + "]", true},

		{"set 0.2 region:eu", 1, 0.2, false, "[]", true},
		{"scale 0.2 region:eu\nscale 0.5 service:pay/eu", 1, 0.1, false, "[]", true},
		{"set 0.2 region:eu\nset 0.5 service:pay/eu", 1, 0.5, false, "[]", true},
		{"set 0.2 region:eu\nscale 0.5 service:pay/eu", 1, 0.1, false, "[]", true},
		{"drain region:eu", 0, 0, true, "[region:eu]", true},
		{"drain region:eu\nset 5 service:pay/eu", 0, 0, true, "[service:pay/eu region:eu]", true},
		{"set 0 service:pay/eu", 0, 0, true, "[service:pay/eu]", true},
		{"set 0 region:eu\nset 1 service:pay/eu", 1, 1, false, "[]", true}, // the narrower one wins
		{"drain service:pay/eu\nset 5 " + endpoint, 0, 0, true, "[" + endpoint + " service:pay/eu]", true},
		{"drain service:other/eu", 1, 1, false, "[]", true},
	}
	for _, tt := range tests {
		f.list = nil
		for _, line := range strings.Split(tt.orders, "\n") {
			f.do(line)
		}
		orders := NewOrders(f.list)
		o := orders.Endpoint(e)
		if got := fmt.Sprint(o.IDs); got != tt.ids {
			t.Errorf("%q: orders behind it are %s, want %s", tt.orders, got, tt.ids)
		}
		if len(o.Why) != len(o.IDs) {
			t.Errorf("%q: %d reasons for %d orders", tt.orders, len(o.Why), len(o.IDs))
		}
		weight, zero := orders.Site("pay", "eu")
		if weight != tt.site || zero != tt.siteZero {
			t.Errorf("%q: the region has %v, %v; want %v, %v", tt.orders, weight, zero, tt.site, tt.siteZero)
		}
		if weight, zero := orders.Site("pay", "us"); weight != 1 || zero {
			t.Errorf("%q: the other region has %v, %v", tt.orders, weight, zero)
		}
		line := f.plan().Lines[0]
		if line.Weight.Value() != tt.weight || e.Barred() != (tt.weight == 0) {
			t.Errorf("%q: weight %v, barred %v; want %v", tt.orders, line.Weight.Value(), e.Barred(), tt.weight)
		}
	}
}

func TestWhy(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))
	o := Override{Region: "cn-north", Op: OpDrain, Reason: "deploy 42", Created: at, Expires: at.Add(2 * time.Hour)}
	if got, want := o.why(), "drained by region:cn-north (deploy 42, expires 06:00Z)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	o.Op, o.Value, o.Expires = OpScale, 0.25, at.Add(48*time.Hour)
	if got, want := o.why(), "scale 0.25 by region:cn-north (deploy 42, expires 2026-11-24 04:00Z)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
