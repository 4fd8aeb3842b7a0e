package admin

import (
	"net/http"
	"strconv"
	"strings"
)

// wantsJSON reports whether an answer should be JSON rather than text: as ?format= says, else as
// the Accept field says, else as otherwise says. curl alone accepts anything.
func wantsJSON(r *http.Request, otherwise bool) (bool, error) {
	switch format := r.URL.Query().Get("format"); format {
	case "json":
		return true, nil
	case "text", "yaml":
		return false, nil
	case "":
	default:
		return false, fail(http.StatusBadRequest, "format="+strconv.Quote(format)+": must be json or text")
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	json := quality(accept, "application", "json")
	text := quality(accept, "text", "plain")
	if json == text {
		return otherwise, nil
	}
	return json > text, nil
}

// quality is how much an Accept field likes a media type, in [0,1]: by its most specific range.
func quality(accept, kind, subkind string) float64 {
	best, specific := 0.0, 0
	for element := range strings.SplitSeq(accept, ",") {
		parts := strings.Split(element, ";")
		q := 1.0
		for _, parameter := range parts[1:] {
			name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			if !strings.EqualFold(name, "q") {
				continue
			}
			if v, err := strconv.ParseFloat(value, 64); err == nil && v >= 0 && v <= 1 {
				q = v
			}
		}
		this := 0
		switch strings.ToLower(strings.TrimSpace(parts[0])) {
		case "*/*":
			this = 1
		case kind + "/*":
			this = 2
		case kind + "/" + subkind:
			this = 3
		}
		if this > specific {
			best, specific = q, this
		}
	}
	return best
}
