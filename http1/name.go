package http1

// Name is a field name this package knows; all others are NameOther.
type Name uint8

const (
	NameOther Name = iota
	NameHost
	NameContentLength
	NameTransferEncoding
	NameConnection
	NameKeepAlive
	NameProxyConnection
	NameProxyAuthenticate
	NameProxyAuthorization
	NameTE
	NameTrailer
	NameUpgrade
	NameHTTP2Settings
	NameExpect
	NameMaxForwards
	NameAuthorization
	NameCookie
	NameSetCookie
	NameDate
	NameServer
	NameVia
	NameRetryAfter
	NameForwarded
	NameXForwardedFor
	NameXForwardedHost
	NameXForwardedProto
	NameXForwardedPort
	NameXRealIP
	NameXRegion
	NameXRequestID
	NameXServedRegion
	NameXServedBy
	NameXLoad
	NameEndpointLoadMetrics
	NameTraceparent
	NameAccept
	NameAcceptEncoding
	NameAcceptLanguage
	NameUserAgent
	NameReferer
	NameOrigin
	NameContentType
	NameContentEncoding
	NameCacheControl
	NameRange
	NameIfMatch
	NameIfNoneMatch
	NameIfModifiedSince
	NameETag
	NameLastModified
	NameLocation
	NameVary
	nameCount // at most 64, so that a set fits a word
)

// names spells the names. It is a constant.
var names = [nameCount]string{
	NameHost:                "Host",
	NameContentLength:       "Content-Length",
	NameTransferEncoding:    "Transfer-Encoding",
	NameConnection:          "Connection",
	NameKeepAlive:           "Keep-Alive",
	NameProxyConnection:     "Proxy-Connection",
	NameProxyAuthenticate:   "Proxy-Authenticate",
	NameProxyAuthorization:  "Proxy-Authorization",
	NameTE:                  "TE",
	NameTrailer:             "Trailer",
	NameUpgrade:             "Upgrade",
	NameHTTP2Settings:       "HTTP2-Settings",
	NameExpect:              "Expect",
	NameMaxForwards:         "Max-Forwards",
	NameAuthorization:       "Authorization",
	NameCookie:              "Cookie",
	NameSetCookie:           "Set-Cookie",
	NameDate:                "Date",
	NameServer:              "Server",
	NameVia:                 "Via",
	NameRetryAfter:          "Retry-After",
	NameForwarded:           "Forwarded",
	NameXForwardedFor:       "X-Forwarded-For",
	NameXForwardedHost:      "X-Forwarded-Host",
	NameXForwardedProto:     "X-Forwarded-Proto",
	NameXForwardedPort:      "X-Forwarded-Port",
	NameXRealIP:             "X-Real-IP",
	NameXRegion:             "X-Region",
	NameXRequestID:          "X-Request-Id",
	NameXServedRegion:       "X-Served-Region",
	NameXServedBy:           "X-Served-By",
	NameXLoad:               "X-Load",
	NameEndpointLoadMetrics: "Endpoint-Load-Metrics",
	NameTraceparent:         "Traceparent",
	NameAccept:              "Accept",
	NameAcceptEncoding:      "Accept-Encoding",
	NameAcceptLanguage:      "Accept-Language",
	NameUserAgent:           "User-Agent",
	NameReferer:             "Referer",
	NameOrigin:              "Origin",
	NameContentType:         "Content-Type",
	NameContentEncoding:     "Content-Encoding",
	NameCacheControl:        "Cache-Control",
	NameRange:               "Range",
	NameIfMatch:             "If-Match",
	NameIfNoneMatch:         "If-None-Match",
	NameIfModifiedSince:     "If-Modified-Since",
	NameETag:                "ETag",
	NameLastModified:        "Last-Modified",
	NameLocation:            "Location",
	NameVary:                "Vary",
}

// String returns the usual spelling, empty for NameOther.
func (n Name) String() string { return names[n] }

// NameSet is a set of known names.
type NameSet uint64

// Set returns the set of the names given.
func Set(names ...Name) NameSet {
	var s NameSet
	for _, n := range names {
		s |= 1 << n
	}
	return s
}

// Has tells whether n is in s.
func (s NameSet) Has(n Name) bool { return s>>n&1 != 0 }

