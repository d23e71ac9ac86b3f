// Package rowfiles follows the tables of the lake into the archive: each data file
// gets a leaf in the log, and the bytes of those that are settled are kept. What is
// decided, and why not all bytes are kept, is in docs/decisions/0036-row-files.md.
//
// There is no cursor but the log: each look compares what a table has with what
// stands by the leaves, so that after a crash, a long stop or a lake that was built
// anew the next look tells what is different, and nothing twice. A file is held in
// the lake while it is read.
//
// The package must not know what is in a data file; the lake describes it.
package rowfiles

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
)

// Lake is where data files are.
type Lake interface {
	Acquire(table string) (*lake.ReadSet, error)
	Describe(ctx context.Context, set *lake.ReadSet, f lake.File, withData bool) (*lake.Description, error)
	Name(f lake.File) (string, error)
}

// Archive is where they go.
type Archive interface {
	Sealed() uint64
	Standing(table string) (files map[string]archive.StandingFile, whole bool, upTo uint64, err error)
	SealRows(ctx context.Context, looks []archive.TableLook) error
}

// Config says what is kept, and when.
type Config struct {
	// Every is the time between two looks.
	Every time.Duration
	// HashesOnly has no bytes kept.
	HashesOnly bool
	// SettledAfter is how long after the end of a file's day it may be settled, and
	// KnownFor how long one that was never compacted has to have a leaf before it is.
	SettledAfter, KnownFor time.Duration
	// An object is sealed when it has so many leaves or so many bytes.
	MaxLeaves int
	MaxBytes  int64
}

// DefaultConfig looks each minute. Eight hours after its end a day has been merged,
// if it is merged at all.
func DefaultConfig() Config {
	return Config{Every: time.Minute, SettledAfter: 8 * time.Hour, KnownFor: 24 * time.Hour, MaxLeaves: 200, MaxBytes: 32 << 20}
}

// Status is how far the archive follows the tables.
type Status struct {
	Looked time.Time // when a look last got to its end, UTC; zero: not yet
	// Files have a leaf, and Kept of them their bytes in the archive. Waiting have none
	// yet, as the archive does not have the payloads of their rows yet.
	Files, Kept, Waiting int
	Behind               time.Time // since when files wait; zero: none do
	// Problem is why the last look did not get to its end, or what could not be read.
	Problem string
}

// Lag returns for how long files have been waiting.
func (s *Status) Lag(now time.Time) time.Duration {
	if s.Behind.IsZero() {
		return 0
	}
	return max(0, now.Sub(s.Behind))
}

// Follower brings tables into the archive.
type Follower struct {
	config  Config
	lake    Lake
	archive Archive
	tables  []string
	clock   clock.Clock
	log     *slog.Logger

	mu     sync.Mutex
	status Status
}

// New returns a follower of tables. It alone may call the archive's SealRows.
func New(config Config, l Lake, a Archive, tables []string, c clock.Clock, log *slog.Logger) *Follower {
	return &Follower{config: config, lake: l, archive: a, tables: tables, clock: c, log: log}
}

// Status returns how far the archive follows.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// Run looks now and then until ctx ends. What fails is in the status and tried again.
func (f *Follower) Run(ctx context.Context) error {
	told := ""
	for clock.Sleep(ctx, f.clock, f.config.Every) == nil {
		_ = f.Look(ctx) // it is in the status
		if ctx.Err() != nil {
			return nil
		}
		if problem := f.Status().Problem; problem != told {
			if told = problem; problem != "" {
				f.log.Error("the archive does not follow the tables; it is tried again", "error", problem)
			}
		}
	}
	return nil
}

// Look brings what is new of all tables into the archive. A file that is damaged is
// left out and told in the error; everything else is there then.
func (f *Follower) Look(ctx context.Context) error {
	look := &look{Follower: f}
	var damaged error
	for _, name := range f.tables {
		err := look.table(ctx, name)
		if unreadable(err) {
			damaged = errors.Join(damaged, fmt.Errorf("archive table %s: %w", name, err))
			continue
		}
		if err != nil {
			return f.done(look, fmt.Errorf("archive table %s: %w", name, err), true)
		}
	}
	if err := look.seal(ctx); err != nil {
		return f.done(look, fmt.Errorf("archive data files: %w", err), true)
	}
	return f.done(look, damaged, false)
}

// unreadable says whether it is a file that cannot be had as it was written.
func unreadable(err error) bool {
	return errors.Is(err, lake.ErrDamaged) || errors.Is(err, fs.ErrNotExist)
}

func (f *Follower) done(l *look, err error, broken bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.Now().UTC()
	f.status.Problem = ""
	if err != nil {
		f.status.Problem = err.Error()
	}
	if broken {
		return err
	}
	f.status.Looked = now
	f.status.Files, f.status.Kept, f.status.Waiting = l.files, l.kept, l.waiting
	switch {
	case l.waiting == 0:
		f.status.Behind = time.Time{}
	case f.status.Behind.IsZero():
		f.status.Behind = now
	}
	return err
}

// look is one look at all tables.
type look struct {
	*Follower
	looks  []archive.TableLook // to be sealed together
	leaves int
	bytes  int64

	files, kept, waiting int
}

