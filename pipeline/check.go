package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/quoll/quoll/internal/extsort"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
)

// LakeCheck is what a check of the lake found.
type LakeCheck struct {
	Tables   []lake.Checked `json:"tables"`
	Records  int64          `json:"records"` // distinct, over all tables
	Problems []lake.Problem `json:"problems"`
	// Trimmed are the payloads whose bodies are in the archive alone, because retention
	// removed all rows that they give.
	Trimmed int64 `json:"trimmed"`
	// Omitted is how many more problems of single records there are.
	Omitted int64 `json:"omitted,omitempty"`
}

// maxRecordProblems bounds the records that are named.
const maxRecordProblems = 20

// checkMemory is the memory for sorting what was found, in bytes.
const checkMemory = 64 << 20

// CheckLake compares the lake in config.Dir, which must be closed, with itself
// and, unless quick, with the journal: whether every record that the journal
// gives is in its tables once, and nothing else is. Large sorts go through files
// in scratch. progress, unless nil, is called with bytes of data files.
func CheckLake(ctx context.Context, config lake.Config, parts Parts, scratch string, quick bool, progress func(done, total int64)) (check LakeCheck, err error) {
	c := &lakeChecker{parts: parts, sorter: extsort.New(scratch, checkMemory), tables: map[string]byte{}}
	defer func() { err = errors.Join(err, c.sorter.Close()) }()
	for i, t := range schema.Tables() {
		c.tables[t.Name] = byte(i)
	}
	options := lake.CheckOptions{Quick: quick, Last: uint64(parts.Journal.Last()), Progress: progress}
	if !quick {
		options.Row = c.stored
	}
	c.check.Tables, c.check.Problems, err = lake.Check(ctx, config, options)
	if err != nil || quick || len(c.check.Problems) > 0 {
		// Rows of files that are missing or damaged would all be named again.
		return c.check, err
	}
	if c.floors, err = lake.ReadFloors(config, c.lastRun); err != nil {
		return c.check, err
	}
	if err := c.readJournal(ctx); err != nil {
		return c.check, err
	}
	if err := c.sorter.Each(ctx, c.compare); err != nil {
		return c.check, err
	}
	c.finish()
	return c.check, nil
}

// lakeChecker compares what is stored with what the journal gives. Both are
// sorted together, as table, key, where from, digest and position.
type lakeChecker struct {
	parts  Parts
	check  LakeCheck
	sorter *extsort.Sorter
	tables map[string]byte

	floors *retention.Floors // what may be in the journal alone

	group    []byte   // table and key at work
	inLake   [][]byte // digest and position of its rows
	inSource bool
	wanted   bool // not out of date
}

// Where a row comes from, in the order in which they are sorted.
const (
	fromJournal = 0
	fromExpired = 1 // from the journal, and out of date
	fromLake    = 2
	groupBytes  = 1 + 16
)

func (c *lakeChecker) lastRun(table string) uint64 {
	for _, t := range c.check.Tables {
		if t.Name == table {
			return t.RetentionRun
		}
	}
	return 0
}

func (c *lakeChecker) add(table byte, key schema.Key, from byte, digest schema.Digest, position uint64) error {
	var text [groupBytes + 1 + 8 + 8]byte
	text[0] = table
	copy(text[1:], key[:])
	text[groupBytes] = from
	copy(text[groupBytes+1:], digest[:])
	binary.BigEndian.PutUint64(text[groupBytes+9:], position)
	return c.sorter.Add(text[:])
}

func (c *lakeChecker) stored(r lake.StoredRow) error {
	return c.add(c.tables[r.Table], r.Key, fromLake, r.Digest, r.Position)
}

// readJournal adds what the entries give whose rows are in files.
func (c *lakeChecker) readJournal(ctx context.Context) error {
	positions := map[string]uint64{}
	last := uint64(0)
	for _, t := range c.check.Tables {
		positions[t.Name] = t.Position
		last = max(last, t.Position)
	}
	done := errors.New("enough")
	err := c.parts.Journal.Read(ctx, 0, func(e journal.Entry) error {
		if uint64(e.Position) > last {
			return done
		}
		if IsTrimmed(e.Payload) {
			c.check.Trimmed++
			return nil
		}
		j := &job{entry: e, done: make(chan struct{})}
		(&Pipeline{Parts: c.parts}).normalise(j)
		for _, r := range j.result.Records {
			for i := range r.Rows {
				name := r.Rows[i].Table.Name
				if uint64(e.Position) > positions[name] {
					continue
				}
				from := byte(fromJournal)
				if s := retention.SubjectOf(name, &r.Rows[i], e.Payload.Received); c.floors.Erased(r.Key) || c.floors.Removed(uint64(e.Position), &s) {
					from = fromExpired
				}
				if err := c.add(c.tables[name], r.Key, from, r.Digest, uint64(e.Position)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, done) {
		return fmt.Errorf("read the journal: %w", err)
	}
	return nil
}

func (c *lakeChecker) compare(text []byte) error {
	if !bytes.Equal(text[:groupBytes], c.group) {
		c.finish()
		c.group = append(c.group[:0], text[:groupBytes]...)
	}
	if text[groupBytes] != fromLake {
		c.inSource = true
		c.wanted = c.wanted || text[groupBytes] == fromJournal
		return nil
	}
	what := text[groupBytes+1:]
	if n := len(c.inLake); n == 0 || !bytes.Equal(c.inLake[n-1], what) { // rows of one record are one
		c.inLake = append(c.inLake, bytes.Clone(what))
	}
	return nil
}

// finish judges the record at work.
func (c *lakeChecker) finish() {
	if len(c.group) == 0 {
		return
	}
	name := schema.Tables()[c.group[0]].Name
	revisions := name == schema.UnifiedAuditLogRevisions
	switch {
	case len(c.inLake) == 0 && c.wanted && !revisions:
		c.found(name, "is in the journal and not in the table")
	case len(c.inLake) > 0 && !c.inSource && !revisions:
		c.found(name, "is in the table and does not come from the journal")
	case len(c.inLake) > 1 && !revisions:
		c.found(name, fmt.Sprintf("is in the table %d times", len(c.inLake)))
	}
	if len(c.inLake) > 0 && c.floors.Erased(schema.Key(c.group[1:])) {
		c.found(name, "is in the table and was erased; an erasure that was broken off goes on with quoll archive erase run")
	}
	if len(c.inLake) > 0 {
		c.check.Records++
	}
	c.group, c.inLake, c.inSource, c.wanted = c.group[:0], c.inLake[:0], false, false
}

func (c *lakeChecker) found(table, what string) {
	if len(c.check.Problems) >= maxRecordProblems {
		c.check.Omitted++
		return
	}
	c.check.Problems = append(c.check.Problems, lake.Problem{Table: table, What: "record " + hex.EncodeToString(c.group[1:]) + " " + what})
}