const (
	// hop are the fields for the next hop only. Proxy-Authenticate and Proxy-Authorization are
	// between the client and a proxy of its choice, which this gateway is not.
	hop NameSet = 1<<NameConnection | 1<<NameKeepAlive | 1<<NameProxyConnection |
		1<<NameProxyAuthenticate | 1<<NameProxyAuthorization | 1<<NameTE |
		1<<NameUpgrade | 1<<NameHTTP2Settings | 1<<NameTransferEncoding

	// framing are the fields that are always written anew.
	framing NameSet = 1<<NameContentLength | 1<<NameTransferEncoding

	// nominable are the known fields that Connection may name.
	nominable = hop&^framing | 1<<NameTrailer

	// believed are the fields whose spelling with '_' is refused: a server that maps field
	// names to variables could not tell it from the true one.
	believed = hop | framing | 1<<NameXForwardedFor | 1<<NameXForwardedHost | 1<<NameXForwardedProto |
		1<<NameXForwardedPort | 1<<NameXRealIP | 1<<NameXRegion
)

const longestName = len("Endpoint-Load-Metrics")

// classify finds the Name for a field name without control characters. What it knows is a
// token.
func classify(name []byte) Name {
	if len(name) > longestName {
		return NameOther
	}
	// Setting bit 5 makes letters lower case. It also makes '-' of 0x0d and digits of other
	// control characters, which are not here, and leaves '_' different from all below.
	var low [longestName]byte
	for i, c := range name {
		low[i] = c | 0x20
	}
	return known(low[:len(name)])
}

func known(low []byte) Name {
	switch string(low) {
	case "host":
		return NameHost
	case "content-length":
		return NameContentLength
	case "transfer-encoding":
		return NameTransferEncoding
	case "connection":
		return NameConnection
	case "keep-alive":
		return NameKeepAlive
	case "proxy-connection":
		return NameProxyConnection
	case "proxy-authenticate":
		return NameProxyAuthenticate
	case "proxy-authorization":
		return NameProxyAuthorization
	case "te":
		return NameTE
	case "trailer":
		return NameTrailer
	case "upgrade":
		return NameUpgrade
	case "http2-settings":
		return NameHTTP2Settings
	case "expect":
		return NameExpect
	case "max-forwards":
		return NameMaxForwards
	case "authorization":
		return NameAuthorization
	case "cookie":
		return NameCookie
	case "set-cookie":
		return NameSetCookie
	case "date":
		return NameDate
	case "server":
		return NameServer
	case "via":
		return NameVia
	case "retry-after":
		return NameRetryAfter
	case "forwarded":
		return NameForwarded
	case "x-forwarded-for":
		return NameXForwardedFor
	case "x-forwarded-host":
		return NameXForwardedHost
	case "x-forwarded-proto":
		return NameXForwardedProto
	case "x-forwarded-port":
		return NameXForwardedPort
	case "x-real-ip":
		return NameXRealIP
	case "x-region":
		return NameXRegion
	case "x-request-id":
		return NameXRequestID
	case "x-served-region":
		return NameXServedRegion
	case "x-served-by":
		return NameXServedBy
	case "x-load":
		return NameXLoad
	case "endpoint-load-metrics":
		return NameEndpointLoadMetrics
	case "traceparent":
		return NameTraceparent
	case "accept":
		return NameAccept
	case "accept-encoding":
		return NameAcceptEncoding
	case "accept-language":
		return NameAcceptLanguage
	case "user-agent":
		return NameUserAgent
	case "referer":
		return NameReferer
	case "origin":
		return NameOrigin
	case "content-type":
		return NameContentType
	case "content-encoding":
		return NameContentEncoding
	case "cache-control":
		return NameCacheControl
	case "range":
		return NameRange
	case "if-match":
		return NameIfMatch
	case "if-none-match":
		return NameIfNoneMatch
	case "if-modified-since":
		return NameIfModifiedSince
	case "etag":
		return NameETag
	case "last-modified":
		return NameLastModified
	case "location":
		return NameLocation
	case "vary":
		return NameVary
	}
	return NameOther
}

// isTwin tells whether name would be one of the believed ones if '_' were '-'.
func isTwin(name []byte) bool {
	if len(name) > longestName {
		return false
	}
	var low [longestName]byte
	for i, c := range name {
		low[i] = lowerByte(c)
		if c == '_' {
			low[i] = '-'
		}
	}
	return believed.Has(known(low[:len(name)]))
}
