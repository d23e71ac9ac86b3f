package duckdb

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/lake"
)

// Source gives the rows of tables.
type Source interface {
	// Acquire returns what a table holds now. The caller calls its Release.
	Acquire(table string) (*ReadSet, error)
}

// ReadSet is what a table holds at one moment: every row is in exactly one of
// the files and batches.
type ReadSet struct {
	TimeColumn string // the column that a request's time range bounds
	Files      []lake.File
	Fresh      []lake.Fresh
	Release    func() // says that the files are no longer read
	// Fetch brings files to where their paths say, until Release; nil if they are there.
	Fetch func(ctx context.Context, files []lake.File) error
	// Later has, by the path of a file, files with later versions of rows of it: a row of
	// which one of them has the key is no row of the table. They are no files of the
	// set on that account.
	Later map[string][]lake.File
	// ReadAll says that rows are read even where they are only counted, since they are
	// proven when their files are fetched.
	ReadAll bool
	// Parts says which parts of a file may have what is sought, or that all may. nil
	// knows nothing.
	Parts func(f lake.File, sought *termfilter.Sought) (parts []lake.Part, all bool, err error)
	// Find returns rows of parts of a file that may be what is sought, all of them or an
	// error; nil reads none by themselves.
	Find func(ctx context.Context, f lake.File, asked lake.Finding) (arrow.RecordBatch, error)
	// Weigh says how many bytes the values of some columns of a file take when they are
	// unpacked, with those of a dictionary once; nil does not know.
	Weigh func(f lake.File, columns []string) (bytes int64, err error)
	// Count adds the rows of a file to counts, all or those of some parts of it, without an
	// engine; Countable says whether to try. nil counts none.
	Count     func(ctx context.Context, f lake.File, parts []lake.Part, all bool, within lake.Between, to *lake.Counts) error
	Countable func(f lake.File, asked *lake.Counting) bool
}

// FromLake returns the tables of a lake.
func FromLake(l *lake.Lake) Source { return lakeSource{l} }

type lakeSource struct{ lake *lake.Lake }

func (s lakeSource) Acquire(table string) (*ReadSet, error) {
	set, err := s.lake.Acquire(table)
	if err != nil {
		return nil, err
	}
	return &ReadSet{
		TimeColumn: set.Table.TimeColumn, Files: set.Files, Fresh: set.Fresh, Release: set.Release, Fetch: set.Fetch,
		Parts: set.Parts, Find: set.Find, Weigh: set.Weigh, Count: set.Count, Countable: set.Countable,
	}, nil
}
