package normalise

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quoll/quoll/internal/jsontape"
)

// speller is the second step of a survey: it walks a record with the paths of
// its fields in words.
type speller struct {
	*survey
	kind   uint64   // of record
	common Sighting // what all sightings in the record share
}

// members spells the members of an object whose path is prefix, which ends in a
// dot unless it is empty.
func (p *speller) members(path uint64, object jsontape.Value, level int, prefix string) {
	if level >= maxPathLevels {
		return
	}
	for members := object.Members(); members.Next(); {
		name := members.Key().Text()
		if level == 0 && isKindLabel(name) {
			continue
		}
		segment := pathSegment(name)
		p.value(mixText(path, segment), members.Value(), level, prefix+segment, level == 0)
	}
}

func (p *speller) value(path uint64, v jsontape.Value, level int, name string, listed bool) {
	if len(name) > maxPath {
		return
	}
	key := mix(p.kind, path)
	p.field(key, v, name)
	switch v.Kind() {
	case jsontape.Object:
		p.members(path, v, level+1, name+".")
	case jsontape.Array:
		p.items(mix(path, markItem), v, level+1, name+"[]")
	case jsontape.String, jsontape.Number:
		if listed {
			p.list(key, v, name)
		}
	}
}

func (p *speller) items(path uint64, v jsontape.Value, level int, name string) {
	if level >= maxPathLevels {
		return
	}
	for items := v.Items(); items.Next(); {
		pair, ok := pairOf(items.Value())
		if !ok {
			p.value(path, items.Value(), level, name, false)
			continue
		}
		segment := pathSegment(pair.name)
		p.pair(mixText(path, segment), pair, level, strings.TrimSuffix(name, "]")+segment+"].")
	}
}

// pair spells an item of a list of names and values; its name is in the path.
func (p *speller) pair(path uint64, pair namedPair, level int, prefix string) {
	for _, m := range pair.members[:pair.count] {
		p.value(mixText(path, m.key), m.value, level, prefix+m.key, false)
	}
}

// field sights a field with the type that it has here.
func (p *speller) field(field uint64, v jsontape.Value, name string) {
	key := mix(field, typeMark(v.Kind()))
	if p.seen(key) {
		return
	}
	n := p.common
	n.What, n.Parent, n.Field, n.Type, n.Example = SightedField, p.kind, strings.Clone(name), typeName(v), exampleOf(v, name)
	p.sight(key, n)
}

// list sights a value, or that the field has too many.
func (p *speller) list(field uint64, v jsontape.Value, name string) {
	many := ManyKey(field)
	text := stringOf(v)
	if text == "" || p.known.Has(many) {
		return
	}
	if _, here := p.found[many]; here {
		p.notBefore = true
		return
	}
	key := mixText(mix(field, markValue), text)
	if p.seen(key) {
		return
	}
	n := p.common
	n.Parent, n.Field, n.Type = field, strings.Clone(name), typeName(v)
	if !isListable(text, v.Kind()) || mayBeSecret(name, text) || p.found[field] >= MaxValues {
		n.What = SightedMany
		p.sight(many, n)
		return
	}
	n.What, n.Value = SightedValue, strings.Clone(text)
	p.sight(key, n)
	if p.found != nil {
		p.found[field]++
	}
}

func typeName(v jsontape.Value) string {
	switch v.Kind() {
	case jsontape.Object:
		return "object"
	case jsontape.Array:
		return "array"
	case jsontape.String:
		return "string"
	case jsontape.Number:
		return "number"
	case jsontape.True, jsontape.False:
		return "boolean"
	}
	return "null"
}

// pathSegment returns a member's name for a path. A name that is data rather
// than a name, such as a GUID, becomes "*", so that an object used as a
// dictionary does not make a field of each of its keys.
func pathSegment(name string) string {
	digits := 0
	for _, c := range []byte(name) {
		if c >= '0' && c <= '9' {
			digits++
		}
		if digits > 4 || c == '@' || c < ' ' {
			return "*"
		}
	}
	if len(name) > 64 {
		return "*"
	}
	return name
}

// isListable says that a value looks like one of few: a short text that starts
// with a letter and has few digits, or a small number.
func isListable(text string, kind jsontape.Kind) bool {
	if len(text) > maxValue {
		return false
	}
	if kind == jsontape.Number || text[0] >= '0' && text[0] <= '9' {
		n, err := strconv.Atoi(text)
		return err == nil && n > -10_000 && n < 10_000
	}
	first := text[0] | 0x20
	if (first < 'a' || first > 'z') && text[0] < utf8.RuneSelf {
		return false
	}
	digits := 0
	for _, c := range []byte(text) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c < ' ' || strings.IndexByte(`@\{}<>[]"=`, c) >= 0:
			return false
		}
	}
	return digits <= 4
}

// exampleOf returns what a field holds, cut short; of objects and arrays only
// how many parts they have.
func exampleOf(v jsontape.Value, name string) string {
	switch v.Kind() {
	case jsontape.Object:
		return strconv.Itoa(v.Len()) + " members"
	case jsontape.Array:
		return strconv.Itoa(v.Len()) + " items"
	case jsontape.Null:
		return ""
	case jsontape.String:
		if text := v.Text(); !mayBeSecret(name, text) {
			return cut(strings.Clone(text), maxExample)
		}
		return ""
	}
	return cut(strings.Clone(v.Raw()), maxExample)
}

// Fields and texts that may hold a secret, in lower case. What data loss
// prevention matched is one: the record has it in clear.
var (
	secretFields = [...]string{"password", "passwd", "secret", "token", "credential", "privatekey", "accesskey", "apikey", "accountkey", "passphrase", "detectedvalues", "cookie", "authorization", "signature", "connectionstring", "keyvalue", "keydescription"}
	secretTexts  = [...]string{"eyj", "-----begin", "sig=", "password", "bearer ", "accountkey=", "sharedaccess", "secret", "client_assertion", "code="}
)

func mayBeSecret(field, text string) bool {
	field = strings.ToLower(field)
	for _, word := range secretFields {
		if strings.Contains(field, word) {
			return true
		}
	}
	if len(text) > 4*maxExample {
		text = text[:4*maxExample]
	}
	lower := strings.ToLower(text)
	for _, word := range secretTexts {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// cut returns at most limit bytes of a text, whole characters, with a mark that
// there was more.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
