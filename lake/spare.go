package lake

// spareMemory is the memory of batches whose rows are in files. An import fills one
// batch after the other with rows that are alike: their memory need neither be
// fetched nor emptied nor collected.
type spareMemory struct {
	sets  [][]*vector
	small int // batches in a row that had little in them
}

// littleBytes is how much a batch has at least whose memory is worth keeping. Two
// smaller ones in a row say that the import is over.
const littleBytes = batchBytes / 8

// saw is told of the size of each batch that is cut.
func (s *spareMemory) saw(bytes int64) {
	if bytes >= littleBytes {
		s.small = 0
		return
	}
	if s.small++; s.isOver() {
		s.sets = nil
	}
}

// isOver says that no more batches like those before are to be expected.
func (s *spareMemory) isOver() bool { return s.small >= 2 }

// take returns empty vectors, nil if there are none.
func (s *spareMemory) take() []*vector {
	last := len(s.sets) - 1
	if last < 0 {
		return nil
	}
	vectors := s.sets[last]
	s.sets[last] = nil
	s.sets = s.sets[:last]
	for _, v := range vectors {
		v.clear()
	}
	return vectors
}

// giveBack keeps the memory of a generation that was flushed, and no more than a
// generation needs. The batches must not be read any more.
func (s *spareMemory) giveBack(generation []batch) {
	for _, b := range generation {
		if b.memory == nil || b.memory.vectors == nil {
			continue
		}
		if !s.isOver() && len(s.sets) <= len(generation) {
			s.sets = append(s.sets, b.memory.vectors)
		}
		b.memory.vectors = nil
	}
}
