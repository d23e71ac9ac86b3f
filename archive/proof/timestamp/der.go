package timestamp

import (
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// The tags that are read and written.
const (
	tagBoolean     = 0x01
	tagInteger     = 0x02
	tagBitString   = 0x03
	tagOctets      = 0x04
	tagNull        = 0x05
	tagOID         = 0x06
	tagUTF8        = 0x0c
	tagTime        = 0x18
	tagSequence    = 0x30
	tagSet         = 0x31
	tagContext0    = 0x80 // primitive
	tagContext1    = 0x81
	tagConstructed = 0x20 // with a context tag
	tagExplicit0   = tagContext0 | tagConstructed
	tagExplicit1   = tagContext1 | tagConstructed
	tagDirectory   = 0xa4 // directoryName of a GeneralName
)

// der reads DER from front to back: lengths in their shortest form, tags of one byte,
// and nothing left over where end is asked for. encoding/asn1 lets elements follow
// those that it knows, and here every byte must have a meaning. The first failure is
// kept and all that is read after it is empty.
type der struct {
	data []byte
	fail *error
}

func newDER(data []byte) der { return der{data, new(error)} }

func (d *der) err() error { return *d.fail }

func (d *der) failed(format string, a ...any) {
	if *d.fail == nil {
		*d.fail = fmt.Errorf("%w: "+format, append([]any{ErrFormat}, a...)...)
	}
	d.data = nil
}

// next reports whether the next element has a tag.
func (d *der) next(tag byte) bool { return *d.fail == nil && len(d.data) > 0 && d.data[0] == tag }

// raw returns the next element as a whole, and its contents.
func (d *der) raw(tag byte, what string) (whole, contents []byte) {
	if !d.next(tag) {
		d.failed("%s is not there", what)
		return nil, nil
	}
	header, length, ok := measure(d.data)
	if !ok || length > len(d.data)-header {
		d.failed("%s has no length in DER", what)
		return nil, nil
	}
	whole = d.data[:header+length]
	d.data = d.data[header+length:]
	return whole, whole[header:]
}

// measure reads the length behind a tag of one byte.
func measure(data []byte) (header, length int, ok bool) {
	if len(data) < 2 || data[0]&0x1f == 0x1f {
		return 0, 0, false
	}
	first := int(data[1])
	if first < 0x80 {
		return 2, first, true
	}
	n := first & 0x7f
	if n == 0 || n > 3 || len(data) < 2+n || data[2] == 0 {
		return 0, 0, false
	}
	for _, b := range data[2 : 2+n] {
		length = length<<8 | int(b)
	}
	return 2 + n, length, length >= 0x80
}

// open returns a reader of the contents of the next element.
func (d *der) open(tag byte, what string) der {
	_, contents := d.raw(tag, what)
	return der{contents, d.fail}
}

func (d *der) end(what string) {
	if len(d.data) > 0 {
		d.failed("%s has %d bytes more than it should", what, len(d.data))
	}
}

func (d *der) oid(what string) asn1.ObjectIdentifier {
	whole, _ := d.raw(tagOID, what)
	var id asn1.ObjectIdentifier
	if d.err() == nil {
		if _, err := asn1.Unmarshal(whole, &id); err != nil {
			d.failed("%s: %w", what, err)
		}
	}
	return id
}

func (d *der) integer(what string) *big.Int {
	whole, _ := d.raw(tagInteger, what)
	n := new(big.Int)
	if d.err() == nil {
		if _, err := asn1.Unmarshal(whole, &n); err != nil {
			d.failed("%s: %w", what, err)
			return new(big.Int)
		}
	}
	return n
}

// small is an integer with a context or other tag that is at least 0 and below 2³¹.
func (d *der) small(tag byte, what string) int {
	_, contents := d.raw(tag, what)
	n := 0
	if d.err() != nil {
		return 0
	}
	if len(contents) == 0 || len(contents) > 4 || contents[0] >= 0x80 || len(contents) > 1 && contents[0] == 0 && contents[1] < 0x80 {
		d.failed("%s is no number that it may have", what)
		return 0
	}
	for _, b := range contents {
		n = n<<8 | int(b)
	}
	return n
}

// time reads a GeneralizedTime as RFC 3161 section 2.4.2 has it: in UTC, with seconds,
// and a fraction only where it does not end in 0.
func (d *der) time(what string) time.Time {
	_, contents := d.raw(tagTime, what)
	if d.err() != nil {
		return time.Time{}
	}
	const layout = "20060102150405.999999999Z"
	at, err := time.Parse("20060102150405.999999999Z", string(contents))
	if err != nil || at.Format(layout) != string(contents) {
		d.failed("%s %.40q is no time in DER", what, contents)
	}
	return at.UTC()
}

// algorithm reads an AlgorithmIdentifier whose parameters are NULL or absent.
func (d *der) algorithm(what string) asn1.ObjectIdentifier {
	a := d.open(tagSequence, what)
	id := a.oid(what)
	if a.next(tagNull) {
		null := a.open(tagNull, what)
		null.end(what)
	}
	a.end(what)
	return id
}

// element writes an element with the contents in order.
func element(tag byte, contents ...[]byte) []byte {
	length := 0
	for _, c := range contents {
		length += len(c)
	}
	out := []byte{tag}
	switch {
	case length < 0x80:
		out = append(out, byte(length))
	case length < 0x100:
		out = append(out, 0x81, byte(length))
	case length < 0x10000:
		out = append(out, 0x82, byte(length>>8), byte(length))
	default:
		out = append(out, 0x83, byte(length>>16), byte(length>>8), byte(length))
	}
	for _, c := range contents {
		out = append(out, c...)
	}
	return out
}
