package admin

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidegate/tidegate/config"
)

// reloadJSON is what became of the configuration file, as told.
type reloadJSON struct {
	OK           bool             `json:"ok"`
	Last         time.Time        `json:"last_success"`
	Successes    uint64           `json:"successes"`
	Failures     uint64           `json:"failures"`
	FailedAt     *time.Time       `json:"failed_at,omitempty"`
	Error        string           `json:"error,omitempty"`
	Problems     []config.Problem `json:"problems,omitempty"`
	NeedsRestart []string         `json:"needs_restart"`
}

// config shows the configuration in force and what became of the last reload. The text is YAML,
// with the rest in comments.
func (a *api) config(w http.ResponseWriter, r *http.Request) error {
	t, asJSON, err := a.look(r)
	if err != nil {
		return err
	}
	reload := a.gateway.Reload()
	if !asJSON {
		w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
		w.Write([]byte(configText(t.Config, reload))) // the client may be gone; that is its affair
		return nil
	}
	told := reloadJSON{
		OK: reload.OK, Last: reload.Last, Successes: reload.Successes, Failures: reload.Failures,
		NeedsRestart: append([]string{}, reload.NeedsRestart...),
	}
	if reload.Err != nil {
		told.FailedAt, told.Error = &reload.ErrAt, reload.Err.Error()
		var problems config.Problems
		if errors.As(reload.Err, &problems) {
			told.Problems = problems
		}
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{
		"file": t.Config.Name(), "hash": reload.Hash, "reload": told, "yaml": string(t.Config.YAML()),
	})
	return nil
}

func configText(c *config.Config, reload Reload) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, hash %s, in force since %s.\n", c.Name(), reload.Hash, reload.Last.UTC().Format(time.RFC3339))
	fmt.Fprintf(&b, "# All defaults are filled in. Of all loads, the start among them, %d succeeded and %d failed.\n", reload.Successes, reload.Failures)
	if len(reload.NeedsRestart) > 0 {
		fmt.Fprintf(&b, "# NEEDS A RESTART to come into force: %s\n", strings.Join(reload.NeedsRestart, ", "))
	}
	if reload.Err != nil {
		fmt.Fprintf(&b, "# THE LAST RELOAD FAILED at %s; what follows is the last good configuration.\n", reload.ErrAt.UTC().Format(time.RFC3339))
		for line := range strings.Lines(reload.Err.Error()) {
			b.WriteString("#   " + strings.TrimRight(line, "\r\n") + "\n")
		}
	}
	b.WriteString("\n")
	b.Write(c.YAML())
	return b.String()
}
