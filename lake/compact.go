package lake

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/clock"
)

// Compaction. A flush makes a file for each day that its rows fall on, so a day
// ends up with hundreds of small ones. Compact merges them into few that are
// sorted by what queries filter by, packed more tightly, and have Bloom filters.
// Readers keep what they have: files that were replaced are removed once no
// snapshot and no reader needs them.

const (
	// dayPrefix begins the name of a compacted file, fullPrefix that of one that
	// is as large as Config.CompactBytes allows and is not merged again.
	dayPrefix  = "day-"
	fullPrefix = "full-"
	// youngFiles is how many files of the present day are left alone, settledFiles
	// how many compacted ones of a day that is past.
	youngFiles   = 8
	settledFiles = 4
	// settleAfter is how long after its end a day counts as past: most late rows
	// have come by then.
	settleAfter = 6 * time.Hour
)

// Compaction is what a call of Compact did.
type Compaction struct {
	Files, Into       int // files that were replaced, and by how many
	Rows              int64
	BytesIn, BytesOut int64
}

func (c *Compaction) add(other Compaction) {
	c.Files += other.Files
	c.Into += other.Into
	c.Rows += other.Rows
	c.BytesIn += other.BytesIn
	c.BytesOut += other.BytesOut
}

// job is a set of files of one day that become few.
type job struct {
	table *tableState
	day   int64
	files []File
}

func (j *job) String() string {
	return fmt.Sprintf("%d files of table %s, day %s", len(j.files), j.table.schema.Name, dayName(j.day))
}

// Compact merges what has become many since the last call. It takes no lock
// while it reads and writes, works on one core and rests in between as
// Config.CompactShare says, and holds no more than about Config.CompactBytes of
// rows in memory. What it has done when ctx ends, or when it fails, stays done.
func (l *Lake) Compact(ctx context.Context) (Compaction, error) {
	l.compactMu.Lock()
	defer l.compactMu.Unlock()
	l.mu.Lock()
	failed := l.usable()
	l.mu.Unlock()
	if failed != nil {
		return Compaction{}, fmt.Errorf("compact: %w", failed)
	}
	var total Compaction
	for _, t := range l.order {
		for _, j := range l.planCompaction(t, l.config.Clock.Now()) {
			done, err := l.runJob(ctx, &j)
			total.add(done)
			if ctx.Err() != nil || stops(err) || errors.Is(err, ErrClosed) {
				return total, err
			}
			// A file that cannot be read must not keep the others from being merged.
			failed = errors.Join(failed, err)
		}
	}
	return total, failed
}

// planCompaction returns what of a table is worth merging.
func (l *Lake) planCompaction(t *tableState, now time.Time) []job {
	l.mu.Lock()
	files := t.files.files
	l.mu.Unlock()
	days := map[int64][]File{}
	for _, f := range files {
		day := dayOf(f.MinTime.UnixMicro())
		days[day] = append(days[day], f)
	}
	var jobs []job
	for day, files := range days {
		past := now.After(time.Unix((day+1)*24*60*60, 0).Add(settleAfter))
		if chosen := choose(files, past); len(chosen) > 0 {
			jobs = append(jobs, job{t, day, chosen})
		}
	}
	slices.SortFunc(jobs, func(a, b job) int { return cmp.Compare(a.day, b.day) })
	return jobs
}

// choose returns the files of a day that are to be merged, by time. A large file is
// left alone until there is half as much beside it, so that late rows that come in
// small files for days do not have the whole day written again each time.
func choose(files []File, past bool) []File {
	bySize := slices.DeleteFunc(slices.Clone(files), File.full)
	slices.SortFunc(bySize, func(a, b File) int { return cmp.Or(cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Path, b.Path)) })
	var sum int64
	n := min(1, len(bySize)) // how many of the smallest are worth merging
	for i, f := range bySize {
		if f.Bytes <= 2*sum {
			n = i + 1
		}
		sum += f.Bytes
	}
	chosen, rest := bySize[:n], bySize[n:]
	if past {
		// Fresh ones are packed for good, whatever their size, and to have them in one file is no more work.
		chosen = append(slices.Clip(chosen), slices.DeleteFunc(rest, File.lasting)...)
	}
	fresh := slices.ContainsFunc(chosen, func(f File) bool { return !f.lasting() })
	if len(chosen) < youngFiles && (!past || !fresh && len(chosen) < settledFiles) {
		return nil
	}
	slices.SortFunc(chosen, func(a, b File) int { return cmpTimes(a.MinTime, b.MinTime, a.Path, b.Path) })
	return chosen
}

// lasting says whether the file was compacted.
func (f File) lasting() bool { return strings.HasPrefix(filepath.Base(f.Path), dayPrefix) || f.full() }

func (f File) full() bool { return strings.HasPrefix(filepath.Base(f.Path), fullPrefix) }

