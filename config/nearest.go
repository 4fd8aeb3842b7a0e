package config

import "strings"

// Nearest returns the word among known that word is most likely a slip of, or "" when none is near
// enough to be worth a "did you mean". Case does not count. Of several equally near ones it is the
// first in known.
func Nearest(word string, known []string) string {
	if word == "" || len(word) > 64 {
		return ""
	}
	best, bestDistance := "", 1+max(1, len(word)/3)
	for _, k := range known {
		if diff := len(k) - len(word); diff >= bestDistance || -diff >= bestDistance {
			continue
		}
		// A word of which nothing is right is no slip.
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < bestDistance && d < max(len(word), len(k)) {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance: how many letters were left out, added,
// mistaken or swapped with their neighbour.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
