package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// The whole measurement stands on this: every server of a run offers the same
// records, each with an Id of its own, in bodies that are JSON.
func TestContentIsTheSameEveryTimeAndEachRecordIsNew(t *testing.T) {
	invented, err := inventedTemplates()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	p := plan{bytes: 4 << 20, blobRecords: 180, oldest: 20 * time.Hour, newest: time.Hour}
	c := newContent(invented, p, now)
	ids, total := map[string]bool{}, int64(0)
	for i := range c.blobs {
		b := &c.blobs[i]
		var first, second bytes.Buffer
		n, err := c.write(&first, b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.write(&second, b); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("blob %d is not the same twice (%v)", i, err)
		}
		var records []struct{ ID, CreationTime string }
		if err := json.Unmarshal(first.Bytes(), &records); err != nil {
			t.Fatalf("blob %d: %v", i, err)
		}
		if len(records) != b.records || int(n) != first.Len() {
			t.Errorf("blob %d has %d records in %d bytes, said to be %d in %d", i, len(records), first.Len(), b.records, n)
		}
		apart := 0
		for record := range objects(first.Bytes()) {
			if apart++; !json.Valid(record) {
				t.Fatalf("blob %d: %s is no record", i, record)
			}
		}
		if apart != len(records) {
			t.Errorf("blob %d is split into %d of %d records", i, apart, len(records))
		}
		for _, r := range records {
			ids[r.ID] = true
			if at, err := time.Parse("2006-01-02T15:04:05", r.CreationTime); err != nil || at.After(b.created) {
				t.Fatalf("record %s of a blob of %s happened at %q (%v)", r.ID, b.created, r.CreationTime, err)
			}
		}
		total += n
		if found, ok := c.find(b.id()); !ok || found != b {
			t.Errorf("blob %d is not found under its id %s", i, b.id())
		}
	}
	if int64(len(ids)) != c.records {
		t.Errorf("%d distinct ids of %d records", len(ids), c.records)
	}
	if total < p.bytes*8/10 || total > p.bytes*12/10 {
		t.Errorf("content has %d bytes, asked for were about %d", total, p.bytes)
	}
}
