package http1

import (
	"strings"
	"testing"
)

var roomy = Limits{Line: 8 << 10, Fields: 32 << 10, Count: 100}

const curlLike = "GET /api/v1/orders/12345?expand=items HTTP/1.1\r\n" +
	"Host: shop.example.com\r\n" +
	"User-Agent: curl/8.5.0\r\n" +
	"Accept: */*\r\n" +
	"X-Region: cn-north\r\n" +
	"X-Trace: 4bf92f3577b34da6\r\n\r\n"

const browserLike = "GET /assets/app.js?v=20 HTTP/1.1\r\n" +
	"Host: shop.example.com\r\n" +
	"Connection: keep-alive\r\n" +
	"sec-ch-ua: \"Chromium\";v=\"120\", \"Not A(Brand\";v=\"24\"\r\n" +
	"sec-ch-ua-mobile: ?0\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\r\n" +
	"sec-ch-ua-platform: \"Linux\"\r\n" +
	"Accept: */*\r\n" +
	"Sec-Fetch-Site: same-origin\r\n" +
	"Sec-Fetch-Mode: no-cors\r\n" +
	"Sec-Fetch-Dest: script\r\n" +
	"Referer: https://shop.example.com/\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\n" +
	"Accept-Language: en-GB,en;q=0.9\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1\r\n\r\n"

const answer = "HTTP/1.1 200 OK\r\n" +
	"Server: nginx\r\n" +
	"Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n" +
	"Content-Type: application/json\r\n" +
	"Content-Length: 128\r\n" +
	"Connection: keep-alive\r\n" +
	"ETag: \"abc\"\r\n\r\n"

func BenchmarkRequest(b *testing.B) {
	for name, text := range map[string]string{"curl": curlLike, "browser": browserLike} {
		b.Run(name, func(b *testing.B) {
			head := []byte(text)
			var r Request
			b.ReportAllocs()
			b.SetBytes(int64(len(head)))
			for b.Loop() {
				r.Reset()
				if done, err := r.Parse(head, roomy); !done || err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkResponse(b *testing.B) {
	head := []byte(answer)
	var r Response
	b.ReportAllocs()
	b.SetBytes(int64(len(head)))
	for b.Loop() {
		r.Reset()
		if done, err := r.Parse(head, roomy, false); !done || err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendFields(b *testing.B) {
	for name, text := range map[string]string{"curl": curlLike, "browser": browserLike} {
		b.Run(name, func(b *testing.B) {
			head := []byte(text)
			var r Request
			if done, err := r.Parse(head, roomy); !done || err != nil {
				b.Fatal(err)
			}
			drop := Set(NameHost, NameXRegion, NameXForwardedFor)
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = AppendFields(dst[:0], head, r.Fields, drop)
			}
		})
	}
}

func BenchmarkChunks(b *testing.B) {
	body := []byte(strings.Repeat("400\r\n"+strings.Repeat("x", 1024)+"\r\n", 16) + LastChunk)
	var c Chunks
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		c.Reset()
		for in := body; ; {
			n, _, done, err := c.Next(in)
			if err != nil {
				b.Fatal(err)
			}
			if done {
				break
			}
			in = in[n:]
		}
	}
}

func BenchmarkNormalizePath(b *testing.B) {
	for name, text := range map[string]string{"normal": "/api/v1/orders/12345", "escaped": "/api/%7Euser/../v1/a%2fb"} {
		b.Run(name, func(b *testing.B) {
			p := []byte(text)
			scratch := make([]byte, 0, 64)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := NormalizePath(scratch, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendHost(b *testing.B) {
	host := []byte("Shop.Example.com:8080")
	scratch := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendHost(scratch, host); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	head := []byte(browserLike)
	var r Request
	if done, err := r.Parse(head, roomy); !done || err != nil {
		b.Fatal(err)
	}
	b.Run("field", func(b *testing.B) {
		for b.Loop() {
			r.Lookup(head, "Accept-Language")
		}
	})
	b.Run("cookie", func(b *testing.B) {
		for b.Loop() {
			r.Cookie(head, "theme")
		}
	})
}
