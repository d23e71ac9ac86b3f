package cluster

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
)

// maxTokens bounds the words of all texts together.
const maxTokens = 5_000_000

// textRow is the words of a text and the side that it is on.
type textRow struct {
	words []string
	side  bool
}

// textDifferences finds runs of words that a much greater share of the texts on
// one side has. Arguments: rows [text, side], least words, threshold, most
// words.
//
// A run begins with a word that differs enough. It grows by the word that most
// of its texts have at the next place; where they differ there is an asterisk.
func textDifferences(args []any) (any, error) {
	table, err := tableOf(args[0])
	if err != nil {
		return nil, err
	}
	least, _ := args[1].(int64)
	threshold, _ := args[2].(float64)
	most, _ := args[3].(int64)
	t := &texts{threshold: max(threshold, 0.015), most: int(min(max(most, 1), 20)), least: int(least)}
	total := 0
	for _, row := range table {
		if len(row) < 2 {
			continue
		}
		text, _ := row[0].(string)
		side, _ := row[1].(bool)
		words := strings.Fields(text)
		if total += len(words); total > maxTokens {
			return nil, errPatterns
		}
		t.rows = append(t.rows, textRow{words, side})
		t.sides[index(side)]++
	}
	return t.differences()
}

type texts struct {
	rows        []textRow
	sides       [2]float64
	threshold   float64
	least, most int
	work        int
}

func index(side bool) int {
	if side {
		return 1
	}
	return 0
}

// place is where a run of words begins in a text.
type place struct{ row, at int }

type run struct {
	words  []string
	places []place
	counts [2]float64
}

func (t *texts) share(counts [2]float64) float64 {
	a, b := 0.0, 0.0
	if t.sides[1] > 0 {
		a = counts[1] / t.sides[1]
	}
	if t.sides[0] > 0 {
		b = counts[0] / t.sides[0]
	}
	return a - b
}

func (t *texts) differences() (any, error) {
	first := map[string]*run{}
	for i, row := range t.rows {
		seen := map[string]bool{}
		for at, word := range row.words {
			if seen[word] {
				continue
			}
			seen[word] = true
			if first[word] == nil {
				first[word] = &run{words: []string{word}}
			}
			r := first[word]
			r.places = append(r.places, place{i, at})
			r.counts[index(row.side)]++
		}
	}
	var seeds []*run
	for _, word := range slices.Sorted(maps.Keys(first)) {
		if math.Abs(t.share(first[word].counts)) >= t.threshold {
			seeds = append(seeds, first[word])
		}
	}
	slices.SortStableFunc(seeds, func(a, b *run) int {
		return cmp.Compare(math.Abs(t.share(b.counts)), math.Abs(t.share(a.counts)))
	})
	return t.written(seeds[:min(len(seeds), 1000)])
}

// written grows the seeds and leaves out those whose texts an earlier run has.
func (t *texts) written(seeds []*run) (any, error) {
	covered := [2]map[int]bool{{}, {}}
	out := []any{}
	for _, seed := range seeds {
		side := covered[index(t.share(seed.counts) > 0)]
		fresh := 0
		for _, p := range seed.places {
			if !side[p.row] {
				fresh++
			}
		}
		if fresh*2 < len(seed.places) {
			continue
		}
		r := t.grow(seed)
		if t.work > maxVisited {
			return nil, errPatterns
		}
		words := slices.DeleteFunc(slices.Clone(r.words), func(w string) bool { return w == "*" })
		if len(words) < t.least || math.Abs(t.share(r.counts)) < t.threshold {
			continue
		}
		for _, p := range seed.places {
			side[p.row] = true
		}
		a, b := 0.0, 0.0
		if t.sides[1] > 0 {
			a = r.counts[1] / t.sides[1]
		}
		if t.sides[0] > 0 {
			b = r.counts[0] / t.sides[0]
		}
		out = append(out, []any{whole(r.counts[1]), whole(r.counts[0]), percent(a), percent(b), strings.Join(r.words, " ")})
	}
	return out, nil
}

// grow extends a run to both sides while nearly all of its texts agree.
func (t *texts) grow(r *run) *run {
	for _, step := range []int{1, -1} {
		gap := 0
		for len(r.words)+gap < t.most && gap < 3 {
			at := len(r.words) + gap
			if step < 0 {
				at = -1 - gap
			}
			next, ok := t.extended(r, at, step, gap)
			if !ok {
				gap++
				continue
			}
			r, gap = next, 0
		}
	}
	return r
}

// agreement is the share of the texts of a run that a further word must keep.
const agreement = 0.9

// extended adds the word that most texts have at a place, counted from the
// start of the run, and asterisks between.
func (t *texts) extended(r *run, at, step, gap int) (*run, bool) {
	counts := map[string]float64{}
	for _, p := range r.places {
		if i := p.at + at; i >= 0 && i < len(t.rows[p.row].words) {
			counts[t.rows[p.row].words[i]]++
		}
	}
	t.work += 2 * len(r.places)
	best := ""
	for word, n := range counts {
		if best == "" || n > counts[best] || n == counts[best] && word < best {
			best = word
		}
	}
	if best == "" || counts[best] < agreement*float64(len(r.places)) {
		return nil, false
	}
	out := &run{}
	for _, p := range r.places {
		if i := p.at + at; i >= 0 && i < len(t.rows[p.row].words) && t.rows[p.row].words[i] == best {
			if step < 0 {
				p.at += at
			}
			out.places = append(out.places, p)
			out.counts[index(t.rows[p.row].side)]++
		}
	}
	between := slices.Repeat([]string{"*"}, gap)
	if step > 0 {
		out.words = slices.Concat(r.words, between, []string{best})
	} else {
		out.words = slices.Concat([]string{best}, between, r.words)
	}
	return out, true
}
