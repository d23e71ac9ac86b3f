package termfilter

import "sync"

// Buffers are what maps are read into that are read as a whole: a year of files has a
// hundred megabytes of them, and memory for each that is made anew costs more than reading
// it. The zero Buffers are ready for use, by any number of goroutines. What nobody takes
// up again is the garbage collector's.
type Buffers struct{ pool sync.Pool }

func (b *Buffers) take() []byte {
	if b == nil {
		return nil
	}
	if lent, ok := b.pool.Get().(*[]byte); ok {
		return *lent
	}
	return nil
}

func (b *Buffers) put(bytes []byte) {
	if b != nil && cap(bytes) > 0 {
		bytes = bytes[:0]
		b.pool.Put(&bytes)
	}
}
