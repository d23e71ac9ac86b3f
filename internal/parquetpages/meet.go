package parquetpages

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
)

// Condition is what is asked of texts. It may be asked of any of a page, some more than
// once and some never.
type Condition struct {
	Holds func(text []byte) bool
	// Find, if it is not nil, returns where a piece begins first that each text has for which
	// Holds is true, and a negative number if there is none.
	Find func(body []byte) int
}

// Meeting says which rows of a chunk meet a condition. It is valid as long as its chunk.
type Meeting struct {
	chunk     *Chunk
	condition Condition
	wanted    []bool // of the dictionary
	some      bool   // of wanted
	empty     bool   // an empty text is, which a null is as good as
}

// Meeting asks the dictionary, if there is one; room, which may be nil, is used for what it
// says. ok is false if the chunk has no texts.
func (c *Chunk) Meeting(condition Condition, room []bool) (m *Meeting, ok bool, err error) {
	if c.kind != parquet.Types.ByteArray {
		return nil, false, nil
	}
	m = &Meeting{chunk: c, condition: condition, empty: c.optional && condition.Holds(nil)}
	if c.rows == 0 {
		return m, true, nil
	}
	if err := c.find(1); err != nil || c.dictionary == nil {
		return m, err == nil, c.in(err)
	}
	m.wanted = slices.Grow(room[:0], c.dictionary.size)[:c.dictionary.size]
	clear(m.wanted)
	err = condition.each(c.dictionary.body, 0, c.dictionary.size, func(code int) { m.wanted[code], m.some = true, true })
	return m, err == nil, c.in(err)
}

// Room returns what may be given to the next Meeting once this one is not used any more.
func (m *Meeting) Room() []bool { return m.wanted }

// Where calls use for the rows from first up to but not including end that meet the
// condition, run by run and in order. ok is false if some are null, and then it may have
// been called.
func (m *Meeting) Where(first, end int64, use func(first, end int64)) (ok bool, err error) {
	c := m.chunk
	if first < 0 || end > c.rows || first > end {
		return false, fmt.Errorf("column %s has %d rows, and %d to %d are asked for", c.name, c.rows, first, end)
	}
	if err := c.find(end); err != nil {
		return false, c.in(err)
	}
	for number := range c.pages {
		p := &c.pages[number]
		from, until := max(first, p.first), min(end, p.first+p.values)
		if from >= until {
			continue
		}
		if p.inDictionary() && !m.some && !m.empty {
			continue
		}
		if err := c.load(number+1, &Values{}); err != nil {
			return false, c.in(err)
		}
		body, present, err := c.present(p)
		if err != nil {
			return false, c.in(err)
		}
		if present != nil {
			return false, nil
		}
		if err := m.page(p, body, from, until, use); err != nil {
			return false, c.in(err)
		}
	}
	return true, nil
}

// page goes through the rows of a page from first up to but not including end.
func (m *Meeting) page(p *page, body []byte, first, end int64, use func(first, end int64)) error {
	from, count := int(first-p.first), int(end-first)
	switch {
	case p.inDictionary() && !m.some:
		return nil
	case p.inDictionary():
		if len(body) == 0 || body[0] > maxWidth {
			return fmt.Errorf("%w: codes of a dictionary have no width", ErrDamaged)
		}
		return wantedCodes(body[1:], int(body[0]), from, count, m.wanted, func(at, rows int) {
			use(first+int64(at), first+int64(at+rows))
		})
	case p.encoding == encodingPlain:
		return m.condition.each(body, from, count, func(row int) { use(first+int64(row), first+int64(row)+1) })
	}
	return fmt.Errorf("%w: encoding %d", ErrUnsupported, p.encoding)
}

// each calls use for those of count plain texts, from first on, that meet the condition.
func (c *Condition) each(body []byte, first, count int, use func(number int)) error {
	at := 0 // of the length of text number
	for range first {
		end, err := textEnd(body, at)
		if err != nil {
			return err
		}
		at = end
	}
	hit := -1
	for number := range count {
		if c.Find != nil && hit < at {
			if hit = c.Find(body[at:]); hit < 0 {
				return nil
			}
			hit += at
		}
		end, err := textEnd(body, at)
		if err != nil {
			return err
		}
		if (c.Find == nil || hit < end) && c.Holds(body[at+4:end]) {
			use(number)
		}
		at = end
	}
	return nil
}

// textEnd returns where a plain text ends of which the length is at a place.
func textEnd(body []byte, at int) (int, error) {
	if len(body)-at < 4 {
		return 0, errShort
	}
	length := int(binary.LittleEndian.Uint32(body[at:]))
	if length > len(body)-at-4 {
		return 0, errShort
	}
	return at + 4 + length, nil
}

// wantedCodes calls use for runs of those of count codes, from first on, that are wanted.
func wantedCodes(body []byte, width, first, count int, wanted []bool, use func(at, rows int)) error {
	for at := 0; at < count; {
		r, rest, err := nextRun(body, width)
		if err != nil {
			return err
		}
		body = rest
		take := min(max(0, r.rows-first), count-at)
		ok := true
		if r.packed {
			ok = wantedBits(r.body, width, first, take, wanted, func(i int) { use(at+i, 1) })
		} else if take > 0 {
			code := bitsAt(r.body, 0, width)
			if ok = uint64(code) < uint64(len(wanted)); ok && wanted[code] {
				use(at, take)
			}
		}
		if !ok {
			return fmt.Errorf("%w: the dictionary has not all values", ErrDamaged)
		}
		first, at = max(0, first-r.rows), at+take
	}
	return nil
}

// wantedBits calls use for those of count numbers of width bits, from first on, that are
// wanted; false if there is no place in wanted for one.
func wantedBits(body []byte, width, first, count int, wanted []bool, use func(i int)) bool {
	mask, bit, n := uint64(1)<<width-1, first*width, 0
	if whole := len(body)*8 - 64 - bit; whole >= 0 && width > 0 { // numbers within eight bytes that are there
		for n = range min(count, whole/width+1) {
			code := little(body[bit>>3:]) >> (bit & 7) & mask
			if code >= uint64(len(wanted)) {
				return false
			}
			if wanted[code] {
				use(n)
			}
			bit += width
		}
		n = min(count, whole/width+1)
	}
	for ; n < count; n++ {
		code := bitsAt(body, bit, width)
		if uint64(code) >= uint64(len(wanted)) {
			return false
		}
		if wanted[code] {
			use(n)
		}
		bit += width
	}
	return true
}
