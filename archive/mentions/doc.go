// Package mentions finds out of which payloads somebody's data would have to go, and
// takes their records out of a payload, byte for byte: the records that mention them,
// which go, and those of others, which are journalled again.
//
// A name is looked for as a whole and in any case, in the text of each record: as it
// stands, and as it reads once escapes of JSON are undone, also of JSON within JSON.
// It must not know where payloads are kept, nor what becomes of them.
package mentions

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrNames says that names cannot be looked for.
var ErrNames = errors.New("name one to ten addresses, user principal names or object ids, each of 6 to 200 characters and without spaces or quotes")

const (
	minName  = 6
	maxName  = 200
	maxNames = 10
	// maxDepth is how deep JSON within JSON is looked into.
	maxDepth = 4
)

// Subject is whose data are looked for.
type Subject struct {
	forms []string // in lower case, as they may stand in a text
}

// NewSubject reads names: addresses, user principal names, object ids. Of an address
// the forms in which links and personal sites of SharePoint have it are looked for
// too. The error is ErrNames.
func NewSubject(names []string) (*Subject, error) {
	if len(names) == 0 || len(names) > maxNames {
		return nil, ErrNames
	}
	s := &Subject{}
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if n := utf8.RuneCountInString(name); n < minName || n > maxName || strings.ContainsAny(name, " \t\r\n\"\\") {
			return nil, fmt.Errorf("%w: not %q", ErrNames, name)
		}
		s.add(name)
		if user, host, ok := strings.Cut(name, "@"); ok {
			s.add(user + "%40" + host)
			s.add(strings.NewReplacer("@", "_", ".", "_").Replace(name))
		}
	}
	return s, nil
}

func (s *Subject) add(form string) {
	if !slices.Contains(s.forms, form) {
		s.forms = append(s.forms, form)
	}
}

// Forms are the texts that are looked for, in lower case.
func (s *Subject) Forms() []string { return slices.Clone(s.forms) }

// In reports whether a text has one of the forms as a whole.
func (s *Subject) In(text []byte) bool {
	lower := bytes.ToLower(text)
	for range maxDepth {
		if slices.ContainsFunc(s.forms, func(form string) bool { return hasWhole(lower, form) }) {
			return true
		}
		if !bytes.Contains(lower, []byte(`\`)) {
			return false
		}
		lower = bytes.ToLower(unescape(lower))
	}
	return false
}

// hasWhole reports whether a form stands in a text with nothing before or behind it
// that would make it part of another name.
func hasWhole(text []byte, form string) bool {
	for at := 0; ; {
		n := bytes.Index(text[at:], []byte(form))
		if n < 0 {
			return false
		}
		start, end := at+n, at+n+len(form)
		before, _ := utf8.DecodeLastRune(text[:start])
		if !ofName(before) && !continues(text[end:]) {
			return true
		}
		at = start + 1
	}
}

// ofName says whether a character before a name makes it another one.
func ofName(r rune) bool {
	switch {
	case r == utf8.RuneError:
		return false
	case r >= utf8.RuneSelf:
		return true
	}
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r)
}

// continues says whether what follows a name makes it another one. A full stop ends a
// sentence unless a letter follows.
func continues(rest []byte) bool {
	next, size := utf8.DecodeRune(rest)
	if len(rest) == 0 {
		return false
	}
	if next == '.' || next == '-' {
		after, _ := utf8.DecodeRune(rest[size:])
		return len(rest) > size && after != '.' && after != '-' && ofName(after)
	}
	return ofName(next)
}

// unescape undoes one layer of JSON's escapes, wherever there are some. What is no
// escape stays.
func unescape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		switch text[i] {
		case 'n', 'r', 't', 'b', 'f':
			out = append(out, ' ')
		case 'u':
			if i+4 < len(text) {
				if code, err := strconv.ParseUint(string(text[i+1:i+5]), 16, 32); err == nil {
					out = utf8.AppendRune(out, rune(code))
					i += 4
					continue
				}
			}
			out = append(out, text[i])
		default:
			out = append(out, text[i])
		}
	}
	return out
}
