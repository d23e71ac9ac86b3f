package normalise

import (
	"slices"
	"strings"

	"github.com/quoll/quoll/internal/jsontape"
)

// form says how JSON is written: as it is but for space, or otherwise.
type form uint8

const (
	// sorted orders members by the bytes of their keys, equal keys staying in
	// their order: the canonical form.
	sorted form = 1 << iota
	// noAnnotations leaves out what OData adds: members with "@odata." in their
	// name.
	noAnnotations
	// alike leaves out members that are null, and writes the time of a record in
	// one way: what the roads of one record may differ in.
	alike
)

// appendCompact writes v without space, members in the order of the source.
func (w *worker) appendCompact(dst []byte, v jsontape.Value) []byte {
	return w.appendJSON(dst, v, 0)
}

// appendJSON writes v without space, strings in their shortest escape, numbers
// as written, members in the order of the source unless the form says more.
func (w *worker) appendJSON(dst []byte, v jsontape.Value, f form) []byte {
	switch v.Kind() {
	case jsontape.Object:
		return w.appendObject(dst, v, f)
	case jsontape.Array:
		dst = append(dst, '[')
		first := true
		for items := v.Items(); items.Next(); first = false {
			if !first {
				dst = append(dst, ',')
			}
			dst = w.appendJSON(dst, items.Value(), f)
		}
		return append(dst, ']')
	case jsontape.String:
		return w.appendText(dst, v)
	}
	return append(dst, v.Raw()...)
}

// appendText writes a string. What could not be shorter stands as it is.
func (w *worker) appendText(dst []byte, v jsontape.Value) []byte {
	if v.Odd() {
		w.unescaped = v.AppendText(w.unescaped[:0])
		return appendString(dst, w.unescaped)
	}
	dst = append(dst, '"')
	dst = append(dst, v.Raw()...)
	return append(dst, '"')
}

func (w *worker) appendObject(dst []byte, object jsontape.Value, f form) []byte {
	base := len(w.members)
	for members := object.Members(); members.Next(); {
		if f != 0 && f.leavesOut(members.Key().Text(), members.Value()) {
			continue
		}
		w.members = append(w.members, members.Place())
	}
	end := len(w.members)
	var order []uint32
	if f&sorted != 0 {
		order = w.orders.of(object, w.members[base:end])
	}
	dst = append(dst, '{')
	for i := range end - base {
		if i > 0 {
			dst = append(dst, ',')
		}
		member := base + i
		if order != nil {
			member = base + int(order[i])
		}
		dst = w.appendMember(dst, object, w.members[member], f)
	}
	w.members = w.members[:base]
	return append(dst, '}')
}

func (w *worker) appendMember(dst []byte, object jsontape.Value, place uint32, f form) []byte {
	key, value := object.Member(place)
	isTime := f&alike != 0 && key.Text() == memberTime
	if text, ok := object.Written(place); ok && !isTime {
		return append(dst, text...)
	}
	dst = w.appendText(dst, key)
	dst = append(dst, ':')
	if isTime {
		return w.appendTime(dst, value, f)
	}
	return w.appendJSON(dst, value, f)
}

// orders remembers in which order the members of objects are sorted: records of
// one kind have the same members in the same places. What is remembered is
// tried first, and looked for anew where it does not sort.
type orders map[uint64][]uint32

// The bounds of what is remembered.
const (
	maxOrders  = 4096
	maxMembers = 256
)

// of returns the members of an object, which are at places, in the order of their
// names, equal ones in theirs. nil stands for the order in which they are.
func (o orders) of(object jsontape.Value, places []uint32) []uint32 {
	if len(places) < 2 || len(places) > maxMembers {
		return sortMembers(object, places)
	}
	shape := uint64(len(places))
	for _, place := range places {
		shape = shape*1099511628211 ^ uint64(len(nameAt(object, place)))
	}
	if order, ok := o[shape]; ok && sorts(order, object, places) {
		return order
	}
	order := sortMembers(object, places)
	if len(o) >= maxOrders {
		clear(o)
	}
	o[shape] = order
	return order
}

func nameAt(object jsontape.Value, place uint32) string {
	key, _ := object.Member(place)
	return key.Text()
}

func sorts(order []uint32, object jsontape.Value, places []uint32) bool {
	if len(order) != len(places) {
		return false
	}
	last := nameAt(object, places[order[0]])
	for i := 1; i < len(order); i++ {
		name := nameAt(object, places[order[i]])
		if last > name || last == name && order[i-1] > order[i] {
			return false
		}
		last = name
	}
	return true
}

// sortMembers returns the members of an object, which are at places, in the order of
// their names, equal ones in theirs; nil where there is nothing to sort.
func sortMembers(object jsontape.Value, places []uint32) []uint32 {
	if len(places) < 2 {
		return nil
	}
	order := make([]uint32, len(places))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int {
		return strings.Compare(nameAt(object, places[a]), nameAt(object, places[b]))
	})
	return order
}

func (f form) leavesOut(name string, value jsontape.Value) bool {
	return f&noAnnotations != 0 && strings.Contains(name, annotation) || f&alike != 0 && value.Kind() == jsontape.Null
}

// isUnlike says that the canonical form leaves a member out because of its name, or may
// write it in another way.
func isUnlike(name string) bool { return name == memberTime || strings.Contains(name, annotation) }

// appendTime writes a time that can be read in the way of most records: UTC,
// without zone, and without a fraction that is zero.
func (w *worker) appendTime(dst []byte, v jsontape.Value, f form) []byte {
	text := stringOf(v)
	at, ok := parseTime(text)
	if !ok {
		return w.appendJSON(dst, v, f)
	}
	if len(text) == len("2006-01-02T15:04:05") && text[len("2006-01-02")] == 'T' { // most are so
		return appendString(dst, text)
	}
	return appendString(dst, at.Format("2006-01-02T15:04:05.999999999"))
}

// appendString writes text, which must be valid UTF-8, as a JSON string.
func appendString[T []byte | string](dst []byte, text T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, text[done:]...)
	return append(dst, '"')
}
