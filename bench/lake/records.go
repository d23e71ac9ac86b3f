package main

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/tenantsim/world"
)

const tenant = "5c0ffee0-1234-4321-8765-0123456789ab"

// start is the first day of the records: long past, so that all days are merged.
var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// fill journals blobs as the Management Activity API has them. It returns the
// records and the bytes of their JSON.
func (r *river) fill(ctx context.Context, records, days int) (made int, raw int64, err error) {
	// A working day of volume 1 has about ten thousand records, and five days in
	// seven are.
	return r.fillFrom(ctx, days, records/days, 0, func(int) error { return nil })
}

// fillFrom journals so many records for each of some days, the first of which is so many
// days after start. told is called after each payload with its records.
func (r *river) fillFrom(ctx context.Context, days, perDay, after int, told func(records int) error) (made int, raw int64, err error) {
	volume := float64(perDay) / 10_000 * 7 / 5
	first := start.AddDate(0, 0, after)
	w := world.New(world.Config{Seed: 6 + uint64(after), TenantID: tenant, Start: first, Volume: volume})
	for day := range days {
		batch, err := w.Advance(first.AddDate(0, 0, day+1))
		if err != nil {
			return made, raw, err
		}
		byType := map[string][][]byte{}
		for _, record := range batch.Audit {
			byType[record.ContentTypes[0]] = append(byType[record.ContentTypes[0]], record.Body)
			made++
			raw += int64(len(record.Body))
		}
		for contentType, bodies := range byType {
			for part := range slices.Chunk(bodies, 180) {
				_, err := r.journal.Append(ctx, model.Payload{
					Tenant: tenant, Source: model.SourceActivity, Format: model.FormatAuditArray, ContentType: contentType,
					Received: first, Body: slices.Concat([]byte("["), bytes.Join(part, []byte(",")), []byte("]")),
				})
				if err == nil {
					err = told(len(part))
				}
				if err != nil {
					return made, raw, err
				}
			}
		}
	}
	return made, raw, nil
}
