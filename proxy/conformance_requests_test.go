package proxy

import "strings"

// askings are requests by group. "closed" is right wherever nobody can be sure where the next one begins.
func askings() []asking {
	return append(append(append(askingFields(), askingTargets()...), askingBodies()...), askingMalformed()...)
}

// long is n bytes of a value.
func long(n int) string { return strings.Repeat("x", n) }

const (
	g11 = "GET / HTTP/1.1\r\nHost: h\r\n"
	p11 = "POST / HTTP/1.1\r\nHost: h\r\n"
	o11 = "OPTIONS / HTTP/1.1\r\nHost: h\r\n"
	end = "\r\n"
)

func askingFields() []asking {
	return []asking{
		// Fields that end at a hop.
		{"named in Connection", g11 + "Connection: X-A, x-b\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\n\r\n", "200 kept", "X-C: 3|!x-a|!x-b|!connection"},
		{"several Connection lines", g11 + "Connection: X-A\r\nX-A: 1\r\nconnection: X-B\r\nX-B: 1\r\n\r\n", "200 kept", "!x-a|!x-b|!connection"},
		{"Connection before and after", g11 + "X-A: 1\r\nConnection: x-a\r\nx-A: 2\r\n\r\n", "200 kept", "!x-a"},
		{"Connection: close and a name", g11 + "Connection: close, X-A\r\nX-A: 1\r\n\r\n", "200 closed|Connection: close", "!x-a|!close"},
		{"Keep-Alive", g11 + "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n", "200 kept|!keep-alive", "!keep-alive"},
		{"Keep-Alive not named", g11 + "Keep-Alive: timeout=5\r\n\r\n", "200 kept", "!keep-alive"},
		{"Proxy-Connection", g11 + "Proxy-Connection: close\r\n\r\n", "200 kept", "!proxy-connection"},
		{"Proxy-Authorization", g11 + "Proxy-Authorization: Basic eA==\r\n\r\n", "200 kept", "!proxy-auth"},
		{"TE", g11 + "TE: trailers, gzip;q=0.5\r\nConnection: TE\r\n\r\n", "200 kept", "!te:"},
		{"TE not named", g11 + "TE: trailers\r\n\r\n", "200 kept", "!te:"},
		{"Upgrade", g11 + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "200 kept", "!upgrade"},
		{"Upgrade not named", g11 + "Upgrade: h2c\r\n\r\n", "200 kept", "!upgrade"},
		{"h2c", g11 + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", "200 kept", "!upgrade|!http2"},
		{"Connection names Host", g11 + "Connection: Host\r\n\r\n", "400 closed", "-"},
		{"Connection names a length", p11 + "Connection: Content-Length\r\nContent-Length: 2\r\n\r\nhi", "400 closed", "-"},
		{"Connection names X-Forwarded-For", g11 + "Connection: X-Forwarded-For\r\n\r\n", "400 closed", "-"},
		{"Connection names Authorization", g11 + "Connection: Authorization\r\nAuthorization: x\r\n\r\n", "400 closed", "-"},
		{"Connection names nothing there", g11 + "Connection: X-Not-Here\r\n\r\n", "200 kept", ""},
		{"Connection is empty", g11 + "Connection: ,\t,\r\n\r\n", "200 kept", "!connection"},
		{"Connection is no token", g11 + "Connection: a b\r\n\r\n", "400 closed", "-"},
		{"Trailer of a request", p11 + "Trailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n", "200 kept", "!trailer|!x-t|body=hi"},

		// Via and Max-Forwards.
		{"Via absent", g11 + end, "200 kept", "Via: 1.1 tidegate"},
		{"Via present", g11 + "Via: 1.0 a, 1.1 b\r\n\r\n", "200 kept", "Via: 1.0 a, 1.1 b|Via: 1.1 tidegate"},
		{"Via of HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\n\r\n", "200 closed", "Via: 1.0 tidegate|first=GET / HTTP/1.1"},
		{"OPTIONS counts", o11 + "Max-Forwards: 5\r\n\r\n", "200 kept", "Max-Forwards: 4|!max-forwards: 5"},
		{"OPTIONS counts the last", o11 + "Max-Forwards: 1\r\n\r\n", "200 kept", "Max-Forwards: 0"},
		{"OPTIONS for us", o11 + "Max-Forwards: 0\r\n\r\n", "200 kept|body=|Content-Length: 0|Allow: " + allowed, "-"},
		{"OPTIONS * for us", "OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n", "200 kept|body=", "-"},
		{"OPTIONS for us with a body", o11 + "Max-Forwards: 0\r\nContent-Length: 2\r\n\r\nhi", "200 closed|Connection: close", "-"},
		{"OPTIONS for us, HTTP/1.0", "OPTIONS / HTTP/1.0\r\nConnection: keep-alive\r\nMax-Forwards: 0\r\n\r\n", "200 kept|Connection: keep-alive", "-"},
		{"OPTIONS without a count", o11 + end, "200 kept", "!max-forwards"},
		{"Max-Forwards is no number", o11 + "Max-Forwards: -1\r\n\r\n", "400 closed", "-"},
		{"Max-Forwards of a GET", g11 + "Max-Forwards: 0\r\n\r\n", "200 kept", "Max-Forwards: 0"},

		// What passes unchanged.
		{"empty values", g11 + "X-A:\r\nX-B: \r\n\r\n", "200 kept", "X-A:|X-B: "},
		{"order and case", g11 + "b: 1\r\nA: 2\r\nB: 3\r\n\r\n", "200 kept", "b: 1|A: 2|B: 3"},
		{"bytes above ASCII", g11 + "X-A: caf\xe9 \xc3\xa9\r\n\r\n", "200 kept", "X-A: caf\xe9 \xc3\xa9"},
		{"a tab in a value", g11 + "X-A: a\tb\r\n\r\n", "200 kept", "X-A: a\tb"},
		{"all of a token", g11 + "!#$%&'*+-.^_`|~9: 1\r\n\r\n", "200 kept", ""},
		{"Accept-Encoding, Range, If-Match", g11 + "Accept-Encoding: br\r\nRange: bytes=0-1\r\nIf-Match: \"a\"\r\n\r\n", "200 kept", "Accept-Encoding: br|Range: bytes=0-1|If-Match: \"a\""},
		{"cookies apart", g11 + "Cookie: a=1\r\nCookie: b=2\r\n\r\n", "200 kept", "Cookie: a=1|Cookie: b=2"},
		{"a method of its own", "PURGE /x HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=PURGE /x HTTP/1.1"},
		{"a method in lower case", "get /x HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=get /x HTTP/1.1"},
		{"GET with a body", g11 + "Content-Length: 2\r\n\r\nhi", "200 kept", "body=hi|Content-Length: 2"},

		// Limits.
		{"a long field", g11 + "X-A: " + long(30<<10) + "\r\n\r\n", "200 kept", ""},
		{"a field over the limit", g11 + "X-A: " + long(33<<10) + "\r\n\r\n", "431 closed", "-"},
		{"fields over the limit together", g11 + strings.Repeat("X-A: "+long(1000)+"\r\n", 40) + end, "431 closed", "-"},
		{"100 fields", g11 + strings.Repeat("X-A: 1\r\n", 99) + end, "200 kept", ""},
		{"101 fields", g11 + strings.Repeat("X-A: 1\r\n", 100) + end, "431 closed", "-"},
		{"a target of 8000", "GET /" + long(8000) + " HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", ""},
		{"a target over the limit", "GET /" + long(9000) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414 closed", "-"},
		{"a target that never ends", "GET /" + long(20000), "414 closed", "-"},
		{"a method over the limit", long(9000) + " / HTTP/1.1\r\nHost: h\r\n\r\n", "501 closed", "-"},
	}
}

func askingTargets() []asking {
	return []asking{
		// Targets pass byte for byte.
		{"escapes", "GET /a%2fB%41%20%7e HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=GET /a%2fB%41%20%7e HTTP/1.1"},
		{"double slashes", "GET //a///b// HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=GET //a///b// HTTP/1.1"},
		{"dot segments", "GET /a/./b/../c HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=GET /a/./b/../c HTTP/1.1"},
		{"above the root", "GET /../x HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"hidden dots", "GET /a/%2e%2e%2f.. HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"a broken escape", "GET /%g1 HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"an escaped NUL", "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"an empty query", "GET /a? HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=GET /a? HTTP/1.1"},
		{"a query of odd things", "GET /a?x=%2f&&=,/?[]{} HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=GET /a?x=%2f&&=,/?[]{} HTTP/1.1"},
		{"parameters", "GET /a;b=1/c;d HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=GET /a;b=1/c;d HTTP/1.1"},
		{"a fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"bytes above ASCII", "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"a space in it", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"no slash", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},

		// Absolute form and asterisk.
		{"absolute", "GET http://h/a?b HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=GET /a?b HTTP/1.1|Host: h"},
		{"absolute without a path", "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=GET / HTTP/1.1|Host: h"},
		{"absolute, a query only", "GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=GET /?q HTTP/1.1"},
		{"absolute with a port", "GET http://h:81/ HTTP/1.1\r\nHost: h:81\r\n\r\n", "200 kept", "Host: h:81"},
		{"absolute counts, not Host", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "200 kept", "Host: a|!host: b|X-Forwarded-Host: a"},
		{"absolute, Host missing", "GET http://a/ HTTP/1.1\r\n\r\n", "400 closed", "-"},
		{"absolute, HTTP/1.0", "GET http://a/b HTTP/1.0\r\n\r\n", "200 closed", "first=GET /b HTTP/1.1|Host: a"},
		{"absolute with user information", "GET http://u:p@h/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"absolute without a host", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"another scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"https in the clear", "GET https://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "421 closed", "-"},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=OPTIONS * HTTP/1.1|Host: h"},
		{"OPTIONS of a host", "OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept", "first=OPTIONS * HTTP/1.1|Host: h"},
		{"GET *", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "405 closed|Allow: " + allowed, "-"},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", "405 closed|Allow: " + allowed, "-"},

		// Host.
		{"Host missing", "GET / HTTP/1.1\r\n\r\n", "400 closed", "-"},
		{"Host twice", g11 + "Host: h\r\n\r\n", "400 closed", "-"},
		{"Host empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400 closed", "-"},
		{"Host with a port", "GET / HTTP/1.1\r\nHost: h:8080\r\n\r\n", "200 kept", "Host: h:8080"},
		{"Host of IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "200 kept", "Host: [::1]:80"},
		{"Host with a path", "GET / HTTP/1.1\r\nHost: h/a\r\n\r\n", "400 closed", "-"},
		{"Host with a user", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", "400 closed", "-"},
		{"Host is a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400 closed", "-"},
		{"Host with a bad port", "GET / HTTP/1.1\r\nHost: h:99999\r\n\r\n", "400 closed", "-"},
		{"Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 closed", "-"},

		// HTTP/1.0.
		{"1.0 closes", "GET / HTTP/1.0\r\nHost: h\r\n\r\n", "200 closed|Connection: close|first=HTTP/1.1 200 OK", "first=GET / HTTP/1.1"},
		{"1.0 keeps", "GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", "200 kept|Connection: keep-alive", "!connection"},
		{"1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "200 closed", "!x-forwarded-host"},
		{"1.0 gets no chunks", "GET /?chunked=true&size=4 HTTP/1.0\r\n\r\n", "200 closed|!transfer-encoding|!content-length", ""},
		{"1.0 gets no chunks, kept", "GET /?chunked=true&size=4 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 closed|Connection: close|!chunked", ""},
		{"1.0 HEAD of chunks, kept", "HEAD /?chunked=true HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 kept|Connection: keep-alive|!chunked", ""},
		{"1.0 expects nothing", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", "200 closed", "body=hi|!expect"},
		{"1.0 with chunks", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "400 closed", "-"},
		{"1.0 refused and kept", "GET /%67%67 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 kept", ""},
		{"a version of its own", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", "505 closed", "-"},
		{"HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505 closed", "-"},
		{"HTTP/0.9", "GET /\r\n\r\n", "400 closed", "-"},
		{"a version in lower case", "GET / http/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"a version with more", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 closed", "-"},
	}
}

func askingBodies() []asking {
	chunked := p11 + "Transfer-Encoding: chunked\r\n\r\n"
	return []asking{
		// Expect.
		{"100-continue", p11 + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", "200 kept", "body=hi|!expect"},
		{"100-continue without a body", g11 + "Expect: 100-continue\r\n\r\n", "200 kept", "!expect"},
		{"another expectation", p11 + "Expect: tea\r\nContent-Length: 2\r\n\r\n", "417 closed", "-"},
		{"refused before 100", p11 + "X-Region: mars\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", "400 closed|X-Tidegate-Reason: region_unknown", "-"},
		{"too large to continue", p11 + "Expect: 100-continue\r\nContent-Length: 99999\r\n\r\n", "413 closed", "-"},

		// Bodies of a length.
		{"a length of 0", p11 + "Content-Length: 0\r\n\r\n", "200 kept", "body=|Content-Length: 0"},
		{"no length", p11 + end, "200 kept", "body=|!content-length|!transfer-encoding"},
		{"a length with zeros before", p11 + "Content-Length: 002\r\n\r\nhi", "200 kept", "body=hi|Content-Length: 2"},
		{"over the limit", p11 + "Content-Length: 65537\r\n\r\n", "413 closed", "-"},
		{"at the limit", p11 + "Content-Length: 65536\r\n\r\n" + long(65536), "200 kept", "body=" + long(65536)},
		{"length and coding", p11 + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 closed", "-"},
		{"coding and length", p11 + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", "400 closed", "-"},
		{"two lengths", p11 + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "400 closed", "-"},
		{"two equal lengths", p11 + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "400 closed", "-"},
		{"a list of lengths", p11 + "Content-Length: 2, 2\r\n\r\nhi", "400 closed", "-"},
		{"a length with a sign", p11 + "Content-Length: +2\r\n\r\nhi", "400 closed", "-"},
		{"a negative length", p11 + "Content-Length: -2\r\n\r\nhi", "400 closed", "-"},
		{"a hexadecimal length", p11 + "Content-Length: 0x2\r\n\r\nhi", "400 closed", "-"},
		{"an empty length", p11 + "Content-Length:\r\n\r\nhi", "400 closed", "-"},
		{"a length with a space in it", p11 + "Content-Length: 1 2\r\n\r\nhi", "400 closed", "-"},
		{"a length beyond 64 bits", p11 + "Content-Length: 18446744073709551618\r\n\r\nhi", "400 closed", "-"},

		// Codings.
		{"chunked", chunked + "2\r\nhi\r\n0\r\n\r\n", "200 kept", "body=hi|Transfer-Encoding: chunked"},
		{"Chunked", p11 + "Transfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "200 kept", "body=hi"},
		{"gzip, chunked", p11 + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 closed", "-"},
		{"an unknown coding", p11 + "Transfer-Encoding: cow\r\n\r\n", "501 closed", "-"},
		{"chunked is not the last", p11 + "Transfer-Encoding: chunked, gzip\r\n\r\n", "400 closed", "-"},
		{"gzip alone", p11 + "Transfer-Encoding: gzip\r\n\r\n", "400 closed", "-"},
		{"identity", p11 + "Transfer-Encoding: identity\r\n\r\n", "400 closed", "-"},
		{"chunked twice", p11 + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 closed", "-"},
		{"xchunked", p11 + "Transfer-Encoding: xchunked\r\n\r\n", "501 closed", "-"},
		{"a tab before chunked", p11 + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", "200 kept", "body="},
		{"a vertical tab before chunked", p11 + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", "400 closed", "-"},
		{"a space before the colon", p11 + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400 closed", "-"},
		{"an underscore", p11 + "Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n", "400 closed", "-"},
		{"an underscore in the length", p11 + "Content_Length: 2\r\n\r\nhi", "400 closed", "-"},

		// Chunks.
		{"sizes in both cases, zeros before", chunked + "00A\r\n0123456789\r\n00a\r\n0123456789\r\n000\r\n\r\n", "200 kept", "body=01234567890123456789"},
		{"extensions", chunked + "2;a;b=c;d=\"e;\\\"\"\r\nhi\r\n0;z\r\n\r\n", "200 kept", "body=hi"},
		{"trailers end here", chunked + "2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n", "200 kept", "body=hi|!x-t"},
		{"a length in the trailers", chunked + "0\r\nContent-Length: 5\r\n\r\n", "400 closed", "cut"},
		{"a size that is none", chunked + "g\r\nhi\r\n0\r\n\r\n", "400 closed", "cut"},
		{"a size with 0x", chunked + "0x2\r\nhi\r\n0\r\n\r\n", "400 closed", "cut"},
		{"a negative size", chunked + "-2\r\nhi\r\n0\r\n\r\n", "400 closed", "cut"},
		{"a size beyond 64 bits", chunked + "10000000000000002\r\nhi\r\n0\r\n\r\n", "400 closed", "cut"},
		{"no size", chunked + "\r\nhi\r\n0\r\n\r\n", "400 closed", "cut"},
		{"a space before the size", chunked + " 2\r\nhi\r\n0\r\n\r\n", "400 closed", "cut"},
		{"a bare LF after the size", chunked + "2\nhi\r\n0\r\n\r\n", "400 closed", "cut"},
		{"a bare LF after the data", chunked + "2\r\nhi\n0\r\n\r\n", "400 closed", "cut"},
		{"a bare CR after the size", chunked + "2\rhi\r\n0\r\n\r\n", "400 closed", "cut"},
		{"an LF in an extension", chunked + "2;a\nb\r\nhi\r\n0\r\n\r\n", "400 closed", "cut"},
		{"an extension without an end", chunked + "2;" + long(10000), "400 closed", "cut"},
		{"more data than its size", chunked + "2\r\nhigh\r\n0\r\n\r\n", "400 closed", "cut"},
		{"a bare LF at the end", chunked + "0\r\n\n", "400 closed", "cut"},
		{"folding in the trailers", chunked + "0\r\nA: 1\r\n b\r\n\r\n", "400 closed", "cut"},
		{"chunks over the limit", chunked + "10001\r\n" + long(65537) + "\r\n0\r\n\r\n", "413 closed", "cut"},

		// What is behind it.
		{"a request behind a length", p11 + "Content-Length: 2\r\n\r\nhi" + g11 + end, "200 200 kept", "first=GET / HTTP/1.1"},
		{"a request behind chunks", chunked + "2\r\nhi\r\n0\r\n\r\n" + g11 + end, "200 200 kept", "first=GET / HTTP/1.1"},
		{"a line too much behind", p11 + "Content-Length: 2\r\n\r\nhi\r\n" + g11 + end, "200 200 kept", ""},
		{"garbage behind", p11 + "Content-Length: 2\r\n\r\nhi\x00\x01" + end, "200 400 closed", "body=hi"},
		{"behind Connection: close", g11 + "Connection: close\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n", "200 closed", "first=GET / HTTP/1.1"},
		{"behind a malformed one", "GET / HTTP/1.1\r\nHost : h\r\n\r\n" + g11 + end, "400 closed", "-"},
		{"behind a refused body", p11 + "Content-Length: 99999\r\n\r\n" + g11 + end, "413 closed", "-"},
		{"behind an early answer", "POST /?early=true&status=403 HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n" + long(100) + g11 + end, "403 closed|Connection: close", "cut"},
		{"behind a refusal", g11 + "X-Region: mars\r\n\r\n" + g11 + end, "400 200 kept", "first=GET / HTTP/1.1"},
		{"behind a refusal with a body", p11 + "X-Region: mars\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + g11 + end, "400 closed|Connection: close", "-"},
		{"behind a refused CONNECT", "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n" + g11 + end, "405 closed", "-"},
		{"behind HTTP/1.0", "GET / HTTP/1.0\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n", "200 closed", "first=GET / HTTP/1.1"},
		{"a HEAD before a GET", "HEAD /?size=9 HTTP/1.1\r\nHost: h\r\n\r\n", "200 kept|Content-Length: 9", ""},
	}
}

func askingMalformed() []asking {
	return []asking{
		{"folding", g11 + "X-A: 1\r\n 2\r\n\r\n", "400 closed", "-"},
		{"folding by a tab", g11 + "X-A: 1\r\n\t2\r\n\r\n", "400 closed", "-"},
		{"a space before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", "400 closed", "-"},
		{"a bare LF", "GET / HTTP/1.1\nHost: h\n\n", "400 closed", "-"},
		{"a bare LF in the fields", "GET / HTTP/1.1\r\nHost: h\nX-A: 1\r\n\r\n", "400 closed", "-"},
		{"a bare CR in a value", g11 + "X-A: 1\r2\r\n\r\n", "400 closed", "-"},
		{"a bare CR in the line", "GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"CR CR LF", g11 + "X-A: 1\r\r\n\r\n", "400 closed", "-"},
		{"NUL in a value", g11 + "X-A: 1\x002\r\n\r\n", "400 closed", "-"},
		{"NUL in a name", g11 + "X\x00A: 1\r\n\r\n", "400 closed", "-"},
		{"NUL in the target", "GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"DEL in a value", g11 + "X-A: \x7f\r\n\r\n", "400 closed", "-"},
		{"a name with a space", g11 + "X A: 1\r\n\r\n", "400 closed", "-"},
		{"a name with a tab behind", g11 + "X-A\t: 1\r\n\r\n", "400 closed", "-"},
		{"no name", g11 + ": 1\r\n\r\n", "400 closed", "-"},
		{"no colon", g11 + "X-A\r\n\r\n", "400 closed", "-"},
		{"a name in brackets", g11 + "(X): 1\r\n\r\n", "400 closed", "-"},
		{"a name above ASCII", g11 + "X\xc3\xa9: 1\r\n\r\n", "400 closed", "-"},
		{"two spaces before the target", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"two spaces behind the target", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"a tab before the target", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"a space behind the version", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"a space before the method", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"a method that is no token", "G@T / HTTP/1.1\r\nHost: h\r\n\r\n", "400 closed", "-"},
		{"an empty line before", "\r\n" + g11 + end, "200 kept", "first=GET / HTTP/1.1"},
		{"many empty lines before", strings.Repeat("\r\n", 10) + g11 + end, "400 closed", "-"},
		{"TLS in the clear", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400 closed", "-"},
		{"HEAD malformed", "HEAD / HTTP/1.1\r\nHost: h\r\nX A: 1\r\n\r\n", "400 closed|body=", "-"},
	}
}
