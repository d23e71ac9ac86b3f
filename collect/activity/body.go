package activity

import (
	"bytes"
	"errors"
	"fmt"
)

var errNotArray = errors.New("the body is not a JSON array")

// structural marks the bytes that countRecords looks at outside of strings.
var structural = [256]bool{'[': true, ']': true, '{': true, '}': true, ',': true, '"': true}

// countRecords checks that body is one complete JSON array and returns its
// number of elements. It follows strings and brackets only: enough to tell a
// body that broke off, or an error page, from a whole one, at a fraction of
// the price of parsing. What stands inside the records is for normalise to
// judge.
func countRecords(body []byte) (int64, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	body = bytes.Trim(body, " \t\r\n")
	if len(body) == 0 || body[0] != '[' {
		return 0, errNotArray
	}
	var open []byte // the closing brackets that are still to come
	commas := int64(0)
	for i := 0; i < len(body); i++ {
		c := body[i]
		if !structural[c] {
			continue
		}
		switch c {
		case '"':
			if i = stringEnd(body, i+1); i >= len(body) {
				return 0, fmt.Errorf("the body breaks off in a string after %d bytes", len(body))
			}
		case '[':
			open = append(open, ']')
		case '{':
			open = append(open, '}')
		case ',':
			if len(open) == 1 {
				commas++
			}
		default: // a closing bracket; one is always open, or the loop has ended
			if open[len(open)-1] != c {
				return 0, fmt.Errorf("the body has %q at byte %d where %q belongs", c, i, open[len(open)-1])
			}
			open = open[:len(open)-1]
			if len(open) > 0 {
				continue
			}
			if i != len(body)-1 {
				return 0, fmt.Errorf("the body goes on after its array ends at byte %d", i)
			}
			if commas == 0 && len(bytes.TrimSpace(body[1:i])) == 0 {
				return 0, nil
			}
			return commas + 1, nil
		}
	}
	return 0, fmt.Errorf("the body breaks off after %d bytes with %d brackets open", len(body), len(open))
}

// stringEnd returns the index of the quote that ends the string whose text
// begins at i, or len(body) or more when there is none.
func stringEnd(body []byte, i int) int {
	for i < len(body) {
		switch body[i] {
		case '"':
			return i
		case '\\':
			i++
		}
		i++
	}
	return i
}
