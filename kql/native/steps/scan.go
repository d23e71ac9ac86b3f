package steps

// state is what a step holds while it has an active sequence: the row that
// each step up to it matched last, and the number of the match.
type state struct {
	rows  [][]any
	match int64
	// last is the row that output=last will give when the series ends.
	last []any
}

type scanner struct {
	*program
	states []*state
	match  int64
	out    []any
}

// frame is what an expression is evaluated over.
type frame struct {
	row   []any
	held  [][]any // by step; nil for a step without a row
	empty []any
}

// row takes one row through the steps, the last step first, so that it goes no
// further than one step at a time.
func (s *scanner) row(values []any) {
	number, row := values[0], values[1:]
	for k := len(s.steps) - 1; k >= 0; k-- {
		if s.promote(k, number, row) {
			continue
		}
		s.repeat(k, number, row)
	}
}

// promote moves the sequence of the step before to step k if the row meets its
// condition; over optional steps without a sequence it looks further back.
func (s *scanner) promote(k int, number any, row []any) bool {
	for from := k - 1; from >= 0; from-- {
		held := s.states[from]
		if held != nil && s.meets(k, held, row) {
			s.flush(k)
			if s.steps[from].output == "last" {
				s.emit(held.last)
			}
			s.states[from] = nil
			s.states[k] = &state{rows: append(held.rows[:from+1:from+1], make([][]any, k-from)...), match: held.match}
			s.take(k, number, row, true)
			return true
		}
		if !s.steps[from].optional {
			break
		}
	}
	return false
}

// repeat lets step k match once more, or the first step begin a sequence.
func (s *scanner) repeat(k int, number any, row []any) {
	held := s.states[k]
	first := k == 0 || s.skippable(k)
	if held == nil && !first || !s.meets(k, held, row) {
		return
	}
	if held == nil {
		s.match++
		held = &state{rows: make([][]any, k+1), match: s.match}
		s.states[k] = held
	}
	s.take(k, number, row, false)
}

// skippable reports whether all steps before k are optional, so that a sequence
// may begin with k.
func (s *scanner) skippable(k int) bool {
	for _, step := range s.steps[:k] {
		if !step.optional {
			return false
		}
	}
	return true
}

func (s *scanner) meets(k int, held *state, row []any) bool {
	f := frame{row: row, empty: s.empty}
	if held != nil {
		f.held = held.rows
	}
	return s.steps[k].when.eval(&f) == true
}

// take makes a row that matched step k the latest of that step's sequence.
func (s *scanner) take(k int, number any, row []any, promoted bool) {
	held := s.states[k]
	f := frame{row: row, held: held.rows, empty: s.empty}
	extended := make([]any, len(s.empty))
	copy(extended, row)
	copy(extended[s.width:], s.empty[s.width:])
	for _, a := range s.steps[k].assign {
		extended[a.column] = a.value.eval(&f)
	}
	rows := append([][]any(nil), held.rows...)
	rows[k] = extended
	held.rows = rows
	result := append([]any{number, held.match}, extended[s.width:]...)
	switch s.steps[k].output {
	case "all":
		s.emit(result)
	case "last":
		held.last = result
	}
}

// flush ends the series of step k, which a new sequence takes the place of.
func (s *scanner) flush(k int) {
	if held := s.states[k]; held != nil && s.steps[k].output == "last" {
		s.emit(held.last)
	}
}

func (s *scanner) emit(result []any) {
	if result != nil {
		s.out = append(s.out, result)
	}
}

// end gives what output=last still holds, the furthest sequence first, since it
// began first.
func (s *scanner) end() {
	for k := len(s.steps) - 1; k >= 0; k-- {
		s.flush(k)
	}
}
