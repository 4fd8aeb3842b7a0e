package config

import (
	"crypto/sha256"
	"encoding/hex"
	"os"

	yaml "go.yaml.in/yaml/v4"
)

// source is the file a Config came from.
type source struct {
	name string
	hash string
}

// Load reads a configuration. The error is Problems when the file is at fault.
func Load(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	c := &Config{}
	if err := yaml.Load(data, c, yaml.WithV4Defaults(), yaml.WithKnownFields()); err != nil {
		return nil, Problems{{File: name, Message: err.Error()}}
	}
	sum := sha256.Sum256(data)
	c.source = &source{name: name, hash: hex.EncodeToString(sum[:6])}
	return c, nil
}

// LoadFile reads the configuration in a file.
func LoadFile(name string) (*Config, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Load(name, data, os.LookupEnv)
}

// Name is the name of the file c was loaded from, "" if none.
func (c *Config) Name() string {
	if c.source == nil {
		return ""
	}
	return c.source.name
}

// Hash is a short hash of the file's content, "" if c was not loaded from a file.
func (c *Config) Hash() string {
	if c.source == nil {
		return ""
	}
	return c.source.hash
}

// YAML is the effective configuration with all defaults, secrets as "***".
func (c *Config) YAML() []byte { return nil }

// NeedsRestart lists the keys that differ and cannot be reloaded.
func NeedsRestart(old, next *Config) []string { return nil }
