package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
)

// ObjectsWithRows returns the objects that are still there and have a kept data file
// of which has says that it has certain rows; of those that may have any by their
// leaf, which overlaps decides. Every leaf is proved to be in the log.
func (p *Prover) ObjectsWithRows(ctx context.Context, overlaps func(RowsLeaf) bool, has func(data []byte) (bool, error)) ([]ObjectLeaf, error) {
	v, err := p.view()
	if err != nil {
		return nil, err
	}
	var found []ObjectLeaf
	var asked []RowsLeaf
	err = v.eachLeaf(ctx, func(line []byte) error {
		if e, ok := parseRows(line); ok {
			if e.rows != nil && e.rows.Kept && overlaps(*e.rows) {
				asked = append(asked, *e.rows)
			}
			return nil
		}
		o, ok := parseOwnLeaf(line)
		if !ok || len(asked) == 0 {
			return nil
		}
		any, err := v.hasRows(o, asked, has)
		if err != nil {
			return fmt.Errorf("look for rows in %s: %w", o.Object, err)
		}
		if asked = asked[:0]; any {
			found = append(found, o)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// hasRows asks for data files of an object until one has the rows.
func (v *view) hasRows(o ObjectLeaf, asked []RowsLeaf, has func(data []byte) (bool, error)) (bool, error) {
	f, err := v.fs.Open(o.Object)
	if errors.Is(err, ErrDisposed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	r := tar.NewReader(f)
	for len(asked) > 0 {
		h, err := r.Next()
		if err != nil {
			return false, err
		}
		if h.Name != memberOfRows(asked[0].Number) {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return false, err
		}
		if any, err := has(data); any || err != nil {
			return any, err
		}
		asked = asked[1:]
	}
	return false, nil
}
