package normalise

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/quoll/quoll/internal/split"
)

// csvLine is one line of a CSV body behind its header.
type csvLine struct {
	number int64 // in the source file, from 1
	raw    []byte
	fields []string
}

// csvLines hands the header to open and every line behind it to row. row
// returns a reason to reject the line, or "". A reason of open rejects the
// whole body.
func (r *run) csvLines(open func(header []string) string, row func(csvLine) string) {
	body := r.payload.Body
	scanner := split.NewScanner(len(body))
	header, at := readHeader(scanner, body)
	if header == nil {
		if len(bytes.TrimSpace(body)) > 0 {
			r.reject(max(r.payload.Line, 1), body, "no CSV header")
		}
		return
	}
	line := r.payload.Line
	if line <= 1 {
		line = 1 + int64(bytes.Count(body[:at], []byte{'\n'}))
	}
	if reason := open(header); reason != "" {
		r.reject(line, body, reason)
		return
	}
	for counted := at; ; {
		token := scanner.CSV(body[at:], true)
		if token.Kind == split.End {
			return
		}
		start, end := at+token.Start, at+token.End
		line += int64(bytes.Count(body[counted:start], []byte{'\n'}))
		counted, at = start, end
		current := csvLine{number: line, raw: bytes.TrimRight(body[start:end], "\r\n")}
		reason := "a quote is never closed"
		if token.Kind == split.Record {
			current.fields = split.Fields(nil, body[start:end])
			reason = ""
			if len(current.fields) != len(header) {
				reason = fmt.Sprintf("%d fields where the header has %d", len(current.fields), len(header))
			}
		}
		if reason == "" {
			reason = row(current)
		}
		if reason != "" {
			r.reject(line, current.raw, reason)
		}
	}
}

// readHeader returns the names of the columns and where the next line starts.
// It skips a byte order mark and the line #TYPE of PowerShell's Export-Csv.
func readHeader(scanner *split.Scanner, body []byte) (header []string, end int) {
	at := 0
	if bytes.HasPrefix(body, []byte("\xEF\xBB\xBF")) {
		at = 3
	}
	for {
		token := scanner.CSV(body[at:], true)
		if token.Kind != split.Record {
			return nil, 0
		}
		line := body[at+token.Start : at+token.End]
		at += token.End
		if bytes.HasPrefix(line, []byte("#TYPE")) {
			continue
		}
		header = split.Fields(nil, line)
		for i := range header {
			header[i] = strings.TrimSpace(header[i])
		}
		return header, at
	}
}
