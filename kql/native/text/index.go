package text

import (
	"regexp"
	"unicode/utf8"
)

// indexOfRegex finds the n-th match of a pattern behind a start and within a
// length, both counted in characters. Matches do not overlap.
func indexOfRegex(args []any) (any, error) {
	source, _ := args[0].(string)
	pattern, _ := args[1].(string)
	start, _ := args[2].(int64)
	length, given := args[3].(int64)
	if !given {
		length = -1
	}
	occurrence, given := args[4].(int64)
	if !given {
		occurrence = 1
	}
	if start < 0 || length < -1 || occurrence < 0 {
		return nil, nil
	}
	expression, err := regexp.Compile(pattern)
	if err != nil {
		return nil, nil
	}
	from := offset(source, start)
	part := source[from:]
	if length >= 0 {
		part = part[:offset(part, length)]
	}
	if occurrence > int64(len(part))+1 || start > 0 && from == len(source) && start > int64(utf8.RuneCountInString(source)) {
		return int64(-1), nil
	}
	matches := expression.FindAllStringIndex(part, int(max(occurrence, 1)))
	if int64(len(matches)) < max(occurrence, 1) {
		return int64(-1), nil
	}
	return start + int64(utf8.RuneCountInString(part[:matches[len(matches)-1][0]])), nil
}

// offset gives the bytes of the first n characters.
func offset(s string, n int64) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}
