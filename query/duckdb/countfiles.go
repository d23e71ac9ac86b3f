package duckdb

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/lake"
)

// countedFiles are the files that rows are counted of, in parts that are counted one at a
// time by each worker.
type countedFiles struct {
	set    *ReadSet
	parts  [][]narrowed
	within lake.Between
	alone  *lake.Alone // steps of time of which a part has all rows
}

// countFiles counts the rows of files, several at a time where they are many.
func (e *Engine) countFiles(ctx context.Context, set *ReadSet, files []narrowed, fresh []lake.Fresh, asked *lake.Counting, within lake.Between) (*lake.Counts, error) {
	c := countedFiles{set: set, within: within}
	c.part(files, fresh, asked)
	workers := 1
	for _, f := range files {
		asked.Rows += f.file.Rows
	}
	if asked.Rows > e.apart {
		workers = seekers
	}
	all := make([]*lake.Counts, workers)
	for worker := range workers {
		var err error
		if all[worker], err = e.counts.take(asked); err != nil {
			return nil, err
		}
	}
	var next atomic.Int64
	if workers == 1 {
		return all[0], c.work(ctx, &next, all[0])
	}
	group, ctx := errgroup.WithContext(ctx)
	for worker := range workers {
		group.Go(func() error { return c.work(ctx, &next, all[worker]) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, other := range all[1:] {
		if err := all[0].Add(other); err != nil {
			return nil, err
		}
		e.counts.put(other)
	}
	return all[0], nil
}

// spareCounts are counts that nobody uses, whose memory serves the next who count.
type spareCounts struct{ pool sync.Pool }

func (s *spareCounts) take(asked *lake.Counting) (*lake.Counts, error) {
	if counts, ok := s.pool.Get().(*lake.Counts); ok {
		return counts, counts.Renew(asked)
	}
	return lake.NewCounts(asked)
}

func (s *spareCounts) put(counts *lake.Counts) {
	if counts.Spare() {
		s.pool.Put(counts)
	}
}

// part makes parts: days, where groups that are not wanted can be let go when all files of
// their day are counted, and else files.
func (c *countedFiles) part(files []narrowed, fresh []lake.Fresh, asked *lake.Counting) {
	if asked.Keep != nil {
		parts, reached := days(files)
		for _, batch := range fresh {
			reached = append(reached, lake.Reach{Least: batch.MinTime, Most: batch.MaxTime})
		}
		if c.alone = asked.Alone(reached); c.alone != nil {
			c.parts = parts
			return
		}
	}
	for i := range files {
		c.parts = append(c.parts, files[i:i+1])
	}
}

// days puts files together whose times overlap, and says which times those are.
func days(files []narrowed) (parts [][]narrowed, reached []lake.Reach) {
	first := 0
	for i := range files {
		f, last := &files[i].file, len(reached)-1
		if i == 0 || f.MinTime.After(reached[last].Most) {
			first = i
			parts, reached = append(parts, nil), append(reached, lake.Reach{Least: f.MinTime, Most: f.MaxTime})
			last++
		}
		parts[last] = files[first : i+1]
		if at := &reached[last]; f.MinTime.Before(at.Least) {
			at.Least = f.MinTime
		}
		if at := &reached[last]; f.MaxTime.After(at.Most) {
			at.Most = f.MaxTime
		}
	}
	return parts, reached
}

// work counts parts as long as there are some.
func (c *countedFiles) work(ctx context.Context, next *atomic.Int64, to *lake.Counts) (err error) {
	counts := to
	if c.alone != nil {
		if counts, err = to.Part(); err != nil {
			return err
		}
	}
	for i := next.Add(1) - 1; i < int64(len(c.parts)); i = next.Add(1) - 1 {
		for _, f := range c.parts[i] {
			if err := c.set.Count(ctx, f.file, f.parts, f.all, c.within, counts); err != nil {
				return err
			}
		}
		if c.alone != nil {
			if err := to.Take(counts, c.alone); err != nil {
				return err
			}
		}
	}
	return nil
}
