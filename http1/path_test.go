package http1

import "testing"

func TestNormalizePath(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "/",
		"/":                "/",
		"/a":               "/a",
		"/a/":              "/a/",
		"/a/b.c":           "/a/b.c",
		"//":               "/",
		"///":              "/",
		"//a":              "/a",
		"/a//b":            "/a/b",
		"/a//":             "/a/",
		"/a///b//":         "/a/b/",
		"/.":               "/",
		"/./":              "/",
		"/./a":             "/a",
		"/a/.":             "/a/",
		"/a/./":            "/a/",
		"/a/./b":           "/a/b",
		"/a/..":            "/",
		"/a/../":           "/",
		"/a/../b":          "/b",
		"/a/b/..":          "/a/",
		"/a/b/../":         "/a/",
		"/a/b/../c":        "/a/c",
		"/a/b/../../c":     "/c",
		"/a/b/../../":      "/",
		"/a/./../b":        "/b",
		"/...":             "/...",
		"/..a":             "/..a",
		"/a..":             "/a..",
		"/.a":              "/.a",
		"/.well-known/x":   "/.well-known/x",
		"/a/.b/..c/d":      "/a/.b/..c/d",
		"/%41":             "/A",
		"/%7euser":         "/~user",
		"/%7Euser":         "/~user",
		"/%61%2d%5f%2E%7e": "/a-_.~",
		"/%2e":             "/",
		"/%2E/a":           "/a",
		"/a/%2e%2e":        "/",
		"/a/%2e./b":        "/b",
		"/a/.%2E/b":        "/b",
		"/a%2fb":           "/a%2Fb",
		"/a%2Fb":           "/a%2Fb",
		"/a%5cb":           "/a%5Cb",
		"/%2f":             "/%2F",
		"/a%20b":           "/a%20b",
		"/%e4%bd%a0":       "/%E4%BD%A0",
		"/a%3fb%23":        "/a%3Fb%23",
		"/%252e%252e/a":    "/%252e%252e/a",
		"/%25":             "/%25",
		"/%0d%0a":          "/%0D%0A",
		"/a;b=c/d":         "/a;b=c/d",
		"/a/../b%2fc":      "/b%2Fc",
		"/a%2f...":         "/a%2F...",
		"/a%2f.b":          "/a%2F.b",
	} {
		scratch := make([]byte, 0, 4)
		got, err := NormalizePath(scratch, []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s: %s %v, want %s", in, got, err, want)
		}
	}
	for in, want := range map[string]*Error{
		"a":              ErrPath,
		"*":              ErrPath,
		"%2fa":           ErrPath,
		"/%":             ErrPathEscape,
		"/%4":            ErrPathEscape,
		"/%4g":           ErrPathEscape,
		"/%g4":           ErrPathEscape,
		"/%%41":          ErrPathEscape,
		"/%u0041":        ErrPathEscape,
		"/% 41":          ErrPathEscape,
		"/%00":           ErrPathEscape,
		"/a%00.html":     ErrPathEscape,
		"/..":            ErrPathRoot,
		"/../":           ErrPathRoot,
		"/../a":          ErrPathRoot,
		"/a/../..":       ErrPathRoot,
		"/a/../../b":     ErrPathRoot,
		"/./..":          ErrPathRoot,
		"/%2e%2e/a":      ErrPathRoot,
		"/%2e%2e%2fa":    ErrPathHidden,
		"/..%2fa":        ErrPathHidden,
		"/a%2f..":        ErrPathHidden,
		"/a%2F%2e%2E":    ErrPathHidden,
		"/a/..%2f..%2fb": ErrPathHidden,
		"/a/..%5cb":      ErrPathHidden,
		"/a/b%5c..":      ErrPathHidden,
		"/a/..\\b":       ErrPathHidden,
		"/a/.\\b":        ErrPathHidden,
		"/.%2fa":         ErrPathHidden,
		"/a/..;/b":       ErrPathHidden,
		"/a/..;x=y/b":    ErrPathHidden,
		"/a/.;/b":        ErrPathHidden,
		"/a/%2e%2e;/b":   ErrPathHidden,
		"/a/..;%2fb":     ErrPathHidden,
		"//..":           ErrPathHidden,
		"/a//../b":       ErrPathHidden,
		"/a//b/../c":     ErrPathHidden,
		"/a%2fb/../c":    ErrPathHidden,
		"/a\\b/../c":     ErrPathHidden,
	} {
		if got, err := NormalizePath(nil, []byte(in)); err != error(want) {
			t.Errorf("%s: %s %v, want %v", in, got, err, want)
		}
	}
	p := []byte("/api/v1/.well-known/a.b;c")
	if got, err := NormalizePath(nil, p); err != nil || &got[0] != &p[0] {
		t.Error("a normal path was copied")
	}
}

func FuzzNormalizePath(f *testing.F) {
	for _, p := range []string{"/", "/a/../b", "/a//b", "/%2e%2e/a", "/a%2fb/..", "/..;/a", "/a/.%2E/%41%zz", "/.a/..b", "/a\\..\\b", "/x/./y/."} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		in := []byte(p)
		got, err := NormalizePath(nil, in)
		if string(in) != p {
			t.Fatalf("%q: input changed to %q", p, in)
		}
		if err != nil {
			return
		}
		if len(got) == 0 || got[0] != '/' {
			t.Fatalf("%q: %q", p, got)
		}
		again, err := NormalizePath(nil, got)
		if err != nil || string(again) != string(got) {
			t.Fatalf("%q: %q, and that becomes %q %v", p, got, again, err)
		}
		segment := 0
		for i := 1; i <= len(got); i++ {
			if i < len(got) && got[i] != '/' {
				continue
			}
			switch s := string(got[segment+1 : i]); {
			case s == "." || s == "..":
				t.Fatalf("%q: dot segment in %q", p, got)
			case s == "" && i < len(got):
				t.Fatalf("%q: empty segment in %q", p, got)
			}
			segment = i
		}
		// A copy in scratch says the same as no copy.
		if scratch, err := NormalizePath(make([]byte, 3, 8), in); err != nil || string(scratch) != string(got) {
			t.Fatalf("%q: %q with scratch, %q without", p, scratch, got)
		}
	})
}
