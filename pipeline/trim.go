package pipeline

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/retention"
)

// Trimming takes bodies out of the journal that nothing needs any more; their
// positions stay, so that whoever reads from the beginning meets no hole. A body is
// needed, and stays, unless all of this is so:
//
//   - the tables and everything that Through stands for are past it;
//   - no row of any table has its position, and no revision is of a record that it has: a
//     replay would take the revision for the first content;
//   - every row that it gives with the present mapping was removed by retention or
//     erased, is out of date by the present rules, and is held by nothing;
//   - if it gives no row, it is older than the longest of all rules, and nothing is held
//     at all;
//   - nothing of it was rejected or is in quarantine;
//   - the archive was found to have it, whole.
//
// So a replay makes the same tables of what is left.

// Trimmable is what trimming needs of the journal.
type Trimmable interface {
	Spans() []journal.Span
	Read(ctx context.Context, after journal.Position, yield func(journal.Entry) error) error
	Trim(ctx context.Context, places map[journal.Position]model.Payload) error
}

// Remaining is what trimming asks the lake.
type Remaining interface {
	Position() uint64
	Positions(ctx context.Context, last uint64, use func(position uint64)) error
	Revised(ctx context.Context, use func(key uint64)) error
	Floors() *retention.Floors
}

// Held hands over, of the wanted payloads between two positions, those that the
// archive and all its copies have: their hashes, and what is to stand in their places.
type Held func(ctx context.Context, first, last uint64, wanted func(position uint64) bool, use func(position uint64, sum [32]byte, place model.Payload) error) error

// TrimTerms are what one run counts by.
type TrimTerms struct {
	Policy *retention.Policy
	Holds  lake.Holds
	// Through returns the last position that all other readers of the journal are past.
	// It is asked when there is something to trim.
	Through func(ctx context.Context) (uint64, error)
}

// Trimmed is what a run took out of the journal.
type Trimmed struct {
	Payloads, Bytes int64
	First, Last     uint64 // position of the first and the last; 0 if there is none
}

// IsTrimmed says whether a payload of the journal stands for one that is in the archive
// alone.
func IsTrimmed(p model.Payload) bool {
	return p.Source == model.SourceQuoll && p.ContentType == model.ContentTrimmed && len(p.Body) == 0
}

// Trimmer trims a journal. One run is under way at a time.
type Trimmer struct {
	Journal    Trimmable
	Lake       Remaining
	Normaliser Normaliser
	Held       Held
	State      *sql.DB
	Clock      clock.Clock

	// looked has the spans that were looked at: they are not read again as long as they
	// have as many positions without rows, and what they wait for has not changed.
	looked map[journal.Position]look
	// before is what the last run counted by, and settled the spans in which it left
	// nothing to do, if there is no other.
	before  *trimBasis
	settled []journal.Span
	// part is instead of worthwhile, for tests.
	part int64
}

// look is what came of a look at a span.
type look struct {
	free  int  // positions without rows
	waits bool // for age, for the release of a hold, or for the quarantine
}

// trimBasis is what a run counts by. Rows go with a change of the floors alone.
type trimBasis struct {
	floors      *retention.Floors
	policy      *retention.Policy
	holds       []retention.Hold
	quarantined map[journal.Position]bool
}

func (b *trimBasis) same(o *trimBasis) bool {
	return b != nil && b.floors == o.floors && b.policy.Equal(o.policy) && retention.SameHolds(b.holds, o.holds) && maps.Equal(b.quarantined, o.quarantined)
}

// worthwhile is the part of a span's bytes, as one in so many, that must go for it to
// be written anew.
const worthwhile = 4

// Trim trims what can be trimmed now. It works half of the time and rests the other
// half. What it has done when it fails, or when ctx ends, is done.
func (t *Trimmer) Trim(ctx context.Context, terms TrimTerms) (Trimmed, error) {
	r := &trimRun{Trimmer: t, terms: terms, floors: t.Lake.Floors(), pipeline: &Pipeline{Parts: Parts{Normaliser: t.Normaliser, Logger: silent}}}
	if r.floors.Last() == nil || len(terms.Policy.Rules()) == 0 {
		return Trimmed{}, nil
	}
	if err := r.run(ctx); err != nil {
		return r.done, fmt.Errorf("trim the journal: %w", err)
	}
	return r.done, nil
}

type trimRun struct {
	*Trimmer
	terms    TrimTerms
	floors   *retention.Floors
	holds    []retention.Hold
	day      time.Time
	longest  time.Time // what was received before is older than all rules; zero: nothing is
	pipeline *Pipeline

	rows        positionSet // that have rows
	unknown     bool        // a row does not say where it is from
	revised     map[uint64]struct{}
	quarantined map[journal.Position]bool
	done        Trimmed
}

