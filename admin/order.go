package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tidegate/tidegate/balancer"
	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/router"
)

const (
	longest   = 30 * 24 * time.Hour // an order that outlives this belongs in the configuration
	maxOwner  = 100                 // bytes
	maxFaults = 10                  // reported of one body
)

// An order is an override as written: flat, every field optional to the parser.
type order struct {
	region, service, endpoint, op, reason, owner string
	span, expires                                string
	value                                        *float64
}

// parseOrder reads an order strictly. All faults are reported together.
func parseOrder(body []byte) (order, []fault) {
	var o order
	text := map[string]*string{
		"region": &o.region, "service": &o.service, "endpoint": &o.endpoint, "op": &o.op,
		"reason": &o.reason, "owner": &o.owner, "for": &o.span, "expires": &o.expires,
	}
	fields, err := members(body)
	if err != nil {
		return o, []fault{{"body", err.Error()}}
	}
	var faults []fault
	seen := map[string]bool{}
	for _, f := range fields {
		if len(faults) == maxFaults {
			break
		}
		if seen[f.name] {
			faults = append(faults, fault{clip(f.name), "is given twice"})
			continue
		}
		seen[f.name] = true
		if f.name == "value" {
			if json.Unmarshal(f.value, &o.value) != nil || o.value == nil {
				faults = append(faults, fault{f.name, "must be a number, such as 0.5"})
			}
			continue
		}
		to, known := text[f.name]
		if !known {
			faults = append(faults, fault{clip(f.name), "no such field" + didYouMean(f.name, append(slices.Sorted(maps.Keys(text)), "value"))})
			continue
		}
		if f.value[0] != '"' || json.Unmarshal(f.value, to) != nil {
			faults = append(faults, fault{f.name, "must be a string"})
			continue
		}
		if strings.ContainsFunc(*to, unprintable) {
			faults = append(faults, fault{f.name, "must not contain control characters"})
		}
	}
	return o, faults
}

// unprintable characters could steer the terminal of whoever lists the orders.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
}

// A member is one name and value of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// members splits a JSON object, keeping what encoding/json would merge or overlook.
func members(body []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil {
		return nil, unreadable(err)
	} else if t != json.Delim('{') {
		return nil, errors.New("must be a JSON object")
	}
	var all []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, unreadable(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, unreadable(err)
		}
		all = append(all, member{name.(string), value})
	}
	if _, err := d.Token(); err != nil {
		return nil, unreadable(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("has something after the JSON object")
	}
	return all, nil
}

// unreadable says what is wrong with JSON, in words for the person who typed it.
func unreadable(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("is not JSON: %w, at byte %d", err, syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("is not JSON: it ends too early")
	}
	return fmt.Errorf("is not JSON: %w", err)
}

// override is what o orders from now on. The names in it must be in t, or a misspelt drain would
// look acknowledged. All faults are reported together.
func (o order) override(now time.Time, t *router.Table) (balancer.Override, []fault) {
	b := balancer.Override{
		Service: o.service, Region: o.region, Endpoint: o.endpoint,
		Op: o.op, Reason: o.reason, Owner: o.owner, Created: now.UTC().Truncate(time.Second),
	}
	switch {
	case o.value != nil:
		b.Value = *o.value
	case o.op != balancer.OpDrain:
		b.Value = math.NaN() // missing, says Validate
	}
	faults := o.checkScope(t)
	if len(o.owner) > maxOwner {
		faults = append(faults, fault{"owner", fmt.Sprintf("must be at most %d bytes long", maxOwner)})
	}
	var late []fault
	b.Expires, late = o.end(now)
	faults = append(faults, late...)
	b.ID = b.Scope()

	var bad *balancer.BadOrder
	if err := b.Validate(now); errors.As(err, &bad) {
		told := slices.ContainsFunc(faults, func(f fault) bool { return f.Field == bad.Field || bad.Field == "expires" })
		if !told {
			faults = append(faults, fault{bad.Field, bad.Message})
		}
	}
	return b, faults
}

// end is when the order ends.
func (o order) end(now time.Time) (time.Time, []fault) {
	switch {
	case o.span == "" && o.expires == "":
		return time.Time{}, []fault{{"for", `is needed, such as "1h" (or expires: a time by RFC 3339): a forgotten order is the next outage`}}
	case o.span != "" && o.expires != "":
		return time.Time{}, []fault{{"expires", "cannot be given together with for"}}
	}
	field, end := "for", now
	if o.span != "" {
		var span config.Duration // its text knows days
		if err := span.UnmarshalText([]byte(o.span)); err != nil {
			return time.Time{}, []fault{{field, `must be a duration with its unit, such as "30m", "2h" or "1d"`}}
		}
		end = now.Add(span.Std())
	} else {
		var err error
		field = "expires"
		if end, err = time.Parse(time.RFC3339, o.expires); err != nil {
			return time.Time{}, []fault{{field, fmt.Sprintf("must be a time by RFC 3339, such as %q", now.Add(time.Hour).UTC().Format(time.RFC3339))}}
		}
	}
	if !end.After(now) {
		return time.Time{}, []fault{{field, "must end in the future"}}
	}
	if end.After(now.Add(longest)) {
		return time.Time{}, []fault{{field, "must end within 30 days; what lasts longer belongs in the configuration"}}
	}
	return end.UTC(), nil
}

// checkScope finds names that mean nothing.
func (o order) checkScope(t *router.Table) []fault {
	if o.region == "" {
		return []fault{{"region", "is needed; with service it narrows to that service there, with endpoint to one address"}}
	}
	if o.endpoint != "" && o.service == "" {
		return []fault{{"service", "is needed with endpoint"}}
	}
	var faults []fault
	id, known := t.Regions.ID(o.region)
	if !known {
		faults = append(faults, fault{"region", "no such region" + didYouMean(o.region, regionNames(t))})
	}
	if o.service == "" {
		return faults
	}
	service := t.Service(o.service)
	if service == nil {
		return append(faults, fault{"service", "no such service" + didYouMean(o.service, serviceNames(t))})
	}
	if !known {
		return faults
	}
	var here []string
	for _, e := range service.Endpoints() {
		if e.Region == id {
			here = append(here, e.Addr())
		}
	}
	if len(here) == 0 {
		return []fault{{"region", fmt.Sprintf("service %q does not run in %q", o.service, o.region)}}
	}
	if o.endpoint == "" {
		return nil
	}
	for _, addr := range here {
		if addr == o.endpoint {
			return nil
		}
	}
	return []fault{{"endpoint", fmt.Sprintf("%s has no such endpoint in %s%s", o.service, o.region, didYouMean(o.endpoint, here))}}
}

func regionNames(t *router.Table) []string {
	var names []string
	for _, id := range t.Regions.Active {
		names = append(names, t.Regions.Name(id))
	}
	return names
}

func serviceNames(t *router.Table) []string {
	var names []string
	for _, s := range t.Services() {
		names = append(names, s.Name)
	}
	return names
}

// didYouMean proposes the known word nearest to the one given, if any is near.
func didYouMean(word string, known []string) string {
	if hint := config.DidYouMean(word, known); hint != "" {
		return "; " + hint
	}
	return ""
}

// clip shortens what a client sent, for repeating it.
func clip(s string) string {
	if len(s) <= 100 {
		return s
	}
	return strings.ToValidUTF8(s[:100], "") + "..."
}
