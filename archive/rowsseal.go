package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// DataFile is a data file of a table of the lake for SealRows, which numbers it.
type DataFile struct {
	RowsLeaf
	// Data is the file. Nil: its hash goes into the log, and its bytes do not into
	// the archive.
	Data []byte
}

// TableLook is what somebody saw of a table, or a part of that: files that are new,
// and numbers of leaves whose files are gone, in ascending order. The last part is
// whole.
type TableLook struct {
	Table    string
	Position uint64 // up to which all rows are in files
	Files    []DataFile
	Gone     []uint64
	Whole    bool
}

// MaxGone bounds the numbers in one TableLook, so that they fit into a leaf.
const MaxGone = 4000

// SealRows puts data files of the lake into one object, and publishes a checkpoint
// over their leaves. Either all of it is there afterwards, or after an error perhaps
// none: Standing says which. The payloads of their rows must be sealed before: the
// error is ErrGap if they are not.
func (a *Archive) SealRows(ctx context.Context, looks []TableLook) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.unsure {
		if err := a.recover(); err != nil {
			return err
		}
	}
	if err := a.loadBook(); err != nil {
		return err
	}
	// Leaves are taken into account as they are made; if anything fails the book is
	// read again.
	b := a.book
	a.book = nil
	o, err := a.buildRows(b, looks)
	if err != nil || o == nil {
		if o == nil && err == nil {
			a.book = b
		}
		return err
	}
	if err := a.grow(o, a.state.last); err != nil {
		return err
	}
	a.book = b
	return a.saveBook()
}

// rowsObject gathers the object of data files.
type rowsObject struct {
	book   *book
	seen   time.Time
	path   string
	leaves [][]byte
	index  bytes.Buffer
	kept   []DataFile
}

// buildRows returns nil if there is nothing to tell.
func (a *Archive) buildRows(b *book, looks []TableLook) (*object, error) {
	count := uint64(0)
	for _, l := range looks {
		count += uint64(len(l.Files)) + 1
	}
	if count == 0 {
		return nil, nil
	}
	first, last := b.last+1, b.last+count
	r := &rowsObject{book: b, seen: a.cfg.Now(), path: a.cfg.Recipients.rowsPath(first, last)}
	for _, l := range looks {
		if err := r.look(l, a.state.last); err != nil {
			return nil, err
		}
	}
	data, err := r.pack()
	if err != nil {
		return nil, fmt.Errorf("pack object %s: %w", r.path, err)
	}
	if len(a.cfg.Recipients) > 0 {
		if data, err = a.cfg.Recipients.encrypt(data); err != nil {
			return nil, fmt.Errorf("encrypt object %s: %w", r.path, err)
		}
	}
	line, err := encodeLeaf(objectLeaf(r.path, first, last, sha256.Sum256(data), int64(len(data))))
	return &object{path: r.path, data: data, leaves: append(r.leaves, line)}, err
}

func (r *rowsObject) look(l TableLook, sealed uint64) error {
	for _, f := range l.Files {
		f.Leaf, f.Table, f.Number, f.Object = leafRows, l.Table, r.book.last+1, r.path
		f.Seen, f.Kept = r.seen.UTC().Format(time.RFC3339Nano), f.Data != nil
		if f.Last > sealed {
			return fmt.Errorf("archive %s: %w: it has rows of position %d, and the archive reaches %d", f.File, ErrGap, f.Last, sealed)
		}
		if sum := sha256.Sum256(f.Data); f.Kept && (hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(f.Data)) != f.Size) {
			return fmt.Errorf("archive %s: its bytes are not those that were described", f.File)
		}
		if err := r.take(rowsEntry{rows: &f.RowsLeaf}); err != nil {
			return fmt.Errorf("archive %s: %w", f.File, err)
		}
		if f.Kept {
			r.kept = append(r.kept, f)
		}
	}
	a := r.book.table(l.Table)
	t := &TableLeaf{Leaf: leafTable, Number: r.book.last + 1, Table: l.Table, Position: l.Position, Seen: r.seen.UTC().Format(time.RFC3339Nano), Gone: l.Gone, Whole: l.Whole, Object: r.path}
	if t.Gone == nil {
		t.Gone = []uint64{}
	}
	t.Files, t.Rows, t.Digest = len(a.files)-len(l.Gone), a.rows, a.digest
	for _, number := range l.Gone {
		t.Rows -= a.files[number].Rows
		t.Digest.Sub(a.files[number].Digest)
	}
	if err := r.take(rowsEntry{table: t}); err != nil {
		return fmt.Errorf("archive table %s: %w", l.Table, err)
	}
	return nil
}

func (r *rowsObject) take(e rowsEntry) error {
	var leaf any = e.rows
	if e.rows == nil {
		leaf = e.table
	}
	line, err := encodeLeaf(leaf)
	if err != nil {
		return err
	}
	r.leaves = append(r.leaves, line)
	r.index.Write(line)
	r.index.WriteByte('\n')
	return r.book.take(e)
}

// pack makes the tar file. Data files are compressed already.
func (r *rowsObject) pack() ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := writeMember(w, indexMember, r.index.Bytes(), r.seen); err != nil {
		return nil, err
	}
	for i := range r.kept {
		if err := writeMember(w, memberOfRows(r.kept[i].Number), r.kept[i].Data, r.seen); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}
