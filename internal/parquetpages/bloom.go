package parquetpages

import (
	"fmt"

	"github.com/quoll/quoll/internal/bloom"
)

// maxBloom bounds the bytes of a Bloom filter with its header, and bloomHeader those of
// the header.
const (
	maxBloom    = 8 << 20
	bloomHeader = 128
)

// Bloom returns the split block Bloom filter of the values of a column in a row group, by
// their xxHash64; nil if there is none. It is valid until Release.
func (f *File) Bloom(group int, name string) ([]byte, error) {
	index, ok := f.footer.index[name]
	if !ok {
		return nil, nil
	}
	at := &f.footer.chunks[group*len(f.footer.columns)+index]
	if at.damaged || at.bloom <= 0 || at.bloomSize <= bloom.BlockBytes || at.bloomSize > maxBloom {
		return nil, nil
	}
	filter := f.room(int(at.bloomSize))[:at.bloomSize]
	if _, err := f.from.ReadAt(filter, at.bloom); err != nil {
		return nil, fmt.Errorf("read Bloom filter of column %s: %w", name, err)
	}
	t := thrift{buf: filter[:min(len(filter), bloomHeader)]}
	size := int64(-1)
	t.structure(func(field int16, kind byte) {
		if kind == thriftI32 && field == 1 {
			size = t.number()
			return
		}
		t.pass(kind) // what it is made by: the format knows one way only
	})
	if t.ends() || size <= 0 || size%bloom.BlockBytes != 0 || size != int64(len(filter)-t.at) {
		return nil, fmt.Errorf("column %s: %w: its Bloom filter is not as long as it says", name, ErrDamaged)
	}
	return filter[t.at:], nil
}
