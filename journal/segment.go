package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quoll/quoll/internal/durable"
)

const segmentSuffix = ".journal"

// indexEvery is the distance in bytes between two points of a segment's index.
const indexEvery = 64 << 10

// segment is one file. Size, last and index of the active one change under the
// mutex of its set; a segment before it never changes, but gets its index on the
// first read.
type segment struct {
	path  string
	first Position // of the first entry it holds or will hold
	last  Position // of the last durable entry; first-1 if there is none
	salt  salt
	size  int64 // durable bytes
	index []point
}

// point says where the entry after a position begins.
type point struct {
	after  Position
	offset int64
}

func segmentPath(dir string, first Position) string {
	return filepath.Join(dir, fmt.Sprintf("%020d%s", uint64(first), segmentSuffix))
}

// listSegments returns the segments in order, with path and first set from
// their names. Other files are not ours to judge.
func listSegments(fsys durable.FS, dir string) ([]*segment, error) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list journal %s: %w", dir, err)
	}
	var segments []*segment
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), segmentSuffix)
		if !ok || len(digits) != 20 {
			continue
		}
		first, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || first == 0 {
			continue
		}
		segments = append(segments, &segment{path: filepath.Join(dir, e.Name()), first: Position(first)})
	}
	return segments, nil // ReadDir sorts, and the digits are of one length
}

func (s *segment) corrupt(offset int64, reason string) error {
	return &CorruptError{Segment: s.path, Offset: offset, Reason: reason}
}

// opened is a segment file open for reading.
type opened struct {
	durable.File
	size int64
	salt salt
}

// open opens the file and reads its header. If the header is bad the error is a
// *CorruptError, and the size is known all the same.
func (s *segment) open(fsys durable.FS) (opened, error) {
	f, err := fsys.OpenFile(s.path, os.O_RDONLY, 0)
	if err != nil {
		return opened{}, fmt.Errorf("open segment: %w", err)
	}
	o := opened{File: f}
	if err := s.readHeader(&o); err != nil {
		return o, errors.Join(err, f.Close())
	}
	return o, nil
}

func (s *segment) readHeader(o *opened) error {
	info, err := o.Stat()
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	o.size = info.Size()
	b := make([]byte, headerSize)
	n, err := o.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read segment %s: %w", s.path, err)
	}
	first, salt, err := decodeSegmentHeader(b[:n])
	if err != nil {
		return s.corrupt(0, err.Error())
	}
	if first != s.first {
		return s.corrupt(16, fmt.Sprintf("segment begins at position %d, its name says %d", first, s.first))
	}
	o.salt = salt
	return nil
}

// openSealed checks a segment that has a successor: it must end with the mark
// that closed it, just before the successor's first position. The entries are
// checked when they are read.
func (s *segment) openSealed(fsys durable.FS, next Position) error {
	f, err := s.open(fsys)
	if err != nil {
		return err
	}
	defer f.Close()
	at := f.size - entryHeaderSize
	if at < headerSize {
		return s.corrupt(f.size, "segment ends without a closing mark")
	}
	b := make([]byte, entryHeaderSize)
	if _, err := f.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read segment %s: %w", s.path, err)
	}
	h, err := decodeEntryHeader(b, f.salt, at)
	if err != nil || h.kind != kindMark {
		return s.corrupt(at, "segment ends without a closing mark")
	}
	if h.position+1 != next {
		return s.corrupt(at, fmt.Sprintf("segment ends at position %d, the next begins at %d", h.position, next))
	}
	s.size, s.last, s.salt = f.size, h.position, f.salt
	return nil
}

// tail is what a scan of the last segment found.
type tail struct {
	unsure   int64 // bytes before this were durable when the last entry was written
	clean    bool  // the last entry is a mark: everything before it was durable
	fileSize int64 // of which the segment's size is good
}

// openLast scans the last segment to its end, torn or not. It changes nothing
// on disk; s.size ends before a torn tail.
func (s *segment) openLast(fsys durable.FS) (tail, error) {
	f, err := s.open(fsys)
	t := tail{fileSize: f.size}
	s.last, s.size = s.first-1, headerSize
	if err != nil {
		// The header is durable before the first entry is written, so a short
		// file with a bad header never held one.
		if errors.Is(err, ErrCorrupt) && f.size <= headerSize {
			s.size = 0
			return t, nil
		}
		return t, err
	}
	defer f.Close()
	s.salt = f.salt
	t.unsure = headerSize
	reason := s.scan(f, func(h *entryHeader, next int64) {
		s.note(h, next)
		t.unsure, t.clean = h.durable, h.kind == kindMark
	})
	if reason == nil {
		return t, nil
	}
	if isReadError(reason) {
		return t, fmt.Errorf("read segment %s: %w", s.path, reason)
	}
	found, err := knownDurable(f, s.size)
	if err != nil {
		return t, fmt.Errorf("read segment %s: %w", s.path, err)
	}
	if found {
		return t, s.corrupt(s.size, reason.Error())
	}
	return t, nil
}

