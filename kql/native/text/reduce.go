package text

import (
	"sort"
	"strings"
	"unicode"
)

// Bounds of reduce. A text beyond them counts among the others.
const (
	maxTerms    = 200
	maxClusters = 2000
)

// cluster is a group of texts with the same number of terms, most of which are
// the same.
type cluster struct {
	terms          []term
	count          int64
	representative string
	members        []int
}

// term is a run of letters and digits, and the text before it. A term in which
// the texts of a cluster differ is a star.
type term struct {
	before, text string
	star         bool
}

// reduce finds patterns in the texts of args[0], pairs of text and number, and
// gives an array for each: pattern, number, and one of the texts. A text joins
// the cluster that shares the greatest part of its terms with it, if that is at
// least the threshold in args[1]; the characters in args[2] part terms too.
// Texts that are alone are counted as others. With args[3] the array has one
// element for each text, with the text itself as its last.
func reduce(args []any) (any, error) {
	list, _ := args[0].([]any)
	threshold, _ := args[1].(float64)
	characters, _ := args[2].(string)
	texts, _ := args[3].(bool)
	var clusters []*cluster
	byTerms := map[int][]*cluster{}
	others := &cluster{}
	all := make([]string, len(list))
	for i, element := range list {
		pair, _ := element.([]any)
		if len(pair) != 2 {
			continue
		}
		source, _ := pair[0].(string)
		count, _ := pair[1].(int64)
		all[i] = source
		terms := split(source, characters)
		c := nearest(byTerms[len(terms)], terms, threshold)
		switch {
		case c == nil && (len(clusters) >= maxClusters || len(terms) > maxTerms):
			c = others
		case c == nil:
			c = &cluster{terms: terms, representative: source}
			clusters = append(clusters, c)
			byTerms[len(terms)] = append(byTerms[len(terms)], c)
		}
		c.merge(terms)
		c.count += count
		c.members = append(c.members, i)
	}
	return clustered(clusters, others, all, characters, texts), nil
}

// clustered gives the rows of the result.
func clustered(clusters []*cluster, others *cluster, all []string, characters string, texts bool) []any {
	var kept []*cluster
	for _, c := range clusters {
		if c.count > 1 {
			kept = append(kept, c)
			continue
		}
		others.count += c.count
		others.members = append(others.members, c.members...)
	}
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].count > kept[j].count })
	if others.count > 0 {
		kept = append(kept, others)
	}
	rows := []any{}
	for _, c := range kept {
		pattern := "others"
		if c != others {
			pattern = c.pattern(characters)
		}
		if !texts {
			rows = append(rows, []any{pattern, c.count, c.representative})
			continue
		}
		for _, i := range c.members {
			rows = append(rows, []any{pattern, c.count, c.representative, all[i]})
		}
	}
	return rows
}

// split cuts a text into terms.
func split(source, characters string) []term {
	var terms []term
	begin, inTerm := 0, false
	last := 0
	flush := func(end int) {
		terms = append(terms, term{before: source[last:begin], text: source[begin:end]})
		last = end
	}
	for i, c := range source {
		isTerm := (unicode.IsLetter(c) || unicode.IsDigit(c)) && !strings.ContainsRune(characters, c)
		switch {
		case isTerm && !inTerm:
			begin, inTerm = i, true
		case !isTerm && inTerm:
			flush(i)
			inTerm = false
		}
	}
	if inTerm {
		flush(len(source))
	}
	if last < len(source) {
		terms = append(terms, term{before: source[last:]})
	}
	for i, t := range terms {
		digits := t.text != "" && strings.Trim(t.text, "0123456789") == ""
		terms[i].star = digits && len(terms) > 1
	}
	return terms
}

// nearest returns the cluster that shares the most terms, or nil.
func nearest(clusters []*cluster, terms []term, threshold float64) *cluster {
	var best *cluster
	most := 0.0
	for _, c := range clusters {
		same := 0
		for i, t := range c.terms {
			if t.text == terms[i].text && t.text != "" {
				same++
			}
		}
		part := 0.0
		if same > 0 {
			part = float64(same) / float64(len(terms))
		}
		if part > most && part >= threshold {
			best, most = c, part
		}
	}
	return best
}

// merge takes a text into the cluster.
func (c *cluster) merge(terms []term) {
	for i := range c.terms {
		if i < len(terms) && c.terms[i].text != terms[i].text {
			c.terms[i].star = true
		}
	}
}

// pattern writes the terms, with a star for those that differ. A star swallows
// the separators that the query has named.
func (c *cluster) pattern(characters string) string {
	var b strings.Builder
	star := false
	for _, t := range c.terms {
		between := t.before
		if star || t.star {
			between = strings.Trim(between, characters)
		}
		b.WriteString(between)
		switch {
		case !t.star:
			b.WriteString(t.text)
		case !star || between != "":
			b.WriteByte('*')
		}
		star = t.star
	}
	return b.String()
}
