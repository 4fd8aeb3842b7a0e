package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tidegate/tidegate/balancer"
)

// patience is how long an order may take to be acknowledged.
const patience = 5 * time.Second

// shown is an override as told.
type shown struct {
	ID       string    `json:"id"`
	Region   string    `json:"region"`
	Service  string    `json:"service,omitempty"`
	Endpoint string    `json:"endpoint,omitempty"`
	Op       string    `json:"op"`
	Value    *float64  `json:"value,omitempty"`
	Reason   string    `json:"reason"`
	Owner    string    `json:"owner,omitempty"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
}

func show(o balancer.Override) shown {
	s := shown{
		ID: o.ID, Region: o.Region, Service: o.Service, Endpoint: o.Endpoint, Op: o.Op,
		Reason: o.Reason, Owner: o.Owner, Created: o.Created, Expires: o.Expires.Truncate(time.Millisecond),
	}
	if o.Op != "drain" {
		s.Value = &o.Value
	}
	return s
}

// overrides lists the orders in force. JSON by default: this is what one reads to write.
func (a *api) overrides(w http.ResponseWriter, r *http.Request) error {
	asJSON, err := wantsJSON(r, true)
	if err != nil {
		return err
	}
	o := a.gateway.Overrides()
	w.Header().Set("ETag", etag(o.Revision))
	if slices.Contains(tags(r.Header.Values("If-None-Match")), etag(o.Revision)) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if !asJSON {
		writeText(w, http.StatusOK, overridesText(o, a.now()))
		return nil
	}
	list := make([]shown, len(o.List))
	for i, one := range o.List {
		list[i] = show(one)
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"revision": o.Revision, "overrides": list})
	return nil
}

func overridesText(o Overrides, now time.Time) string {
	if len(o.List) == 0 {
		return "no overrides\n"
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tORDER\tENDS IN\tOWNER\tREASON")
	for _, one := range o.List {
		op := one.Op
		if op != "drain" {
			op += " " + strconv.FormatFloat(one.Value, 'g', 4, 64)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", one.ID, op, one.Expires.Sub(now).Round(time.Second), one.Owner, one.Reason)
	}
	w.Flush() // into memory
	return b.String()
}

// override shows one order.
func (a *api) override(w http.ResponseWriter, r *http.Request) error {
	o := a.gateway.Overrides()
	one, ok := find(o, r.PathValue("id"))
	if !ok {
		return notAnOverride(o, r.PathValue("id"))
	}
	w.Header().Set("ETag", etag(o.Revision))
	writeJSON(w, http.StatusOK, "application/json", show(one))
	return nil
}

// putOverride gives an order.
func (a *api) putOverride(w http.ResponseWriter, r *http.Request) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fail(http.StatusUnsupportedMediaType, "the body must be JSON, and the field Content-Type: application/json must say so (curl --json does)").
			with("Accept", "application/json")
	}
	match, err := ifMatch(r, a.gateway.Overrides())
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return unread(err)
	}
	t, err := a.inForce()
	if err != nil {
		return err
	}
	written, faults := parseOrder(body)
	if len(faults) > 0 {
		return faulty(faults)
	}
	order, faults := written.override(a.now(), t)
	if len(faults) > 0 {
		return faulty(faults)
	}
	_, replaces := find(a.gateway.Overrides(), order.ID)
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	now, err := a.gateway.PutOverride(ctx, order, match)
	if err != nil {
		return conflict(err, match, a.gateway.Overrides())
	}
	w.Header().Set("ETag", etag(now.Revision))
	status := http.StatusOK
	if !replaces {
		status = http.StatusCreated
		w.Header().Set("Location", (&url.URL{Path: "/v1/overrides/" + order.ID}).EscapedPath())
	}
	writeJSON(w, status, "application/json", map[string]any{"revision": now.Revision, "override": show(order)})
	return nil
}

// deleteOverride lifts an order.
func (a *api) deleteOverride(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if id == "" {
		id = r.URL.Query().Get("id")
	}
	before := a.gateway.Overrides()
	if id == "" {
		return fail(http.StatusBadRequest, "which one? Name it as /v1/overrides/ID or ?id=ID")
	}
	match, err := ifMatch(r, before)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	now, err := a.gateway.DeleteOverride(ctx, id, match)
	if errors.Is(err, ErrNotFound) {
		return notAnOverride(before, id)
	}
	if err != nil {
		return conflict(err, match, a.gateway.Overrides())
	}
	w.Header().Set("ETag", etag(now.Revision))
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"revision": now.Revision, "deleted": id})
	return nil
}

// unread is why a body could not be read: it was too large, or the client's end of it failed.
func unread(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return err
	}
	return fail(http.StatusBadRequest, "the body ended early: "+err.Error())
}

// conflict turns ErrConflict into the answer that the client's condition asks for.
func conflict(err error, match *uint64, now Overrides) error {
	if !errors.Is(err, ErrConflict) || match == nil {
		return err
	}
	return fail(http.StatusPreconditionFailed, fmt.Sprintf("the overrides are at revision %d, not %d; read them again", now.Revision, *match)).
		with("ETag", etag(now.Revision))
}

func find(o Overrides, id string) (balancer.Override, bool) {
	i := slices.IndexFunc(o.List, func(one balancer.Override) bool { return one.ID == id })
	if i < 0 {
		return balancer.Override{}, false
	}
	return o.List[i], true
}

func notAnOverride(o Overrides, id string) error {
	var known []string
	for _, one := range o.List {
		known = append(known, one.ID)
	}
	return fail(http.StatusNotFound, "no override "+strconv.Quote(clip(id))+", /v1/overrides lists them"+didYouMean(id, known))
}

// etag is a revision as an entity tag.
func etag(revision uint64) string { return `"` + strconv.FormatUint(revision, 10) + `"` }

// tags splits a list of entity tags.
func tags(values []string) []string {
	var all []string
	for _, value := range values {
		for tag := range strings.SplitSeq(value, ",") {
			all = append(all, strings.TrimSpace(tag))
		}
	}
	return all
}

// ifMatch returns the revision the client demands, nil for none. Of several it takes the one in
// force, if that is among them.
func ifMatch(r *http.Request, now Overrides) (*uint64, error) {
	values := r.Header.Values("If-Match")
	if len(values) == 0 {
		return nil, nil
	}
	var last *uint64
	for _, tag := range tags(values) {
		if tag == "*" {
			return nil, nil
		}
		number, quoted := strings.CutPrefix(tag, `"`)
		number, closed := strings.CutSuffix(number, `"`)
		revision, err := strconv.ParseUint(number, 10, 64)
		if err != nil || !quoted || !closed {
			return nil, fail(http.StatusBadRequest, "If-Match: "+strconv.Quote(clip(tag))+" is no ETag of this list; "+etag(now.Revision)+" is the present one")
		}
		last = &revision
		if revision == now.Revision {
			break
		}
	}
	return last, nil
}
