package parquetpages

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
)

// plain adds values that stand one behind the other.
func (c *Chunk) plain(body []byte, first, count int, v *Values) error {
	switch c.kind {
	case parquet.Types.ByteArray:
		return plainTexts(body, first, count, v)
	case parquet.Types.Boolean:
		if len(body)*8 < first+count {
			return errShort
		}
		for i := first; i < first+count; i++ {
			v.Numbers = append(v.Numbers, int64(body[i/8]>>(i%8)&1))
		}
		return nil
	case parquet.Types.Int32:
		if len(body) < 4*(first+count) {
			return errShort
		}
		for i := first; i < first+count; i++ {
			v.Numbers = append(v.Numbers, int64(int32(binary.LittleEndian.Uint32(body[4*i:]))))
		}
		return nil
	}
	if len(body) < 8*(first+count) {
		return errShort
	}
	for i := first; i < first+count; i++ {
		v.Numbers = append(v.Numbers, int64(binary.LittleEndian.Uint64(body[8*i:])))
	}
	return nil
}

var errShort = fmt.Errorf("%w: a page ends before its values do", ErrDamaged)

func plainTexts(body []byte, first, count int, v *Values) error {
	at := 0
	for i := range first + count {
		if len(body)-at < 4 {
			return errShort
		}
		length := int(binary.LittleEndian.Uint32(body[at:]))
		at += 4
		if length > len(body)-at {
			return errShort
		}
		if i >= first {
			v.Texts = append(v.Texts, body[at:at+length:at+length])
		}
		at += length
	}
	return nil
}

// levels says which rows of a page have a value; nil: all have.
func levels(body []byte, rows int) ([]bool, error) {
	if run, n := binary.Uvarint(body); n > 0 && n < len(body) && run&1 == 0 && run>>1 >= uint64(rows) && body[n] == 1 {
		return nil, nil
	}
	present := make([]bool, 0, rows)
	err := hybrid(body, 1, 0, rows, func(level uint32) error {
		present = append(present, level == 1)
		return nil
	})
	return present, err
}

// hybrid hands over numbers of width bits from the format's mixture of runs and packed
// bits: count of them, from first on.
func hybrid(body []byte, width, first, count int, use func(number uint32) error) error {
	for count > 0 {
		r, rest, err := nextRun(body, width)
		if err != nil {
			return err
		}
		take := min(max(0, r.rows-first), count)
		for i := range take {
			at := 0
			if r.packed {
				at = (first + i) * width
			}
			if err := use(bitsAt(r.body, at, width)); err != nil {
				return err
			}
		}
		first, count, body = max(0, first-r.rows), count-take, rest
	}
	return nil
}

// numberRun is a run of the mixture: one number for all rows, or one behind the other.
type numberRun struct {
	rows   int
	packed bool
	body   []byte
}

func nextRun(body []byte, width int) (r numberRun, rest []byte, err error) {
	head, n := binary.Uvarint(body)
	if n <= 0 || head>>1 > 1<<32 {
		return r, nil, errShort
	}
	body = body[n:]
	length := (width + 7) / 8
	r = numberRun{rows: int(head >> 1), packed: head&1 == 1}
	if r.packed {
		length, r.rows = r.rows*width, r.rows*8
	}
	if length > len(body) {
		return r, nil, errShort
	}
	r.body = body[:length]
	return r, body[length:], nil
}

func little(body []byte) uint64 { return binary.LittleEndian.Uint64(body) }

// bitsAt returns the number of width bits at a bit.
func bitsAt(body []byte, bit, width int) uint32 {
	var v uint64
	at := bit / 8
	if at+8 <= len(body) {
		v = binary.LittleEndian.Uint64(body[at:])
	} else {
		for i := len(body) - 1; i >= at; i-- {
			v = v<<8 | uint64(body[i])
		}
	}
	return uint32(v >> (bit % 8) & (1<<width - 1))
}