func (r *trimRun) run(ctx context.Context) (err error) {
	r.day = r.floors.Last().Day
	r.longest = r.terms.Policy.OutOfDateByAll(r.day)
	spans, err := r.old(ctx)
	if err != nil || len(spans) == 0 {
		return err
	}
	through, err := r.terms.Through(ctx)
	if err != nil {
		return err
	}
	if spans = upTo(spans, min(through, r.Lake.Position())); len(spans) == 0 {
		return nil
	}
	if r.holds, err = r.terms.Holds.RetentionHolds(ctx); err != nil {
		return fmt.Errorf("ask what is held: %w", err)
	}
	if err := r.readQuarantine(ctx); err != nil {
		return err
	}
	if r.settledBefore(spans) {
		return nil
	}
	last := spans[len(spans)-1].Last
	r.rows = newPositionSet(last)
	err = r.Lake.Positions(ctx, uint64(last), func(position uint64) {
		r.unknown = r.unknown || position == 0
		r.rows.add(journal.Position(position))
	})
	if err != nil || r.unknown {
		return err
	}
	r.revised = map[uint64]struct{}{}
	if err := r.Lake.Revised(ctx, func(key uint64) { r.revised[key] = struct{}{} }); err != nil {
		return err
	}
	return r.trim(ctx, spans)
}

// settledBefore says whether an earlier run left nothing to do in the spans, and has
// those looked at again that wait for something that came.
func (r *trimRun) settledBefore(spans []journal.Span) bool {
	basis := &trimBasis{r.floors, r.terms.Policy, r.holds, r.quarantined}
	if r.before.same(basis) {
		return slices.EqualFunc(r.settled, spans, func(a, b journal.Span) bool { return a.First == b.First && a.Last == b.Last })
	}
	r.Trimmer.before, r.Trimmer.settled = basis, nil
	maps.DeleteFunc(r.looked, func(_ journal.Position, l look) bool { return l.waits })
	return false
}

func (r *trimRun) trim(ctx context.Context, spans []journal.Span) error {
	if r.looked == nil {
		r.Trimmer.looked = map[journal.Position]look{}
	}
	settled := true
	for _, s := range spans {
		free := r.rows.free(s)
		if free == 0 || r.looked[s.First].free == free {
			continue
		}
		began := r.Clock.Now()
		complete, waits, err := r.span(ctx, s)
		if err != nil {
			return fmt.Errorf("positions %d to %d: %w", s.First, s.Last, err)
		}
		if settled = settled && complete; complete {
			r.looked[s.First] = look{free, waits}
		}
		if err := clock.Sleep(ctx, r.Clock, r.Clock.Now().Sub(began)); err != nil {
			return err
		}
	}
	if settled {
		r.Trimmer.settled = spans
	}
	return nil
}

// old are the spans that could have anything to trim: what they begin with was received
// before the shortest rule.
func (r *trimRun) old(ctx context.Context) (spans []journal.Span, err error) {
	shortest := r.terms.Policy.OutOfDateByAny(r.day)
	enough := errors.New("enough")
	for _, s := range r.Journal.Spans() {
		err := r.Journal.Read(ctx, s.First-1, func(e journal.Entry) error {
			if e.Payload.Received.Before(shortest) {
				spans = append(spans, s)
			}
			return enough
		})
		if err != nil && !errors.Is(err, enough) {
			return nil, err
		}
	}
	return spans, nil
}

// upTo cuts spans off behind a position.
func upTo(spans []journal.Span, last uint64) []journal.Span {
	var cut []journal.Span
	for _, s := range spans {
		if s.Last = min(s.Last, journal.Position(last)); s.First <= s.Last {
			cut = append(cut, s)
		}
	}
	return cut
}

func (r *trimRun) readQuarantine(ctx context.Context) error {
	rows, err := r.State.QueryContext(ctx, `SELECT position FROM pipeline_quarantine`)
	if err != nil {
		return fmt.Errorf("read the quarantine: %w", err)
	}
	defer rows.Close()
	r.quarantined = map[journal.Position]bool{}
	for rows.Next() {
		var position int64
		if err := rows.Scan(&position); err != nil {
			return fmt.Errorf("read the quarantine: %w", err)
		}
		r.quarantined[journal.Position(position)] = true
	}
	return rows.Err()
}

// candidate is a body that nothing needs, if the archive has it.
type candidate struct {
	sum   [32]byte
	bytes int64 // in the file
}

// span trims one span. It says whether nothing kept it from all that could go, and
// whether more can once the floors, holds or the quarantine have changed.
func (r *trimRun) span(ctx context.Context, s journal.Span) (complete, waits bool, err error) {
	found, waits, err := r.candidates(ctx, s)
	if err != nil {
		return false, waits, err
	}
	if !r.worth(found, s) {
		return true, waits, nil
	}
	complete, err = r.takeOut(ctx, s, found)
	return complete, waits, err
}

