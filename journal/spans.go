package journal

// Span is what one file of the journal has.
type Span struct {
	First, Last Position
	Bytes       int64 // of the file, as far as it is durable
}

// Spans returns the spans of all files that have entries, in order.
func (s *set) Spans() []Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	var spans []Span
	for _, seg := range s.segments {
		if seg.last >= seg.first {
			spans = append(spans, Span{seg.first, seg.last, seg.size})
		}
	}
	return spans
}
