package journal

// recent is the newest entries in memory, in the order of their positions and
// without holes.
type recent struct {
	limit   int64 // bytes of bodies, packed and not
	bytes   int64
	entries []Entry
}

// add takes the entry after the last one and lets go of the oldest.
func (r *recent) add(e Entry) {
	if r.limit <= 0 {
		e.GiveBack()
		return
	}
	r.entries = append(r.entries, e)
	r.bytes += e.size()
	gone := 0
	for r.bytes > r.limit && gone < len(r.entries) {
		r.bytes -= r.entries[gone].size()
		r.entries[gone].GiveBack()
		r.entries[gone] = Entry{}
		gone++
	}
	r.entries = r.entries[gone:]
}

// size is the memory that an entry keeps: of a body also what it does not fill of the
// buffer that it lies in, which stays as long as the body does.
func (e *Entry) size() int64 { return int64(cap(e.Payload.Body) + len(e.Payload.Packed)) }

// recently returns an entry that is in memory still.
func (s *set) recently(position Position) (Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := s.recent.entries
	if len(entries) == 0 || position < entries[0].Position || position > entries[len(entries)-1].Position {
		return Entry{}, false
	}
	e := entries[position-entries[0].Position]
	if e.loan != nil {
		e.loan.holders.Add(1) // beside those that are in memory, which let go under the lock
	}
	return e, true
}
