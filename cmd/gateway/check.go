package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/tidegate/tidegate/config"
	"github.com/tidegate/tidegate/router"
)

// check prints everything that is wrong with a file.
func check(w io.Writer, file, output string) error {
	table, found, err := compile(file)
	if err != nil {
		if output != "json" {
			return &exit{exitConfig, err}
		}
		found = config.Problems{{File: file, Message: err.Error()}} // a program reads standard output only
	}
	if output == "json" {
		type problem struct {
			File    string `json:"file"`
			Line    int    `json:"line"`
			Column  int    `json:"column"`
			Path    string `json:"path"`
			Message string `json:"message"`
			Hint    string `json:"hint,omitempty"`
		}
		out := struct {
			OK       bool      `json:"ok"`
			Problems []problem `json:"problems"`
		}{OK: len(found) == 0, Problems: []problem{}}
		for _, p := range found {
			out.Problems = append(out.Problems, problem{p.File, p.Line, p.Column, p.Path, p.Message, p.Hint})
		}
		if err := printJSON(w, out); err != nil {
			return err
		}
	} else if len(found) > 0 {
		fmt.Fprintln(w, found.Error())
		fmt.Fprintf(w, "\n%s in %s\n", count(len(found), "problem"), file)
	} else {
		fmt.Fprintf(w, "%s is well: %s, %s, %s\n", file,
			count(len(table.Routes()), "route"), count(len(table.Services()), "service"), count(len(table.Endpoints()), "endpoint"))
	}
	if len(found) > 0 {
		return &exit{code: exitConfig}
	}
	return nil
}

// compile does everything a reload does but put it in force, and goes on where a reload would stop, so that
// all problems are told at once.
func compile(file string) (*router.Table, config.Problems, error) {
	c, found, err := config.DraftFile(file)
	if err != nil || c == nil {
		return nil, found, err
	}
	if found = router.Check(c, found); len(found) > 0 {
		return nil, found, nil
	}
	table, err := router.Compile(c, nil, nil, func() {})
	return table, nil, err
}

// count is n and its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// build is which tidegate this is.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Date    string `json:"date,omitempty"`
	Go      string `json:"go"`
}

func (b build) String() string {
	s := b.Version
	if b.Commit != "" {
		s += " " + b.Commit
	}
	if b.Date != "" {
		s += " " + b.Date
	}
	return s + " " + b.Go
}

// version reads what the Go tool wrote into the binary.
func version() build {
	b := build{Version: "devel", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value[:min(12, len(s.Value))]
		case "vcs.time":
			b.Date = s.Value
		}
	}
	return b
}
