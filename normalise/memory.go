package normalise

import (
	"unsafe"

	"github.com/quoll/quoll/schema"
)

// memory is what a result is made of: large pieces, so that the many short
// strings and small slices of a record do not cost an allocation each, and the
// same pieces again once nobody needs the result.
type memory struct {
	text    arena
	pages   map[*schema.Table]*page
	rows    pieces[schema.Row]
	records []schema.Record
}

// page is the rows of one table in a result.
type page struct {
	*schema.Sheet
	constants []schema.Cell // in every row
}

func newMemory() *memory { return &memory{pages: map[*schema.Table]*page{}} }

// complete ends the pages.
func (m *memory) complete() {
	for _, p := range m.pages {
		p.Complete(p.constants)
	}
}

// Release gives the memory of the records back for results to come: whoever has
// copied what it needs of them may call it, and must not use the records
// afterwards. A result that is not released is the garbage collector's.
func (r *Result) Release() {
	if r.memory == nil {
		return
	}
	m := r.memory
	m.records = r.Records
	r.Records, r.memory = nil, nil
	m.text.reset()
	for _, p := range m.pages {
		p.Reset()
	}
	m.rows.reset()
	clear(m.records)
	m.records = m.records[:0]
	r.pool.Put(m)
}

// arena hands out strings that share pieces of memory.
type arena struct{ pieces pieces[byte] }

// maxShared is the longest string that shares memory with others, in bytes.
const maxShared = 8 << 10

func (a *arena) string(b []byte) string {
	if len(b) > maxShared {
		return string(b)
	}
	return unsafeString(a.pieces.copy(b))
}

func (a *arena) reset() { a.pieces.reset() }

// pieces hands out slices that share pieces of memory.
type pieces[T any] struct {
	all  [][]T
	used int // those before are full
}

const (
	// pieceBytes is how large a piece is, unless it is for more at once.
	pieceBytes = 64 << 10
	// maxPieces is how many pieces are kept for the next result.
	maxPieces = 32
)

// copy returns a copy of values.
func (p *pieces[T]) copy(values []T) []T {
	if len(values) == 0 {
		return nil
	}
	for p.used < len(p.all) && cap(p.all[p.used])-len(p.all[p.used]) < len(values) {
		p.used++
	}
	if p.used == len(p.all) {
		p.all = append(p.all, make([]T, 0, max(pieceBytes/int(unsafe.Sizeof(values[0])), len(values))))
	}
	piece := &p.all[p.used]
	start := len(*piece)
	*piece = append(*piece, values...)
	return (*piece)[start:len(*piece):len(*piece)]
}

// reset makes all pieces empty, and lets go of what they refer to.
func (p *pieces[T]) reset() {
	if len(p.all) > maxPieces {
		clear(p.all[maxPieces:])
		p.all = p.all[:maxPieces]
	}
	for i, piece := range p.all {
		clear(piece)
		p.all[i] = piece[:0]
	}
	p.used = 0
}
