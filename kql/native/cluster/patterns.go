package cluster

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/quoll/quoll/kql/dynamic"
)

// The bounds of looking for patterns.
const (
	maxVisited  = 200_000_000 // cells looked at
	maxPatterns = 20_000      // patterns that are compared
)

var errPatterns = errors.New("the rows have too many patterns; a higher threshold, fewer columns or fewer dimensions leave fewer")

// record is some rows that are alike: how many, how many of them are on the
// second side, and their values as item numbers. A value of -1 is none.
type record struct {
	weight, second float64
	items          []int
}

// dataset is the rows that patterns are looked for in. An item is a column and
// a value.
type dataset struct {
	records       []record
	columns       int
	values        []any // by item
	of            []int // column by item
	total, second float64
	visited       int
}

// datasetOf reads rows [weight, weight on the second side, values…]. Nulls and
// empty texts are in no pattern.
func datasetOf(arg any) (*dataset, error) {
	table, err := tableOf(arg)
	if err != nil {
		return nil, err
	}
	d := &dataset{columns: -1}
	type cell struct {
		column int
		text   string
	}
	numbers := map[cell]int{}
	for _, row := range table {
		if len(row) < 2 || d.columns >= 0 && len(row)-2 != d.columns {
			continue
		}
		weight, _ := dynamic.Real(row[0])
		second, _ := dynamic.Real(row[1])
		if !(weight >= 0) || math.IsInf(weight, 0) || !(second >= 0) || math.IsInf(second, 0) {
			continue
		}
		r := record{weight, second, make([]int, len(row)-2)}
		d.columns = len(row) - 2
		for i, v := range row[2:] {
			r.items[i] = -1
			if v == nil || v == "" {
				continue
			}
			key := cell{i, dynamic.Text(v)}
			n, ok := numbers[key]
			if !ok {
				n = len(d.values)
				numbers[key] = n
				d.values, d.of = append(d.values, v), append(d.of, i)
			}
			r.items[i] = n
		}
		d.records = append(d.records, r)
		d.total += weight
		d.second += second
	}
	d.columns = max(d.columns, 0)
	return d, nil
}

// prune forgets the items that are in no pattern that could be given, and puts
// the records together that are then alike.
func (d *dataset) prune(enough func(count) bool) {
	weights := make([]count, len(d.values))
	for _, r := range d.records {
		for _, item := range r.items {
			if item >= 0 {
				weights[item].weight += r.weight
				weights[item].second += r.second
			}
		}
	}
	places, merged := map[string]int{}, d.records[:0:0]
	for _, r := range d.records {
		var key []byte
		for i, item := range r.items {
			if item >= 0 && !enough(weights[item]) {
				r.items[i] = -1
			}
			key = binary.AppendVarint(key, int64(r.items[i]))
		}
		place, ok := places[string(key)]
		if !ok {
			places[string(key)] = len(merged)
			merged = append(merged, r)
			continue
		}
		merged[place].weight += r.weight
		merged[place].second += r.second
	}
	d.records = merged
}

// pattern is a set of items, one for a column at most, and the records that
// have all of them.
type pattern struct {
	items   []int // by column; -1 is any value
	records []int
	weight  float64
	second  float64
}

func (d *dataset) everything() *pattern {
	p := &pattern{items: make([]int, d.columns), weight: d.total, second: d.second}
	for i := range p.items {
		p.items[i] = -1
	}
	for i := range d.records {
		p.records = append(p.records, i)
	}
	return p
}

// with narrows a pattern down to the records that have an item.
func (d *dataset) with(p *pattern, item int) *pattern {
	out := &pattern{items: slices.Clone(p.items)}
	column := d.of[item]
	out.items[column] = item
	for _, r := range p.records {
		if d.records[r].items[column] == item {
			out.records = append(out.records, r)
			out.weight += d.records[r].weight
			out.second += d.records[r].second
		}
	}
	d.visited += len(p.records)
	return out
}

// close adds the items that all records of a pattern have anyway.
func (d *dataset) close(p *pattern) {
	for column := range p.items {
		if p.items[column] >= 0 || len(p.records) == 0 {
			continue
		}
		item := d.records[p.records[0]].items[column]
		for _, r := range p.records {
			d.visited++
			if d.records[r].items[column] != item {
				item = -1
				break
			}
		}
		p.items[column] = item
	}
}

// count is what an item weighs among the records of a pattern.
type count struct{ weight, second float64 }

