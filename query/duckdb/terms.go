package duckdb

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/lake"
)

const (
	// lookers is how many files are asked for terms at a time: it is waiting for a
	// disk that takes the time.
	lookers = 8
	// maxSpans is how many parts of files become FROM items of their own. What is
	// beyond it is read as whole files, so that no statement grows without end.
	maxSpans = 256
)

// narrowed is a file of which some rows are read.
type narrowed struct {
	file  lake.File
	all   bool
	parts []lake.Part
	// rest says that other parts were found by themselves: to read the whole file would
	// count their rows twice.
	rest bool
}

// rows is how many rows the parts have.
func (n *narrowed) rows() (rows int64) {
	for _, p := range n.parts {
		rows += p.Rows()
	}
	return rows
}

// spans returns the rows of the parts, neighbours put together.
func (n *narrowed) spans() (spans []lake.Span) {
	for _, p := range n.parts {
		if last := len(spans) - 1; last >= 0 && spans[last].End == p.First {
			spans[last].End = p.End
		} else {
			spans = append(spans, p.Span)
		}
	}
	return spans
}

// within returns the spans of a file that is read in parts, and nil for one that is read
// whole. Those are one FROM item together, which counts where they are small and
// hundreds. taken are the spans of all files so far.
func (n *narrowed) within(taken *int) []lake.Span {
	spans := n.spans()
	*taken += len(spans)
	if !n.rest && (*taken > maxSpans || slices.Equal(spans, []lake.Span{{First: 0, End: n.file.Rows}})) {
		n.all = true
		return nil
	}
	return spans
}

// narrow returns what of the files may have what is sought, in order. Filters that
// cannot be read leave nothing out.
func (e *Engine) narrow(ctx context.Context, set *ReadSet, files []lake.File, asked *termfilter.Sought) ([]narrowed, error) {
	found := make([]narrowed, len(files))
	if set.Parts == nil || !asked.Asks() {
		for i, f := range files {
			found[i] = narrowed{file: f, all: true}
		}
		return found, nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookers)
	for i, f := range files {
		group.Go(func() error {
			parts, all, err := set.Parts(f, asked)
			if err != nil {
				e.logger.Warn("the terms of a file could not be looked up; all of it is read", "path", f.Path, "error", err)
				all = true
			}
			if all {
				parts = nil
			}
			found[i] = narrowed{file: f, all: all, parts: parts}
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(n narrowed) bool { return !n.all && len(n.parts) == 0 }), nil
}

// newSought puts a condition into the words of the filters.
func newSought(s *plan.Sought) *termfilter.Sought {
	switch {
	case s == nil:
		return &termfilter.Sought{}
	case s.Any != nil:
		return &termfilter.Sought{Any: eachSought(s.Any)}
	case s.All != nil:
		return &termfilter.Sought{All: eachSought(s.All)}
	}
	if s.Values != nil {
		return termfilter.Values(s.Values, s.Columns)
	}
	text := termfilter.Text(s.Text, s.Begins, s.Ends, s.Number)
	text.Columns = s.Columns
	return text
}

func eachSought(conditions []*plan.Sought) []*termfilter.Sought {
	all := make([]*termfilter.Sought, len(conditions))
	for i, c := range conditions {
		all[i] = newSought(c)
	}
	return all
}
