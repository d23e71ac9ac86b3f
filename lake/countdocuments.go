package lake

// Documents are most of what a file has, and to unpack them takes longer than to look for a
// text in them. So those of a row are unpacked once for all texts that are looked for.

// look is rows whose documents are asked for a condition.
type look struct {
	*condition
	spans []Span
}

// meetingAny returns those of some rows that meet any of the conditions, of which those on
// documents are asked last.
func (c *conditions) meetingAny(number int, any []*condition, spans []Span) (met []Span, err error) {
	met, looks, err := c.short(number, any, spans)
	if err != nil || len(looks) == 0 {
		return met, err
	}
	return c.documents(number, looks, met)
}

// short returns those of some rows that meet any of the conditions by what is in no document,
// and the looks into documents by which others may.
func (c *conditions) short(number int, any []*condition, spans []Span) (met []Span, looks []look, err error) {
	for _, some := range any {
		of, further, err := c.shortOf(number, some, spans)
		if err != nil {
			return nil, nil, err
		}
		met, looks = together(met, of), append(looks, further...)
	}
	return met, looks, nil
}

// shortOf is short for one condition. One on documents that all of several ask for is asked
// of them at once.
func (c *conditions) shortOf(number int, o *condition, spans []Span) (met []Span, looks []look, err error) {
	switch {
	case o.Document != nil:
		return nil, []look{{o, spans}}, nil
	case o.Text != nil:
		return c.shortAnywhere(number, o, spans)
	case o.Any != nil:
		return c.short(number, o.any, spans)
	}
	met, err = c.meeting(number, o, spans)
	return met, nil, err
}

// documents returns the rows that are known to meet one of several conditions, and those of
// which a document does.
func (c *conditions) documents(number int, looks []look, met []Span) ([]Span, error) {
	for len(looks) > 0 {
		column := looks[0].Column
		var these, others []look
		for _, l := range looks {
			if l.Column != column {
				others = append(others, l)
			} else if l.spans = without(l.spans, met); len(l.spans) > 0 {
				these = append(these, l)
			}
		}
		found, err := c.documentsOf(number, column, these)
		if err != nil {
			return nil, err
		}
		met, looks = together(met, found), others
	}
	if c.unknown {
		return nil, errUnknown
	}
	return met, nil
}

// maxDocuments is how many rows of documents are gone through at a time, of a page at most:
// a page is what is in memory of them.
const maxDocuments = 64 << 10

// documentsOf returns the rows of which the document in a column meets a condition that it is
// asked for.
func (c *conditions) documentsOf(number int, column string, looks []look) (met []Span, err error) {
	var asked []Span
	for _, l := range looks {
		asked = together(asked, l.spans)
	}
	if len(asked) == 0 {
		return nil, nil
	}
	chunk, err := c.chunk(number, column)
	if err != nil {
		return nil, err
	}
	last := asked[len(asked)-1].End
	for read := (Span{}); len(asked) > 0; asked = behind(asked, read.End) {
		read.First = max(asked[0].First, read.End)
		if read.End, err = chunk.PageEnd(read.First); err != nil {
			return nil, err
		}
		read.End = min(read.End, read.First+maxDocuments, last)
		values, err := chunk.Read(read.First, read.End)
		if err != nil {
			return nil, err
		}
		if values.Texts == nil {
			return nil, c.refuse(column)
		}
		if met, err = c.lookInto(looks, read, values.Texts, met); err != nil {
			return nil, err
		}
	}
	return met, nil
}

// lookInto adds those of the rows that were read to others before them of which a document
// meets a condition. It leaves of the looks what is behind the rows.
func (c *conditions) lookInto(looks []look, read Span, documents [][]byte, met []Span) ([]Span, error) {
	has := make([]bool, len(documents))
	for i := range looks {
		if c.stopped != nil && c.stopped() != nil {
			return nil, c.stopped()
		}
		l := &looks[i]
		for _, s := range common(l.spans, []Span{read}) {
			for at := s.First - read.First; at < s.End-read.First; at++ {
				has[at] = has[at] || c.document(l.condition, documents[at])
			}
		}
		l.spans = behind(l.spans, read.End)
	}
	for at, has := range has {
		if has {
			met = withRows(met, read.First+int64(at), read.First+int64(at)+1)
		}
	}
	return met, nil
}

// document reports whether a document meets a condition; if only an engine can say, it
// takes note of that.
func (c *conditions) document(o *condition, document []byte) bool {
	holds, known := o.Document(document)
	c.unknown = c.unknown || !known
	return holds && known
}

// behind returns of a list of spans those that do not end before a row.
func behind(spans []Span, row int64) []Span {
	for len(spans) > 0 && spans[0].End <= row {
		spans = spans[1:]
	}
	return spans
}
