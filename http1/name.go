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
	nameCount
)

// A NameSet is a set of known names.
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
