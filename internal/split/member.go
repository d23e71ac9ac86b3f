package split

import "bytes"

// Member returns the value of a member of the JSON object at the start of data,
// as it is written. Where data ends before the value does, it is what there is
// of it; it is nil when there is no such member. Names are compared as written.
func Member(data []byte, name string) []byte {
	at := 0
	if bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")) {
		at = 3
	}
	at += spaces(data[at:])
	if at == len(data) || data[at] != '{' {
		return nil
	}
	for at++; ; {
		at += spaces(data[at:])
		if at < len(data) && data[at] == ',' {
			at++
			continue
		}
		if at == len(data) || data[at] != '"' {
			return nil
		}
		end := stringEnd(data, at)
		if end >= len(data) {
			return nil
		}
		key := data[at+1 : end]
		at = end + 1
		at += spaces(data[at:])
		if at == len(data) || data[at] != ':' {
			return nil
		}
		at++
		at += spaces(data[at:])
		end = at + valueLength(data[at:])
		if string(key) == name && end > at {
			return data[at:end]
		}
		at = end
	}
}

// valueLength returns the length of the JSON value at the start of data, or of
// data when it has no end.
func valueLength(data []byte) int {
	if len(data) == 0 {
		return 0
	}
	switch data[0] {
	case '{', '[':
		end, closed := balance(data)
		if !closed {
			return len(data)
		}
		return end
	case '"':
		return min(stringEnd(data, 0)+1, len(data))
	}
	if n := bytes.IndexAny(data, ",}] \t\r\n"); n >= 0 {
		return n
	}
	return len(data)
}