func (d *dataset) counts(p *pattern) map[int]count {
	counts := map[int]count{}
	for _, r := range p.records {
		record := &d.records[r]
		for column, item := range record.items {
			if item >= 0 && p.items[column] < 0 {
				c := counts[item]
				counts[item] = count{c.weight + record.weight, c.second + record.second}
			}
		}
	}
	d.visited += len(p.records) * d.columns
	return counts
}

// mine visits the closed patterns whose weight is enough, each once: an item is
// only added when closing adds none that stands before it.
func (d *dataset) mine(p *pattern, last, dimensions int, enough func(count) bool, visit func(*pattern) error) error {
	if d.visited > maxVisited {
		return errPatterns
	}
	counts := d.counts(p)
	candidates := make([]int, 0, len(counts))
	for item, c := range counts {
		if item > last && enough(c) {
			candidates = append(candidates, item)
		}
	}
	slices.Sort(candidates)
	for _, item := range candidates {
		if dimensions == 0 {
			return nil
		}
		next := d.with(p, item)
		d.close(next)
		if addsBefore(p, next, item) {
			continue
		}
		if err := visit(next); err != nil {
			return err
		}
		if err := d.mine(next, item, dimensions-1, enough, visit); err != nil {
			return err
		}
	}
	return nil
}

// addsBefore reports whether closing has added an item of a lower number.
func addsBefore(before, after *pattern, item int) bool {
	for column, added := range after.items {
		if added >= 0 && added < item && before.items[column] < 0 {
			return true
		}
	}
	return false
}

func (p *pattern) fixed() int {
	n := 0
	for _, item := range p.items {
		if item >= 0 {
			n++
		}
	}
	return n
}

// row writes a pattern behind some figures: null where a column has any value.
func (d *dataset) row(p *pattern, figures ...any) any {
	for _, item := range p.items {
		if item < 0 {
			figures = append(figures, nil)
		} else {
			figures = append(figures, d.values[item])
		}
	}
	return figures
}

func whole(weight float64) int64 { return int64(math.Round(weight)) }

// baskets finds the closed patterns that enough rows have. Arguments: rows,
// threshold, most dimensions.
func baskets(args []any) (any, error) {
	d, err := datasetOf(args[0])
	if err != nil {
		return nil, err
	}
	threshold, _ := args[1].(float64)
	dimensions, _ := args[2].(int64)
	least := max(threshold, 0.0001) * d.total
	enough := func(c count) bool { return c.weight >= least && c.weight > 0 }
	d.prune(enough)
	var found []*pattern
	err = d.mine(d.everything(), -1, int(min(dimensions, 1000)), enough, func(p *pattern) error {
		p = &pattern{items: p.items, weight: p.weight}
		if found = append(found, p); len(found) > maxPatterns {
			return errPatterns
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b *pattern) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(b.fixed(), a.fixed()))
	})
	out := []any{}
	for i, p := range found {
		out = append(out, d.row(p, int64(i), whole(p.weight), 100*p.weight/d.total))
	}
	return out, nil
}

// autoclusters finds a few patterns that hold for many rows and say much about
// them. Arguments: rows, weight of the size, number of seeds.
//
// Seeds are the items that score best. Each is expanded by the item that raises
// its score most, until none does. Of what was found the best one is taken, its
// rows count no longer, and so on while enough rows are left.
func autoclusters(args []any) (any, error) {
	d, err := datasetOf(args[0])
	if err != nil {
		return nil, err
	}
	size, _ := args[1].(float64)
	seeds, _ := args[2].(int64)
	d.prune(func(c count) bool { return c.weight >= leastShare*d.total })
	s := &scorer{dataset: d, size: min(max(size, 0), 1), all: d.counts(d.everything())}
	var found []*pattern
	for _, item := range s.seeds(int(min(max(seeds, 1), 1000))) {
		p, err := s.expand(d.with(d.everything(), item))
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(found, func(q *pattern) bool { return slices.Equal(p.items, q.items) }) {
			found = append(found, p)
		}
	}
	out := []any{}
	for i, p := range s.choose(found) {
		out = append(out, d.row(p, int64(i), whole(p.weight), 100*p.weight/d.total))
	}
	return out, nil
}

// scorer says how good a pattern is: the weighted geometric mean of the share of
// rows that it covers and of how much its values say, a rare one more than one
// that nearly all rows have.
type scorer struct {
	*dataset
	size float64
	all  map[int]count
}

func (s *scorer) score(weight, information float64) float64 {
	if weight <= 0 || s.total <= 0 || information <= 0 {
		return 0
	}
	return math.Pow(weight/s.total, s.size) * math.Pow(information/float64(s.columns), 1-s.size)
}

