package config

import (
	yaml "go.yaml.in/yaml/v4"
)

// YAML is the effective configuration: every field with its value, defaults included, secrets as
// "***". Loading it again gives the same configuration, but for the secrets.
func (c *Config) YAML() []byte {
	// The dump goes through nodes a second time, since only they know styles: lists of plain values
	// and endpoints are short enough for one line each.
	plain, err := yaml.Dump(c, yaml.WithV4Defaults())
	if err != nil {
		panic("BUG: configuration cannot be dumped: " + err.Error())
	}
	var doc yaml.Node
	if err := yaml.Load(plain, &doc, yaml.WithV4Defaults()); err != nil {
		panic("BUG: dumped configuration does not parse: " + err.Error())
	}
	tidy(&doc, 0)
	out, err := yaml.Dump(&doc, yaml.WithV4Defaults(), yaml.WithLineWidth(-1), yaml.WithCompactSeqIndent(false))
	if err != nil {
		panic("BUG: configuration cannot be dumped: " + err.Error())
	}
	return out
}

// tidy drops what is not set, puts short things on one line, and escapes text that would be taken
// for a variable.
func tidy(n *yaml.Node, depth int) {
	switch n.Kind {
	case yaml.ScalarNode:
		n.Value = escape(n.Value)
	case yaml.MappingNode:
		kept := n.Content[:0]
		for i := 0; i+1 < len(n.Content); i += 2 {
			if isNull(n.Content[i+1]) {
				continue
			}
			tidy(n.Content[i+1], depth+1)
			kept = append(kept, n.Content[i], n.Content[i+1])
		}
		n.Content = kept
	default:
		for _, entry := range n.Content {
			tidy(entry, depth+1)
		}
	}
	if flat(n) && depth > 2 || n.Kind == yaml.SequenceNode && flat(n) {
		n.Style |= yaml.FlowStyle
	}
}

// flat tells whether a list or mapping holds nothing but scalars.
func flat(n *yaml.Node) bool {
	for _, entry := range n.Content {
		if entry.Kind != yaml.ScalarNode {
			return false
		}
	}
	return n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode
}
