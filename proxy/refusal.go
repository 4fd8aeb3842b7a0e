package proxy

import (
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tidegate/tidegate/router"
)

// A Refusal is an answer the gateway gives in its own name, with one of a closed set of reasons.
// Status and text follow from the reason unless given.
type Refusal struct {
	Reason     router.Reason
	Status     int           // 0: the reason's own
	Text       string        // one line for a person; "": the reason's own
	RetryAfter time.Duration // when to come again; 0: not said
}

// answers says how each reason is told to the client.
var answers = [router.Reasons]struct {
	status int
	text   string
}{
	router.NoRoute:         {404, "no route matches this host and path"},
	router.BadRequest:      {400, "the request is malformed"},
	router.OverLimit:       {429, "this route's rate limit is reached"},
	router.RegionUnknown:   {400, "the request names a region that does not exist"},
	router.NoEndpoint:      {503, "no endpoint can take this request"},
	router.ConnectFailed:   {502, "no connection to an endpoint could be made"},
	router.UpstreamReset:   {502, "the endpoint closed the connection before it answered"},
	router.UpstreamTimeout: {504, "no endpoint answered in time"},
	router.BadResponse:     {502, "the endpoint's answer can't be trusted"},
	router.ClientGone:      {499, "the client left"},
	router.BodyTooLarge:    {413, "the request body is larger than this gateway allows"},
	router.BodyTimeout:     {408, "the request body did not arrive in time"},
	router.Internal:        {500, "the gateway failed; see its log"},
}

// status is what the client is told.
func (r Refusal) status() int {
	if r.Status != 0 {
		return r.Status
	}
	return answers[r.Reason].status
}

func (r Refusal) text() string {
	if r.Text != "" {
		return r.Text
	}
	return answers[r.Reason].text
}

// ReasonHeader names the reason of an answer in the gateway's own name.
const ReasonHeader = "X-Tidegate-Reason"

// allowed are the methods in Allow. Unknown ones pass as well.
const allowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

// append renders the answer. head leaves out the body; close and old (HTTP/1.0) decide the
// Connection field. fasthttp adds Date.
func (r Refusal) append(dst []byte, head, close, old bool) []byte {
	res := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(res)
	h := &res.Header
	h.DisableNormalizing()
	h.SetNoDefaultContentType(true)
	h.SetStatusCode(r.status())
	h.SetContentType("text/plain; charset=utf-8")
	h.Set(ReasonHeader, r.Reason.String())
	if r.RetryAfter > 0 {
		seconds := int64((r.RetryAfter + time.Second - 1) / time.Second)
		h.Set(fasthttp.HeaderRetryAfter, strconv.FormatInt(seconds, 10))
	}
	if r.Status == 405 {
		h.Set(fasthttp.HeaderAllow, allowed)
	}
	switch {
	case close:
		h.SetConnectionClose()
	case old:
		h.Set(fasthttp.HeaderConnection, "keep-alive")
	}
	h.SetContentLength(len(r.text()) + 1)
	dst = h.AppendBytes(dst)
	if head {
		return dst
	}
	dst = append(dst, r.text()...)
	return append(dst, '\n')
}
