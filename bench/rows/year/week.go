package year

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/tenantsim/world"
)

// weekRows is about how many rows a week of one agency of volume 1 makes in all
// tables; fewer are wanted of a lake that is small.
const weekRows = 120_000

// week fills the base with agencies until it has rows enough.
func (m *Made) week(ctx context.Context, dir string) (err error) {
	wanted := m.Rows * week / int64(m.Days)
	config := lake.DefaultConfig(filepath.Join(dir, "lake"))
	config.CompactShare = 1
	l, err := lake.Open(ctx, config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	volume := min(1, float64(wanted)/weekRows)
	var position uint64
	for m.Base < wanted {
		m.Agencies++
		if err := m.agency(ctx, l, volume, &position); err != nil {
			return err
		}
		m.Base = rowsOf(l)
		m.Progress(fmt.Sprintf("%d agencies, %d of %d rows", m.Agencies, m.Base, wanted))
	}
	if err := l.Flush(ctx); err != nil {
		return err
	}
	if _, err := l.Compact(ctx); err != nil {
		return err
	}
	m.Progress("the base is compacted")
	return nil
}

func rowsOf(l *lake.Lake) (rows int64) {
	for _, t := range l.Stats() {
		rows += t.Rows
	}
	return rows
}

// agency adds the week of one more agency, which has names of its own.
func (m *Made) agency(ctx context.Context, l *lake.Lake, volume float64, position *uint64) error {
	tenant := fmt.Sprintf("5c0ffee0-1234-4321-8765-%012d", m.Agencies)
	own := fmt.Appendf(nil, "coastal%03dworks", m.Agencies)
	w := world.New(world.Config{Seed: uint64(m.Agencies), TenantID: tenant, Start: m.start(), Volume: volume})
	n := normalise.New(normalise.Config{WorkspaceID: "bench"})
	for day := range min(week, m.Days) {
		until := m.start().AddDate(0, 0, day+1)
		batch, err := w.Advance(until)
		if err != nil {
			return err
		}
		for format, body := range map[model.Format][]byte{model.FormatAuditLines: audit(batch), model.FormatDefenderLines: defender(batch)} {
			result := n.Payload(model.Payload{
				Tenant: tenant, Source: model.SourceFile, Format: format, Received: until,
				Body: bytes.ReplaceAll(body, []byte("coastalworks"), own),
			})
			if len(result.Rejects) > 0 {
				return fmt.Errorf("%s: %d records were rejected, the first: %s", format, len(result.Rejects), result.Rejects[0].Reason)
			}
			*position++
			if err := apply(ctx, l, lake.Batch{Position: *position, Ingested: until, Records: result.Records}); err != nil {
				return err
			}
		}
	}
	return nil
}

func apply(ctx context.Context, l *lake.Lake, b lake.Batch) error {
	limited, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	_, err := l.Apply(limited, b)
	return err
}

func audit(batch world.Batch) []byte {
	var out bytes.Buffer
	for _, r := range batch.Audit {
		out.Write(append(r.Body, '\n'))
	}
	return out.Bytes()
}

// defender leaves out what cannot be written as a line, which the simulation has
// no record of.
func defender(batch world.Batch) []byte {
	var out bytes.Buffer
	for _, r := range batch.Defender {
		if line, err := r.Line(r.Known); err == nil {
			out.Write(append(line, '\n'))
		}
	}
	return out.Bytes()
}
