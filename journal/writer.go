package journal

import (
	"errors"
	"fmt"
	"io"

	"github.com/quoll/quoll/internal/durable"
)

// writer appends to the last segment. It belongs to one goroutine; what readers
// may see it publishes to the set after each fsync.
type writer struct {
	cfg    Config
	set    *set
	file   *durable.AppendFile // nil until a segment is needed
	seg    *segment
	marked bool // the last thing in the segment is a mark, or nothing

	next  Position // of the next entry of this group
	notes []note   // entries written and not yet synced
	buf   []byte
}

// commit writes a group of requests, syncs, and tells each what became of it.
func (w *writer) commit(group []*request) {
	err := w.set.stoppedErr()
	if err == nil {
		err = w.write(group)
	}
	last := w.set.lastPosition()
	if errors.Is(err, durable.ErrUnsynced) {
		err = fmt.Errorf("%w: %w", ErrFailed, err)
		w.set.stop(err)
	}
	for _, r := range group {
		// A group that fails half way may have synced its first part at the
		// end of a segment.
		if err != nil && (r.last == 0 || r.last > last) {
			r.result <- err
			continue
		}
		r.result <- nil
	}
}

func (w *writer) write(group []*request) error {
	w.next = w.set.lastPosition() + 1
	w.notes, w.buf = w.notes[:0], w.buf[:0]
	for _, r := range group {
		if r.ends > 0 {
			if err := w.endSegment(r.ends); err != nil {
				return err
			}
		}
		for i := range r.entries {
			if err := w.put(&r.entries[i]); err != nil {
				return err
			}
		}
		r.last = w.next - 1
	}
	return w.sync()
}

// put adds one entry to the group.
func (w *writer) put(c *content) error {
	c.header.position = w.next
	size := c.header.size()
	if w.file != nil && w.offset() > headerSize && w.offset()+size > w.cfg.SegmentBytes {
		if err := w.roll(); err != nil {
			return err
		}
	}
	if w.file == nil {
		if err := w.create(); err != nil {
			return err
		}
	}
	c.header.durable = w.file.Durable()
	c.header.contentSum = w.seg.salt.checksum(c.meta, c.stored)
	w.buf = c.header.append(w.buf, w.seg.salt)
	w.buf = append(w.buf, c.meta...)
	if len(c.stored) > 1<<20 { // not worth a copy
		if err := w.flush(); err != nil {
			return err
		}
		if _, err := w.file.Write(c.stored); err != nil {
			return err
		}
	} else {
		w.buf = append(w.buf, c.stored...)
	}
	w.marked = false
	w.notes = append(w.notes, note{header: c.header, next: w.offset(), payload: c.payload})
	w.next++
	if len(w.buf) >= 4<<20 {
		return w.flush()
	}
	return nil
}

// offset returns where the next entry begins.
func (w *writer) offset() int64 { return w.file.Size() + int64(len(w.buf)) }

func (w *writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.file.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// sync makes the entries written so far durable and lets readers see them.
func (w *writer) sync() error {
	if w.file == nil { // ended, and nothing has come since
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	w.set.publish(w.seg, w.notes)
	clear(w.notes) // they hold payloads
	w.notes = w.notes[:0]
	return nil
}

// mark says at the end of a segment that everything before is durable.
func (w *writer) mark() error {
	if w.marked {
		return nil
	}
	h := entryHeader{kind: kindMark, position: w.set.lastPosition(), durable: w.file.Durable()}
	h.contentSum = w.seg.salt.checksum()
	w.buf = h.append(w.buf, w.seg.salt)
	w.notes = append(w.notes, note{header: h, next: w.offset()})
	if err := w.sync(); err != nil {
		return err
	}
	w.marked = true
	return nil
}

// roll ends the segment. Its mark is durable before the next one exists.
func (w *writer) roll() error {
	if err := w.sync(); err != nil {
		return err
	}
	if err := w.mark(); err != nil {
		return err
	}
	file := w.file
	w.file, w.seg = nil, nil
	return file.Close()
}

// endSegment ends the segment if it has a position.
func (w *writer) endSegment(position Position) error {
	if w.file == nil || position < w.seg.first || w.next == w.seg.first {
		return nil
	}
	return w.roll()
}

// create begins a segment at the next position. Its header is durable before
// the first entry is written.
func (w *writer) create() error {
	seg := &segment{
		path:  segmentPath(w.cfg.Dir, w.next),
		first: w.next,
		last:  w.next - 1,
		size:  headerSize,
	}
	if _, err := io.ReadFull(w.cfg.Random, seg.salt[:]); err != nil {
		return fmt.Errorf("make segment %s: %w", seg.path, err)
	}
	w.set.names.Lock()
	file, err := durable.CreateAppend(w.cfg.FS, seg.path)
	w.set.names.Unlock()
	if err != nil {
		return err
	}
	_, err = file.Write(encodeSegmentHeader(seg.first, seg.salt))
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	w.file, w.seg, w.marked = file, seg, true
	w.set.add(seg)
	return nil
}

// end marks and closes the last segment.
func (w *writer) end() error {
	if w.file == nil {
		return nil
	}
	var err error
	if w.set.stoppedErr() == nil {
		w.notes, w.buf = w.notes[:0], w.buf[:0]
		err = w.mark()
	}
	return errors.Join(err, w.file.Close())
}
