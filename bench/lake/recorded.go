package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/tenantsim/audit"
)

// weighIn makes a data directory for weigh, a temporary one where dir is empty.
func weighIn(ctx context.Context, folder string, days int, dir string) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "quoll-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	return weigh(ctx, folder, days, dir)
}

// weigh takes in the records of a folder and says what they take on disk. They are as
// they are but for the time of each: they are spread evenly over so many days, in the
// order of the files, as a few records of many years would weigh footers alone.
func weigh(ctx context.Context, folder string, days int, dir string) (err error) {
	records, raw, err := readRecorded(folder)
	if err != nil {
		return err
	}
	r := &river{}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(ctx, dir); err != nil {
		return err
	}
	if err := r.journalAll(ctx, spread(records, days)); err != nil {
		return err
	}
	fmt.Printf("| %d recorded records, %.0f bytes of JSON each, over %d days | |\n|---|--:|\n", len(records), float64(raw)/float64(len(records)), days)
	if err := r.takeIn(ctx, len(records)); err != nil {
		return err
	}
	r.sizes("flushed", len(records), raw)
	if err := r.compact(ctx, len(records)); err != nil {
		return err
	}
	r.sizes("compacted", len(records), raw)
	return nil
}

// readRecorded reads the lines of a folder's *.jsonl, and counts their bytes.
func readRecorded(folder string) (records [][]byte, raw int64, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil || len(paths) == 0 {
		return nil, 0, errors.Join(fmt.Errorf("folder %s has no file *.jsonl", folder), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, 0, fmt.Errorf("read records: %w", err)
		}
		for line := range bytes.Lines(text) {
			line = bytes.TrimSpace(line)
			if creationTime.Match(line) {
				records, raw = append(records, line), raw+int64(len(line))
			}
		}
	}
	return records, raw, nil
}

// creationTime finds the time of a record, without fractions and zone.
var creationTime = regexp.MustCompile(`("CreationTime": ?")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`)

// spread gives each record a time of its own.
func spread(records [][]byte, days int) [][]byte {
	step := time.Duration(days) * 24 * time.Hour / time.Duration(len(records)+1)
	moved := make([][]byte, 0, len(records))
	for i, record := range records {
		at := start.Add(step * time.Duration(i)).Format("2006-01-02T15:04:05")
		moved = append(moved, creationTime.ReplaceAll(record, []byte("${1}"+at)))
	}
	return moved
}

// journalAll journals records in blobs as the Management Activity API has them: of one
// content type each, in the order of time.
func (r *river) journalAll(ctx context.Context, records [][]byte) error {
	pending := map[string][][]byte{}
	for _, record := range records {
		contentType := contentTypeOf(record)
		pending[contentType] = append(pending[contentType], record)
		if len(pending[contentType]) < 180 {
			continue
		}
		if err := r.journalBlob(ctx, contentType, pending[contentType]); err != nil {
			return err
		}
		pending[contentType] = nil
	}
	for contentType, rest := range pending {
		if err := r.journalBlob(ctx, contentType, rest); err != nil {
			return err
		}
	}
	return nil
}

func (r *river) journalBlob(ctx context.Context, contentType string, records [][]byte) error {
	if len(records) == 0 {
		return nil
	}
	_, err := r.journal.Append(ctx, model.Payload{
		Tenant: tenant, Source: model.SourceActivity, Format: model.FormatAuditArray, ContentType: contentType,
		Received: start, Body: slices.Concat([]byte("["), bytes.Join(records, []byte(",")), []byte("]")),
	})
	return err
}

var workload = regexp.MustCompile(`"Workload": ?"(\w+)"`)

// contentTypeOf says where the API delivers a record.
func contentTypeOf(record []byte) string {
	found := workload.FindSubmatch(record)
	if found == nil {
		return audit.ContentGeneral
	}
	return audit.ContentTypeOf(string(found[1]))
}
