package lake

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"slices"
	"sort"

	"github.com/quoll/quoll/internal/bloom"
)

// A key run is a file of keys that does not change: pages of entries in order,
// each with its checksum, then the first key of every page, then a filter, then
// a tail that says how much there is of each. Numbers are big-endian.
const (
	entryBytes = 8 + 8 + 8 + 4 // high, low, digest, tables
	pageKeys   = 128
	pageSize   = pageKeys*entryBytes + 4
	tailBytes  = 8 + 8 + 4 + 8 // entries, bytes of the filter, checksum, magic
	runMagic   = "QKEYRUN1"
	// filterBits is the bits of the filter for each key: about one look-up in
	// two hundred for a key that is not there reads a page in vain.
	filterBits = 12
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tabled is an entry with the tables that know it.
type tabled struct {
	keyEntry
	tables uint32
}

func (a *tabled) compare(b *tabled) int {
	if a.high != b.high { // of nearly all
		if a.high < b.high {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(a.digest, b.digest))
}

// keyRun is a run that is open. It is safe for concurrent use.
type keyRun struct {
	path    string
	file    *openFile
	entries int64
	fences  []uint64
	// filter is nil when it is read from the file, a block at a time.
	filter      []byte
	filterAt    int64
	filterBytes int
}

// writeRunFile writes entries, which next gives in order, at most count of them,
// to a new file and makes it durable. It returns how many there were, and those
// of each table.
func (s syncedFS) writeRunFile(path string, count int64, next func() (tabled, bool, error)) (entries int64, perTable []int64, err error) {
	perTable = make([]int64, 32)
	err = s.write(path, func(w io.Writer) error {
		buffer := bufio.NewWriterSize(w, 256<<10)
		filter := make([]byte, max(1, (count*filterBits/8+bloom.BlockBytes-1)/bloom.BlockBytes)*bloom.BlockBytes)
		var index []byte
		page := make([]byte, 0, pageSize)
		flush := func() error {
			if len(page) == 0 {
				return nil
			}
			page = append(page, make([]byte, pageKeys*entryBytes-len(page))...)
			page = binary.BigEndian.AppendUint32(page, crc32.Checksum(page, castagnoli))
			_, err := buffer.Write(page)
			page = page[:0]
			return err
		}
		for {
			e, more, err := next()
			if err != nil {
				return err
			}
			if !more {
				break
			}
			if len(page) == 0 {
				index = binary.BigEndian.AppendUint64(index, e.high)
			}
			page = binary.BigEndian.AppendUint64(page, e.high)
			page = binary.BigEndian.AppendUint64(page, e.low)
			page = binary.BigEndian.AppendUint64(page, e.digest)
			page = binary.BigEndian.AppendUint32(page, e.tables)
			bloom.Add(filter, e.low)
			entries++
			for rest := e.tables; rest != 0; rest &= rest - 1 {
				perTable[bits.TrailingZeros32(rest)]++
			}
			if len(page) == pageKeys*entryBytes {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if err := flush(); err != nil {
			return err
		}
		index = append(index, filter...)
		sum := crc32.Checksum(index, castagnoli)
		index = binary.BigEndian.AppendUint64(index, uint64(entries))
		index = binary.BigEndian.AppendUint64(index, uint64(len(filter)))
		index = binary.BigEndian.AppendUint32(index, sum)
		index = append(index, runMagic...)
		if _, err := buffer.Write(index); err != nil {
			return err
		}
		return buffer.Flush()
	})
	if err != nil {
		return 0, nil, fmt.Errorf("write keys %s: %w", path, err)
	}
	return entries, perTable, nil
}

// openRun opens a run. What cannot be one is ErrDamaged.
func (s syncedFS) openRun(path string) (*keyRun, error) {
	f, err := s.open(path)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	r := &keyRun{path: path, file: f}
	if err := r.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open keys %s: %w", path, err), f.Close())
	}
	return r, nil
}

func (r *keyRun) load() error {
	size := r.file.Size()
	var tail [tailBytes]byte
	if size < tailBytes {
		return fmt.Errorf("%w: it has %d bytes", ErrDamaged, size)
	}
	if _, err := r.file.ReadAt(tail[:], size-tailBytes); err != nil {
		return err
	}
	r.entries = int64(binary.BigEndian.Uint64(tail[:]))
	filter := int64(binary.BigEndian.Uint64(tail[8:]))
	pages := (r.entries + pageKeys - 1) / pageKeys
	if string(tail[20:]) != runMagic || r.entries < 0 || r.entries > size || filter < bloom.BlockBytes || filter%bloom.BlockBytes != 0 ||
		size != pages*(pageSize+8)+filter+tailBytes {
		return fmt.Errorf("%w: its end does not fit its length", ErrDamaged)
	}
	index := make([]byte, pages*8+filter)
	if _, err := r.file.ReadAt(index, pages*pageSize); err != nil {
		return err
	}
	if crc32.Checksum(index, castagnoli) != binary.BigEndian.Uint32(tail[16:]) {
		return fmt.Errorf("%w: the checksum of its index is another", ErrDamaged)
	}
	r.fences = make([]uint64, pages)
	for i := range r.fences {
		r.fences[i] = binary.BigEndian.Uint64(index[8*i:])
	}
	r.filter, r.filterAt, r.filterBytes = index[pages*8:], pages*(pageSize+8), int(filter)
	return nil
}

// pageBuffer is room for a page.
type pageBuffer [pageSize]byte

// find appends the entries of a key to found.
func (r *keyRun) find(e *keyEntry, buffer *pageBuffer, found []tabled) ([]tabled, error) {
	may, err := r.mayHave(e)
	if err != nil || !may {
		return found, err
	}
	// Entries of one key may begin on the page before the first that starts with
	// it.
	page, _ := slices.BinarySearch(r.fences, e.high)
	for page = max(0, page-1); page < len(r.fences) && r.fences[page] <= e.high; page++ {
		n, err := r.read(page, buffer)
		if err != nil {
			return found, err
		}
		first := sort.Search(n, func(i int) bool { return binary.BigEndian.Uint64(buffer[i*entryBytes:]) >= e.high })
		for i := first; i < n; i++ {
			at := buffer.entry(i)
			if at.high != e.high {
				break
			}
			if at.low == e.low {
				found = append(found, at)
			}
		}
	}
	return found, nil
}

func (r *keyRun) mayHave(e *keyEntry) (bool, error) {
	at := bloom.Block(r.filterBytes, e.low)
	if r.filter != nil {
		return bloom.Has(r.filter[at:], e.low), nil
	}
	var block [bloom.BlockBytes]byte
	if _, err := r.file.ReadAt(block[:], r.filterAt+int64(at)); err != nil {
		return false, fmt.Errorf("read keys %s: %w", r.path, err)
	}
	return bloom.Has(block[:], e.low), nil
}

// read reads one page and returns how many entries it has.
func (r *keyRun) read(n int, buffer *pageBuffer) (int, error) {
	if _, err := r.file.ReadAt(buffer[:], int64(n)*pageSize); err != nil {
		return 0, fmt.Errorf("read keys %s: %w", r.path, err)
	}
	if crc32.Checksum(buffer[:pageSize-4], castagnoli) != binary.BigEndian.Uint32(buffer[pageSize-4:]) {
		return 0, fmt.Errorf("read keys %s, page %d: %w", r.path, n, ErrDamaged)
	}
	return int(min(pageKeys, r.entries-int64(n)*pageKeys)), nil
}

func (b *pageBuffer) entry(i int) tabled {
	at := b[i*entryBytes:]
	return tabled{
		keyEntry{binary.BigEndian.Uint64(at), binary.BigEndian.Uint64(at[8:]), binary.BigEndian.Uint64(at[16:])}, binary.BigEndian.Uint32(at[24:]),
	}
}

// runCursor reads the entries of a run in order.
type runCursor struct {
	run     *keyRun
	next    int // page
	entries []tabled
	buffer  pageBuffer
}

// advance makes sure that entries has the next one; false at the end.
func (c *runCursor) advance() (bool, error) {
	if len(c.entries) == 0 && c.next < len(c.run.fences) {
		n, err := c.run.read(c.next, &c.buffer)
		if err != nil {
			return false, err
		}
		for i := range n {
			c.entries = append(c.entries, c.buffer.entry(i))
		}
		c.next++
	}
	return len(c.entries) > 0, nil
}

// mergeRuns gives the entries of all runs in order, those that are in several
// once.
func mergeRuns(runs []*keyRun) func() (tabled, bool, error) {
	cursors := make([]*runCursor, len(runs))
	for i, r := range runs {
		cursors[i] = &runCursor{run: r}
	}
	return func() (least tabled, some bool, err error) {
		for _, c := range cursors {
			more, err := c.advance()
			if err != nil {
				return tabled{}, false, err
			}
			if more && (!some || c.entries[0].compare(&least) < 0) {
				least, some = c.entries[0], true
			}
		}
		for _, c := range cursors {
			if len(c.entries) > 0 && c.entries[0].compare(&least) == 0 {
				least.tables |= c.entries[0].tables
				c.entries = c.entries[1:]
			}
		}
		return least, some, nil
	}
}
