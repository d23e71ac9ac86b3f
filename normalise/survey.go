package normalise

import (
	"strings"
	"time"

	"github.com/quoll/quoll/internal/jsontape"
)

// A survey looks at the form of records rather than at what they say: which
// fields of which JSON types they have, and which values fields with few values
// take. Each record is surveyed in two steps. The first, in this file, brings all
// its fields down to one number and all its listed values to another, and is
// done when both were met before and held no news. The second, in survey_spell.go
// and rare, spells out the paths and asks Known of each.
//
// It must stay cheap, as almost every record is like one before it: what it costs
// is measured by drift's BenchmarkNormalise.

// survey is the part of a worker that looks at forms.
type survey struct {
	known      Known
	seenBefore *seenBefore

	// Of the payload:
	found     map[uint64]int // what was sighted, and how many values of a field
	sightings []Sighting

	// Of the record at hand:
	shape     uint64   // its fields and their types, in their order
	scalars   []scalar // its values that are listed unless the field has too many
	labels    labels
	notBefore bool // something was known from this payload only
}

// scalar is a string or number whose value is listed.
type scalar struct {
	path  uint64
	value jsontape.Value
}

// labels are the members that say what kind of record it is.
type labels struct{ recordType, operation, workload jsontape.Value }

// reset makes the survey ready for a payload.
func (s *survey) reset(known Known, before *seenBefore) {
	s.known, s.seenBefore, s.sightings = known, before, nil
	if len(s.found) > maxSightings/8 { // clearing it would cost each payload to come
		s.found = nil
	}
	clear(s.found)
}

// audit surveys an audit record whose members it has met since start.
func (s *survey) audit(object jsontape.Value, at time.Time) {
	if s.known == nil {
		return
	}
	recordType := mixText(rootRecordType, stringOf(s.labels.recordType))
	workload := mixText(rootWorkload, stringOf(s.labels.workload))
	kind := mixText(mix(rootAudit, recordType), stringOf(s.labels.operation))
	f := recordForm{shape: mix(kind, s.shape), extra: workload}
	if s.isOld(kind, f) {
		return
	}
	common := Sighting{
		RecordType: label(s.labels.recordType), Operation: label(s.labels.operation),
		RecordID: cut(strings.Clone(stringOr(object, "Id")), maxRecordID), Time: at,
	}
	s.begin()
	if !s.seen(recordType) {
		n := common
		n.What, n.Operation = SightedRecordType, ""
		s.sight(recordType, n)
	}
	if !s.seen(workload) {
		n := common
		n.What, n.Value, n.RecordType, n.Operation = SightedWorkload, label(s.labels.workload), "", ""
		s.sight(workload, n)
	}
	s.spell(SightedOperation, kind, f, common, object)
}

// defender surveys the properties of a streaming record.
func (s *survey) defender(category string, event jsontape.Value, at time.Time) {
	if s.known == nil {
		return
	}
	s.walk(event)
	kind := mixText(rootDefender, category)
	f := recordForm{shape: mix(kind, s.shape)}
	if s.isOld(kind, f) {
		return
	}
	s.begin()
	s.spell(SightedCategory, kind, f, Sighting{
		Category: cut(strings.Clone(category), maxPath),
		RecordID: cut(strings.Clone(stringOr(event, "ReportId")), maxRecordID), Time: at,
	}, event)
}

// isOld is the end of the first step.
func (s *survey) isOld(kind uint64, f recordForm) bool {
	if open, ok := s.seenBefore.open(f.shape); ok && s.seenBefore.has(s.values(f, open)) {
		return true
	}
	return s.known.Has(FullKey(kind))
}

