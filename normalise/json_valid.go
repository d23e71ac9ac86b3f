package normalise

import (
	"errors"
	"strings"
)

// fastjson reads more than JSON, and its Validate lets some of that pass
// (control characters in keys with escapes), so texts are checked here before
// it sees them. What passes is JSON by RFC 8259, nested at most maxDepth deep.

var (
	errInvalid = errors.New("no valid JSON")
	errTooDeep = errors.New("nested too deep")
)

// checkJSON returns nil for one JSON value with nothing but space around it.
func checkJSON(text string) error {
	rest, err := checkValue(skipSpace(text), 0)
	if err != nil {
		return err
	}
	if skipSpace(rest) != "" {
		return errInvalid
	}
	return nil
}

func skipSpace(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return s[i:]
		}
	}
	return ""
}

// checkValue checks the value at the start of s and returns what follows it.
func checkValue(s string, depth int) (rest string, err error) {
	if s == "" {
		return s, errInvalid
	}
	switch c := s[0]; {
	case c == '"':
		return checkString(s)
	case c == '{':
		return checkList(s, '}', depth+1)
	case c == '[':
		return checkList(s, ']', depth+1)
	case c == '-' || c >= '0' && c <= '9':
		return checkNumber(s)
	}
	for _, literal := range [...]string{"true", "false", "null"} {
		if rest, ok := strings.CutPrefix(s, literal); ok {
			return rest, nil
		}
	}
	return s, errInvalid
}

// checkList checks the members of an object or the items of an array, up to
// the bracket that closes it.
func checkList(s string, closing byte, depth int) (rest string, err error) {
	if depth > maxDepth {
		return s, errTooDeep
	}
	s = skipSpace(s[1:])
	if s != "" && s[0] == closing {
		return s[1:], nil
	}
	for {
		if closing == '}' {
			if s, err = checkString(s); err != nil {
				return s, err
			}
			s = skipSpace(s)
			if s == "" || s[0] != ':' {
				return s, errInvalid
			}
			s = skipSpace(s[1:])
		}
		if s, err = checkValue(s, depth); err != nil {
			return s, err
		}
		s = skipSpace(s)
		if s == "" || s[0] != ',' && s[0] != closing {
			return s, errInvalid
		}
		if s[0] == closing {
			return s[1:], nil
		}
		s = skipSpace(s[1:])
	}
}

func checkString(s string) (rest string, err error) {
	if s == "" || s[0] != '"' {
		return s, errInvalid
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[i+1:], nil
		case c < ' ':
			return s, errInvalid
		case c == '\\':
			i++
			if i == len(s) || !validEscape(s[i:]) {
				return s, errInvalid
			}
		}
	}
	return s, errInvalid
}

// validEscape checks what follows a backslash.
func validEscape(s string) bool {
	switch s[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		return len(s) > 4 && isHex(s[1]) && isHex(s[2]) && isHex(s[3]) && isHex(s[4])
	}
	return false
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func checkNumber(s string) (rest string, err error) {
	s = strings.TrimPrefix(s, "-")
	digits := countDigits(s)
	if digits == 0 || digits > 1 && s[0] == '0' {
		return s, errInvalid
	}
	s = s[digits:]
	if strings.HasPrefix(s, ".") {
		if digits = countDigits(s[1:]); digits == 0 {
			return s, errInvalid
		}
		s = s[1+digits:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if digits = countDigits(s); digits == 0 {
			return s, errInvalid
		}
		s = s[digits:]
	}
	return s, nil
}

func countDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
