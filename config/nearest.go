package config

import (
	"fmt"
	"strings"
)

// What a slip costs: a letter too many, one too few, or two that changed places are likelier than a
// wrong letter. With that cn-west is no slip of cn-east, but cn-esat is.
const (
	slipCost  = 2
	wrongCost = 3
)

// maxListed is how many words a hint lists at most.
const maxListed = 12

// DidYouMean is the hint for a word that is none of those known: the one it is most likely a slip
// of, or "".
func DidYouMean(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// Among is DidYouMean, or, where nothing is near, the list of all that are known if they are few.
func Among(word string, known []string) string {
	hint := DidYouMean(word, known)
	if hint == "" && len(known) > 0 && len(known) <= maxListed {
		hint = "there are: " + strings.Join(known, ", ")
	}
	return hint
}

// nearest returns the word among known that word is most likely a slip of, or "" when none is near
// enough to be worth a "did you mean". Case does not count. Of several equally near ones it is the
// first in known.
func nearest(word string, known []string) string {
	if word == "" || len(word) > 64 {
		return ""
	}
	best, limit := "", 1+max(wrongCost, len(word)*2/5)
	for _, k := range known {
		if diff := slipCost * (len(k) - len(word)); diff >= limit || -diff >= limit {
			continue
		}
		d := distance(strings.ToLower(word), strings.ToLower(k))
		if d < limit && d <= max(len(word), len(k)) { // else too little of the word is right
			best, limit = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance: what the letters cost that were left out,
// added, mistaken or swapped with their neighbour.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j * slipCost
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i * slipCost
		for j := 1; j <= len(b); j++ {
			cost := wrongCost
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+slipCost, row[j-1]+slipCost, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+slipCost)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
