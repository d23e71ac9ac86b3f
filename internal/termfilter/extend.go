package termfilter

import (
	"bytes"
	"fmt"

	"github.com/quoll/quoll/internal/bloom"
)

// Extend adds the terms of further texts to filters that a Builder has made, in place.
// texts is called for each part with the rows that it has and what takes a text. The
// filters stay as large as they are, so that more that is not there is taken for there.
func Extend(filters []byte, texts func(rows Span, add func(text []byte))) error {
	f, err := Open(bytes.NewReader(filters), int64(len(filters)))
	if err == nil && f == nil {
		err = fmt.Errorf("%w: there is none", ErrDamaged)
	}
	if err != nil {
		return err
	}
	first := int64(0)
	for i := range f.parts {
		p := &f.parts[i]
		filter := filters[p.at : p.at+int64(p.blocks)*bloom.BlockBytes]
		texts(Span{first, first + p.rows}, func(text []byte) {
			Each(text, func(hash uint64) { bloom.Add(filter, max(hash, 1)) })
		})
		first += p.rows
	}
	return nil
}