// runJob merges the files of a job and commits the result.
func (l *Lake) runJob(ctx context.Context, j *job) (Compaction, error) {
	m := &merge{lake: l, job: j}
	err := m.run(ctx)
	if err == nil {
		err = l.commitMerge(ctx, j, m.written)
	}
	if err != nil && !stops(err) {
		l.discard(m.written)
	}
	l.stopWriting(m.written)
	if err != nil {
		return Compaction{}, fmt.Errorf("compact %s: %w", j, err)
	}
	done := Compaction{Files: len(j.files), Into: len(m.written)}
	for _, f := range j.files {
		done.Rows += f.Rows
		done.BytesIn += f.Bytes
	}
	for _, f := range m.written {
		done.BytesOut += f.Bytes
	}
	return done, nil
}

// commitMerge puts the new files in the place of the old ones.
func (l *Lake) commitMerge(ctx context.Context, j *job, added []File) error {
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	l.mu.Lock()
	err := l.usable()
	position := j.table.committed
	l.mu.Unlock()
	if err != nil {
		return err
	}
	if err := l.atStep("merged"); err != nil {
		return err
	}
	if err := l.commit(ctx, j.table, change{added: added, removed: j.files}, position); err != nil {
		return err
	}
	l.exchange(j.table, j.files, added)
	l.sweepExpired(j.table)
	return nil
}

// exchange shows readers the new files instead of the old ones.
func (l *Lake) exchange(t *tableState, removed, added []File) {
	gone := map[string]bool{}
	for _, f := range removed {
		gone[f.Path] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := slices.DeleteFunc(slices.Clone(t.files.files), func(f File) bool { return gone[f.Path] })
	t.files = &fileSet{mergeFiles(kept, added)}
}

// merge is the reading and writing of a job.
type merge struct {
	lake *Lake
	job  *job

	generation []batch
	bytes      int64
	rows       int64 // written
	written    []File
	since      time.Time // when the work after the last rest began

	// gone says of a row that it is left out; nil leaves none out. left counts those.
	gone func(b batch, row int) bool
	left int64
}

func (m *merge) run(ctx context.Context) error {
	m.since = m.lake.config.Clock.Now()
	var rows int64
	for _, f := range m.job.files {
		rows += f.Rows
		err := m.lake.files.readBatches(ctx, f, m.job.table.columns, func(b batch) error { return m.take(ctx, b) })
		if err != nil {
			return fmt.Errorf("read %w", err)
		}
	}
	if err := m.write(ctx, dayPrefix); err != nil {
		return err
	}
	if m.rows+m.left != rows {
		return fmt.Errorf("%d rows were read, %d written and %d left out", rows, m.rows, m.left)
	}
	return nil
}

func (m *merge) take(ctx context.Context, b batch) error {
	if m.bytes+b.bytes > m.lake.config.CompactBytes {
		if err := m.write(ctx, fullPrefix); err != nil {
			return err
		}
	}
	m.generation = append(m.generation, b)
	m.bytes += b.bytes
	return m.rest(ctx)
}

// rest sleeps for as long as the share of a core asks for.
func (m *merge) rest(ctx context.Context) error {
	worked := m.lake.config.Clock.Now().Sub(m.since)
	if pause := time.Duration(float64(worked) * (1/m.lake.config.CompactShare - 1)); pause > time.Millisecond {
		if err := clock.Sleep(ctx, m.lake.config.Clock, pause); err != nil {
			return err
		}
	}
	m.since = m.lake.config.Clock.Now()
	return ctx.Err()
}

// write makes a file of what was read so far.
func (m *merge) write(ctx context.Context, prefix string) error {
	if len(m.generation) == 0 {
		return nil
	}
	l, t := m.lake, m.job.table
	refs := sortLasting(t, m.generation, l.config.RowGroupRows)
	if m.gone != nil {
		all := len(refs)
		refs = slices.DeleteFunc(refs, func(r rowRef) bool { return m.gone(m.generation[r.batch], int(r.row)) })
		m.left += int64(all - len(refs))
	}
	if len(refs) == 0 {
		m.generation, m.bytes = nil, 0
		return m.rest(ctx)
	}
	name, err := newFileName(prefix, uint64(len(m.written)))
	if err != nil {
		return err
	}
	path := l.dataPath(t, m.job.day, name)
	l.startWriting(path)
	f, err := writeRun(l.files, path, t, m.generation, refs, form{rowGroupRows: l.config.RowGroupRows, lasting: true})
	if err != nil {
		l.stopWriting([]File{{Path: path}})
		return err
	}
	m.written = append(m.written, f)
	m.rows += f.Rows
	m.generation, m.bytes = nil, 0
	return m.rest(ctx)
}

// newFileName returns a name that no file has had.
func newFileName(prefix string, number uint64) (string, error) {
	var suffix [6]byte
	if _, err := rand.Read(suffix[:]); err != nil {
		return "", fmt.Errorf("name a file: %w", err)
	}
	return fmt.Sprintf("%s%016x-%s.parquet", prefix, number, hex.EncodeToString(suffix[:])), nil
}

// startWriting keeps a sweep from taking a file for a crash's leavings.
func (l *Lake) startWriting(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing[path] = true
}

func (l *Lake) stopWriting(files []File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range files {
		delete(l.writing, f.Path)
	}
}
