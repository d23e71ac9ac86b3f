package parquetpages

import (
	"math/bits"
	"sync"
)

// A row that is found costs the unpacking of some megabytes, and memory for them that is
// made anew each time costs half as much again: it is cleared, and collected. So files lend
// it from their decoder.

// maxLent bounds what is lent: larger pages are rare.
const maxLent = 8 << 20

// buffers are those that nobody uses, by the power of two that they are large. What is not
// taken up for long is the garbage collector's.
type buffers [24]sync.Pool

func class(size int) int { return bits.Len(uint(max(size, 1) - 1)) }

// take returns an empty buffer with room for size bytes, nil if that is more than is lent.
func (b *buffers) take(size int) *[]byte {
	if size > maxLent {
		return nil
	}
	if lent, ok := b[class(size)].Get().(*[]byte); ok {
		return lent
	}
	made := make([]byte, 0, 1<<class(size))
	return &made
}

func (b *buffers) put(lent *[]byte) { b[class(cap(*lent))].Put(lent) }

// room returns an empty buffer with room for size bytes until Release.
func (f *File) room(size int) []byte {
	lent := f.decoder.buffers.take(size)
	if lent == nil {
		return make([]byte, 0, size)
	}
	f.lent = append(f.lent, lent)
	return *lent
}

// maxLentTexts bounds room for texts that is lent.
const maxLentTexts = 64 << 10

// textRoom returns room for so many texts until Release.
func (f *File) textRoom(size int) [][]byte {
	if size > maxLentTexts {
		return make([][]byte, 0, size)
	}
	lent, ok := f.decoder.texts.Get().(*[][]byte)
	if !ok || cap(*lent) < size {
		made := make([][]byte, 0, 1<<class(size))
		lent = &made
	}
	*lent = (*lent)[:size]
	f.lentTexts = append(f.lentTexts, lent)
	return (*lent)[:0]
}

// Release gives back what the file's chunks have read. They and their values must not be
// used any more.
func (f *File) Release() {
	for _, lent := range f.lent {
		f.decoder.buffers.put(lent)
	}
	for _, lent := range f.lentTexts {
		clear(*lent) // they lie in what was lent
		f.decoder.texts.Put(lent)
	}
	f.lent, f.lentTexts = nil, nil
}
