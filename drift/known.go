package drift

import "sync/atomic"

// tableSize is how many keys the table of known things has room for, a power of
// two: 2 MiB of memory whatever comes.
const tableSize = 1 << 18

// maxKeys is how full the table gets. Then everything counts as known.
const maxKeys = tableSize / 4 * 3

// keyTable is a set of keys that grows only: one goroutine adds, any number ask
// without a lock. It probes one slot after the other.
type keyTable struct {
	slots [tableSize]atomic.Uint64
	full  atomic.Bool
	count int
}

// has says that the key was added, or that the table is full.
func (t *keyTable) has(key uint64) bool {
	if key == 0 {
		key = 1
	}
	for at := key % tableSize; ; at = (at + 1) % tableSize {
		switch t.slots[at].Load() {
		case key:
			return true
		case 0:
			return t.full.Load()
		}
	}
}

// add adds a key. It returns false when there is no room.
func (t *keyTable) add(key uint64) bool {
	if key == 0 { // 0 is an empty slot
		key = 1
	}
	at := key % tableSize
	for ; ; at = (at + 1) % tableSize {
		switch t.slots[at].Load() {
		case key:
			return true
		case 0:
			if t.count >= maxKeys {
				t.full.Store(true)
				return false
			}
			t.count++
			t.slots[at].Store(key)
			return true
		}
	}
}
