package lake

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/quoll/quoll/schema"
)

// keyIndex holds keys of the records of all tables in memory. A record mostly has rows
// in several tables, so its key is there once, with the tables that know it.
// Keys are hashes already: their bits say where they belong. It grows a shard
// at a time, so that growing never takes twice the memory.
type keyIndex struct{ shards [keyShards]keyShard }

const keyShards = 256

// keyShard is a table with open addressing. Nothing is ever removed alone.
type keyShard struct {
	entries []keyEntry
	tables  []uint32 // bits of the tables that know the entry; 0 is free
	used    int
}

type keyEntry struct{ high, low, digest uint64 }

func newKeyEntry(key schema.Key, digest schema.Digest) keyEntry {
	return keyEntry{binary.BigEndian.Uint64(key[:8]), binary.BigEndian.Uint64(key[8:]), binary.BigEndian.Uint64(digest[:])}
}

func (e *keyEntry) sameKey(other *keyEntry) bool { return e.high == other.high && e.low == other.low }

// size returns the number of entries.
func (x *keyIndex) size() int {
	n := 0
	for i := range x.shards {
		n += x.shards[i].used
	}
	return n
}

// all calls visit with every entry.
func (x *keyIndex) all(visit func(tabled)) {
	for i := range x.shards {
		for at, tables := range x.shards[i].tables {
			if tables != 0 {
				visit(tabled{x.shards[i].entries[at], tables})
			}
		}
	}
}

// sorted appends the entries of a shard in their order.
func (s *keyShard) sorted(to []tabled) []tabled {
	for at, tables := range s.tables {
		if tables != 0 {
			to = append(to, tabled{s.entries[at], tables})
		}
	}
	slices.SortFunc(to, func(a, b tabled) int { return a.compare(&b) })
	return to
}

func (x *keyIndex) shard(e *keyEntry) *keyShard { return &x.shards[e.high>>56] }

// first is where the search for an entry begins.
func (s *keyShard) first(e *keyEntry) int {
	at, _ := bits.Mul64(e.low, uint64(len(s.entries)))
	return int(at)
}

// next returns the first place from at on that has an entry of a record, -1 if a free one
// comes before. A shard with entries has free places, too.
func (s *keyShard) next(e *keyEntry, at int) int {
	for ; ; at++ {
		if at == len(s.entries) {
			at = 0
		}
		if s.tables[at] == 0 {
			return -1
		}
		if s.entries[at].sameKey(e) {
			return at
		}
	}
}

// find returns the place of an entry, -1 if it is not there.
func (s *keyShard) find(e *keyEntry) int {
	if s.used == 0 {
		return -1
	}
	at := s.next(e, s.first(e))
	for at >= 0 && s.entries[at].digest != e.digest {
		at = s.next(e, at+1)
	}
	return at
}

// add notes that a table knows the record with that content.
func (s *keyShard) add(e keyEntry, table uint32) (added bool) {
	if at := s.find(&e); at >= 0 {
		added = s.tables[at]&table == 0
		s.tables[at] |= table
		return added
	}
	if 8*(s.used+1) > 7*len(s.entries) {
		s.grow()
	}
	s.place(e, table)
	s.used++
	return true
}

func (s *keyShard) place(e keyEntry, tables uint32) {
	at := s.first(&e)
	for s.tables[at] != 0 {
		if at++; at == len(s.entries) {
			at = 0
		}
	}
	s.entries[at], s.tables[at] = e, tables
}

func (s *keyShard) grow() {
	entries, tables := s.entries, s.tables
	size := max(16, len(entries)*3/2)
	s.entries, s.tables = make([]keyEntry, size), make([]uint32, size)
	for i, t := range tables {
		if t != 0 {
			s.place(entries[i], t)
		}
	}
}

// keySet is what a table knows of the records it holds.
type keySet struct {
	store *keyStore
	bit   uint32
	// versions says that every content of a record is a record of its own: the
	// table of revisions. Elsewhere the content counts that was seen first.
	versions bool
	count    int
}

// newKeySet returns the set of the nth table.
func newKeySet(store *keyStore, n int, versions bool) *keySet {
	return &keySet{store: store, bit: 1 << n, versions: versions}
}

// known is what a table knows about a record.
type known uint8

const (
	unknownRecord known = iota
	sameRecord          // same key, same content
	changedRecord       // same key, other content
)

func (s *keySet) lookUp(key schema.Key, digest schema.Digest) known {
	e := newKeyEntry(key, digest)
	for _, index := range [...]*keyIndex{s.store.active, s.store.sealed} {
		shard := index.shard(&e)
		if shard.used == 0 {
			continue
		}
		for at := shard.next(&e, shard.first(&e)); at >= 0; at = shard.next(&e, at+1) {
			if known := s.judge(&e, shard.entries[at].digest, shard.tables[at]); known != unknownRecord {
				return known
			}
		}
	}
	if len(s.store.found) == 0 {
		return unknownRecord
	}
	for _, t := range s.store.found[key] {
		if known := s.judge(&e, t.digest, t.tables); known != unknownRecord {
			return known
		}
	}
	return unknownRecord
}

// judge says what an entry with the key of e means for the table.
func (s *keySet) judge(e *keyEntry, digest uint64, tables uint32) known {
	switch {
	case tables&s.bit == 0:
		return unknownRecord
	case digest == e.digest:
		return sameRecord
	case s.versions:
		return unknownRecord
	}
	return changedRecord
}

func (s *keySet) add(key schema.Key, digest schema.Digest) {
	e := newKeyEntry(key, digest)
	if s.store.active.shard(&e).add(e, s.bit) {
		s.count++
	}
}

func (s *keySet) size() int { return s.count }
