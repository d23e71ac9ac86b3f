package main

import (
	"bytes"
	"os"
)

// screen is a terminal that is sent text and colours and nothing else. What commands
// print holds titles, subjects and names of files that anybody may have written: a
// control sequence in one could move the cursor over other lines, change the title of the
// window or answer for whoever reads it.
//
// A file or a pipe is sent the bytes as they are.
type screen struct {
	file *os.File
	lead bool // the last write ended in the first byte of what may be a control character
}

// onScreen returns what a stream is written to: itself unless it is a terminal.
func onScreen(file *os.File) stream {
	if !isTerminal(file) {
		return file
	}
	return &screen{file: file}
}

// stream is what a command writes to, *os.File or *screen.
type stream interface {
	Write(p []byte) (int, error)
	Fd() uintptr
}

// Fd implements stream.
func (s *screen) Fd() uintptr { return s.file.Fd() }

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	if _, err := s.file.Write(s.shown(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// c1 is the first byte of the control characters U+0080 to U+009F in UTF-8.
const c1 = 0xC2

// shown puts U+FFFD in place of each control character but those of lines and tabs, and
// of colours.
func (s *screen) shown(p []byte) []byte {
	var out bytes.Buffer
	for i := 0; i < len(p); i++ {
		b := p[i]
		lead := s.lead
		s.lead = b == c1
		switch {
		case lead && b >= 0x80 && b <= 0x9F:
			if out.Len() > 0 { // else it went out with the write before, and is no character alone
				out.Truncate(out.Len() - 1)
			}
			out.WriteString("\uFFFD")
		case b == '\x1b':
			colour := colourAt(p[i:])
			if colour == 0 {
				out.WriteString("\uFFFD")
				continue
			}
			out.Write(p[i : i+colour])
			i += colour - 1
		case b < ' ' && b != '\n' && b != '\t', b == 0x7F:
			out.WriteString("\uFFFD")
		default:
			out.WriteByte(b)
		}
	}
	return out.Bytes()
}

// colourAt is the length of the sequence that sets colours at the start of p; 0 if there
// is none.
func colourAt(p []byte) int {
	if len(p) < 3 || p[1] != '[' {
		return 0
	}
	for i := 2; i < len(p); i++ {
		switch {
		case p[i] == 'm':
			return i + 1
		case p[i] != ';' && (p[i] < '0' || p[i] > '9'):
			return 0
		}
	}
	return 0
}