// takeOut takes out of a span what the archive has of it.
func (r *trimRun) takeOut(ctx context.Context, s journal.Span, found map[journal.Position]candidate) (complete bool, err error) {
	places := map[journal.Position]model.Payload{}
	held := map[journal.Position]candidate{}
	err = r.Held(ctx, uint64(s.First), uint64(s.Last), func(position uint64) bool {
		_, wanted := found[journal.Position(position)]
		return wanted
	}, func(position uint64, sum [32]byte, place model.Payload) error {
		at := journal.Position(position)
		if c, wanted := found[at]; wanted && c.sum == sum {
			places[at], held[at] = place, c
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	complete = len(held) == len(found)
	if !r.worth(held, s) {
		return complete, nil
	}
	now, err := r.terms.Holds.RetentionHolds(ctx)
	if err != nil {
		return false, fmt.Errorf("ask what is held: %w", err)
	}
	if !retention.SameHolds(now, r.holds) {
		return false, lake.ErrHoldsChanged
	}
	if err := r.Journal.Trim(ctx, places); err != nil {
		return false, err
	}
	r.count(held)
	return complete, nil
}

func (r *trimRun) count(gone map[journal.Position]candidate) {
	for position, c := range gone {
		r.done.Payloads++
		r.done.Bytes += c.bytes
		r.done.Last = max(r.done.Last, uint64(position))
		if r.done.First == 0 || uint64(position) < r.done.First {
			r.done.First = uint64(position)
		}
	}
}

func (r *trimRun) worth(gone map[journal.Position]candidate, s journal.Span) bool {
	total := int64(0)
	for _, c := range gone {
		total += c.bytes
	}
	return total > 0 && total >= s.Bytes/cmp.Or(r.part, worthwhile)
}

// candidates reads a span and returns the bodies that nothing needs, and whether any
// is needed only for now.
func (r *trimRun) candidates(ctx context.Context, s journal.Span) (found map[journal.Position]candidate, waits bool, err error) {
	found = map[journal.Position]candidate{}
	enough := errors.New("enough")
	err = r.Journal.Read(ctx, s.First-1, func(e journal.Entry) error {
		if e.Position > s.Last {
			return enough
		}
		if len(e.Payload.Body) == 0 {
			return nil
		}
		switch r.needOf(e) {
		case needed:
		case neededNow:
			waits = true
		case notNeeded:
			size := len(e.Payload.Body)
			if e.Payload.Packed != nil {
				size = len(e.Payload.Packed)
			}
			found[e.Position] = candidate{e.SHA256, int64(size)}
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		return nil, false, err
	}
	return found, waits, nil
}

// need is whether a body has to stay, whatever the archive has.
type need int

const (
	notNeeded need = iota
	needed         // until rows are removed, if then
	neededNow      // until the floors, holds or the quarantine change
)

func (r *trimRun) needOf(e journal.Entry) need {
	switch {
	case e.Payload.Received.IsZero(), r.rows.has(e.Position):
		return needed
	case r.quarantined[e.Position]:
		return neededNow
	}
	j := &job{entry: e, done: make(chan struct{})}
	r.pipeline.normalise(j)
	defer j.result.Release()
	if len(j.result.Rejects) > 0 {
		return needed
	}
	rows := 0
	for _, record := range j.result.Records {
		for i := range record.Rows {
			rows++
			row := &record.Rows[i]
			if r.floors.Erased(record.Key) {
				continue
			}
			if _, revised := r.revised[binary.BigEndian.Uint64(record.Key[:8])]; revised {
				return neededNow
			}
			subject := retention.SubjectOf(row.Table.Name, row, e.Payload.Received)
			if !r.floors.Removed(uint64(e.Position), &subject) || !r.outOfDate(&subject) {
				return neededNow
			}
		}
	}
	if rows == 0 && (len(r.holds) > 0 || !e.Payload.Received.Before(r.longest)) {
		return neededNow
	}
	return notNeeded
}

// outOfDate judges by the present rules and holds: those by which the row was removed
// may have been others.
func (r *trimRun) outOfDate(s *retention.Subject) bool {
	rule := r.terms.Policy.Winner(s)
	return rule != nil && s.Time.Before(rule.Keep.Cutoff(r.day)) && retention.Holding(r.holds, s) == nil
}

// positionSet is positions up to one, a bit each.
type positionSet []uint64

func newPositionSet(last journal.Position) positionSet { return make(positionSet, last/64+1) }

func (s positionSet) add(p journal.Position) {
	if p/64 < journal.Position(len(s)) {
		s[p/64] |= 1 << (p % 64)
	}
}

func (s positionSet) has(p journal.Position) bool {
	return p/64 < journal.Position(len(s)) && s[p/64]&(1<<(p%64)) != 0
}

// free counts the positions of a span that are not in the set.
func (s positionSet) free(of journal.Span) (n int) {
	for p := of.First; p <= of.Last; p++ {
		if !s.has(p) {
			n++
		}
	}
	return n
}
