package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"sync"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

// set is the readable state of a journal: its segments up to where they are
// durable.
type set struct {
	fs    durable.FS
	codec *codec

	exchange sync.RWMutex // held while the file of a segment is exchanged, and by readers until they have it open

	// names is held while a name in the folder changes and until that is synced: a
	// sync that fails takes with it what others made there and had not yet synced,
	// and theirs then succeeds without it.
	names sync.Mutex

	mu       sync.Mutex
	segments []*segment
	last     Position
	changed  chan struct{} // closed and replaced when last or stopped changes
	stopped  error         // why last will not change any more
	recent   recent
}

// openSet reads the segments of a directory without changing anything. The
// last segment's size ends before a torn tail, and is zero if not even its
// header is whole.
func openSet(fsys durable.FS, dir string) (*set, tail, error) {
	segments, err := listSegments(fsys, dir)
	if err != nil {
		return nil, tail{}, err
	}
	s := &set{fs: fsys, segments: segments, codec: newCodec(), changed: make(chan struct{})}
	var t tail
	for i, seg := range segments {
		if i+1 < len(segments) {
			err = seg.openSealed(fsys, segments[i+1].first)
		} else {
			t, err = seg.openLast(fsys)
		}
		if err != nil {
			return nil, t, err
		}
		s.last = seg.last
	}
	return s, t, nil
}

// publish tells readers how far a segment is durable, and which entries that
// adds to its index.
func (s *set) publish(seg *segment, notes []note) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range notes {
		seg.note(&notes[i].header, notes[i].next)
		if notes[i].header.kind == kindPayload {
			s.recent.add(lendAppended(&notes[i]))
		}
	}
	s.last = seg.last
	s.wake()
}

type note struct {
	header  entryHeader
	next    int64
	payload model.Payload
}

func (s *set) add(seg *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = append(s.segments, seg)
}

// stop lets waiters go with an error. The first one stays, except that ErrClosed
// replaces any.
func (s *set) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped == nil || errors.Is(err, ErrClosed) {
		s.stopped = err
		s.wake()
	}
}

func (s *set) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *set) stoppedErr() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

func (s *set) lastPosition() Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *set) wait(ctx context.Context, after Position) error {
	for {
		s.mu.Lock()
		last, changed, stopped := s.last, s.changed, s.stopped
		s.mu.Unlock()
		if last > after {
			return nil
		}
		if stopped != nil {
			return stopped
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// read yields the entries after a position up to the last one at the call, to keep or
// lent.
func (s *set) read(ctx context.Context, after Position, lent bool, yield func(Entry) error) error {
	limit := s.lastPosition()
	for after < limit {
		if e, ok := s.recently(after + 1); ok {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := yield(e); err != nil {
				return err
			}
			after++
			continue
		}
		seg, next, size, err := s.readOn(ctx, after, limit, lent, yield)
		if err != nil {
			return err
		}
		if next == after {
			return seg.corrupt(size, fmt.Sprintf("segment ends at position %d, before the next one begins", after))
		}
		after = next
	}
	return nil
}

// readOn yields the entries of the segment that has the one after a position.
func (s *set) readOn(ctx context.Context, after, limit Position, lent bool, yield func(Entry) error) (seg *segment, next Position, size int64, err error) {
	s.exchange.RLock()
	seg, start, size, err := s.locate(after)
	if err != nil {
		s.exchange.RUnlock()
		return nil, after, 0, err
	}
	f, err := seg.open(s.fs)
	s.exchange.RUnlock()
	if err != nil {
		return nil, after, 0, err
	}
	defer f.Close()
	next, err = s.readSegment(ctx, seg, f, start, size, after, limit, lent, yield)
	return seg, next, size, err
}

// locate returns the segment that holds the entry after a position, where in it
// to begin, and how much of it is durable.
func (s *set) locate(after Position) (*segment, point, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := sort.Search(len(s.segments), func(i int) bool { return s.segments[i].first > after+1 })
	if n == 0 {
		return nil, point{}, 0, fmt.Errorf("%w: position %d", ErrNotHeld, after+1)
	}
	seg := s.segments[n-1]
	start := point{after: seg.first - 1, offset: headerSize}
	if n := sort.Search(len(seg.index), func(i int) bool { return seg.index[i].after > after }); n > 0 {
		start = seg.index[n-1]
	}
	return seg, start, seg.size, nil
}

// readSegment yields the entries of one segment, open, in (after, limit] and returns
// the last position it yielded.
func (s *set) readSegment(ctx context.Context, seg *segment, f opened, start point, size int64, after, limit Position, lent bool, yield func(Entry) error) (Position, error) {
	r := newEntryReader(f, f.salt, start.offset, size)
	for last := start.after; r.offset < size && last < limit; {
		if err := ctx.Err(); err != nil {
			return after, err
		}
		at := r.offset
		h, content, err := r.next()
		if err == nil {
			err = follows(h, last)
		}
		if err != nil {
			if isReadError(err) {
				return after, fmt.Errorf("read segment %s: %w", seg.path, err)
			}
			return after, seg.corrupt(at, err.Error())
		}
		s.learn(seg, h, r.offset)
		last = h.position
		if h.kind == kindMark || h.position <= after {
			continue
		}
		e, err := s.take(r, h, content, lent)
		if err != nil {
			return after, seg.corrupt(at, err.Error())
		}
		if err := yield(e); err != nil {
			return after, err
		}
		after = h.position
	}
	return after, nil
}

// take decodes the entry that was read last.
func (s *set) take(r *entryReader, h *entryHeader, content []byte, lent bool) (e Entry, err error) {
	kept := true
	if lent {
		e, kept, err = s.codec.lend(h, content)
	} else {
		e, err = s.codec.decode(h, content)
	}
	if kept {
		r.detach()
	}
	return e, err
}

// learn adds a point to the index of a segment that was opened without reading
// its entries.
func (s *set) learn(seg *segment, h *entryHeader, next int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(seg.index); next < seg.size && (n == 0 || next >= seg.index[n-1].offset+indexEvery) {
		seg.index = append(seg.index, point{after: h.position, offset: next})
	}
}

func isReadError(err error) bool { return errors.As(err, new(*fs.PathError)) }
