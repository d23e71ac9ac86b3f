package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

// Erase puts other payloads in the place of some, which are gone from the files when
// it returns nil: their segments are written anew and exchanged. Positions and all
// other entries stay as they are. What is no longer held is left out. After an error
// or a crash a segment is the old one or the new one, and the same call goes on.
//
// Readers of this process see the one or the other. A Reader of another process that
// was open meanwhile may find damage that there is not, and has to be opened again.
// Calls come one after the other, with those of Trim.
func (j *Journal) Erase(ctx context.Context, places map[Position]model.Payload) error {
	return j.exchangeAll(ctx, replacing{}, places)
}

// Trim is Erase that leaves alone what has no body: what was erased since the caller
// looked stays erased.
func (j *Journal) Trim(ctx context.Context, places map[Position]model.Payload) error {
	return j.exchangeAll(ctx, replacing{bodies: true}, places)
}

// replacing is what takes the places of entries.
type replacing struct {
	places map[Position]content
	bodies bool // of entries that have a body alone
}

// of returns what takes the place of an entry, if anything does.
func (r *replacing) of(position Position, body int64) (content, bool) {
	place, ok := r.places[position]
	return place, ok && (body > 0 || !r.bodies)
}

func (j *Journal) exchangeAll(ctx context.Context, with replacing, places map[Position]model.Payload) error {
	encoded := map[Position]content{}
	newest := Position(0)
	for position, p := range places {
		err := check(&p)
		if err == nil {
			encoded[position], err = j.codec.encode(&p)
		}
		if err != nil {
			return fmt.Errorf("erase position %d: %w", position, err)
		}
		newest = max(newest, position)
	}
	if len(places) == 0 {
		return nil
	}
	if last := j.Last(); newest > last {
		return fmt.Errorf("erase position %d: the journal ends at %d", newest, last)
	}
	with.places = encoded
	if err := j.endSegment(ctx, newest); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	// Two that write one segment would write the same temporary file, and the second
	// would bring back what the first took out.
	select {
	case j.erasing <- struct{}{}:
		defer func() { <-j.erasing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, seg := range j.holding(places) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := j.rewrite(seg, &with); err != nil {
			return fmt.Errorf("erase from %s: %w", seg.path, err)
		}
	}
	return nil
}

// endSegment has the writer begin a new segment if the present one has a position.
func (j *Journal) endSegment(ctx context.Context, position Position) error {
	if err := j.refuses(ctx); err != nil {
		return err
	}
	r := &request{ends: position, result: make(chan error, 1)}
	select {
	case j.requests <- r:
		return <-r.result
	case <-ctx.Done():
		return ctx.Err()
	case <-j.closing:
		return ErrClosed
	}
}

// holding returns the segments that have any of the positions.
func (s *set) holding(places map[Position]model.Payload) []*segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*segment
	for _, seg := range s.segments {
		for position := range places {
			if position >= seg.first && position <= seg.last {
				found = append(found, seg)
				break
			}
		}
	}
	return found
}

// rewrite exchanges a segment that is not written to any more.
func (j *Journal) rewrite(seg *segment, with *replacing) error {
	temporary := durable.TempName(seg.path)
	if err := j.remove(temporary); err != nil {
		return err
	}
	fresh, err := j.writeSegment(temporary, seg, with)
	if err != nil {
		return errors.Join(err, j.remove(temporary))
	}
	j.names.Lock()
	defer j.names.Unlock()
	j.exchange.Lock()
	defer j.exchange.Unlock()
	if err := j.cfg.FS.Rename(temporary, seg.path); err != nil {
		return err
	}
	j.set.replace(seg, fresh, with)
	return j.cfg.FS.SyncDir(filepath.Dir(seg.path))
}

func (j *Journal) remove(file string) error {
	j.names.Lock()
	defer j.names.Unlock()
	return durable.Remove(j.cfg.FS, file)
}

// writeSegment writes what a segment has, with other payloads in some places, into a
// file and syncs it.
func (j *Journal) writeSegment(path string, seg *segment, with *replacing) (fresh *segment, err error) {
	from, err := seg.open(j.cfg.FS)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	to, err := j.cfg.FS.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	fresh = &segment{path: seg.path, first: seg.first, last: seg.last, salt: seg.salt, size: headerSize}
	out := bufio.NewWriterSize(to, 1<<20)
	if _, err := out.Write(encodeSegmentHeader(fresh.first, from.salt)); err != nil {
		return nil, err
	}
	r := newEntryReader(from, from.salt, headerSize, seg.size)
	for r.offset < seg.size {
		at := r.offset
		h, contents, err := r.next()
		if err != nil {
			return nil, seg.corrupt(at, err.Error())
		}
		if err := fresh.copyEntry(out, from.salt, h, contents, with); err != nil {
			return nil, err
		}
	}
	if err := out.Flush(); err != nil {
		return nil, err
	}
	return fresh, to.Sync()
}

// copyEntry appends an entry, or what takes its place. All before it is durable
// when the file is first seen.
func (s *segment) copyEntry(out io.Writer, salt salt, h *entryHeader, contents []byte, with *replacing) error {
	header := *h
	if place, ok := with.of(h.position, h.bodySize); ok && h.kind == kindPayload {
		header, contents = place.header, slices.Concat(place.meta, place.stored)
		header.position, header.contentSum = h.position, salt.checksum(contents)
	}
	header.durable = s.size
	if _, err := out.Write(header.append(nil, salt)); err != nil {
		return err
	}
	s.size += header.size()
	_, err := out.Write(contents)
	return err
}

// replace shows a segment in the place of one with the same positions, and forgets
// what of it is in memory.
func (s *set) replace(old, fresh *segment, with *replacing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.segments, old); i >= 0 {
		s.segments[i] = fresh
	}
	for i := range s.recent.entries {
		e := &s.recent.entries[i]
		if place, ok := with.of(e.Position, int64(len(e.Payload.Body))); ok {
			s.recent.bytes -= e.size()
			e.Payload, e.SHA256 = place.payload, place.header.sha256
			s.recent.bytes += e.size()
		}
	}
}
