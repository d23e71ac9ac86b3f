package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/quoll/quoll/model"
)

// Collect returns the payloads of a source whose leaves are taken, in the order of
// positions, each proved under one checkpoint, which is returned too: the cosigned
// one if it has them all, else the newest. Every leaf of the log is read for it;
// progress, if not nil, is called with leaves read and in all. What was disposed of
// is left out.
func (p *Prover) Collect(ctx context.Context, source model.Source, take func(PayloadLeaf) bool, progress func(done, total int64)) (checkpoint []byte, taken []Proved, err error) {
	err = p.again(ctx, func(v *view) error {
		checkpoint, taken = v.head.signed, nil
		indexes, err := v.taken(ctx, source, take, progress, &taken)
		if err != nil || len(indexes) == 0 {
			return err
		}
		size, signed, err := v.cosigned(indexes[len(indexes)-1])
		if err != nil {
			return err
		}
		checkpoint = signed
		there := taken[:0]
		for i, index := range indexes {
			var body bytes.Buffer
			err := copyBody(v.fs, taken[i].Leaf, &body)
			if errors.Is(err, ErrDisposed) {
				continue
			}
			if err != nil {
				return err
			}
			p := taken[i]
			p.Body = body.Bytes()
			if p.Inclusion, err = v.includedIn(size, signed, index); err != nil {
				return err
			}
			there = append(there, p)
		}
		taken = there
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("collect payloads of the archive: %w", err)
	}
	return checkpoint, taken, nil
}

// taken finds the leaves, with their indexes in the log.
func (v *view) taken(ctx context.Context, source model.Source, take func(PayloadLeaf) bool, progress func(done, total int64), into *[]Proved) (indexes []int64, err error) {
	// Cheaper than reading every leaf. Within a string the quotes would have
	// backslashes.
	mark := []byte(`,"source":"` + string(source) + `",`)
	for n := int64(0); n*tileWidth < v.head.size; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if progress != nil {
			progress(n*tileWidth, v.head.size)
		}
		leaves, err := v.bundle(n)
		if err != nil {
			return nil, err
		}
		for i, line := range leaves {
			if !bytes.Contains(line, mark) {
				continue
			}
			if leaf, ok := parsePayloadLeaf(line); ok && take(leaf) {
				indexes = append(indexes, n*tileWidth+int64(i))
				*into = append(*into, Proved{Leaf: leaf, Line: line})
			}
		}
	}
	return indexes, nil
}
