#!/usr/bin/env bash
# Runs every fuzz target of the repository for the time given, one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}
grep -rEo --include='*_test.go' '^func (Fuzz[A-Za-z0-9_]+)' . | sort | while IFS=: read -r file match; do
  target=${match#func }
  echo "== $(dirname "$file") $target"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$(dirname "$file")"
done
