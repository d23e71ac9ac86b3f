// Package prompt reads lines at a terminal: with editing, with a history that
// is kept in a file, with completion of words.
//
// It does not know what the lines mean.
package prompt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// ErrInterrupted says that Ctrl-C ended a line; what was typed is dropped.
var ErrInterrupted = errors.New("interrupted")

// Reader reads lines. It is used by one goroutine.
type Reader struct {
	terminal *term.Terminal
	keys     *keys
	history  *history
	file     int // the terminal to switch, or -1
	words    func() []string
}

// Open returns a reader at a terminal. historyFile may be empty: then nothing
// is kept. words gives what Tab completes; it may be nil.
func Open(in, out *os.File, historyFile string, words func() []string) (*Reader, error) {
	r := newReader(in, out, words)
	r.file = int(in.Fd())
	if historyFile == "" {
		return r, nil
	}
	return r, r.history.open(historyFile)
}

func newReader(in io.Reader, out io.Writer, words func() []string) *Reader {
	r := &Reader{keys: &keys{in: in}, history: &history{}, file: -1, words: words}
	r.terminal = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{r.keys, out}, "")
	r.terminal.History = r.history
	if words != nil {
		r.terminal.AutoCompleteCallback = r.complete
	}
	return r
}

// Line reads a line. It returns io.EOF after Ctrl-D and ErrInterrupted after
// Ctrl-C. Between two lines the terminal is as it was.
func (r *Reader) Line(prompt string) (line string, err error) {
	if r.file >= 0 {
		before, err := term.MakeRaw(r.file)
		if err != nil {
			return "", fmt.Errorf("read from the terminal: %w", err)
		}
		defer func() { err = errors.Join(err, term.Restore(r.file, before)) }()
		if width, height, err := term.GetSize(r.file); err == nil && width > 0 {
			_ = r.terminal.SetSize(width, height) // a wrong size only breaks lines elsewhere
		}
	}
	r.terminal.SetPrompt(prompt)
	line, err = r.terminal.ReadLine()
	if r.keys.interrupted {
		r.keys.interrupted = false
		return "", ErrInterrupted
	}
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

// Remember adds a text to the history.
func (r *Reader) Remember(text string) error { return r.history.remember(text) }

// complete answers Tab: it completes the word before the cursor as far as the
// words that begin so agree.
func (r *Reader) complete(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	start := pos
	for start > 0 && isWord(line[start-1]) {
		start--
	}
	begin := line[start:pos]
	if begin == "" {
		return line, pos, true
	}
	common, found := "", false
	for _, word := range r.words() {
		switch {
		case !strings.HasPrefix(word, begin):
		case !found:
			common, found = word, true
		default:
			common = commonPrefix(common, word)
		}
	}
	if !found {
		return line, pos, true
	}
	return line[:start] + common + line[pos:], start + len(common), true
}

func commonPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

func isWord(c byte) bool {
	return c == '_' || c == '-' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// keys passes on what is typed. Ctrl-C becomes the keys that empty the line and
// end it, since the terminal's own answer to it is that of Ctrl-D and keeps the
// line.
type keys struct {
	in          io.Reader
	pending     []byte
	interrupted bool
}

const (
	ctrlC     = 0x03
	emptyLine = "\x05\x15\r" // to the end, delete to the start, enter
)

// Read implements io.Reader.
func (k *keys) Read(p []byte) (int, error) {
	if len(k.pending) == 0 {
		typed := make([]byte, 256)
		n, err := k.in.Read(typed)
		for _, c := range typed[:n] {
			if c == ctrlC {
				k.interrupted = true
				k.pending = []byte(emptyLine) // what came before it is dropped too
				continue
			}
			k.pending = append(k.pending, c)
		}
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, k.pending)
	k.pending = k.pending[n:]
	return n, nil
}