// spell is the second step: it sights the kind of record, and whatever fields
// and values are news. Unless there are any, the form is old from now on.
func (s *survey) spell(what What, kind uint64, f recordForm, common Sighting, object jsontape.Value) {
	if !s.seen(kind) {
		n := common
		n.What = what
		s.sight(kind, n)
	}
	p := speller{survey: s, kind: kind, common: common}
	p.members(rootPath, object, 0, "")
	if s.notBefore {
		return
	}
	var open uint64
	for i, v := range s.scalars {
		if i < maxOpen && !s.known.Has(ManyKey(mix(kind, v.path))) {
			open |= 1 << i
		}
	}
	s.seenBefore.add(f.shape, open, s.values(f, open))
}

func (s *survey) begin() { s.notBefore = false }

// seen says that a key needs no sighting, or has one in this payload.
func (s *survey) seen(key uint64) bool {
	if s.known.Has(key) {
		return true
	}
	_, found := s.found[key]
	s.notBefore = true
	return found
}

// sight reports a sighting. Beyond the bound it does nothing: the next payload
// will show it again.
func (s *survey) sight(key uint64, n Sighting) {
	if len(s.sightings) >= maxSightings {
		return
	}
	if s.found == nil {
		s.found = make(map[uint64]int)
	}
	s.found[key]++
	n.Key = key
	s.sightings = append(s.sightings, n)
}

// label returns a member that says what kind of record it is.
func label(v jsontape.Value) string { return cut(strings.Clone(stringOf(v)), maxPath) }

// walk brings a record down to a number, its listed values and its labels.
func (s *survey) walk(object jsontape.Value) {
	s.start()
	for members := object.Members(); members.Next(); {
		key := members.Key().Text()
		s.member(key, pathOf(key), members.Value())
	}
}

// start forgets the record before.
func (s *survey) start() { s.shape, s.scalars, s.labels = 0, s.scalars[:0], labels{} }

// member takes the next member of a record. Whoever goes over the members anyhow
// hands them over, so that they are not found twice.
func (s *survey) member(key string, path uint64, v jsontape.Value) {
	switch key {
	case "RecordType":
		s.labels.recordType = v
		return
	case "Operation":
		s.labels.operation = v
		return
	case "Workload":
		s.labels.workload = v
	}
	kind := v.Kind()
	switch kind {
	case jsontape.String, jsontape.Number:
		s.scalars = append(s.scalars, scalar{path, v})
	case jsontape.Object, jsontape.Array:
		s.shape = mix(s.shape, v.Outline(isPairLabel))
	}
	s.shape = mix(s.shape, path+typeMark(kind))
}

// pathOf is the key of the path of a member of a record.
func pathOf(key string) uint64 { return mixText(rootPath, key) }

// namedPair is an item of a list of names and values: its name and what else it
// has.
type namedPair struct {
	name    string
	members [maxPairMembers - 1]pairMember
	count   int
}

type pairMember struct {
	key   string
	value jsontape.Value
}

// maxPairMembers is a name with a new and an old value.
const maxPairMembers = 3

// pairOf reads an item of a list of names and values; ok is false when the item
// is something else.
func pairOf(item jsontape.Value) (p namedPair, ok bool) {
	if n := item.Len(); item.Kind() != jsontape.Object || n < 2 || n > maxPairMembers {
		return p, false
	}
	named := false
	for members := item.Members(); members.Next(); {
		key, value := members.Key().Text(), members.Value()
		if isPairLabel(key) && !named && value.Kind() == jsontape.String {
			p.name, named = value.Text(), true
			continue
		}
		if p.count == len(p.members) {
			return p, false
		}
		ok = ok || key == "Value" || key == "NewValue"
		p.members[p.count] = pairMember{key, value}
		p.count++
	}
	return p, ok && named
}

// isPairLabel says that a member names an item of a list of names and values.
func isPairLabel(name string) bool { return name == "Name" || name == "Key" }

// isKindLabel says that a member is in the key of the kind of record already.
func isKindLabel(name string) bool { return name == "RecordType" || name == "Operation" }

// typeMark keeps the types of a field apart, and true and false together.
func typeMark(kind jsontape.Kind) uint64 {
	if kind == jsontape.False {
		kind = jsontape.True
	}
	return markType + uint64(kind)
}
