package proxy

import "strings"

// answerings are answers by group. "dropped" is right wherever nobody can be sure what comes next.
func answerings() []answering {
	return append(append(answeringWell(), answeringBodies()...), answeringMalformed()...)
}

const (
	ok11  = "HTTP/1.1 200 OK\r\nDate: d\r\n"
	okLen = ok11 + "Content-Length: 2\r\n\r\nok"
	chunk = ok11 + "Transfer-Encoding: chunked\r\n\r\n"

	g10     = "GET / HTTP/1.0\r\n\r\n"
	g10kept = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
)

func answeringWell() []answering {
	return []answering{
		// Fields.
		{"as it is", "", ok11 + "b: 1\r\nA: 2\r\nb:\r\nContent-Length: 2\r\n\r\nok", "200 kept|=" + ok11 + "b: 1\r\nA: 2\r\nb:\r\nContent-Length: 2\r\n\r\n|body=ok", "reused"},
		{"named in Connection", "", ok11 + "Connection: X-A\r\nX-A: 1\r\nX-B: 2\r\nConnection: x-c\r\nX-C: 1\r\nContent-Length: 2\r\n\r\nok", "200 kept|=" + ok11 + "X-B: 2\r\nContent-Length: 2\r\n\r\n", "reused"},
		{"Keep-Alive, Proxy-Connection", "", ok11 + "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "200 kept|=" + ok11 + "Content-Length: 2\r\n\r\n", "reused"},
		{"Upgrade offered", "", ok11 + "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok", "200 kept|=" + ok11 + "Content-Length: 2\r\n\r\n", "reused"},
		{"Proxy-Authenticate", "", ok11 + "Proxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nok", "200 kept|!proxy-auth", "reused"},
		{"the endpoint's close is not the client's", "", ok11 + "Connection: close\r\nContent-Length: 2\r\n\r\nokFIN", "200 kept|!connection|body=ok", "dropped"},
		{"the client's close is not the endpoint's", g11 + "Connection: close\r\n\r\n", okLen, "200 closed|Connection: close", "reused"},
		{"Date added", "", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 kept|body=ok", "reused"},
		{"Date kept", "", okLen, "200 kept|Date: d", "reused"},
		{"Retry-After", "", "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", "503 kept|Retry-After: 7|first=HTTP/1.1 503 Busy", "reused"},
		{"cookies apart", "", ok11 + "Set-Cookie: a=1, b\r\nset-cookie: c=2\r\nContent-Length: 2\r\n\r\nok", "200 kept|Set-Cookie: a=1, b|set-cookie: c=2", "reused"},
		{"bytes above ASCII", "", ok11 + "X-A: caf\xe9\r\nContent-Length: 2\r\n\r\nok", "200 kept|X-A: caf\xe9", "reused"},
		{"an empty reason", "", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", "200 kept|first=HTTP/1.1 200 ", "reused"},
		{"no reason", "", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "200 kept|first=HTTP/1.1 200 ", "reused"},
		{"a reason of its own", "", "HTTP/1.1 200 Tr\xe8s bien!\r\nContent-Length: 2\r\n\r\nok", "200 kept|first=HTTP/1.1 200 Tr\xe8s bien!", "reused"},
		{"an unknown status", "", "HTTP/1.1 299 X\r\nContent-Length: 2\r\n\r\nok", "299 kept", "reused"},
		{"Server and Via", "", ok11 + "Server: s\r\nVia: 1.1 b\r\nContent-Length: 2\r\n\r\nok", "200 kept|Server: s|Via: 1.1 b", "reused"},
		{"a head of 60 KiB", "", ok11 + "X-A: " + long(60<<10) + "\r\nContent-Length: 2\r\n\r\nok", "200 kept|body=ok", "reused"},
		{"200 fields", "", ok11 + strings.Repeat("X-A: 1\r\n", 198) + "Content-Length: 2\r\n\r\nok", "200 kept", "reused"},
		{"byte by byte", "", "HTTP/1.1 |200 OK\r|\nContent-Le|ngth: 2\r\n\r|\no|k", "200 kept|body=ok", "reused"},
		{"501 passes", "", "HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n", "501 kept|first=HTTP/1.1 501 No", "reused"},

		// Versions.
		{"HTTP/1.0 with a length", "", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nokFIN", "200 kept|first=HTTP/1.1 200 OK|body=ok", "dropped"},
		{"HTTP/1.0 until the close", "", "HTTP/1.0 200 OK\r\n\r\nokFIN", "200 kept|Transfer-Encoding: chunked|body=ok", "dropped"},
		{"HTTP/1.0 kept", "", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "200 kept|!connection", "reused"},
		{"HTTP/1.0 both ways", g10, "HTTP/1.0 200 OK\r\n\r\nokFIN", "200 closed|body=ok|Connection: close|!chunked", "dropped"},
		{"chunks to HTTP/1.0", g10, chunk + "2\r\nok\r\n0\r\n\r\n", "200 closed|body=ok|!chunked|Connection: close", "reused"},
		{"chunks to HTTP/1.0 that keeps", g10kept, chunk + "2\r\nok\r\n0\r\n\r\n", "200 closed|body=ok|!chunked|Connection: close", "reused"},
		{"a length to HTTP/1.0 that keeps", g10kept, okLen, "200 kept|Connection: keep-alive|body=ok", "reused"},

		// Interim answers.
		{"100 unasked", "", "HTTP/1.1 100 Continue\r\n\r\n" + okLen, "100+200 kept|body=ok", "reused"},
		{"102", "", "HTTP/1.1 102 Processing\r\n\r\n" + okLen, "102+200 kept", "reused"},
		{"103", "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n|" + okLen, "103+200 kept", "reused"},
		{"several", "", "HTTP/1.1 103 A\r\n\r\n|HTTP/1.1 102 B\r\n\r\nHTTP/1.1 103 C\r\n\r\n" + okLen, "103+102+103+200 kept", "reused"},
		{"ten", "", strings.Repeat("HTTP/1.1 102 A\r\n\r\n", 10) + okLen, strings.Repeat("102+", 10) + "200 kept", "reused"},
		{"eleven", "", strings.Repeat("HTTP/1.1 102 A\r\n\r\n", 11) + okLen, strings.Repeat("102+", 10) + "502 kept", "dropped"},
		{"103 to HTTP/1.0", g10, "HTTP/1.1 103 Early Hints\r\n\r\n" + okLen, "200 closed|body=ok", "reused"},
		{"101 unasked", "", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "502 kept", "dropped"},
		{"101 asked, and not passed on", g11 + "Connection: upgrade\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "502 kept", "dropped"},
		{"an end after 103", "", "HTTP/1.1 103 A\r\n\r\nFIN", "103+502 kept", "dropped"},
		{"103 with a body", "", "HTTP/1.1 103 A\r\nContent-Length: 4\r\n\r\nevil" + okLen, "103+502 kept", "dropped"},
	}
}

func answeringBodies() []answering {
	return []answering{
		// Answers without a body.
		{"HEAD", "HEAD", ok11 + "Content-Length: 9\r\n\r\n", "200 kept|Content-Length: 9", "reused"},
		{"HEAD, chunked", "HEAD", ok11 + "Transfer-Encoding: chunked\r\n\r\n", "200 kept|!content-length", "reused"},
		{"HEAD, nothing said", "HEAD", ok11 + "\r\n", "200 kept|=" + ok11 + "\r\n", "reused"},
		{"HEAD with a body", "HEAD", ok11 + "Content-Length: 4\r\n\r\nevil", "200 kept", "dropped"},
		{"HEAD with a body behind", "HEAD", ok11 + "Content-Length: 4\r\n\r\n|evil", "200 kept", "dropped"},
		{"204", "", "HTTP/1.1 204 No\r\nDate: d\r\n\r\n", "204 kept|=HTTP/1.1 204 No\r\nDate: d\r\n\r\n", "reused"},
		{"204 with a length of 0", "", "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", "204 kept|!content-length", "reused"},
		{"204 with a body", "", "HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\nevil", "204 kept|!content-length", "dropped"},
		{"204 with chunks", "", "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "204 kept|!transfer-encoding", "dropped"},
		{"304", "", "HTTP/1.1 304 No\r\nETag: \"a\"\r\nContent-Length: 9\r\n\r\n", "304 kept|Content-Length: 9|ETag: \"a\"", "reused"},
		{"304 with a body", "", "HTTP/1.1 304 No\r\nContent-Length: 4\r\n\r\nevil", "304 kept", "dropped"},
		{"304 with chunks", "", "HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n", "304 kept|!transfer-encoding", "dropped"},
		{"205 with a length of 0", "", "HTTP/1.1 205 R\r\nContent-Length: 0\r\n\r\n", "205 kept|Content-Length: 0", "reused"},
		{"HEAD to HTTP/1.0 that keeps", "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ok11 + "Transfer-Encoding: chunked\r\n\r\n", "200 kept|Connection: keep-alive", "reused"},

		// Lengths.
		{"a length of 0", "", ok11 + "Content-Length: 0\r\n\r\n", "200 kept|body=|Content-Length: 0", "reused"},
		{"cut", "", ok11 + "Content-Length: 9\r\n\r\nokFIN", "200 cut|body=ok|Content-Length: 9", "dropped"},
		{"cut by a reset", "", ok11 + "Content-Length: 9\r\n\r\nokRST", "200 cut", "dropped"},
		{"cut at once", "", ok11 + "Content-Length: 9\r\n\r\nFIN", "200 cut", "dropped"},
		{"more than its length", "", okLen + "evil", "200 kept|body=ok", "dropped"},
		{"another answer behind", "", okLen + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "200 kept|body=ok", "dropped"},
		{"more than its length, a large one", "", ok11 + "Content-Length: 300000\r\n\r\n" + long(300000) + "evil", "200 kept|body=" + long(300000), "dropped"},
		{"more than its length, by parts", "", ok11 + "Content-Length: 4\r\n\r\nok|okevil", "200 kept|body=okok", "dropped"},

		// Chunks.
		{"chunks", "", chunk + "2\r\nok\r\n0\r\n\r\n", "200 kept|=" + chunk + "|body=ok", "reused"},
		{"chunks and extensions", "", chunk + "2;a=\"b\"\r\nok\r\n0;c\r\n\r\n", "200 kept|body=ok", "reused"},
		{"chunks by parts", "", chunk + "0|2\r|\no|k\r\n|0\r\n|\r\n", "200 kept|body=ok", "reused"},
		{"sizes in upper case", "", chunk + "A\r\n0123456789\r\n0\r\n\r\n", "200 kept|body=0123456789", "reused"},
		{"trailers", "", ok11 + "Trailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n", "200 kept|body=okX-T: 1\r\n|Trailer: X-T", "reused"},
		{"a length in the trailers", "", chunk + "2\r\nok\r\n0\r\nContent-Length: 1\r\n\r\n", "502 kept|X-Tidegate-Reason: bad_response", "dropped"},
		{"a cookie in the trailers", "", chunk + "2\r\nok\r\n0\r\nSet-Cookie: a\r\nX-T: 1\r\n\r\n", "200 kept|body=okX-T: 1\r\n", "reused"},
		{"malformed when some is out", "", chunk + "2\r\nok\r\n|zz\r\n", "200 cut", "dropped"},
		{"malformed, to HTTP/1.0", g10, chunk + "zz\r\n", "502 closed|Connection: close|!chunked", "dropped"},
		{"cut between chunks", "", chunk + "2\r\nok\r\nFIN", "200 cut", "dropped"},
		{"cut in a chunk", "", chunk + "9\r\nokFIN", "200 cut", "dropped"},
		{"cut after the last chunk", "", chunk + "2\r\nok\r\n0\r\nFIN", "200 cut", "dropped"},
		{"cut by a reset between chunks", "", chunk + "2\r\nok\r\nRST", "200 cut", "dropped"},
		{"a size that is none", "", chunk + "2\r\nok\r\nzz\r\nok\r\n0\r\n\r\n", "502 kept|X-Tidegate-Reason: bad_response", "dropped"},
		{"a size beyond 64 bits", "", chunk + "fffffffffffffffff\r\nok\r\n", "502 kept|X-Tidegate-Reason: bad_response", "dropped"},
		{"a bare LF after the size", "", chunk + "2\nok\r\n0\r\n\r\n", "502 kept|X-Tidegate-Reason: bad_response", "dropped"},
		{"data without its end", "", chunk + "2\r\nokok\r\n0\r\n\r\n", "502 kept|X-Tidegate-Reason: bad_response", "dropped"},
		{"more than the last chunk", "", chunk + "2\r\nok\r\n0\r\n\r\nevil", "200 kept|body=ok", "dropped"},
		{"cut chunks to HTTP/1.0", g10, chunk + "2\r\nok\r\nFIN", "200 cut", "dropped"},

		// Until the close.
		{"until the close", "", ok11 + "\r\nok|okFIN", "200 kept|body=okok|Transfer-Encoding: chunked", "dropped"},
		{"until the close, empty", "", ok11 + "\r\nFIN", "200 kept|body=", "dropped"},
		{"until the close, though it keeps", "", ok11 + "Connection: keep-alive\r\n\r\nokFIN", "200 kept|body=ok", "dropped"},
		{"until a reset", "", ok11 + "\r\nokRST", "200 cut", "dropped"},
		{"until a reset, to HTTP/1.0", g10, ok11 + "\r\nokRST", "200 cut", "dropped"},
		{"Connection: close and a length", "", ok11 + "Connection: close\r\nContent-Length: 2\r\n\r\nok", "200 kept|body=ok|!connection", "dropped"},

		// Early answers.
		{"during an upload", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n", "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno", "401 closed|Connection: close|body=no", "dropped"},
		{"during an upload of chunks", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n", "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n", "413 closed|Connection: close", "dropped"},
		{"and the end of the connection", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n", "HTTP/1.1 401 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nnoFIN", "401 closed|body=no", "dropped"},
		{"a whole request that is not read", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n\r\n\r\n", "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\nFIN", "400 kept", "dropped"},
	}
}

func answeringMalformed() []answering {
	rows := []answering{
		// Ends.
		{"nothing", "", "FIN", "502 kept|X-Tidegate-Reason: upstream_reset", "dropped"},
		{"a reset", "", "RST", "502 kept|X-Tidegate-Reason: upstream_reset", "dropped"},
		{"half a status line", "", "HTTP/1.1 20FIN", "502 kept", "dropped"},
		{"half a head", "", ok11 + "Content-LeFIN", "502 kept", "dropped"},
		{"a head without its end", "", ok11 + "Content-Length: 2\r\nFIN", "502 kept", "dropped"},
		{"to a HEAD", "HEAD", "garbage\r\n\r\n", "502 kept", "dropped"},
		{"to HTTP/1.0", g10, "garbage\r\n\r\n", "502 closed|Connection: close", "dropped"},
	}
	for name, say := range map[string]string{
		"garbage":                      "garbage\r\n\r\n",
		"an empty line before":         "\r\n" + okLen,
		"a body and no head":           "<html></html>\r\n",
		"HTTP/0.9":                     "hello\n",
		"HTTP/2.0":                     "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.2":                     "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"a version in lower case":      "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"another protocol":             "SSH-2.0-OpenSSH_9.6\r\n\r\n",
		"a status of two digits":       "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
		"a status of four digits":      "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
		"a status that is none":        "HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok",
		"a status of 099":              "HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nok",
		"a status of 600":              "HTTP/1.1 600 X\r\nContent-Length: 2\r\n\r\nok",
		"a negative status":            "HTTP/1.1 -20 X\r\nContent-Length: 2\r\n\r\nok",
		"two spaces before the status": "HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok",
		"a space before the line":      " HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"a bare LF":                    "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
		"a bare CR in a value":         ok11 + "X-A: 1\r2\r\nContent-Length: 2\r\n\r\nok",
		"NUL in a value":               ok11 + "X-A: \x00\r\nContent-Length: 2\r\n\r\nok",
		"NUL in the reason":            "HTTP/1.1 200 O\x00K\r\nContent-Length: 2\r\n\r\nok",
		"folding":                      ok11 + "X-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok",
		"a name with a space":          ok11 + "X A: 1\r\nContent-Length: 2\r\n\r\nok",
		"a space before the colon":     ok11 + "Content-Length : 2\r\n\r\nok",
		"no colon":                     ok11 + "X-A\r\nContent-Length: 2\r\n\r\nok",
		"length and coding":            ok11 + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":                  ok11 + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
		"a list of lengths":            ok11 + "Content-Length: 2, 3\r\n\r\nok",
		"a negative length":            ok11 + "Content-Length: -1\r\n\r\nok",
		"a length with a sign":         ok11 + "Content-Length: +2\r\n\r\nok",
		"a length beyond 64 bits":      ok11 + "Content-Length: 99999999999999999999\r\n\r\nok",
		"an unknown coding":            ok11 + "Transfer-Encoding: cow\r\n\r\nok",
		"gzip, chunked":                ok11 + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"chunked twice":                ok11 + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
		"chunked in HTTP/1.0":          "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a head over the limit":        ok11 + "X-A: " + long(65<<10) + "\r\nContent-Length: 2\r\n\r\nok",
		"a status line over the limit": "HTTP/1.1 200 " + long(9<<10) + "\r\nContent-Length: 2\r\n\r\nok",
		"201 fields":                   ok11 + strings.Repeat("X-A: 1\r\n", 200) + "Content-Length: 2\r\n\r\nok",
	} {
		rows = append(rows, answering{name, "", say, "502 kept|X-Tidegate-Reason: bad_response", "dropped"})
	}
	return rows
}
