package normalise

import (
	"math/bits"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Known tells what was sighted before. It may be asked by several goroutines at
// once.
type Known interface {
	// Has says that what has that key needs no sighting any more.
	Has(key uint64) bool
}

// Sighting is something about the form of records that Known does not have. A
// payload gives each at most once, with the first record that shows it.
type Sighting struct {
	What What
	// Key tells sightings apart, and Parent is the key of what this one belongs
	// to: a field belongs to a kind of record, a value to a field. Both follow
	// from the other members down to Value, for ever: they may be stored.
	Key, Parent uint64

	// Category is that of a record of Defender; audit records have none.
	Category string
	// RecordType is the number of an audit record's type in digits, or what the
	// record has in its place.
	RecordType string
	Operation  string
	// Field is a path: "Item.ParentFolder.Path", "Folders[].Id", and for lists of
	// names and values "Parameters[Identity].Value".
	Field string
	// Type is that of JSON: string, number, boolean, object, array, null.
	Type  string
	Value string

	// RecordID is the record's own id, which may be missing.
	RecordID string
	// Time is when the event happened (UTC); zero when that cannot be read.
	Time time.Time
	// Example is what the field held, cut short; empty when it may be a secret.
	Example string
}

// What says what a Sighting is of.
type What string

// What can be sighted.
const (
	SightedCategory   What = "category"   // a category of Defender
	SightedRecordType What = "recordType" // a type of audit record
	SightedWorkload   What = "workload"
	SightedOperation  What = "operation" // of a record type
	SightedField      What = "field"     // a field with a JSON type, in records of one operation or category
	SightedValue      What = "value"     // of a field that has few values
	// SightedMany is a field whose values are too many, or no names, to list:
	// those sighted before no longer count.
	SightedMany What = "many"
)

// Bounds of what one payload can make us report of one field, and of the texts
// in a sighting, in bytes.
const (
	// MaxValues is how many values a field may have to be listed by value.
	MaxValues     = 20
	maxSightings  = 1 << 15 // in one payload
	maxValue      = 48
	maxExample    = 60
	maxPath       = 256
	maxPathLevels = 12
	maxRecordID   = 64
)

// Roots of the keys.
const (
	rootRecordType uint64 = iota + 1
	rootWorkload
	rootAudit
	rootDefender
	rootPath
)

// Marks keep keys of one parent apart.
const (
	markItem uint64 = iota + 1
	markValue
	markMany
	markFull
	markType // and the kinds of jsontape behind it: the last, and as good as stored
)

// mix joins a key and a hash to a key that depends on their order. Keys are
// stored, so neither this nor mixText may change.
func mix(key, hash uint64) uint64 {
	high, low := bits.Mul64(key^0xa0761d6478bd642f, hash^0xe7037ed1a0b428db)
	return high ^ low
}

// mixText joins a key and a text. Most texts are short: two words that may
// overlap are all of one, which is faster than a hash made for long ones.
func mixText(key uint64, text string) uint64 {
	n := len(text)
	var head, tail uint64
	switch {
	case n > 16:
		return mix(key, xxhash.Sum64String(text))
	case n >= 8:
		head, tail = word(text, 0), word(text, n-8)
	case n >= 4:
		head, tail = uint64(halfWord(text, 0)), uint64(halfWord(text, n-4))
	case n > 0:
		head = uint64(text[0])<<16 | uint64(text[n/2])<<8 | uint64(text[n-1])
	}
	return mix(key^head, tail^uint64(n)<<56)
}

func word(text string, at int) uint64 {
	return uint64(halfWord(text, at)) | uint64(halfWord(text, at+4))<<32
}

func halfWord(text string, at int) uint32 {
	t := text[at : at+4]
	return uint32(t[0]) | uint32(t[1])<<8 | uint32(t[2])<<16 | uint32(t[3])<<24
}

// FullKey is the key by which Known says that no more fields of a kind of
// record are taken. kind is the Parent of its fields.
func FullKey(kind uint64) uint64 { return mix(kind, markFull) }

// RecordTypeName returns the name of a record type. ok is false when Microsoft
// has not named it.
func RecordTypeName(number int64) (name string, ok bool) {
	e := enum(recordTypeNames[:])
	if !e.knows(number) {
		return "", false
	}
	return e[number], true
}

// RecordTypeNumber returns the number of a record type by its exact name.
func RecordTypeNumber(name string) (number int64, ok bool) {
	for i, n := range recordTypeNames {
		if n != "" && n == name {
			return int64(i), true
		}
	}
	return 0, false
}

// RecordTypeNames returns the names of all record types that have one, in order of
// their numbers.
func RecordTypeNames() []string {
	var names []string
	for _, name := range recordTypeNames {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// ManyKey is the key of a SightedMany whose Parent is field.
func ManyKey(field uint64) uint64 { return mix(field, markMany) }
