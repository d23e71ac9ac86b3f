package parquetpages

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
)

// Codes appends, for the texts of the rows from first up to but not including end, where
// they stand in what Dictionary returns. ok is false if some are not in it, or null.
func (c *Chunk) Codes(first, end int64, to []uint32) (codes []uint32, ok bool, err error) {
	start := len(to)
	to = slices.Grow(to, int(min(max(0, end-first), maxRoom)))
	size, ok, err := c.coded(first, end, func(body []byte, width, from, count int) (err error) {
		to, err = unpackCodes(body, width, from, count, to)
		return err
	})
	if err != nil || !ok {
		return to, false, err
	}
	if len(to) > start && int(largest(to[start:])) >= size {
		return to, false, c.in(fmt.Errorf("%w: the dictionary has not all values", ErrDamaged))
	}
	return to, true, nil
}

// Tally adds, for the texts of the rows from first up to but not including end, one to the
// number at each code; numbers has a place for each text of the dictionary. ok is false as
// for Codes, and then some may be added.
func (c *Chunk) Tally(first, end int64, numbers []uint32) (ok bool, err error) {
	return c.runs(first, end, len(numbers), func(codes []uint32, rows int) {
		for _, code := range codes {
			numbers[code] += uint32(rows)
		}
	})
}

// runs calls use with codes, each below size: one of several rows, or some of one each.
func (c *Chunk) runs(first, end int64, size int, use func(codes []uint32, rows int)) (ok bool, err error) {
	var one [1]uint32
	_, ok, err = c.coded(first, end, func(body []byte, width, from, count int) error {
		for count > 0 {
			r, rest, err := nextRun(body, width)
			if err != nil {
				return err
			}
			body = rest
			take := min(max(0, r.rows-from), count)
			codes, rows := one[:], take
			if r.packed {
				c.codes = unpackBits(r.body, width, from, take, c.codes[:0])
				codes, rows = c.codes, 1
			} else {
				one[0] = bitsAt(r.body, 0, width)
			}
			if take > 0 {
				if int(largest(codes)) >= size {
					return fmt.Errorf("%w: the dictionary has not all values", ErrDamaged)
				}
				use(codes, rows)
			}
			from, count = max(0, from-r.rows), count-take
		}
		return nil
	})
	return ok, err
}

// coded calls use with the codes of each page, their width, and which of them are those of
// the rows. It returns the size of the dictionary.
func (c *Chunk) coded(first, end int64, use func(body []byte, width, from, count int) error) (size int, ok bool, err error) {
	if ok, err := c.allInDictionary(); err != nil || !ok {
		return 0, false, err
	}
	if first < 0 || end > c.rows || first > end {
		return 0, false, fmt.Errorf("column %s has %d rows, and %d to %d are asked for", c.name, c.rows, first, end)
	}
	for number := range c.pages {
		p := &c.pages[number]
		from, until := max(first, p.first), min(end, p.first+p.values)
		if from >= until {
			continue
		}
		if err := c.load(number+1, &Values{}); err != nil {
			return 0, false, c.in(err)
		}
		body, present, err := c.present(p)
		if err != nil {
			return 0, false, c.in(err)
		}
		if present != nil {
			return 0, false, nil
		}
		if len(body) == 0 || body[0] > maxWidth {
			return 0, false, c.in(fmt.Errorf("%w: codes of a dictionary have no width", ErrDamaged))
		}
		if err := use(body[1:], int(body[0]), int(from-p.first), int(until-from)); err != nil {
			return 0, false, c.in(err)
		}
	}
	return c.dictionary.size, true, nil
}

// maxLevels is how long the levels of a page are of which all rows have a value, with what
// is in front of them.
const maxLevels = 16

// Numbers appends the numbers of the rows from first up to but not including end. Of pages
// that are not packed it reads no more than those. ok is false if some are null.
func (c *Chunk) Numbers(first, end int64, to []int64) (numbers []int64, ok bool, err error) {
	if c.kind != parquet.Types.Int64 {
		return to, false, nil
	}
	if first < 0 || end > c.rows || first > end {
		return to, false, fmt.Errorf("column %s has %d rows, and %d to %d are asked for", c.name, c.rows, first, end)
	}
	if err := c.find(end); err != nil {
		return to, false, c.in(err)
	}
	to = slices.Grow(to, int(min(end-first, maxRoom)))
	for number := range c.pages {
		p := &c.pages[number]
		from, until := max(first, p.first), min(end, p.first+p.values)
		if from >= until {
			continue
		}
		body, ok, err := c.plainNumbers(p, from-p.first, until-p.first)
		if err != nil {
			return to, false, c.in(err)
		}
		if ok {
			for ; len(body) >= 8; body = body[8:] {
				to = append(to, int64(little(body)))
			}
			continue
		}
		values, err := c.Read(from, until)
		if err != nil || values.Null != nil {
			return to, false, err
		}
		to = append(to, values.Numbers...)
	}
	return to, true, nil
}

// plainNumbers reads numbers of a page that is not packed and has one for each row; ok is
// false if it is another.
func (c *Chunk) plainNumbers(p *page, from, to int64) (body []byte, ok bool, err error) {
	if c.codec != compress.Codecs.Uncompressed || p.encoding != encodingPlain || p.packed != p.unpacked {
		return nil, false, nil
	}
	levelled := 0
	if c.optional {
		var head [maxLevels]byte
		some := head[:min(maxLevels, p.packed)]
		if _, err := c.file.from.ReadAt(some, p.body); err != nil {
			return nil, false, fmt.Errorf("read page: %w", err)
		}
		if len(some) < 4 || binary.LittleEndian.Uint32(some) > uint32(len(some)-4) {
			return nil, false, nil
		}
		levelled = 4 + int(binary.LittleEndian.Uint32(some))
		if present, err := levels(some[4:levelled], int(p.values)); err != nil || present != nil {
			return nil, false, nil
		}
	}
	if int64(p.packed-levelled)/8 < to {
		return nil, false, errShort
	}
	body = c.file.room(int(to-from) * 8)[:(to-from)*8]
	if _, err := c.file.from.ReadAt(body, p.body+int64(levelled)+8*from); err != nil {
		return nil, false, fmt.Errorf("read page: %w", err)
	}
	return body, true, nil
}

// maxRoom is for how many values there is room before one is read.
const maxRoom = 1 << 20

// maxWidth is the most bits of a code.
const maxWidth = 32

// unpackCodes appends numbers as hybrid hands them over, without a call for each.
func unpackCodes(body []byte, width, first, count int, to []uint32) ([]uint32, error) {
	for count > 0 {
		r, rest, err := nextRun(body, width)
		if err != nil {
			return to, err
		}
		body = rest
		take := min(max(0, r.rows-first), count)
		switch {
		case take == 0:
		case r.packed:
			to = unpackBits(r.body, width, first, take, to)
		default:
			code, start := bitsAt(r.body, 0, width), len(to)
			to = slices.Grow(to, take)[:start+take]
			for i := range to[start:] {
				to[start+i] = code
			}
		}
		first, count = max(0, first-r.rows), count-take
	}
	return to, nil
}
