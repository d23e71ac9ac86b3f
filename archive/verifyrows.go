package archive

import (
	"encoding/hex"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/model"
)

// StandingTable is a table as the leaves of the log say it was when it was last
// looked at.
type StandingTable struct {
	Table    string       `json:"table"`
	Position uint64       `json:"position"` // up to which its rows were in files
	Files    int          `json:"files"`
	Kept     int          `json:"kept"` // of them, with their bytes in the archive
	Rows     int64        `json:"rows"`
	Digest   model.RowSum `json:"digest"`
}

// unpackRows reads an object of data files: the index, and each file whose bytes are
// kept. bodies has a place for each line of the index.
func (c *contents) unpackRows(file io.Reader, first, last uint64) error {
	r := newMembers(file)
	if err := c.readIndex(r, int(last-first+1)); err != nil {
		return err
	}
	for i, line := range c.index {
		e, ok := parseRows(line)
		if !ok || e.number() != first+uint64(i) {
			return fmt.Errorf("line %d of the index is not of number %d", i+1, first+uint64(i))
		}
		if e.rows == nil || !e.rows.Kept {
			c.bodies = append(c.bodies, body{})
			continue
		}
		if err := c.readMember(r, memberOfRows(e.number())); err != nil {
			return err
		}
	}
	return r.end()
}

// rowsCheck follows what the leaves say of the tables.
type rowsCheck struct {
	book *book
	// broken: a leaf could not be read, so that what follows from it is not known.
	broken bool
}

// takeRows takes the next leaf into account: its line, if that has its hash.
func (c *objectCheck) takeRows(line []byte, l *leaf, sealed uint64) {
	if c.rows.book == nil {
		c.rows.book = newBook()
	}
	e, ok := parseRows(line)
	if !ok || c.rows.broken {
		c.rows.broken = true
		return
	}
	err := c.rows.book.take(e)
	if err == nil && (e.rows != nil && e.rows.Last > sealed || e.table != nil && e.table.Whole && e.table.Position > sealed) {
		err = fmt.Errorf("number %d tells of positions that the log does not have before it: %w", e.number(), errAccount)
	}
	if err != nil {
		c.v.problem(l.file, Changed, fmt.Sprintf("leaf %d: %v", l.index, err))
		c.rows.broken = true
	}
}

// judgeRows compares an object of data files with its leaves.
func (c *objectCheck) judgeRows(r *objectRead) {
	found, entries, own := r.found, r.leaves[:len(r.leaves)-1], r.leaves[len(r.leaves)-1]
	whole := found.signed(r, &own)
	if found.sealed && !whole {
		c.rows.broken = true
		c.v.lose(r.name, Changed, "the file does not have the hash in the log; what of it is still whole cannot be told without the key", r.all())
		return
	}
	var touched []uint64
	for i := range entries {
		line := entries[i].data
		if i < len(found.index) && entries[i].known && tlog.RecordHash(found.index[i]) == entries[i].hash {
			line = found.index[i]
		}
		e, ok := parseRows(line)
		number := r.first + uint64(i)
		if line != nil && (!ok || e.number() != number || e.object() != r.name) {
			touched, c.rows.broken = append(touched, number), true
			continue
		}
		switch {
		case !ok: // of an entry bundle that was found damaged
			c.rows.broken = true
			if !found.sealed {
				touched = append(touched, number)
			}
			continue
		case e.rows != nil && e.rows.Kept && found.sealed:
			c.v.report.SealedFiles++
		case e.rows != nil && e.rows.Kept && (i >= len(found.bodies) || !found.bodies[i].is(e.rows.SHA256, e.rows.Size)):
			touched = append(touched, number)
		case e.rows != nil && e.rows.Kept:
			c.v.report.DataFiles++
		case e.rows != nil:
			c.v.report.HashedFiles++
		}
		c.takeRows(line, &entries[i], r.sealed)
	}
	of := lost{ofDataFiles, ranges(touched)}
	switch {
	case whole && len(touched) == 0 && found.err == nil:
		c.v.report.RowObjects++
	case whole:
		c.v.lose(r.name, Changed, "its hash is in the log, but its contents are not what the log says: "+found.why(), of)
	case len(touched) == 0:
		c.v.lose(r.name, Changed, "the file does not have the hash in the log; every data file in it is still whole", of)
	default:
		c.v.lose(r.name, Changed, "the file does not have the hash in the log: "+found.why(), of)
	}
}

// disposedRows takes leaves into account whose object went.
func (c *objectCheck) disposedRows(entries []leaf) {
	for i := range entries {
		c.takeRows(entries[i].data, &entries[i], c.last[ofPayloads])
		if e, ok := parseRows(entries[i].data); ok && e.rows != nil && e.rows.Kept {
			c.v.report.DisposedFiles++
		}
	}
}

// standing is what the report says of the tables.
func (c *rowsCheck) standing() []StandingTable {
	if c.book == nil || c.broken {
		return nil
	}
	var all []StandingTable
	for _, name := range sortedKeys(c.book.tables) {
		t := c.book.tables[name]
		s := StandingTable{Table: name, Position: t.upTo, Files: len(t.files), Rows: t.rows, Digest: t.digest}
		for _, f := range t.files {
			if f.Kept {
				s.Kept++
			}
		}
		all = append(all, s)
	}
	return all
}

// is says whether a body has a hash and a size.
func (b *body) is(sum string, size int64) bool {
	return b.size == size && hex.EncodeToString(b.sum[:]) == sum
}
