// Package split finds where the records of a JSON or CSV text begin and end,
// in memory or in a stream, and carries on behind records that are broken.
//
// It looks at brackets, quotes and line ends only. Whether a record is valid,
// and what it means, it must not know.
package split

import "bytes"

// Kind says what a Token is.
type Kind uint8

const (
	// More: nothing can be said before more bytes are there. Never returned
	// when the scanner was told that there are none.
	More Kind = iota
	// End: there is no further record.
	End
	// Record: a whole record, as far as brackets and quotes tell.
	Record
	// Broken: bytes that are no record. Scanning goes on behind them.
	Broken
	// TooLong: like Broken, because no end was found within the window.
	TooLong
)

// Token is what a Scanner found in data: the record is data[Start:End], what
// lies before Start is filler (space, separators, the brackets around a list),
// and the next search starts at End. For More, the bytes before Start are
// filler and need not be shown again; for End, Start and End are the length.
type Token struct {
	Kind       Kind
	Start, End int
}

// smallestWindow is the least a Scanner looks ahead, however many searches
// ended in vain.
const smallestWindow = 64 << 10

// patience is how many windows may be searched in vain to begin with.
const patience = 8

// Scanner cuts one text. The zero value is not usable.
//
// The end of a record is looked for in its own line, and beyond it only as far
// as spare bytes allow: a search in vain takes from them, and every byte passed
// gives four back. So a text of nothing but broken records costs no more than a
// few passes, and one broken record does not make a long one behind it go
// unrecognised.
type Scanner struct {
	window int
	spare  int
}

// NewScanner returns a scanner that looks for the end of a record in at most
// window bytes, at least 64 KiB.
func NewScanner(window int) *Scanner {
	window = max(window, smallestWindow)
	return &Scanner{window: window, spare: patience * window}
}

// reach returns the bytes in which the record at the start of data may end.
// limited says that data has more.
func (s *Scanner) reach(data []byte) (reach []byte, limited bool) {
	limit := min(max(s.spare, smallestWindow), s.window)
	if line := bytes.IndexByte(data[:min(len(data), s.window)], '\n'); line < 0 {
		limit = s.window
	} else {
		limit = max(limit, line+1)
	}
	if len(data) <= limit {
		return data, false
	}
	return data[:limit], true
}

// near is what reach returns without looking for the end of the line.
func (s *Scanner) near(data []byte) (reach []byte, limited bool) {
	limit := min(max(s.spare, smallestWindow), s.window)
	return data[:min(len(data), limit)], len(data) > limit
}

// passed notes that a token ends the given number of bytes further on.
func (s *Scanner) passed(t Token) Token {
	s.spare = min(patience*s.window, s.spare+4*t.End)
	return t
}

// inVain notes that so many bytes were searched for nothing.
func (s *Scanner) inVain(searched int) { s.spare -= searched }
