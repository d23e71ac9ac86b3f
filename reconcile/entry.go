package reconcile

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// side tells whose record an entry is.
type side byte

const (
	sideQuoll side = iota
	sideOther
)

// entry is what is compared of a record.
type entry struct {
	side         side
	at           time.Time // zero when it cannot be read
	print        [16]byte
	file         uint32 // of the other side, from 0
	ordinal      uint64 // of the record on the other side
	organization string // in lower case
	id           string
	operation    string
	recordType   string
	user         string
}

// identity orders entries by id: equal ids are neighbours, and the order is even
// however ids are made.
func identity(id string) [16]byte {
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:16])
}

// fingerprint identifies a row without an id by what it says, to the second.
func fingerprint(at time.Time, fields ...string) [16]byte {
	text := binary.BigEndian.AppendUint64(nil, uint64(at.Unix()))
	for _, field := range fields {
		text = binary.AppendUvarint(text, uint64(len(field)))
		text = append(text, field...)
	}
	sum := sha256.Sum256(text)
	return [16]byte(sum[:16])
}

// keyLength is that of what entries are sorted by first.
const keyLength = 16

// encode writes an entry behind the key that it is sorted by.
func (e *entry) encode(key [16]byte) []byte {
	b := make([]byte, 0, 128)
	b = append(b, key[:]...)
	b = append(b, byte(e.side))
	micros := int64(0)
	if !e.at.IsZero() {
		micros = e.at.UnixMicro()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(micros))
	b = append(b, e.print[:]...)
	b = binary.AppendUvarint(b, uint64(e.file))
	b = binary.AppendUvarint(b, e.ordinal)
	for _, text := range []string{e.organization, e.id, e.operation, e.recordType, e.user} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return b
}

var errEntry = errors.New("a temporary file is damaged")

// decode is the inverse of encode. The entry shares no memory with b.
func decode(b []byte) (e entry, err error) {
	if len(b) < keyLength+1+8+16 {
		return e, errEntry
	}
	b = b[keyLength:]
	e.side = side(b[0])
	if micros := int64(binary.BigEndian.Uint64(b[1:])); micros != 0 {
		e.at = time.UnixMicro(micros).UTC()
	}
	copy(e.print[:], b[9:])
	b = b[25:]
	var numbers [2]uint64
	for i := range numbers {
		value, n := binary.Uvarint(b)
		if n <= 0 {
			return e, errEntry
		}
		numbers[i], b = value, b[n:]
	}
	e.file, e.ordinal = uint32(numbers[0]), numbers[1]
	for _, text := range []*string{&e.organization, &e.id, &e.operation, &e.recordType, &e.user} {
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return e, errEntry
		}
		*text, b = string(b[n:n+int(length)]), b[n+int(length):]
	}
	return e, nil
}
