package lake

import (
	"iter"
	"slices"
	"strings"

	"github.com/quoll/quoll/internal/asciifold"
	"github.com/quoll/quoll/internal/parquetpages"
	"github.com/quoll/quoll/internal/termfilter"
)

// Only is a condition on a text of a row, or one that other conditions make. Holds is safe
// for concurrent use.
type Only struct {
	Column string
	Holds  func(text string) bool
	// Piece is in each text for which Holds is true, whatever the case of its ASCII letters;
	// empty: none is known. With one, few texts are asked.
	Piece string
	// Quick says that to ask Holds again is less than to remember what it said.
	Quick bool
	// In stands for Holds: the text is one of these.
	In *TextSet
	// Document stands for Holds where the column has documents; known is false if nobody
	// but an engine can say whether it holds.
	Document func(document []byte) (holds, known bool)

	// Any or All, if they are not nil, stand for Column: some of them, or all, must hold.
	Any, All []Only
	// Text says of Any that each asks for this text in its column, and stands for them in
	// files that say where it is (see homeColumns). It is Placed.
	Text *termfilter.Sought
}

// Anywhere says whether a condition asks for a text in documents too.
func (o Only) Anywhere() bool {
	return o.Text != nil || slices.ContainsFunc(o.Any, Only.Anywhere) || slices.ContainsFunc(o.All, Only.Anywhere)
}

// columns are those that conditions are about, some more than once.
func (a *Counting) columns() iter.Seq[string] {
	return func(yield func(string) bool) { eachColumn(a.Only, yield) }
}

// documents are those of them that have documents.
func (a *Counting) documents() map[string]bool {
	documents := map[string]bool{}
	var add func(all []Only)
	add = func(all []Only) {
		for i := range all {
			if all[i].Document != nil {
				documents[all[i].Column] = true
			}
			add(all[i].Any)
			add(all[i].All)
		}
	}
	add(a.Only)
	return documents
}

// EachColumn calls use for the columns that a condition is on, for some more than once.
func (o Only) EachColumn(use func(column string)) {
	eachColumn([]Only{o}, func(column string) bool { use(column); return true })
}

func eachColumn(all []Only, yield func(string) bool) bool {
	for i := range all {
		o := &all[i]
		switch {
		case o.Any != nil || o.All != nil:
			if !eachColumn(o.Any, yield) || !eachColumn(o.All, yield) {
				return false
			}
		case !yield(o.Column):
			return false
		}
	}
	return true
}

// condition is an Only with what is known of texts.
type condition struct {
	*Only
	any, all []*condition
	piece    *asciifold.Piece
	held     map[string]bool // whether it holds for a text
	room     []bool
	homed    *homed // of one that is Anywhere, once it is asked
}

// conditions are what rows of row groups are asked for. They are for one goroutine.
type conditions struct {
	all    []*condition
	inHeld int // bytes of texts of which it is known whether a condition holds
	// chunk returns a column of a row group, and refuse says that it cannot be asked.
	chunk  func(number int, column string) (*parquetpages.Chunk, error)
	refuse func(column string) error
	// stopped, unless nil, says why nobody waits for the documents of a row group any more:
	// to look into all of them for many texts takes minutes.
	stopped func() error
	anywhere
}

func conditionsOf(all []Only) []*condition {
	conditions := make([]*condition, len(all))
	for i := range all {
		o := &all[i]
		conditions[i] = &condition{Only: o, any: conditionsOf(o.Any), all: conditionsOf(o.All), piece: asciifold.New(o.Piece), held: map[string]bool{}}
	}
	return conditions
}

// maxHeld is for how many texts it is remembered whether a condition holds: row groups
// have the same ones.
const maxHeld = 64 << 10

// holds reports whether a condition on one text holds for it.
func holds[T string | []byte](c *conditions, o *condition, text T) bool {
	switch {
	case o.In != nil:
		return o.In.Has([]byte(text))
	case o.Quick:
		return o.Holds(string(text))
	}
	held, known := o.held[string(text)]
	if !known {
		held = o.Holds(string(text))
		if c.inHeld += len(text); len(o.held) < maxHeld && c.inHeld <= maxCountedBytes {
			o.held[strings.Clone(string(text))] = held
		}
	}
	return held
}

// metBy reports whether a condition is met by a row, of which text gives the columns.
func (c *conditions) metBy(o *condition, text func(column string) string) bool {
	met := func(o *condition) bool { return c.metBy(o, text) }
	switch {
	case o.Any != nil:
		return slices.ContainsFunc(o.any, met)
	case o.All != nil:
		return !slices.ContainsFunc(o.all, func(o *condition) bool { return !met(o) })
	}
	if o.Document != nil {
		return c.document(o, []byte(text(o.Column)))
	}
	return holds(c, o, text(o.Column))
}

// meet returns those of some rows of a row group that meet all conditions. It may return
// the spans that it was given.
func (c *conditions) meet(number int, spans []Span) (met []Span, err error) {
	for _, o := range c.all {
		if spans, err = c.meeting(number, o, spans); err != nil || len(spans) == 0 {
			return nil, err
		}
	}
	return spans, nil
}

// meeting is meet for one condition.
func (c *conditions) meeting(number int, o *condition, spans []Span) (met []Span, err error) {
	switch {
	case o.Document != nil || o.Any != nil:
		return c.meetingAny(number, []*condition{o}, spans)
	case o.All != nil:
		for _, one := range o.all {
			if spans, err = c.meeting(number, one, spans); err != nil || len(spans) == 0 {
				return nil, err
			}
		}
		return spans, nil
	}
	chunk, err := c.chunk(number, o.Column)
	if err != nil {
		return nil, err
	}
	asked := parquetpages.Condition{Holds: func(text []byte) bool { return holds(c, o, text) }}
	if o.piece != nil {
		asked.Find = o.piece.Index
	}
	meeting, ok, err := chunk.Meeting(asked, o.room)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, c.refuse(o.Column)
	}
	defer func() { o.room = meeting.Room() }()
	asks := spans
	if len(spans) > fewSpans {
		asks = []Span{{First: spans[0].First, End: spans[len(spans)-1].End}}
	}
	for _, s := range asks {
		ok, err := meeting.Where(s.First, s.End, func(first, end int64) {
			met = withRows(met, first, end)
		})
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, c.refuse(o.Column)
		}
	}
	if len(spans) > fewSpans {
		return common(met, spans), nil
	}
	return met, nil
}

// withRows adds rows behind all others of a list of spans.
func withRows(spans []Span, first, end int64) []Span {
	if last := len(spans) - 1; last >= 0 && spans[last].End == first {
		spans[last].End = end
		return spans
	}
	return append(spans, Span{First: first, End: end})
}

// together returns the rows that are in one of two lists of spans, or in both.
func together(a, b []Span) []Span {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...)
	}
	all := make([]Span, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		next := &a
		if len(a) == 0 || len(b) > 0 && b[0].First < a[0].First {
			next = &b
		}
		s := (*next)[0]
		*next = (*next)[1:]
		if last := len(all) - 1; last >= 0 && all[last].End >= s.First {
			all[last].End = max(all[last].End, s.End)
		} else {
			all = append(all, s)
		}
	}
	return all
}

// common returns the rows that are in both of two lists of spans.
func common(a, b []Span) (both []Span) {
	for len(a) > 0 && len(b) > 0 {
		if s := (Span{First: max(a[0].First, b[0].First), End: min(a[0].End, b[0].End)}); s.First < s.End {
			both = append(both, s)
		}
		if a[0].End < b[0].End {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return both
}
