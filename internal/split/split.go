// Package split finds where the records of a JSON or CSV text begin and end,
// in memory or in a stream, and carries on behind records that are broken.
//
// It looks at brackets, quotes and line ends only. Whether a record is valid,
// and what it means, it must not know.
package split

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

// Scanner cuts one text. It remembers how often looking for the end of a
// record was in vain, and then looks less far, so that a text of broken
// records costs no more than a few passes. The zero value is not usable.
type Scanner struct {
	window int
}

// NewScanner returns a scanner that looks for the end of a record in at most
// window bytes, at least 64 KiB.
func NewScanner(window int) *Scanner {
	return &Scanner{window: max(window, smallestWindow)}
}

// inVain notes that a whole window was searched for nothing.
func (s *Scanner) inVain() {
	s.window = max(s.window/2, smallestWindow)
}
