package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/quoll/quoll/internal/pagecache"
	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
)

// timed is what one question took of one lake.
type timed struct {
	cold, warm, cpu time.Duration // cpu is processor time of the warm one
	rows            int           // of the answer
}

// grown is a lake with what every question took of it.
type grown struct {
	records int64 // of UnifiedAuditLog
	took    map[string]timed
}

// grow asks lakes of different sizes the same questions, has them take in so many
// records, and adds what both took to a file of figures. The lakes are opened as a server
// does and get rows, so that one which must not change has to be a copy (of links, say,
// of all but its catalogue).
func grow(ctx context.Context, dirs []string, chosen choice, figures string, records int) error {
	for _, dir := range dirs {
		g, err := askLake(ctx, dir, chosen)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		if records > 0 {
			if g.took[takingIn], err = takeThousands(ctx, dir, records); err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
		}
		if err := addFigures(figures, g); err != nil {
			return err
		}
	}
	return nil
}

// addFigures appends lines of records, question, and milliseconds cold, warm and of
// processor time of the warm answer.
func addFigures(path string, g grown) (err error) {
	to := os.Stdout
	if path != "" {
		if to, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, to.Close()) }()
	}
	w := csv.NewWriter(to)
	for _, name := range slices.Sorted(maps.Keys(g.took)) {
		t := g.took[name]
		line := []string{strconv.FormatInt(g.records, 10), name}
		for _, took := range []time.Duration{t.cold, t.warm, t.cpu} {
			line = append(line, strconv.FormatFloat(ms(took), 'f', 1, 64))
		}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// draw reads figures of all sizes and draws them.
func draw(figures, picture string) error {
	f, err := os.Open(figures)
	if err != nil {
		return err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", figures, err)
	}
	sizes := map[int64]grown{}
	for _, line := range lines {
		records, err := strconv.ParseInt(line[0], 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %w", figures, err)
		}
		spent, err := strconv.ParseFloat(line[len(line)-1], 64)
		if err != nil {
			return fmt.Errorf("%s: %w", figures, err)
		}
		if sizes[records].took == nil {
			sizes[records] = grown{records: records, took: map[string]timed{}}
		}
		sizes[records].took[line[1]] = timed{cpu: time.Duration(spent * float64(time.Millisecond))}
	}
	var all []grown
	for _, records := range slices.Sorted(maps.Keys(sizes)) {
		all = append(all, sizes[records])
	}
	return os.WriteFile(picture, []byte(plot(all)), 0o644)
}

// takingIn names the figure of what a thousand records take from the journal to committed
// files of a lake that has others already.
const takingIn = "taking in a thousand records"

func takeThousands(ctx context.Context, dir string, records int) (t timed, err error) {
	r := &river{}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(ctx, dir); err != nil {
		return t, err
	}
	// Other records each time: repeats would be dropped, which costs less.
	made, _, err := r.fillFrom(ctx, 2, records/2, 3+int(r.journal.Last()%300), func(int) error { return nil })
	if err != nil {
		return t, err
	}
	rows := r.rows()
	began, before := time.Now(), usage.Processor()
	if err := errors.Join(r.pipeline.Catchup(ctx), r.pipeline.Flush(ctx)); err != nil {
		return t, err
	}
	if added := r.rows() - rows; added < int64(made)*9/10 {
		return t, fmt.Errorf("of %d records %d are new to the lake", made, added)
	}
	t.warm, t.cpu, t.rows = time.Since(began)*1000/time.Duration(made), (usage.Processor()-before)*1000/time.Duration(made), made
	fmt.Fprintf(os.Stderr, "%s %-40s %8s %8.1f %8.1f ms, %d records\n", dir, takingIn, "", ms(t.warm), ms(t.cpu), made)
	return t, nil
}

// rows counts the audit records.
func (r *river) rows() int64 {
	for _, t := range r.lake.Stats() {
		if t.Name == schema.UnifiedAuditLog {
			return t.Rows
		}
	}
	return 0
}

func askLake(ctx context.Context, dir string, chosen choice) (g grown, err error) {
	config := lake.DefaultConfig(filepath.Join(dir, "lake"))
	l, err := lake.Open(ctx, config, slog.New(slog.DiscardHandler))
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	for _, t := range l.Stats() {
		if t.Name == schema.UnifiedAuditLog {
			g.records = t.Rows
		}
	}
	opened := &openedLake{dir: config.Dir, lake: l}
	if err := opened.open(ctx); err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, opened.close()) }()
	questions, err := askedQuestions(ctx, opened.service, chosen)
	if err != nil {
		return g, err
	}
	g.took = map[string]timed{}
	for _, q := range questions {
		t, err := timeQuestion(ctx, opened.service, config.Dir, q.kql)
		if err != nil {
			return g, fmt.Errorf("%s: %w", q.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s %-40s %8.1f %8.1f %8.1f ms, %d rows\n", dir, q.name, ms(t.cold), ms(t.warm), ms(t.cpu), t.rows)
		g.took[q.name] = t
	}
	return g, nil
}

// growRepeats is how often a warm question is asked.
const growRepeats = 3

func timeQuestion(ctx context.Context, service *query.Service, dir, text string) (t timed, err error) {
	if err := pagecache.Forget(dir, ".parquet"); err != nil {
		return t, err
	}
	var took, spent []time.Duration
	for range growRepeats + 1 {
		began, before := time.Now(), usage.Processor()
		result, err := service.Query(ctx, query.Request{Text: text})
		if err != nil {
			return t, err
		}
		took, spent = append(took, time.Since(began)), append(spent, usage.Processor()-before)
		t.rows = len(result.Rows)
	}
	t.cold = took[0]
	slices.Sort(took[1:])
	slices.Sort(spent[1:])
	t.warm, t.cpu = took[1+growRepeats/2], spent[1+growRepeats/2]
	return t, nil
}
