package prompt

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// mostEntries is how many texts the history keeps.
const mostEntries = 1000

// history holds texts, the oldest first. In the file each is a quoted line, so
// that a text may have several lines.
type history struct {
	file    string
	entries []string
}

// Add implements term.History: the terminal adds nothing by itself, since a
// text may have several lines.
func (h *history) Add(string) {}

// Len implements term.History.
func (h *history) Len() int { return len(h.entries) }

// At implements term.History; 0 is the newest.
func (h *history) At(i int) string { return oneLine(h.entries[len(h.entries)-1-i]) }

// oneLine joins the lines of a text, since a line is what is edited. A line that
// is a comment would swallow the rest.
func oneLine(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// open reads the file, and makes its folder when there is none.
func (h *history) open(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("keep the history of queries: %w", err)
	}
	h.file = file
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the history of queries: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		if text, err := strconv.Unquote(lines.Text()); err == nil {
			h.entries = append(h.entries, text)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the history of queries: %w", err)
	}
	return nil
}

// remember adds a text at the end, and drops the oldest when there are too
// many.
func (h *history) remember(text string) error {
	if n := len(h.entries); text == "" || n > 0 && h.entries[n-1] == text {
		return nil
	}
	h.entries = append(h.entries, text)
	if h.file == "" {
		return nil
	}
	if len(h.entries) > mostEntries+mostEntries/10 {
		h.entries = h.entries[len(h.entries)-mostEntries:]
		return h.rewrite()
	}
	f, err := os.OpenFile(h.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep the history of queries: %w", err)
	}
	_, err = f.WriteString(strconv.Quote(text) + "\n")
	return errors.Join(err, f.Close())
}

func (h *history) rewrite() error {
	var b strings.Builder
	for _, text := range h.entries {
		b.WriteString(strconv.Quote(text) + "\n")
	}
	fresh := h.file + ".new"
	if err := os.WriteFile(fresh, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("keep the history of queries: %w", err)
	}
	return os.Rename(fresh, h.file)
}
