package archive

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// TableFile is a data file that the log tells of.
type TableFile struct {
	RowsLeaf
	// Gone: the table has it no more. It was merged into others, or rows of it were
	// removed.
	Gone bool
}

// TableFiles returns the data files of all tables that the log tells of, by their
// numbers, each leaf proved to be in it. The error is ErrDamaged if what the leaves
// say of a table does not add up.
func (p *Prover) TableFiles(ctx context.Context) ([]TableFile, error) {
	var files []TableFile
	err := p.again(ctx, func(v *view) (err error) {
		files, err = v.tableFiles(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what the archive has of the tables: %w", err)
	}
	return files, nil
}

func (v *view) tableFiles(ctx context.Context) ([]TableFile, error) {
	var files []TableFile
	at := map[uint64]int{}
	tables := newBook()
	take := func(line []byte) error {
		e, ok := parseRows(line)
		if !ok {
			return fmt.Errorf("%w: a leaf of rows after number %d is in no form that is known", ErrDamaged, tables.last)
		}
		if err := tables.take(e); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if e.rows != nil {
			at[e.rows.Number] = len(files)
			files = append(files, TableFile{RowsLeaf: *e.rows})
			return nil
		}
		for _, number := range e.table.Gone {
			files[at[number]].Gone = true
		}
		return nil
	}
	// All leaves together are proved by the root, which costs less than each by itself.
	var wrong error
	err := eachLeaf(ctx, v.fs, v.head, func(line []byte) {
		if wrong == nil && ofRows(line) {
			wrong = take(line)
		}
	})
	return files, cmp.Or(err, wrong)
}

// HasObject says whether an object is there. If a certificate says that it was
// disposed of or erased it is not; if it is missing otherwise, that is an error.
func (p *Prover) HasObject(name string) (bool, error) {
	f, err := p.fs.Open(name)
	if errors.Is(err, ErrDisposed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// CopyDataFile copies a data file out of its object. What was copied is not the file if
// there is an error, which is ErrDamaged if it is not what its leaf says.
func (p *Prover) CopyDataFile(l *RowsLeaf, into io.Writer) error {
	return copyDataFile(p.fs, l, into)
}

func copyDataFile(fsys fs.FS, l *RowsLeaf, into io.Writer) error {
	f, err := fsys.Open(l.Object)
	if err != nil {
		return err
	}
	defer f.Close()
	members := newMembers(f)
	if _, err := members.seek(memberOfRows(l.Number)); err != nil {
		return fmt.Errorf("%w: %s has no member %s: %w", ErrDamaged, l.Object, memberOfRows(l.Number), err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(into, sum), members)
	if err != nil {
		return fmt.Errorf("copy %s out of %s: %w", memberOfRows(l.Number), l.Object, err)
	}
	if n != l.Size || hex.EncodeToString(sum.Sum(nil)) != l.SHA256 {
		return fmt.Errorf("%w: %s: the data file is not what the log says", ErrDamaged, l.Object)
	}
	return nil
}