// note takes an entry that ends at next into the segment's size, last position
// and index.
func (s *segment) note(h *entryHeader, next int64) {
	s.size = next
	if h.kind == kindPayload {
		s.last = h.position
	}
	if n := len(s.index); n == 0 || next-s.index[n-1].offset >= indexEvery {
		s.index = append(s.index, point{after: s.last, offset: next})
	}
}

// scan checks every entry of the file and returns why it stopped before, or nil.
func (s *segment) scan(f opened, each func(h *entryHeader, next int64)) error {
	r := newEntryReader(f, f.salt, headerSize, f.size)
	last := s.first - 1
	for r.offset < f.size {
		h, _, err := r.next()
		if err != nil {
			return err
		}
		if err := follows(h, last); err != nil {
			return err
		}
		if h.kind == kindPayload {
			last = h.position
		}
		each(h, r.offset)
	}
	return nil
}

// follows checks the position of an entry against the one before it.
func follows(h *entryHeader, last Position) error {
	want := last
	if h.kind == kindPayload {
		want++
	}
	if h.position != want {
		return fmt.Errorf("entry has position %d where %d should be", h.position, want)
	}
	return nil
}

// knownDurable reports whether any entry at or after offset bad says that more
// than bad bytes were durable when it was written. If so, what is at bad was
// once good and acknowledged; if not, it was never acknowledged.
func knownDurable(f opened, bad int64) (bool, error) {
	const chunk = 1 << 20
	buf := make([]byte, min(chunk+entryHeaderSize, f.size-bad))
	for at := bad; at < f.size; at += chunk {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), f.size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		for i := 0; ; i++ {
			j := bytes.Index(buf[i:n], []byte(entryMagic))
			if j < 0 || i+j >= chunk {
				break
			}
			i += j
			h, err := decodeEntryHeader(buf[i:n], f.salt, at+int64(i))
			if err == nil && h.durable > bad {
				return true, nil
			}
		}
	}
	return false, nil
}

// entryReader reads entries in order.
type entryReader struct {
	r       *bufio.Reader
	salt    salt
	offset  int64 // of the next entry
	size    int64
	header  [entryHeaderSize]byte
	content []byte // reused by next
}

func newEntryReader(f io.ReaderAt, s salt, offset, size int64) *entryReader {
	section := io.NewSectionReader(f, offset, size-offset)
	return &entryReader{r: bufio.NewReaderSize(section, int(min(256<<10, size-offset))), salt: s, offset: offset, size: size}
}

// next returns the header and the content of the next entry, whose checksums
// are right. The content is valid until the following call, unless detach is
// called. The offset moves only if there is no error.
func (r *entryReader) next() (*entryHeader, []byte, error) {
	if r.size-r.offset < entryHeaderSize {
		return nil, nil, fmt.Errorf("entry header has %d of %d bytes", r.size-r.offset, entryHeaderSize)
	}
	if _, err := io.ReadFull(r.r, r.header[:]); err != nil {
		return nil, nil, err
	}
	h, err := decodeEntryHeader(r.header[:], r.salt, r.offset)
	if err != nil {
		return nil, nil, err
	}
	if h.size() > r.size-r.offset {
		return nil, nil, fmt.Errorf("entry has %d of %d bytes", r.size-r.offset, h.size())
	}
	n := int(h.metaSize + h.storedSize)
	if cap(r.content) < n {
		r.content = make([]byte, n)
	}
	content := r.content[:n]
	if _, err := io.ReadFull(r.r, content); err != nil {
		return nil, nil, err
	}
	if r.salt.checksum(content) != h.contentSum {
		return nil, nil, errors.New("checksum of the entry content is wrong")
	}
	r.offset += h.size()
	return &h, content, nil
}

// detach gives the content of the last entry to the caller for good.
func (r *entryReader) detach() { r.content = nil }
