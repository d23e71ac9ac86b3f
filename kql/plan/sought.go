package plan

import "slices"

// Sought is what some text of a row must hold for the row to be needed, by which an
// engine leaves out what it knows to lack it. The texts of a row are those of its
// columns of type string, guid and dynamic, whichever of them holds it.
//
// A Sought with Any asks for one of them, and for none of them can be met if that is
// empty but not nil; one with All asks for all; any other for Text, or one of Values.
type Sought struct {
	// Text is compared without regard to case.
	Text string
	// Begins and Ends say that no letter or digit stands before or behind it.
	Begins, Ends bool
	// Number says that the text may be written otherwise in what is stored, if it is
	// that of a number: in a dynamic value.
	Number bool
	// Part says that the text is that of a part of a document, for which the document is
	// taken apart.
	Part bool
	// Columns are the names in storage of the columns whose texts are meant, sorted; nil
	// if that is not known.
	Columns []string
	// Among, if it is not nil, stands for Text: any of these values. Who does not know
	// them asks for nothing.
	Among *Rows
	// Whole says of Among that it is the text of a column itself that is one of the
	// values, in the same case.
	Whole bool
	// Values, if they are not nil, stand for Text: one of the columns has one of them as a
	// whole, in the same case. None of them is empty.
	Values []string

	All, Any []*Sought
}

// Known returns the condition with the texts that values gives for each Among, of which
// ok is false if they are not known. Without any it is s itself.
func (s *Sought) Known(values func(*Rows) (texts []string, ok bool)) *Sought {
	switch {
	case s == nil || !s.open():
		return s
	case s.All != nil:
		return SoughtAll(s.each(s.All, values)...)
	case s.Any != nil:
		return SoughtAny(s.each(s.Any, values)...)
	}
	texts, ok := values(s.Among)
	if !ok || slices.Contains(texts, "") {
		return nil
	}
	if s.Whole && len(texts) > 1 {
		return &Sought{Values: texts, Columns: s.Columns}
	}
	any := make([]*Sought, len(texts))
	for i, text := range texts {
		any[i] = &Sought{Text: text, Begins: s.Begins, Ends: s.Ends, Number: s.Number && !WithinString(text), Columns: s.Columns}
	}
	if len(any) == 1 {
		return any[0]
	}
	return &Sought{Any: any}
}

func (s *Sought) each(conditions []*Sought, values func(*Rows) ([]string, bool)) []*Sought {
	known := make([]*Sought, len(conditions))
	for i, c := range conditions {
		known[i] = c.Known(values)
	}
	return known
}

// open says whether a condition has an Among.
func (s *Sought) open() bool {
	found := false
	s.VisitAmong(func(*Sought) { found = true })
	return found
}

// VisitAmong calls visit for each condition within s that has an Among.
func (s *Sought) VisitAmong(visit func(*Sought)) {
	if s == nil {
		return
	}
	if s.Among != nil {
		visit(s)
	}
	for _, c := range s.All {
		c.VisitAmong(visit)
	}
	for _, c := range s.Any {
		c.VisitAmong(visit)
	}
}

// never is met by no row.
func (s *Sought) never() bool { return s != nil && s.Any != nil && len(s.Any) == 0 }

// SoughtAll asks for all of several conditions, of which nil asks for nothing.
func SoughtAll(conditions ...*Sought) *Sought {
	var all []*Sought
	for _, c := range conditions {
		switch {
		case c.never():
			return c
		case c != nil:
			all = append(all, c)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return &Sought{All: all}
}

// SoughtAny asks for one of several conditions.
func SoughtAny(conditions ...*Sought) *Sought {
	any := []*Sought{}
	for _, c := range conditions {
		if c == nil {
			return nil
		}
		if c.never() {
			continue
		}
		if i := slices.IndexFunc(any, c.same); i >= 0 {
			any[i] = any[i].with(c)
		} else {
			any = append(any, c)
		}
	}
	if len(any) == 1 {
		return any[0]
	}
	return &Sought{Any: any}
}

// with returns the same text in further columns; nil is any.
func (s *Sought) with(other *Sought) *Sought {
	both := *s
	both.Part = s.Part || other.Part
	if both.Columns != nil && other.Columns != nil {
		both.Columns = slices.Concat(s.Columns, other.Columns)
		slices.Sort(both.Columns)
		both.Columns = slices.Compact(both.Columns)
	} else {
		both.Columns = nil
	}
	return &both
}

// same says whether two texts are the same, in whatever columns; lists never are.
func (s *Sought) same(other *Sought) bool {
	return s.All == nil && s.Any == nil && other.All == nil && other.Any == nil && s.Values == nil && other.Values == nil &&
		s.Text == other.Text && s.Among == other.Among && s.Whole == other.Whole && s.Begins == other.Begins && s.Ends == other.Ends && s.Number == other.Number
}
