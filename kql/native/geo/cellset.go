package geo

import "hash/fnv"

// cellSet gathers cells, each once, in the order in which Kusto gives them:
// that of a chained hash table over their texts (FNV-1a), in which a cell stands
// before those that share its bucket, and which grows when it is full.
type cellSet struct {
	texts  []string
	hashes []uint64
	next   []int       // the cell behind each, or -1
	before []int       // the cell before each, or -1
	first  map[int]int // the first cell of each bucket
	head   int
	tail   int
	size   int // number of buckets
}

func newCellSet() *cellSet { return &cellSet{first: map[int]int{}, head: -1, tail: -1, size: 8} }

// orderedCells returns texts in the order of a set.
func orderedCells(texts []string) []any {
	set := newCellSet()
	for _, t := range texts {
		set.add(t)
	}
	return set.list()
}

func (s *cellSet) add(text string) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // a hash takes everything
	sum := h.Sum64()
	if s.has(text, sum) {
		return
	}
	if len(s.texts)+1 > s.size {
		s.grow()
	}
	s.texts, s.hashes = append(s.texts, text), append(s.hashes, sum)
	s.next, s.before = append(s.next, -1), append(s.before, -1)
	s.link(len(s.texts) - 1)
}

func (s *cellSet) bucket(sum uint64) int { return int(sum & uint64(s.size-1)) }

func (s *cellSet) has(text string, sum uint64) bool {
	at, ok := s.first[s.bucket(sum)]
	for ; ok && at >= 0 && s.bucket(s.hashes[at]) == s.bucket(sum); at = s.next[at] {
		if s.texts[at] == text {
			return true
		}
	}
	return false
}

// link puts a cell before the first of its bucket, or else at the end.
func (s *cellSet) link(i int) {
	b := s.bucket(s.hashes[i])
	behind, ok := s.first[b]
	s.first[b] = i
	if !ok {
		behind = -1
	}
	last := s.tail
	if ok {
		last = s.before[behind]
		s.before[behind] = i
	} else {
		s.tail = i
	}
	s.before[i], s.next[i] = last, behind
	if last < 0 {
		s.head = i
	} else {
		s.next[last] = i
	}
}

// grow makes more buckets and puts the cells into them in their present order.
func (s *cellSet) grow() {
	if s.size < 512 {
		s.size *= 8
	} else {
		s.size *= 2
	}
	order := s.order()
	s.first, s.head, s.tail = map[int]int{}, -1, -1
	for _, i := range order {
		s.link(i)
	}
}

func (s *cellSet) order() []int {
	order := make([]int, 0, len(s.texts))
	for i := s.head; i >= 0; i = s.next[i] {
		order = append(order, i)
	}
	return order
}

func (s *cellSet) list() []any {
	list := make([]any, 0, len(s.texts))
	for _, i := range s.order() {
		list = append(list, s.texts[i])
	}
	return list
}
