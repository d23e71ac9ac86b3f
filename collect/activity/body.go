package activity

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

var errNotArray = errors.New("the body is not a JSON array")

// structural marks the bytes that a scan looks at outside of strings.
var structural = [256]bool{'[': true, ']': true, '{': true, '}': true, ',': true, '"': true}

// scan checks, piece by piece, that a body is one complete JSON array, counts
// its elements and says where it can be cut between two of them. It follows
// strings and brackets only: enough to tell a body that broke off, or an error
// page, from a whole one, at a fraction of the price of parsing. What stands
// inside the records is for normalise to judge.
type scan struct {
	partBytes int64

	offset  int64  // bytes seen
	open    []byte // the closing brackets that are still to come
	state   scanState
	mark    int // bytes of a byte order mark seen
	commas  int64
	element bool // the array has something in it
	cuts    []int64
	part    int64 // where the part at work begins
	between int64 // the last place between two elements
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
	for i := 0; i < len(piece); {
		var err error
		switch s.state {
		case scanString:
			i = s.inString(piece, i)
			continue
		case scanEscape:
			s.state = scanString
		case scanInside:
			if i, err = s.inside(piece, i); err != nil {
				return err
			}
			continue
		case scanBefore:
			err = s.before(piece[i])
		case scanAfter:
			if !isSpace(piece[i]) {
				err = fmt.Errorf("the body goes on after its array ends, at byte %d", s.offset+int64(i))
			}
		}
		if err != nil {
			return err
		}
		i++
	}
	s.offset += int64(len(piece))
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

// inString goes to the end of the string or of the piece.
func (s *scan) inString(piece []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for i+8 <= len(piece) {
		w := binary.LittleEndian.Uint64(piece[i:])
		quote, slash := w^'"'*ones, w^'\\'*ones
		if stop := ((quote-ones)&^quote | (slash-ones)&^slash) & highs; stop != 0 {
			i += bits.TrailingZeros64(stop) >> 3
			break
		}
		i += 8
	}
	for ; i < len(piece); i++ {
		switch piece[i] {
		case '"':
			s.state = scanInside
			return i + 1
		case '\\':
			s.state = scanEscape
			return i + 1
		}
	}
	return i
}

// inside goes to the next string, to the end of the array or of the piece.
func (s *scan) inside(piece []byte, i int) (int, error) {
	for ; i < len(piece); i++ {
		c := piece[i]
		if !structural[c] {
			if !s.element && !isSpace(c) {
				s.element = true
			}
			continue
		}
		switch c {
		case '"':
			s.element = true
			s.state = scanString
			return i + 1, nil
		case '[':
			s.element = true
			s.open = append(s.open, ']')
		case '{':
			s.element = true
			s.open = append(s.open, '}')
		case ',':
			if len(s.open) == 1 {
				s.commas++
				s.cut(s.offset + int64(i) + 1)
			}
		default: // a closing bracket; one is always open, or the state is another
			if s.open[len(s.open)-1] != c {
				return i, fmt.Errorf("the body has %q at byte %d where %q belongs", c, s.offset+int64(i), s.open[len(s.open)-1])
			}
			if s.open = s.open[:len(s.open)-1]; len(s.open) == 0 {
				s.state = scanAfter
				return i + 1, nil
			}
		}
	}
	return i, nil
}

// cut notes a place between two elements, and cuts at the last such place before
// once the part would grow beyond its size.
func (s *scan) cut(at int64) {
	if at-s.part > s.partBytes && s.between > s.part {
		s.cuts = append(s.cuts, s.between)
		s.part = s.between
	}
	s.between = at
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
	return append(append([]int64{0}, s.cuts...), s.offset)
}
