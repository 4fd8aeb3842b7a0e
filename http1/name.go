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

// hashFactor is a random number under which no two names collide.
const hashFactor = 0xc0f89957e3bfec7f

// A spelling is a name of up to 24 bytes as three words, first byte lowest, in lower case.
type spelling [3]uint64

// spellings finds a Name by its spelling: a hash table without collisions. It is a constant,
// derived from names.
var spellings = hashNames()

type spelled struct {
	spelling
	name Name
}

func hashNames() (table [256]spelled) {
	for n := NameOther + 1; n < nameCount; n++ {
		s := spell([]byte(names[n]))
		at := &table[s.hash()]
		if at.name != NameOther {
			panic("BUG: " + names[n] + " and " + names[at.name] + " collide: choose another factor in hash")
		}
		*at = spelled{s, n}
	}
	return table
}

func (s *spelling) hash() uint8 {
	return uint8((s[0] ^ s[1]<<3 ^ s[2]<<5) * hashFactor >> 56)
}

// spell makes letters lower case by setting bit 5. That makes '-' and digits of control
// characters too, so they must not be in name, and leaves '_' different from all in names.
func spell(name []byte) (s spelling) {
	for i, c := range name {
		s[i>>3] |= uint64(c|0x20) << (i & 7 * 8)
	}
	return s
}

// known returns the Name of a spelling.
func (s *spelling) known() Name {
	if e := &spellings[s.hash()]; e.spelling == *s {
		return e.name
	}
	return NameOther
}

const longestName = 24

// classify finds the Name for a field name without control characters. What it knows is a
// token.
func classify(name []byte) Name {
	if len(name) > longestName {
		return NameOther
	}
	s := spell(name)
	return s.known()
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
	return believed.Has(classify(low[:len(name)]))
}
