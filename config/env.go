package config

import (
	"slices"
	"strings"
)

// expand replaces ${NAME}, ${NAME:-default} and ${NAME:?message} in the text of a value; $${ stands
// for a plain ${. It works on values after parsing, so a variable cannot change the shape of the
// file, and positions stay true. used names the variables that took part.
func expand(text string, env func(string) (string, bool)) (out string, used []string, err error) {
	if !strings.Contains(text, "${") {
		return text, nil, nil
	}
	var b strings.Builder
	for text != "" {
		at := strings.Index(text, "${")
		if at < 0 {
			b.WriteString(text)
			break
		}
		if at > 0 && text[at-1] == '$' {
			b.WriteString(text[:at-1])
			b.WriteString("${")
			text = text[at+2:]
			continue
		}
		b.WriteString(text[:at])
		end := strings.IndexByte(text[at:], '}')
		if end < 0 {
			return "", used, &wrong{"${ is not closed", "write ${NAME}, or $${ for a plain ${"}
		}
		inner := text[at+2 : at+end]
		text = text[at+end+1:]
		value, name, err := variable(inner, env)
		if err != nil {
			return "", used, err
		}
		used = append(used, name)
		b.WriteString(value)
	}
	return b.String(), used, nil
}

// variable finds the value of what stands between the braces.
func variable(inner string, env func(string) (string, bool)) (value, name string, err error) {
	name, rest := inner, ""
	if i := strings.IndexByte(inner, ':'); i >= 0 {
		name, rest = inner[:i], inner[i:]
	}
	if !isName(name) || rest != "" && !strings.HasPrefix(rest, ":-") && !strings.HasPrefix(rest, ":?") {
		return "", name, &wrong{"${" + inner + "} is not a variable", "write ${NAME}, ${NAME:-default} or ${NAME:?message}, or $${ for a plain ${"}
	}
	if strings.Contains(rest, "${") {
		return "", name, &wrong{"${" + name + "...}: a default cannot hold another variable", ""}
	}
	value, set := env(name)
	switch {
	case strings.HasPrefix(rest, ":-") && value == "":
		return rest[2:], name, nil
	case strings.HasPrefix(rest, ":?") && value == "":
		message := rest[2:]
		if message == "" {
			message = "it must be set"
		}
		return "", name, &wrong{"environment variable " + name + ": " + message, ""}
	case !set:
		return "", name, &wrong{"environment variable " + name + " is not set", "set it, or write ${" + name + ":-default}"}
	}
	return value, name, nil
}

func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		letter := s[i] == '_' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}

// escape undoes expand: its result expands to text.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// soundsSecret tells whether a variable's value should not be repeated in a message.
func soundsSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"token", "secret", "passw", "credential", "key"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}