// table gathers what is new of a table.
func (l *look) table(ctx context.Context, name string) error {
	standing, whole, _, err := l.archive.Standing(name)
	if err != nil {
		return err
	}
	set, err := l.lake.Acquire(name)
	if err != nil {
		return err
	}
	defer set.Release()
	// After the set, so that what it has may be sealed: positions only grow.
	reach := min(l.archive.Sealed(), set.Position)
	told := archive.TableLook{Table: name, Position: reach, Whole: true}
	var damaged error
	there := map[string]bool{}
	for _, file := range set.Files {
		path, err := l.lake.Name(file)
		if err != nil {
			return err
		}
		there[path] = true
		known, isKnown := standing[path]
		keep := l.settled(file, known, isKnown)
		switch {
		case set.Reaches(file) > reach:
			l.waiting++
			told.Whole = false
			continue
		case isKnown && (known.Kept || !keep):
			l.count(known.Kept)
			continue
		}
		d, err := l.lake.Describe(ctx, set, file, keep)
		if unreadable(err) {
			damaged, told.Whole = errors.Join(damaged, err), false
			continue
		}
		if err != nil {
			return err
		}
		if told, err = l.add(ctx, told, leafOf(file, d), known.Number); err != nil {
			return err
		}
		l.count(keep)
	}
	if told.Whole { // else what takes their place may be among what waits
		for path, known := range standing {
			if !there[path] {
				told.Gone = append(told.Gone, known.Number)
			}
		}
	}
	slices.Sort(told.Gone)
	if len(told.Files) > 0 || len(told.Gone) > 0 || told.Whole && !whole && len(set.Files) > 0 {
		err = l.close(ctx, told)
	}
	return errors.Join(damaged, err)
}

func (l *look) count(kept bool) {
	l.files++
	if kept {
		l.kept++
	}
}

// settled says whether the bytes of a file are to be kept.
func (l *look) settled(f lake.File, known archive.StandingFile, isKnown bool) bool {
	now := l.clock.Now()
	if l.config.HashesOnly || now.Before(f.Day().Add(24*time.Hour+l.config.SettledAfter)) {
		return false
	}
	return f.Compacted() || isKnown && !now.Before(known.Seen.Add(l.config.KnownFor))
}

func leafOf(f lake.File, d *lake.Description) archive.DataFile {
	return archive.DataFile{Data: d.Data, RowsLeaf: archive.RowsLeaf{
		File: d.Name, SHA256: hex.EncodeToString(d.SHA256[:]), Size: d.Size, Rows: f.Rows, Digest: d.Digest,
		From: f.MinTime.UTC().Format(time.RFC3339Nano), To: f.MaxTime.UTC().Format(time.RFC3339Nano), First: d.First, Last: d.Last,
	}}
}

// add takes a file, in the place of an older leaf of it if there is one, and seals
// what there is by now if that is enough.
func (l *look) add(ctx context.Context, told archive.TableLook, f archive.DataFile, instead uint64) (archive.TableLook, error) {
	told.Files = append(told.Files, f)
	l.leaves++
	l.bytes += int64(len(f.Data))
	if instead != 0 {
		told.Gone = append(told.Gone, instead)
	}
	if l.leaves < l.config.MaxLeaves && l.bytes < l.config.MaxBytes {
		return told, nil
	}
	part := told
	part.Whole = false
	slices.Sort(part.Gone)
	l.looks = append(l.looks, part)
	told.Files, told.Gone = nil, nil
	return told, l.seal(ctx)
}

// close ends what is told of a table, in several leaves if too many files have gone
// for one.
func (l *look) close(ctx context.Context, told archive.TableLook) error {
	for len(told.Gone) > archive.MaxGone {
		part := told
		part.Whole, part.Gone = false, told.Gone[:archive.MaxGone]
		l.looks = append(l.looks, part)
		told.Files, told.Gone = nil, told.Gone[archive.MaxGone:]
		l.leaves++
	}
	l.looks = append(l.looks, told)
	if l.leaves++; l.leaves < l.config.MaxLeaves {
		return nil
	}
	return l.seal(ctx)
}

func (l *look) seal(ctx context.Context) error {
	looks := l.looks
	l.looks, l.leaves, l.bytes = nil, 0, 0
	return l.archive.SealRows(ctx, looks)
}

// Compare reads the files of the tables that stand by the log, and returns how many
// are what the log says and, in words, those that are not.
func (f *Follower) Compare(ctx context.Context) (same int, different []string, err error) {
	for _, name := range f.tables {
		n, other, err := f.compareTable(ctx, name)
		if err != nil {
			return 0, nil, fmt.Errorf("compare the files of table %s with the archive: %w", name, err)
		}
		same, different = same+n, append(different, other...)
	}
	return same, different, nil
}

func (f *Follower) compareTable(ctx context.Context, name string) (same int, different []string, err error) {
	standing, _, _, err := f.archive.Standing(name)
	if err != nil {
		return 0, nil, err
	}
	set, err := f.lake.Acquire(name)
	if err != nil {
		return 0, nil, err
	}
	defer set.Release()
	for _, file := range set.Files {
		path, err := f.lake.Name(file)
		if err != nil {
			return 0, nil, err
		}
		known, ok := standing[path]
		if !ok {
			continue // not looked at yet
		}
		d, err := f.lake.Describe(ctx, set, file, false)
		switch {
		case unreadable(err):
			different = append(different, fmt.Sprintf("%s: %v; by the archive (number %d) it has %d rows", path, err, known.Number, known.Rows))
		case err != nil:
			return 0, nil, err
		case hex.EncodeToString(d.SHA256[:]) != known.SHA256 || d.Digest != known.Digest || file.Rows != known.Rows:
			different = append(different, fmt.Sprintf("%s is not the file under the log, which is number %d with SHA-256 %s", path, known.Number, known.SHA256))
		default:
			same++
		}
	}
	return same, different, nil
}
