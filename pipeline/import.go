package pipeline

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
)

// ImportSummary is what became of one imported file, or of the part read so
// far. Records = Added + Duplicates + Revisions + Expired + Rejected.
type ImportSummary struct {
	Name     string
	Payloads int   // parts of the file
	Skipped  int   // parts that were imported before and not read again
	Bytes    int64 // of all parts
	Records  int
	Added    int
	// Duplicates were there already with the same content, Revisions with
	// other content.
	Duplicates int
	Revisions  int
	// Expired are out of date by what retention removed, and were not taken.
	Expired  int
	Rejected int
	// Reasons counts the rejects by reason; at most maxReasons are told apart.
	Reasons map[string]int
	// Rows is the rows added, by table.
	Rows map[string]int
}

// maxReasons bounds what a summary remembers of a file that is not what it
// seems.
const (
	maxReasons   = 100
	otherReasons = "(other reasons)"
)

// outcome is what became of a journal entry that an import waits for.
type outcome struct {
	applied lake.Applied
	rejects map[string]int
}

// outstanding is how many imported payloads may be journalled and not yet
// visible.
const outstanding = 8

// pending is an imported payload on its way.
type pending struct {
	payload  model.Payload
	sha256   [sha256.Size]byte
	position journal.Position
	applied  chan outcome
}

// Import journals the payloads that read yields and returns when their rows
// are visible. A payload whose bytes were imported before, in the same format,
// is not journalled again: its records count as duplicates. Run may be running
// or not. After each payload progress, unless nil, gets the summary so far.
// When it fails, what was journalled stays; importing again goes on from there.
func (p *Pipeline) Import(ctx context.Context, name string, read func(yield func(model.Payload) error) error, progress func(ImportSummary)) (ImportSummary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		if err := p.follow(ctx); err != nil {
			cancel(err)
		}
	}()
	defer func() { cancel(nil); <-followed }()
	run := &importRun{Pipeline: p, progress: progress, summary: ImportSummary{Name: name, Reasons: map[string]int{}, Rows: map[string]int{}}}
	err := read(func(payload model.Payload) error { return run.take(ctx, payload) })
	for err == nil && len(run.pending) > 0 {
		err = run.settle(ctx)
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return run.summary, fmt.Errorf("import %s: %w", name, err)
	}
	return run.summary, nil
}

// importRun is the import of one file.
type importRun struct {
	*Pipeline
	progress func(ImportSummary)
	summary  ImportSummary
	pending  []pending
}

func (r *importRun) take(ctx context.Context, payload model.Payload) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sum := payload.SHA256()
	r.summary.Payloads++
	r.summary.Bytes += int64(len(payload.Body))
	records, rejected, err := r.imported(ctx, sum, payload.Format)
	if err == nil {
		r.summary.Skipped++
		r.summary.Records += records + rejected
		r.summary.Duplicates += records
		r.summary.Rejected += rejected
		r.report()
		return nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look up payload at line %d: %w", payload.Line, err)
	}
	if r.isPending(sum, payload.Format) {
		// The same bytes twice in one file: the first must be settled before
		// the second can be counted.
		for len(r.pending) > 0 {
			if err := r.settle(ctx); err != nil {
				return err
			}
		}
		r.summary.Payloads--
		r.summary.Bytes -= int64(len(payload.Body))
		return r.take(ctx, payload)
	}
	if err := r.journal(ctx, payload, sum); err != nil {
		return err
	}
	if len(r.pending) > outstanding {
		return r.settle(ctx)
	}
	return nil
}

func (r *importRun) isPending(sum [sha256.Size]byte, format model.Format) bool {
	for _, q := range r.pending {
		if q.sha256 == sum && q.payload.Format == format {
			return true
		}
	}
	return false
}

// journal appends a payload and leaves word where its outcome is to go. The
// lock keeps the entry from being applied before that.
func (r *importRun) journal(ctx context.Context, payload model.Payload, sum [sha256.Size]byte) error {
	if err := r.gate.pass(ctx, payload.Source); err != nil {
		return err
	}
	q := pending{payload: payload, sha256: sum, applied: make(chan outcome, 1)}
	r.watchMu.Lock()
	defer r.watchMu.Unlock()
	position, err := r.Parts.Journal.Append(ctx, payload)
	if err != nil {
		return fmt.Errorf("journal the payload at line %d: %w", payload.Line, err)
	}
	q.position = position
	r.watchers[position] = q.applied
	q.payload.Body = nil
	r.pending = append(r.pending, q)
	return nil
}

// settle waits for the oldest pending payload and notes it as imported.
func (r *importRun) settle(ctx context.Context) error {
	q := r.pending[0]
	select {
	case <-ctx.Done():
		return ctx.Err()
	case o := <-q.applied:
		r.pending = r.pending[1:]
		rejected := r.count(o)
		if err := r.note(ctx, q, o.applied.Records, rejected); err != nil {
			return err
		}
		r.report()
		return nil
	}
}

func (r *importRun) count(o outcome) (rejected int) {
	s := &r.summary
	for reason, n := range o.rejects {
		if _, known := s.Reasons[reason]; !known && len(s.Reasons) >= maxReasons {
			reason = otherReasons
		}
		s.Reasons[reason] += n
		rejected += n
	}
	s.Records += o.applied.Records + rejected
	s.Added += o.applied.Added
	s.Duplicates += o.applied.Duplicates + o.applied.Replayed
	s.Revisions += o.applied.Revisions
	s.Expired += o.applied.Expired
	s.Rejected += rejected
	for table, n := range o.applied.Rows {
		s.Rows[table] += n
	}
	return rejected
}

func (r *importRun) report() {
	if r.progress != nil {
		r.progress(r.summary)
	}
}

// imported returns the counts of a payload that was imported before, or
// sql.ErrNoRows.
func (r *importRun) imported(ctx context.Context, sum [sha256.Size]byte, format model.Format) (records, rejected int, err error) {
	err = r.State.QueryRowContext(ctx, `SELECT records, rejected FROM pipeline_import WHERE sha256 = ? AND format = ?`,
		sum[:], string(format)).Scan(&records, &rejected)
	return records, rejected, err
}

func (r *importRun) note(ctx context.Context, q pending, records, rejected int) error {
	_, err := r.State.ExecContext(ctx, `INSERT OR REPLACE INTO pipeline_import
		(sha256, format, name, position, records, rejected, imported) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		q.sha256[:], string(q.payload.Format), q.payload.Name, int64(q.position), records, rejected, r.Clock.Now().UnixMicro())
	if err != nil {
		return fmt.Errorf("note the payload at line %d as imported: %w", q.payload.Line, err)
	}
	return nil
}

// reasons counts rejects by reason.
func reasons(rejects []normalise.Reject) map[string]int {
	if len(rejects) == 0 {
		return nil
	}
	counts := map[string]int{}
	for _, r := range rejects {
		counts[r.Reason]++
	}
	return counts
}
