package activity

import (
	"bytes"
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
			i, s.state = endOfString(piece, i)
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

// endOfString returns where the string ends that goes on at i, behind its quote.
// If it does not end in the piece, the state says whether the piece ends behind a
// backslash that escapes.
func endOfString(piece []byte, i int) (next int, state scanState) {
	begin := i
	if end := nearQuote(piece, i); end >= 0 {
		if end == begin || piece[end-1] != '\\' {
			return end + 1, scanInside
		}
		i = end
	}
	for {
		end := bytes.IndexByte(piece[i:], '"')
		open := end < 0
		if end += i; open {
			end = len(piece)
		}
		slash := end
		for slash > begin && piece[slash-1] == '\\' {
			slash--
		}
		escaped := (end-slash)%2 == 1
		switch {
		case open && escaped:
			return end, scanEscape
		case open:
			return end, scanString
		case !escaped:
			return end + 1, scanInside
		}
		i = end + 1
	}
}

// nearQuote returns where the next quote is if it is among the next sixteen bytes,
// as it mostly is, or -1.
func nearQuote(piece []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	if len(piece)-i < 16 {
		return -1
	}
	for range 2 {
		quote := binary.LittleEndian.Uint64(piece[i:]) ^ '"'*ones
		if stop := (quote - ones) &^ quote & highs; stop != 0 {
			return i + bits.TrailingZeros64(stop)>>3
		}
		i += 8
	}
	return -1
}

// inside goes to the end of the array or of the piece.
func (s *scan) inside(piece []byte, i int) (int, error) {
	for i < len(piece) {
		c := piece[i]
		if !structural[c] {
			if !s.element && !isSpace(c) {
				s.element = true
			}
			i++
			continue
		}
		switch c {
		case '"':
			s.element = true
			if i, s.state = endOfString(piece, i+1); s.state != scanInside {
				return i, nil
			}
			continue
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
		i++
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
