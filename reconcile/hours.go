package reconcile

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/quoll/quoll/internal/extsort"
)

// bytesPerCount is about what one operation of an hour takes in memory.
const bytesPerCount = 1000

type hourKey struct {
	hour      int64 // hours since 1970
	operation string
}

// hourTable counts records of both sides by operation and hour.
type hourTable struct {
	sorter *extsort.Sorter // of counts that left memory
	counts map[hourKey]*[2]int64
	most   int // counts in memory
}

func newHourTable(s *extsort.Sorter, memory int) *hourTable {
	return &hourTable{sorter: s, counts: map[hourKey]*[2]int64{}, most: max(100, memory/bytesPerCount)}
}

const microsPerHour = int64(time.Hour / time.Microsecond)

// add counts an entry. One whose time cannot be read has no hour.
func (t *hourTable) add(e entry) error {
	if e.at.IsZero() {
		return nil
	}
	hour := e.at.UnixMicro() / microsPerHour
	if e.at.UnixMicro() < 0 && e.at.UnixMicro()%microsPerHour != 0 {
		hour--
	}
	key := hourKey{hour, e.operation}
	counts := t.counts[key]
	if counts == nil {
		if len(t.counts) >= t.most {
			if err := t.spill(); err != nil {
				return err
			}
		}
		counts = new([2]int64)
		t.counts[key] = counts
	}
	counts[e.side]++
	return nil
}

// spill moves the counts to the sorter: hour, operation, a zero, and what was
// counted.
func (t *hourTable) spill() error {
	for key, counts := range t.counts {
		b := binary.BigEndian.AppendUint64(nil, uint64(key.hour)^1<<63)
		b = append(append(b, key.operation...), 0)
		b = binary.BigEndian.AppendUint64(b, uint64(counts[0]))
		b = binary.BigEndian.AppendUint64(b, uint64(counts[1]))
		if err := t.sorter.Add(b); err != nil {
			return err
		}
	}
	clear(t.counts)
	return nil
}

// listHours lists the operations of hours that the sides count differently.
func (c *Comparison) listHours(ctx context.Context) error {
	if err := c.hours.spill(); err != nil {
		return err
	}
	var at Hour
	done := func() {
		if at.Quoll == 0 && at.Other == 0 {
			return
		}
		c.report.HoursCompared++
		if at.Quoll == at.Other {
			return
		}
		c.report.HoursDiffer++
		if len(c.report.Hours) < c.cfg.Listed {
			c.report.Hours = append(c.report.Hours, at)
		}
	}
	err := c.hours.sorter.Each(ctx, func(b []byte) error {
		if len(b) < 8+1+16 {
			return errors.New("a temporary file of counts is damaged")
		}
		hour := int64(binary.BigEndian.Uint64(b)) ^ -1<<63
		next := Hour{
			Hour:      time.UnixMicro(hour * microsPerHour).UTC(),
			Operation: string(b[8 : len(b)-17]),
			Quoll:     int64(binary.BigEndian.Uint64(b[len(b)-16:])),
			Other:     int64(binary.BigEndian.Uint64(b[len(b)-8:])),
		}
		if next.Hour.Equal(at.Hour) && next.Operation == at.Operation {
			at.Quoll, at.Other = at.Quoll+next.Quoll, at.Other+next.Other
			return nil
		}
		done()
		at = next
		return nil
	})
	done()
	return err
}
