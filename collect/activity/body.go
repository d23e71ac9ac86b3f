package activity

import (
	"errors"
	"fmt"
	"slices"

	"github.com/quoll/quoll/internal/structural"
)

// maxNesting bounds how deep a body may be nested, and with it what the scan keeps.
// Records are rejected far below.
const maxNesting = 1 << 20

var errNotArray = errors.New("the body is not a JSON array")

// scan checks, piece by piece, that a body is one complete JSON array, counts
// its elements and says where it can be cut between two of them. It follows
// strings and brackets only: enough to tell a body that broke off, or an error
// page, from a whole one, at a fraction of the price of parsing. What stands
// inside the records is for normalise to judge.
type scan struct {
	partBytes int64
	mostBytes int64 // a longer element is cut in pieces; 0 for never

	offset  int64  // bytes seen
	open    []byte // the closing brackets that are still to come
	state   scanState
	mark    int // bytes of a byte order mark seen
	commas  int64
	element bool // the array has something in it
	cuts    []int64
	part    int64 // where the part at work begins
	between int64 // the last place between two elements
	within  bool  // the part at work begins within an element
	// fragments are the places where parts begin that are pieces of an element.
	fragments []int64

	blocks [64]structural.Block // of the piece at work
}

type scanState uint8

const (
	scanBefore scanState = iota // of the array
	scanInside
	scanString
	scanEscape // behind a backslash in a string
	scanAfter
)

const byteOrderMark = "\xef\xbb\xbf"

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// add looks at the next piece of the body.
func (s *scan) add(piece []byte) error {
	plain := true
	for i := 0; i < len(piece); {
		var err error
		if plain && s.canSkim(piece[i:]) {
			i, plain, err = s.skim(piece, i)
		} else {
			err = s.byte(piece[i], s.offset+int64(i))
			i++
		}
		if err != nil {
			return err
		}
	}
	s.offset += int64(len(piece))
	if s.mostBytes > 0 && s.offset-s.part > s.mostBytes && s.state != scanAfter {
		s.breakUp()
	}
	return nil
}

// breakUp ends the part at work where the scan is, within an element that is too long
// for any part. What stands before that element stays whole.
func (s *scan) breakUp() {
	if s.between > s.part && !s.within {
		s.cuts = append(s.cuts, s.between)
		s.part = s.between
		if s.offset-s.part <= s.mostBytes {
			return
		}
	}
	s.fragment(s.offset)
	s.within = true
}

// fragment ends a part that is a piece of an element.
func (s *scan) fragment(at int64) {
	s.fragments, s.cuts = append(s.fragments, s.part), append(s.cuts, at)
	s.part = at
}

// byte looks at the byte at a place of the body.
func (s *scan) byte(c byte, at int64) error {
	switch s.state {
	case scanBefore:
		return s.before(c)
	case scanInside:
		return s.inside(c, at)
	case scanString:
		switch c {
		case '"':
			s.state = scanInside
		case '\\':
			s.state = scanEscape
		}
	case scanEscape:
		s.state = scanString
	case scanAfter:
		if !isSpace(c) {
			return fmt.Errorf("the body goes on after its array ends, at byte %d", at)
		}
	}
	return nil
}

func (s *scan) before(c byte) error {
	switch {
	case s.mark < len(byteOrderMark) && s.mark >= 0 && c == byteOrderMark[s.mark]:
		s.mark++
	case s.mark > 0 && s.mark < len(byteOrderMark):
		return errNotArray
	case isSpace(c):
		s.mark = -1
	case c == '[':
		s.state = scanInside
		s.open = append(s.open, ']')
	default:
		return errNotArray
	}
	return nil
}

// inside looks at a byte of the array that is in no string.
func (s *scan) inside(c byte, at int64) error {
	switch c {
	case ',':
		if len(s.open) == 1 {
			s.comma(at)
		}
		return nil
	case ']', '}':
		return s.bracket(c, at)
	}
	s.element = s.element || !isSpace(c)
	switch c {
	case '"':
		s.state = scanString
	case '[', '{':
		return s.bracket(c, at)
	}
	return nil
}

// bracket follows a bracket, which may end the array.
func (s *scan) bracket(c byte, at int64) error {
	switch c {
	case '[', '{':
		if len(s.open) == maxNesting {
			return fmt.Errorf("the body is nested deeper than %d levels at byte %d", maxNesting, at)
		}
		s.open = append(s.open, c+2) // in ASCII what closes is the next but one
		return nil
	}
	last := len(s.open) - 1 // one is always open, or the state is another
	if s.open[last] != c {
		return fmt.Errorf("the body has %q at byte %d where %q belongs", c, at, s.open[last])
	}
	if s.open = s.open[:last]; last == 0 {
		s.state = scanAfter
	}
	return nil
}

// comma notes a comma between two elements of the array.
func (s *scan) comma(at int64) {
	s.commas++
	s.cut(at + 1)
}

// cut notes a place between two elements, and cuts at the last such place before
// once the part would grow beyond its size.
func (s *scan) cut(at int64) {
	if s.within {
		s.fragment(at)
		s.within, s.between = false, at
		return
	}
	if at-s.part > s.partBytes && s.between > s.part {
		s.cuts = append(s.cuts, s.between)
		s.part = s.between
	}
	s.between = at
}

// blank says that there was nothing but space up to here.
func (s *scan) blank() bool {
	return s.state == scanBefore && (s.mark <= 0 || s.mark == len(byteOrderMark))
}

// end is called behind the last piece. It returns the number of elements.
func (s *scan) end() (records int64, err error) {
	switch s.state {
	case scanBefore:
		return 0, errNotArray
	case scanString, scanEscape:
		return 0, fmt.Errorf("the body breaks off in a string after %d bytes", s.offset)
	case scanInside:
		return 0, fmt.Errorf("the body breaks off after %d bytes with %d brackets open", s.offset, len(s.open))
	}
	if !s.element && s.commas == 0 {
		return 0, nil
	}
	return s.commas + 1, nil
}

// parts returns the places at which the body is to be cut, its ends included.
func (s *scan) parts() []int64 {
	s.cut(s.offset)
	places := append(append([]int64{0}, s.cuts...), s.offset)
	return slices.Compact(places) // a piece of an element may be the last
}
