package archive

import (
	"bytes"
	"context"
	"fmt"

	"github.com/quoll/quoll/archive/proof"
)

// ProvedFile is a data file of a table and what proves that its leaf is in the log.
type ProvedFile struct {
	Leaf      RowsLeaf
	Line      []byte // the leaf as it stands in the log
	Data      []byte
	Inclusion proof.Inclusion
	Stamped   *proof.Stamped // nil where no time stamp reaches so far
}

// DataFile proves the data file of a number, under the cosigned checkpoint if that
// reaches so far, else under the newest. The error is ErrNotFound if no data file has
// the number, or if the archive has its hash alone.
func (p *Prover) DataFile(ctx context.Context, number uint64) (*ProvedFile, error) {
	var proved *ProvedFile
	err := p.again(ctx, func(v *view) (err error) {
		proved, err = v.dataFile(number)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prove data file %d: %w", number, err)
	}
	return proved, nil
}

func (v *view) dataFile(number uint64) (*ProvedFile, error) {
	index, line, err := v.search(rowsNumberOf, "number", number)
	if err != nil {
		return nil, err
	}
	e, _ := parseRows(line)
	switch {
	case e.rows == nil:
		return nil, fmt.Errorf("%w: the leaf tells of table %s as a whole", ErrNotFound, e.table.Table)
	case !e.rows.Kept:
		return nil, fmt.Errorf("%w: of %s the archive has the hash alone", ErrNotFound, e.rows.File)
	}
	proved := &ProvedFile{Leaf: *e.rows, Line: line}
	var data bytes.Buffer
	if err := copyDataFile(v.fs, e.rows, &data); err != nil {
		return nil, err
	}
	proved.Data = data.Bytes()
	if proved.Inclusion, err = v.inclusion(index); err == nil {
		proved.Stamped, err = v.stamped(index)
	}
	return proved, err
}

func rowsNumberOf(line []byte) (uint64, bool) {
	if !ofRows(line) {
		return 0, false
	}
	e, ok := parseRows(line)
	if !ok {
		return 0, false
	}
	return e.number(), true
}
