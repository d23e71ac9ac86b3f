package world

import (
	"container/heap"
	"time"
)

// agenda holds what will happen, in the order of time; at the same time, in the
// order in which it was put there.
type agenda struct {
	entries entries
	added   uint64
}

type entry struct {
	at     time.Time
	number uint64
	do     func(at time.Time)
}

func (a *agenda) add(at time.Time, do func(time.Time)) {
	a.added++
	heap.Push(&a.entries, entry{at, a.added, do})
}

// due reports whether something happens before end.
func (a *agenda) due(end time.Time) bool {
	return len(a.entries) > 0 && a.entries[0].at.Before(end)
}

func (a *agenda) next() entry { return heap.Pop(&a.entries).(entry) }

type entries []entry

func (e entries) Len() int { return len(e) }
func (e entries) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].number < e[j].number
}
func (e entries) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *entries) Push(x any)   { *e = append(*e, x.(entry)) }
func (e *entries) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
