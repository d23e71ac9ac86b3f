package reconcile

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/quoll/quoll/internal/extsort"
	"github.com/quoll/quoll/model"
)

// Whole gives whole records that Quoll holds.
type Whole interface {
	// Whole yields, of the records of UnifiedAuditLog with TimeGenerated in
	// [from, to), those that have one of the ids, as JSON.
	Whole(ctx context.Context, ids []string, from, to time.Time, yield func(id, organization, record string) error) error
}

// line is one record that a side lacks. AuditData is null where nobody has it
// whole: rows of OfficeActivity are not.
type line struct {
	Lacks string `json:"lacks"` // "quoll" or "other"
	Record
	AuditData json.RawMessage `json:"AuditData"`
}

// Write writes every record that a side lacks as JSON lines, first what Quoll
// lacks, in the order of the other side, then what that lacks, by time. again
// yields all that was added once more, in the same order. Written in this form,
// what Quoll lacks can be imported.
func (c *Comparison) Write(ctx context.Context, w io.Writer, again func(yield func(model.Payload) error) error, whole Whole) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := c.writeQuollLacks(ctx, encoder, again); err != nil {
		return fmt.Errorf("write what Quoll lacks: %w", err)
	}
	if err := c.writeOtherLacks(ctx, encoder, whole); err != nil {
		return fmt.Errorf("write what Quoll has alone: %w", err)
	}
	return nil
}

func (c *Comparison) writeQuollLacks(ctx context.Context, encoder *json.Encoder, again func(func(model.Payload) error) error) (err error) {
	if c.report.QuollLacks == 0 {
		return nil
	}
	bySource := extsort.New(c.temp, c.cfg.Memory/4)
	defer func() { err = joined(err, bySource.Close()) }()
	err = c.lacking.Each(ctx, func(text []byte) error {
		e, err := decode(text)
		if err != nil || e.side == sideQuoll {
			return err
		}
		var key [keyLength]byte
		binary.BigEndian.PutUint64(key[:], e.ordinal)
		return bySource.Add(e.encode(key))
	})
	if err != nil {
		return err
	}
	var trouble error
	next, stop := iter.Pull(func(yield func(entry) bool) {
		trouble = bySource.Each(ctx, func(text []byte) error {
			e, err := decode(text)
			if err != nil {
				return err
			}
			if !yield(e) {
				return errStopped
			}
			return nil
		})
	})
	defer stop()
	want, more := next()
	ordinal := uint64(0)
	err = again(func(p model.Payload) error {
		_, err := c.reader.rows(p, c.table, func(e entry, record string) error {
			at := ordinal
			ordinal++
			if !more || at != want.ordinal {
				return nil
			}
			out := line{Lacks: "quoll", Record: want.record(c), AuditData: json.RawMessage(orNull(record))}
			want, more = next()
			return encoder.Encode(out)
		})
		return err
	})
	switch {
	case err != nil:
		return err
	case trouble != nil:
		return trouble
	case more:
		return fmt.Errorf("the files have changed while they were compared")
	}
	return nil
}

var errStopped = fmt.Errorf("stopped")

func joined(err, closing error) error {
	if err != nil {
		return err
	}
	return closing
}

func orNull(record string) string {
	if record == "" {
		return "null"
	}
	return record
}

// atOnce is how many records are asked for at a time.
const atOnce = 500

func (c *Comparison) writeOtherLacks(ctx context.Context, encoder *json.Encoder, whole Whole) error {
	var batch []entry
	flush := func() error {
		err := c.writeBatch(ctx, encoder, whole, batch)
		batch = batch[:0]
		return err
	}
	err := c.lacking.Each(ctx, func(text []byte) error {
		e, err := decode(text)
		if err != nil || e.side == sideOther {
			return err
		}
		batch = append(batch, e)
		if len(batch) == atOnce {
			return flush()
		}
		return nil
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return flush()
}

func (c *Comparison) writeBatch(ctx context.Context, encoder *json.Encoder, whole Whole, batch []entry) error {
	var ids []string
	from, to := batch[0].at, batch[0].at
	for _, e := range batch {
		if e.id != "" {
			ids = append(ids, e.id)
		}
		if e.at.Before(from) {
			from = e.at
		}
		if e.at.After(to) {
			to = e.at
		}
	}
	records := map[[2]string]string{}
	if len(ids) > 0 {
		err := whole.Whole(ctx, ids, from, to.Add(time.Microsecond), func(id, organization, record string) error {
			records[[2]string{id, organization}] = record
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, e := range batch {
		record := records[[2]string{e.id, e.organization}]
		if err := encoder.Encode(line{Lacks: "other", Record: e.record(c), AuditData: json.RawMessage(orNull(record))}); err != nil {
			return err
		}
	}
	return nil
}
