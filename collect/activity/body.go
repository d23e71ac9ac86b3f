package activity

import (
	"bytes"
	"errors"
	"fmt"
)

var errNotArray = errors.New("the body is not a JSON array")

// countRecords checks that body is one complete JSON array and returns its
// number of elements. It follows strings and brackets only: enough to tell a
// body that broke off, or an error page, from a whole one, at the speed of
// memory. What stands inside the records is for normalise to judge.
func countRecords(body []byte) (int64, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	body = bytes.Trim(body, " \t\r\n")
	if len(body) == 0 || body[0] != '[' {
		return 0, errNotArray
	}
	var open []byte // the closing brackets that are still to come
	elements, inElement := int64(0), false
	for i := 0; i < len(body); i++ {
		c := body[i]
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case ']', '}':
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
			if inElement {
				elements++
			}
			return elements, nil
		case ',':
			if len(open) == 1 {
				elements, inElement = elements+1, false
			}
			continue
		}
		if len(open) == 1 {
			inElement = true
		}
		switch c {
		case '[':
			open = append(open, ']')
		case '{':
			open = append(open, '}')
		case '"':
			end := stringEnd(body, i+1)
			if end < 0 {
				return 0, fmt.Errorf("the body breaks off in a string that begins at byte %d", i)
			}
			i = end
		}
	}
	return 0, fmt.Errorf("the body breaks off after %d bytes with %d brackets open", len(body), len(open))
}

// stringEnd returns the index of the quote that ends the string whose text
// begins at from, or -1.
func stringEnd(body []byte, from int) int {
	for {
		quote := bytes.IndexByte(body[from:], '"')
		if quote < 0 {
			return -1
		}
		quote += from
		backslashes := 0
		for i := quote - 1; i >= from && body[i] == '\\'; i-- {
			backslashes++
		}
		if backslashes%2 == 0 {
			return quote
		}
		from = quote + 1
	}
}
