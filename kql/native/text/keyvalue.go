package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quoll/quoll/kql/dynamic"
)

// keyValues are the options of parse-kv.
type keyValues struct {
	pair, kv      string // delimiters; empty: any run of other than letters and digits
	open, closing string // quotes; empty without
	escape        string
	greedy        bool
	pattern       *regexp.Regexp // instead of all others; nil without
}

// parseKV gives the values of the keys in args[1] that the text in args[0] has,
// by the options in args[2]. The first value of a key counts; a key that is not
// there gives null.
func parseKV(args []any) (any, error) {
	source, _ := args[0].(string)
	keys, _ := args[1].([]any)
	options, ok := args[2].(*dynamic.Bag)
	if !ok {
		return nil, nil
	}
	kv := readKeyValues(options)
	wanted := make(map[string]int, len(keys))
	for i, k := range keys {
		if name, ok := k.(string); ok {
			wanted[name] = i
		}
	}
	values := make([]any, len(keys))
	found := func(key, value string) {
		if i, ok := wanted[strings.TrimSpace(key)]; ok && values[i] == nil {
			values[i] = strings.TrimSpace(value)
		}
	}
	switch {
	case kv.pattern != nil:
		for _, m := range kv.pattern.FindAllStringSubmatch(source, -1) {
			if len(m) == 3 {
				found(m[1], m[2])
			}
		}
	case kv.pair == "" && kv.kv == "":
		kv.words(source, wanted, found)
	default:
		kv.pairs(source, found)
	}
	return values, nil
}

func readKeyValues(options *dynamic.Bag) keyValues {
	text := func(name string) string {
		v, _ := options.Get(name)
		s, _ := v.(string)
		return s
	}
	kv := keyValues{pair: text("pair_delimiter"), kv: text("kv_delimiter"), escape: text("escape")}
	kv.open = text("quote")
	kv.closing = kv.open
	if utf8.RuneCountInString(kv.open) == 2 {
		_, size := utf8.DecodeRuneInString(kv.open)
		kv.open, kv.closing = kv.open[:size], kv.open[size:]
	}
	greedy, _ := options.Get("greedy")
	kv.greedy, _ = greedy.(bool)
	if expression := text("regex"); expression != "" {
		kv.pattern, _ = regexp.Compile(expression) // the compiler of queries has checked it
	}
	return kv
}

// pairs splits a text into pairs, and these into key and value.
func (kv *keyValues) pairs(source string, found func(key, value string)) {
	for source != "" {
		key, rest, ok := kv.cut(source, kv.kv, kv.pair)
		if !ok {
			if rest == "" {
				return
			}
			source = rest
			continue
		}
		value, next := kv.value(rest)
		found(key, value)
		source = next
	}
}

// cut takes a key, quoted or not, up to the delimiter. A pair's end before it
// means that there is no value; ok is then false.
func (kv *keyValues) cut(source, delimiter, end string) (key, rest string, ok bool) {
	trimmed := strings.TrimLeftFunc(source, unicode.IsSpace)
	if quoted, after, isQuoted := kv.quoted(trimmed); isQuoted {
		after = strings.TrimLeftFunc(after, unicode.IsSpace)
		if n := delimiterAt(after, delimiter); n > 0 {
			return quoted, after[n:], true
		}
		_, after = until(after, end)
		return "", after, false
	}
	at, n := find(source, delimiter)
	stop, m := find(source, end)
	switch {
	case at < 0:
		return "", "", false
	case stop >= 0 && stop < at && m > 0:
		return "", source[stop+m:], false
	}
	return source[:at], source[at+n:], true
}

// value takes a value, quoted or not, and gives what follows its pair.
func (kv *keyValues) value(source string) (value, rest string) {
	trimmed := strings.TrimLeftFunc(source, unicode.IsSpace)
	if quoted, after, ok := kv.quoted(trimmed); ok {
		_, after = until(after, kv.pair)
		return quoted, after
	}
	if kv.pair != "" && strings.TrimSpace(kv.pair) != "" {
		source = trimmed
	}
	if !kv.greedy {
		return until(source, kv.pair)
	}
	next, _ := find(source, kv.kv)
	if next < 0 {
		return source, ""
	}
	at, n := findLast(source[:next], kv.pair)
	if at < 0 {
		return until(source, kv.pair)
	}
	return source[:at], source[at+n:]
}

// quoted takes a text in quotes from the start of source.
func (kv *keyValues) quoted(source string) (text, rest string, ok bool) {
	if kv.open == "" || !strings.HasPrefix(source, kv.open) {
		return "", source, false
	}
	var b strings.Builder
	for i := len(kv.open); i < len(source); {
		switch {
		case kv.escape != "" && strings.HasPrefix(source[i:], kv.escape) && i+len(kv.escape) < len(source):
			i += len(kv.escape)
			_, size := utf8.DecodeRuneInString(source[i:])
			b.WriteString(source[i : i+size])
			i += size
		case strings.HasPrefix(source[i:], kv.closing):
			return b.String(), source[i+len(kv.closing):], true
		default:
			b.WriteByte(source[i])
			i++
		}
	}
	return "", source, false
}

// words looks for the keys among the words of a text; the word behind a key is
// its value.
func (kv *keyValues) words(source string, wanted map[string]int, found func(key, value string)) {
	word, rest := kv.word(source)
	for word != "" {
		if _, ok := wanted[word]; !ok {
			word, rest = kv.word(rest)
			continue
		}
		key := word
		word, rest = kv.word(rest)
		found(key, word)
		word, rest = kv.word(rest)
	}
}

// word takes the next run of letters and digits, or the next quoted text.
func (kv *keyValues) word(source string) (word, rest string) {
	for i, c := range source {
		if text, after, ok := kv.quoted(source[i:]); ok {
			return text, after
		}
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			continue
		}
		end := strings.IndexFunc(source[i:], func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
		if end < 0 {
			return source[i:], ""
		}
		return source[i : i+end], source[i+end:]
	}
	return "", ""
}

// delimiterAt returns the length of the delimiter that source begins with.
func delimiterAt(source, delimiter string) int {
	if at, n := find(source, delimiter); at == 0 {
		return n
	}
	return 0
}

// find returns where a delimiter stands and its length. The empty delimiter is
// any one character that is no letter, digit or space.
func find(source, delimiter string) (at, n int) {
	if delimiter != "" {
		return strings.Index(source, delimiter), len(delimiter)
	}
	at = strings.IndexFunc(source, isDelimiter)
	if at < 0 {
		return -1, 0
	}
	_, n = utf8.DecodeRuneInString(source[at:])
	return at, n
}

func findLast(source, delimiter string) (at, n int) {
	if delimiter != "" {
		return strings.LastIndex(source, delimiter), len(delimiter)
	}
	at = strings.LastIndexFunc(source, isDelimiter)
	if at < 0 {
		return -1, 0
	}
	_, n = utf8.DecodeRuneInString(source[at:])
	return at, n
}

func isDelimiter(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }

func until(source, delimiter string) (before, after string) {
	at, n := find(source, delimiter)
	if at < 0 {
		return source, ""
	}
	return source[:at], source[at+n:]
}
