package normalise

import (
	"strings"

	"github.com/quoll/quoll/internal/jsontape"
)

// shape is what follows from the names of a record's members in their order: where
// each goes, which of them says what, and how they are sorted. Records of one kind
// mostly have one shape, so that none of it has to be found again.
type shape struct {
	names  []string
	fields []*auditField // by member; nil where no column takes it
	// unknown counts members that no column takes, by member; nil for others.
	unknown []*counter
	// order is that of the canonical form, without annotations.
	order []uint32
	// The members that say what a record is, by number; -1 for none.
	time, id, organization, recordType, workload int
}

// shapes are the shapes that were met, by the number of members, those that were met
// last in front.
type shapes struct {
	byCount map[int][]*shape
	count   int

	names jsontape.Names // of records; the last of each has their shape
	named int            // shapes there

	fields *tally // of the worker
}

// The bounds of what is remembered: shapes, and those of as many members. What is
// met beyond them is made anew each time.
const (
	maxShapes  = 4096
	maxOfCount = 32
)

// of returns the shape of an object whose members are at places. Where the names were
// known again when it was read, so is the shape.
func (s *shapes) of(object jsontape.Value, places []uint32, p *auditPlan) *shape {
	name := object.LastName()
	if name == nil {
		return s.search(object, places, p)
	}
	if known, ok := name.Of.(*shape); ok {
		return known
	}
	found := s.search(object, places, p)
	if len(places) > maxMembers {
		return found
	}
	if s.named >= maxShapes {
		s.names.Reset()
		s.named = 0
	}
	s.named++
	name.Of = found
	return found
}

// search finds the shape by comparing names.
func (s *shapes) search(object jsontape.Value, places []uint32, p *auditPlan) *shape {
	known := s.byCount[len(places)]
	for i, candidate := range known {
		if !object.HasNames(candidate.names, places) {
			continue
		}
		if i > 0 {
			copy(known[1:i+1], known[:i])
			known[0] = candidate
		}
		return candidate
	}
	made, lasts := s.make(object, places, p)
	if !lasts || len(places) > maxMembers {
		return made
	}
	if s.count >= maxShapes {
		clear(s.byCount)
		s.count, known = 0, nil
	}
	if len(known) == maxOfCount {
		known = known[:maxOfCount-1]
		s.count--
	}
	s.count++
	s.byCount[len(places)] = append([]*shape{made}, known...)
	return made
}

// make makes the shape of an object. It lasts unless a name has escapes, by which it could
// not be known again, or is too long to be kept.
func (all *shapes) make(object jsontape.Value, places []uint32, p *auditPlan) (s *shape, lasts bool) {
	s = &shape{time: -1, id: -1, organization: -1, recordType: -1, workload: -1}
	lasts = true
	kept := make([]uint32, 0, len(places))
	numbers := make([]uint32, 0, len(places)) // of those kept
	for number, place := range places {
		key, _ := object.Member(place)
		name := strings.Clone(key.Text())
		lasts = lasts && !key.Escaped() && len(name) <= maxName
		field, unknown := p.fields[name], (*counter)(nil)
		if field == nil {
			unknown = all.fields.counter(name)
		}
		s.names, s.fields, s.unknown = append(s.names, name), append(s.fields, field), append(s.unknown, unknown)
		if !strings.Contains(name, annotation) {
			kept, numbers = append(kept, place), append(numbers, uint32(number))
		}
		if says := s.says(name); says != nil && *says < 0 { // the first of equal names counts
			*says = number
		}
	}
	if order := sortMembers(object, kept); order != nil {
		for i, at := range order {
			order[i] = numbers[at]
		}
		numbers = order
	}
	s.order = numbers
	return s, lasts
}

func (s *shape) says(name string) *int {
	switch name {
	case memberTime:
		return &s.time
	case "Id":
		return &s.id
	case "OrganizationId":
		return &s.organization
	case "RecordType":
		return &s.recordType
	case "Workload":
		return &s.workload
	}
	return nil
}

// memberTime is when a record happened.
const memberTime = "CreationTime"

// shaped is a record with its shape.
type shaped struct {
	object jsontape.Value
	places []uint32 // of its members
	*shape
}

// shape finds the shape of a record. It is valid until the next call.
func (w *worker) shape(object jsontape.Value, p *auditPlan) shaped {
	w.places = object.Places(w.places[:0])
	return shaped{object, w.places, w.shapes.of(object, w.places, p)}
}

// value returns the value of a member, none for -1.
func (s *shaped) value(number int) jsontape.Value {
	if number < 0 {
		return jsontape.Value{}
	}
	_, v := s.object.Member(s.places[number])
	return v
}

// appendCanonical writes the canonical form of a record: what appendObject writes as
// sorted, noAnnotations and alike. Members that stand as they are and follow each other
// in the record too are copied together: most of a record are a few such runs.
func (w *worker) appendCanonical(dst []byte, s *shaped) []byte {
	const f = sorted | noAnnotations | alike
	dst = append(dst, '{')
	start := len(dst)
	var from, to uint32 // the run at work
	for _, number := range s.order {
		place := s.places[number]
		left, right, kind, asIs := s.object.Extent(place, isUnlike)
		if kind == jsontape.Null {
			continue
		}
		if asIs && s.names[number] == memberTime {
			asIs = isPlainTime(s.value(int(number)))
		}
		if asIs && to > 0 && left == to+1 { // there is a comma between them
			to = right
			continue
		}
		dst = appendRun(dst, start, s.object.Between(from, to))
		if from, to = left, right; asIs {
			continue
		}
		from, to = 0, 0
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = w.appendMember(dst, s.object, place, f)
	}
	dst = appendRun(dst, start, s.object.Between(from, to))
	return append(dst, '}')
}

// appendRun writes members behind those that follow start, if there are any.
func appendRun(dst []byte, start int, members string) []byte {
	if members == "" {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ',')
	}
	return append(dst, members...)
}

// isPlainTime says that appendTime writes a value as it is, be it a time or not: it has
// the length and the T of most times.
func isPlainTime(v jsontape.Value) bool {
	const most = "2006-01-02T15:04:05"
	raw := v.Raw()
	return v.Kind() == jsontape.String && !v.Escaped() && len(raw) == len(most) && raw[len("2006-01-02")] == 'T'
}
