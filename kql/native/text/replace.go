package text

import (
	"fmt"
	"strings"
)

// Bounds of replace_strings: how many bytes and pieces are looked at, and how
// long a text becomes.
const (
	maxLooked   = 1 << 29
	maxReplaced = 64 << 20
)

// piece is a part of a text; one that was put in is not looked at again.
type piece struct {
	text string
	done bool
}

// replaceStrings replaces several texts. They are looked for one after the
// other, each in what those before it left as it was. Where the replacement is
// no text, what was found stays, and is not looked at again either.
func replaceStrings(args []any) (any, error) {
	source, _ := args[0].(string)
	lookups, _ := args[1].([]any)
	rewrites, _ := args[2].([]any)
	pieces := []piece{{text: source}}
	looked := 0
	for i, l := range lookups {
		if looked += len(source) + len(pieces); looked > maxLooked {
			return nil, fmt.Errorf("%d texts to look for are too many for a text of %d bytes", len(lookups), len(source))
		}
		lookup, ok := l.(string)
		if !ok || lookup == "" || !strings.Contains(source, lookup) {
			continue
		}
		rewrite := lookup
		if i < len(rewrites) {
			if s, ok := rewrites[i].(string); ok {
				rewrite = s
			}
		}
		pieces = cutOut(pieces, lookup, rewrite)
	}
	return joined(pieces)
}

func cutOut(pieces []piece, lookup, rewrite string) []piece {
	var cut []piece
	for _, p := range pieces {
		if p.done {
			cut = append(cut, p)
			continue
		}
		for i, part := range strings.Split(p.text, lookup) {
			if i > 0 {
				cut = append(cut, piece{rewrite, true})
			}
			if part != "" {
				cut = append(cut, piece{text: part})
			}
		}
	}
	return cut
}

func joined(pieces []piece) (any, error) {
	size := 0
	for _, p := range pieces {
		size += len(p.text)
	}
	if size > maxReplaced {
		return nil, fmt.Errorf("the text becomes longer than %d MB", maxReplaced>>20)
	}
	var b strings.Builder
	b.Grow(size)
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return b.String(), nil
}
