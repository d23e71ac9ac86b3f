package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/pagecache"
	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/lookups"
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

// grow asks lakes of different sizes the same questions, and adds what they took to a
// file of figures. The lakes are opened as a server does, so that one which must not
// change has to be a copy (of links, say).
func grow(ctx context.Context, dirs []string, only, figures string) error {
	names, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	for _, dir := range dirs {
		g, err := askLake(ctx, dir, names)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
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

func askLake(ctx context.Context, dir string, only *regexp.Regexp) (g grown, err error) {
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
	_, service, closeEngine, err := openLake(ctx, config.Dir, l)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, closeEngine()) }()
	questions, err := growQuestions(ctx, service, only)
	if err != nil {
		return g, err
	}
	g.took = map[string]timed{}
	for _, q := range questions {
		t, err := timeQuestion(ctx, service, config.Dir, q[1])
		if err != nil {
			return g, fmt.Errorf("%s: %w", q[0], err)
		}
		fmt.Fprintf(os.Stderr, "%s %-40s %8.1f %8.1f %8.1f ms, %d rows\n", dir, q[0], ms(t.cold), ms(t.warm), ms(t.cpu), t.rows)
		g.took[q[0]] = t
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

// growQuestions are the security queries, words and look-ups, about what a record or a
// mail of the lake has. Without mail there are no look-ups.
func growQuestions(ctx context.Context, service *query.Service, only *regexp.Regexp) (questions [][2]string, err error) {
	var problems error
	one := func(text string) []any {
		result, err := service.Query(ctx, query.Request{Text: text + " | take 1"})
		if err != nil || len(result.Rows) != 1 {
			problems = errors.Join(problems, err)
			return []any{nil, nil}
		}
		return result.Rows[0]
	}
	add := func(name, text string) {
		if only.MatchString(name) {
			questions = append(questions, [2]string{name, text})
		}
	}
	const day = ` | where TimeGenerated between (datetime(2026-03-03) .. 1d)`
	record := one(`UnifiedAuditLog` + day + ` and isnotempty(ClientIP) | project UserId, Id`)
	for _, c := range comparisons {
		text := c.kql
		if strings.Contains(text, "%[") {
			text = fmt.Sprintf(text+"%.0[1]s%.0[2]s", record[0], record[1])
		}
		add(c.name, text)
	}
	mail := one(`EmailEvents` + day + ` and isnotempty(Subject) | project SenderFromAddress, Subject`)
	for _, asked := range []struct {
		name string
		what any
	}{
		{"address", mail[0]}, {"subject", mail[1]}, {"url", one(`EmailUrlInfo` + day + ` | project UrlDomain`)[0]},
		{"attachment", one(`EmailAttachmentInfo` + day + ` | project SHA256`)[0]}, {"origin", one(`UrlClickEvents | project IPAddress`)[0]},
	} {
		text, err := fs.ReadFile(lookups.Files, asked.name+".kql")
		if err != nil {
			return nil, err
		}
		const declared = "declare query_parameters (what: string, since: timespan = 365d);"
		if !strings.Contains(string(text), declared) {
			return nil, fmt.Errorf("look-up %s declares other parameters", asked.name)
		}
		if asked.what != nil {
			add("look-up: "+asked.name, strings.Replace(string(text), declared, fmt.Sprintf("let what = %q; let since = 36500d;", asked.what), 1)+"\n| count")
		}
	}
	return questions, problems
}
