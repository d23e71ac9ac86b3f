package parquetpages

import (
	"fmt"
	"maps"
	"slices"
)

// Footers returns a footer as it is read here and by the library, in words; the first is
// empty where it is left to the library.
func Footers(from Source) (ours, library string, err error) {
	f, err := libraryFooter(from)
	if err == nil {
		library = f.words()
	}
	if f := quickFooter(from); f != nil {
		ours = f.words()
	}
	return ours, library, err
}

func (f *Footer) words() string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(f.index)) {
		names = append(names, fmt.Sprint(name, "=", f.index[name]))
	}
	return fmt.Sprintf("%+v\n%v\n%v\n%+v\n%+v\n%d", f.columns, names, f.rows, f.chunks, f.bounds, f.numbers)
}

// Lent returns how many bytes a file has lent to its chunks.
func Lent(f *File) (bytes int) {
	for _, lent := range f.lent {
		bytes += cap(*lent)
	}
	return bytes
}
