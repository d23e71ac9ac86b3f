package lake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/model"
)

// Description is what a data file holds, in short.
type Description struct {
	Name   string // path below the lake's folder, with slashes
	SHA256 [sha256.Size]byte
	Size   int64
	// Digest is the sum over the rows that the tombstones of retention have as well.
	Digest      model.RowSum
	First, Last uint64 // least and greatest journal position of its rows
	// Data is the file, if it was asked for.
	Data []byte
}

// Compacted says whether the file was merged for good: it is written anew only if
// many more rows of its day come, or some are removed.
func (f File) Compacted() bool { return f.lasting() }

// Day returns the beginning of the day in UTC that all rows of the file fall on.
func (f File) Day() time.Time { return f.MinTime.UTC().Truncate(24 * time.Hour) }

// Reaches returns a journal position that no row of the file is beyond.
func (r *ReadSet) Reaches(f File) uint64 { return min(f.lastPosition, r.Position) }

// Name returns the path of a file below the lake's folder, with slashes.
func (l *Lake) Name(f File) (string, error) {
	name, err := filepath.Rel(l.config.Dir, f.Path)
	if err != nil {
		return "", fmt.Errorf("name %s: %w", f.Path, err)
	}
	return filepath.ToSlash(name), nil
}

// Describe reads a file of a set that is not released yet. The error is ErrDamaged if
// the file is not what was written.
func (l *Lake) Describe(ctx context.Context, set *ReadSet, f File, withData bool) (*Description, error) {
	name, err := l.Name(f)
	if err != nil {
		return nil, err
	}
	d := &Description{Name: name, First: math.MaxUint64}
	columns := columnsOf(set.Table)
	at, _ := set.Table.Column(set.Table.TimeColumn)
	names := []string{set.Table.TimeColumn, ColumnKeyHigh, ColumnKeyLow, ColumnDigest, ColumnPosition}
	err = l.files.readSome(ctx, f, columns, names, func(b batch) error {
		row := newRowHash(b, len(columns))
		times := b.records.Column(at).(*array.Timestamp)
		positions := b.records.Column(len(columns) - 1).(*array.Int64)
		for i := range b.rows {
			d.Digest.Add(row.of(i, time.UnixMicro(int64(times.Value(i)))))
			position := uint64(positions.Value(i))
			d.First, d.Last = min(d.First, position), max(d.Last, position)
		}
		return ctx.Err()
	})
	if err == nil {
		err = l.readWhole(f, d, withData)
	}
	if err != nil {
		return nil, fmt.Errorf("describe %w", err)
	}
	return d, nil
}

// readWhole hashes a file and, if asked to, keeps it.
func (l *Lake) readWhole(f File, d *Description, keep bool) error {
	source, err := l.files.open(f.Path)
	if err != nil {
		return err
	}
	defer source.Close()
	var sum hash.Hash = sha256.New()
	var into io.Writer = sum
	var data bytes.Buffer
	if keep {
		data.Grow(int(f.Bytes))
		into = io.MultiWriter(sum, &data)
	}
	if d.Size, err = io.Copy(into, source); err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	if keep {
		d.Data = data.Bytes()
	}
	sum.Sum(d.SHA256[:0])
	return nil
}
