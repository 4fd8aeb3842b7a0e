// Package config is the room where an operator's YAML becomes a checked Config.
//
// Its door is [Load] (and [LoadFile]): bytes in, a complete Config or every mistake at once out,
// each with its place in the file and what to write instead. [Watcher] keeps looking at the file
// and reports what it finds. Nothing else in the program reads YAML or watches files.
//
// A file passes through four steps: the YAML library parses it into nodes (syntax.go makes its
// errors readable), bind.go lays the nodes over the types of config.go (names, types, units,
// ${VAR}), check.go judges what the values mean together and fills the defaults that depend on
// others, and problem.go sorts, redacts and prints what was found.
//
// To add a setting: add the field to config.go with its yaml name, its default tag and a comment,
// say in check.go what is allowed, and show it in gateway.example.yaml (a test insists on it). A new
// unit is a type with String, MarshalText and UnmarshalText in units.go or values.go. A new
// Secret must be added to secretPaths in redact.go (a test insists on that, too).
package config