func (s *scorer) information(item int) float64 { return 1 - s.all[item].weight/s.total }

func (s *scorer) informationOf(p *pattern) float64 {
	sum := 0.0
	for _, item := range p.items {
		if item >= 0 {
			sum += s.information(item)
		}
	}
	return sum
}

func (s *scorer) seeds(most int) []int {
	items := make([]int, 0, len(s.all))
	for item := range s.all {
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b int) int {
		x, y := s.score(s.all[a].weight, s.information(a)), s.score(s.all[b].weight, s.information(b))
		return cmp.Or(cmp.Compare(y, x), cmp.Compare(a, b))
	})
	return items[:min(len(items), most)]
}

func (s *scorer) expand(p *pattern) (*pattern, error) {
	for {
		if s.visited > maxVisited {
			return nil, errPatterns
		}
		base, best, chosen := s.informationOf(p), 0.0, -1
		for item, c := range s.counts(p) {
			score := s.score(c.weight, base+s.information(item))
			if score > best || score == best && item < chosen {
				best, chosen = score, item
			}
		}
		if chosen < 0 || best <= s.score(p.weight, base) {
			return p, nil
		}
		p = s.with(p, chosen)
	}
}

// leastShare is the share of all rows that a further pattern must add.
const leastShare = 0.05

func (s *scorer) choose(found []*pattern) []*pattern {
	covered := make([]bool, len(s.records))
	var chosen []*pattern
	for len(found) > 0 {
		best, most := -1, 0.0
		for i, p := range found {
			fresh := 0.0
			for _, r := range p.records {
				if !covered[r] {
					fresh += s.records[r].weight
				}
			}
			if fresh < leastShare*s.total || fresh < p.weight/2 {
				continue
			}
			if score := s.score(fresh, s.informationOf(p)); score > most {
				best, most = i, score
			}
		}
		if best < 0 {
			break
		}
		for _, r := range found[best].records {
			covered[r] = true
		}
		chosen = append(chosen, found[best])
		found = slices.Delete(found, best, best+1)
	}
	return chosen
}

// differences finds patterns that a much greater share of one side has than of
// the other. Arguments: rows, threshold, most dimensions.
func differences(args []any) (any, error) {
	d, err := datasetOf(args[0])
	if err != nil {
		return nil, err
	}
	threshold, _ := args[1].(float64)
	dimensions, ok := args[2].(int64)
	if !ok {
		dimensions = int64(d.columns)
	}
	first := d.total - d.second
	if first <= 0 || d.second <= 0 {
		return []any{}, nil
	}
	shares := func(weight, second float64) (a, b float64) { return (weight - second) / first, second / d.second }
	threshold = max(threshold, 0.015)
	enough := func(c count) bool {
		a, b := shares(c.weight, c.second)
		return max(a, b) >= threshold
	}
	d.prune(enough)
	var found []*pattern
	err = d.mine(d.everything(), -1, int(min(dimensions, 1000)), enough, func(p *pattern) error {
		a, b := shares(p.weight, p.second)
		if math.Abs(a-b) < threshold {
			return nil
		}
		if found = append(found, p); len(found) > maxPatterns {
			return errPatterns
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	difference := func(p *pattern) float64 { a, b := shares(p.weight, p.second); return a - b }
	slices.SortStableFunc(found, func(p, q *pattern) int {
		return cmp.Or(cmp.Compare(math.Abs(difference(q)), math.Abs(difference(p))), cmp.Compare(p.fixed(), q.fixed()))
	})
	out := []any{}
	for i, p := range d.distinctive(found, difference) {
		a, b := shares(p.weight, p.second)
		out = append(out, d.row(p, int64(i), whole(p.weight-p.second), whole(p.second), percent(a), percent(b), percent(math.Abs(a-b))))
	}
	return out, nil
}

func percent(share float64) float64 { return math.Round(share*10_000) / 100 }

// distinctive leaves out patterns most of whose rows a better one has already.
func (d *dataset) distinctive(found []*pattern, difference func(*pattern) float64) []*pattern {
	var kept []*pattern
	covered := map[bool][]bool{true: make([]bool, len(d.records)), false: make([]bool, len(d.records))}
	for _, p := range found {
		side := covered[difference(p) > 0]
		fresh := 0.0
		for _, r := range p.records {
			if !side[r] {
				fresh += d.records[r].weight
			}
		}
		if fresh < p.weight/2 {
			continue
		}
		for _, r := range p.records {
			side[r] = true
		}
		kept = append(kept, p)
	}
	return kept
}
