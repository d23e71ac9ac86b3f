package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
	"github.com/quoll/quoll/schema"
)

// withoutHelp is a lake of which the engine knows nothing but the files: no statistics, no
// filters, no rows by themselves, and no numbers of them.
type withoutHelp struct{ duckdb.Source }

func (w withoutHelp) Acquire(table string) (*duckdb.ReadSet, error) {
	set, err := w.Source.Acquire(table)
	if err != nil {
		return nil, err
	}
	set.Parts, set.Find, set.Count, set.Files = nil, nil, nil, slices.Clone(set.Files)
	for i := range set.Files {
		set.Files[i].MinTime, set.Files[i].MaxTime = time.Time{}, time.Time{}
	}
	return set, nil
}

// perQuestion is what a question may take of each engine.
const perQuestion = 2 * time.Minute

// sampled are questions about what records have: %[1]s is a user, %[2]s an id, %[3]s an
// address with its port, %[4]s without, %[5]s an operation, %[6]s an object, %[7]s a day.
var sampled = []string{
	`search in (UnifiedAuditLog) "%[3]s" | project Id`,
	`search in (UnifiedAuditLog) "%[2]s" | project Id, TimeGenerated, tostring(Record)`,
	`search "%[1]s" | where TimeGenerated between (datetime(%[7]s) .. 2d) | summarize count() by $table`,
	`search in (UnifiedAuditLog) "%[3]s" | top 20 by TimeGenerated | project TimeGenerated`,
	`UnifiedAuditLog | where * has "%[3]s" | summarize n = count(), max(TimeGenerated) by Operation`,
	`UnifiedAuditLog | where Id == "%[2]s"`,
	`UnifiedAuditLog | where Id =~ toupper("%[2]s") | project Record`,
	`UnifiedAuditLog | where Id in ("%[2]s", "x") or ClientIP == "%[3]s" | summarize n = count() by Operation`,
	`UnifiedAuditLog | where Record has "%[2]s" | project Id`,
	`UnifiedAuditLog | where Record contains substring("%[2]s", 3, 18) | project Id`,
	`UnifiedAuditLog | where tostring(Record.Id) == "%[2]s" | project Id`,
	`UnifiedAuditLog | where tostring(Record.ObjectId) endswith substring("%[6]s", 8) and TimeGenerated > datetime(%[7]s) | summarize n = count() by Operation`,
	`UnifiedAuditLog | where Record.ClientIP has "%[4]s" and Operation == "%[5]s" | summarize n = count() by UserId`,
	`UnifiedAuditLog | where UserId == "%[1]s" | summarize n = count() by Operation, bin(TimeGenerated, 30d)`,
	`UnifiedAuditLog | where UserId startswith substring("%[1]s", 0, 5) and Operation != "%[5]s" | summarize n = count(), min(TimeGenerated), max(TimeGenerated)`,
	`UnifiedAuditLog | where UserId == "%[1]s" and Operation == "%[5]s" | top 10 by TimeGenerated | project TimeGenerated`,
	`UnifiedAuditLog | where Operation == "%[5]s" | top 50 by TimeGenerated asc | project TimeGenerated`,
	`UnifiedAuditLog | where TimeGenerated between (datetime(%[7]s) .. 1d) | summarize n = count() by Operation, UserId`,
	`UnifiedAuditLog | where TimeGenerated >= datetime(%[7]s) | count`,
	`UnifiedAuditLog | summarize count(), min(TimeGenerated), max(TimeGenerated)`,
	`UnifiedAuditLog | where ClientIP has "%[4]s" and ObjectId has_any ("%[6]s", "sites") | summarize n = count() by UserId`,
	`UnifiedAuditLog | where ObjectId matches regex @"(?i)sites/[a-z]+" and Operation == "%[5]s" and TimeGenerated > datetime(%[7]s) | summarize n = count() by UserId`,
	`UnifiedAuditLog | where Id == "%[2]s" | join kind=inner (OfficeActivity | project SourceRecordId, OfficeObjectId, UserId) on $left.Id == $right.SourceRecordId`,
	`OfficeActivity | where SourceRecordId == "%[2]s" | project-away SourceRecordId`,
	`OfficeActivity | where UserId =~ "%[1]s" | summarize n = count() by Operation, OfficeWorkload`,
	`UnifiedAuditLog | where ClientIP == "%[3]s" | join kind=leftsemi (OfficeActivity | project SourceRecordId) on $left.Id == $right.SourceRecordId | summarize n = count() by UserId`,
	`EmailEvents | where RecipientEmailAddress =~ "%[1]s" | join kind=inner EmailUrlInfo on NetworkMessageId | summarize n = count() by UrlDomain`,
	`EmailUrlInfo | where UrlDomain in ((EmailUrlInfo | where TimeGenerated between (datetime(%[7]s) .. 1h) | project UrlDomain)) | join kind=leftouter (EmailEvents | project NetworkMessageId, Subject) on NetworkMessageId | summarize n = count() by UrlDomain, isempty(Subject)`,
	`let ids = EmailAttachmentInfo | where TimeGenerated between (datetime(%[7]s) .. 2h) | project NetworkMessageId; EmailEvents | where NetworkMessageId in (ids) | project NetworkMessageId, Subject`,
	`EmailAttachmentInfo | where TimeGenerated between (datetime(%[7]s) .. 2h) | join kind=rightanti (EmailEvents | where TimeGenerated between (datetime(%[7]s) .. 1d)) on NetworkMessageId | count`,
	`UnifiedAuditLog | summarize n = count() by Operation, bin(TimeGenerated, 7d) | where n > 3`,
	`UnifiedAuditLog | where UserId in ("%[1]s", "nobody") | summarize count() by ClientIP, Operation | where count_ < 5 | summarize count(), sum(count_)`,
	`UnifiedAuditLog | where TimeGenerated > datetime(%[7]s) and Operation in~ ("%[5]s", "x") | summarize n = count() by bin(TimeGenerated, 1h), UserId`,
	`OfficeActivity | where Operation == "%[5]s" | summarize n = count() by UserId, OfficeWorkload | join kind=inner (UnifiedAuditLog | where Operation == "%[5]s" | summarize m = count() by UserId) on UserId`,
	`EmailEvents | where SenderFromDomain != "x.example" and DeliveryAction has "Deliv" | summarize n = count() by SenderFromDomain | where n between (3 .. 400)`,
	`union OfficeActivity, UnifiedAuditLog | where UserId == "%[1]s" | summarize n = count() by Type, bin(TimeGenerated, 30d)`,
}

// samples is how many records questions are made about.
const samples = 6

// aboutSamples makes the questions about records of the lake.
func aboutSamples(ctx context.Context, s *query.Service) (texts []string, err error) {
	result, err := s.Query(ctx, query.Request{Text: fmt.Sprintf(`UnifiedAuditLog | where isnotempty(ClientIP) and isnotempty(ObjectId) | where hash(Id, 1009) == 7
		| top %d by Id | project UserId, Id, ClientIP, tostring(split(ClientIP, ":")[0]), Operation, replace_string(ObjectId, "\\", "/"), format_datetime(TimeGenerated, "yyyy-MM-dd")`, samples)})
	if err != nil {
		return nil, err
	}
	for _, row := range result.Rows {
		for _, text := range sampled {
			texts = append(texts, fmt.Sprintf(text+"%.0[1]s%.0[2]s%.0[3]s%.0[4]s%.0[5]s%.0[6]s%.0[7]s", row...))
		}
	}
	return texts, nil
}

// agreement asks questions of two engines over one lake.
type agreement struct {
	services                        [2]*query.Service // with all that leaves files and rows out, and without
	equal, filled, refused, differs int
}

// agree asks the lake of a data directory each question twice, with all that leaves files
// and rows out and without, and says which answers differ. Questions are of folders of
// .kql files and of lines of JSON with a member query, and about some of its records.
// What KQL leaves open, the order of lists and which of equals is taken, differs.
func agree(ctx context.Context, dir, from string) (err error) {
	questions, err := readQuestions(strings.Split(from, ","))
	if err != nil {
		return err
	}
	config := lake.DefaultConfig(filepath.Join(dir, "lake"))
	l, err := lake.Open(ctx, config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	now, err := lastOf(l)
	if err != nil {
		return err
	}
	a := &agreement{}
	for i, source := range []duckdb.Source{duckdb.FromLake(l), withoutHelp{duckdb.FromLake(l)}} {
		settings := duckdb.DefaultConfig()
		settings.Dir = config.Dir
		engine, failed := duckdb.Open(ctx, settings, source, slog.New(slog.DiscardHandler))
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, engine.Close()) }()
		a.services[i] = query.NewService(tables.Compile, engine, func() time.Time { return now })
	}
	about, err := aboutSamples(ctx, a.services[0])
	if err != nil {
		return err
	}
	questions = append(about, questions...)
	for _, text := range questions {
		if a.ask(ctx, text); ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	fmt.Printf("%d questions: %d answered alike, %d of them with rows; %d by neither; %d not alike\n", len(questions), a.equal, a.filled, a.refused, a.differs)
	return nil
}

// lastOf returns the latest time of an audit record. The clock stands there, as questions
// ask for the last days.
func lastOf(l *lake.Lake) (last time.Time, err error) {
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		return last, err
	}
	defer set.Release()
	for _, f := range set.Files {
		if f.MaxTime.After(last) {
			last = f.MaxTime
		}
	}
	return last, nil
}

// ask asks both engines, and says what differs: the answers, or that what leaves rows out
// makes an answer late.
func (a *agreement) ask(ctx context.Context, text string) {
	var answers [2][]string
	var failed [2]error
	var took [2]time.Duration
	for i := range a.services {
		answers[i], took[i], failed[i] = a.answer(ctx, i, text)
	}
	switch {
	case failed[0] != nil && failed[1] != nil:
		a.refused++
		fmt.Printf("neither answers, %v:\n%.200s\n\n", failed[0], text)
	case failed[0] == nil && failed[1] == nil && slices.Equal(answers[0], answers[1]):
		a.equal++
		if len(answers[0]) > 0 {
			a.filled++
		}
	default:
		a.differs++
		fmt.Printf("%d rows and %d, errors %v and %v:\n%s\n%s\n\n", len(answers[0]), len(answers[1]), failed[0], failed[1], text, firstDifference(answers))
	}
	late := took[1]*3/2 + 100*time.Millisecond
	if took[0] > late && failed[0] == nil { // once more: what comes first reads from the disk
		_, took[0], _ = a.answer(ctx, 0, text)
	}
	if took[0] > late {
		fmt.Printf("%v with help and %v without:\n%s\n\n", took[0], took[1], text)
	}
}

// answer returns the rows of an answer as texts, sorted, and how long it took.
func (a *agreement) answer(ctx context.Context, which int, text string) (rows []string, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, perQuestion)
	defer cancel()
	began := time.Now()
	result, err := a.services[which].Query(ctx, query.Request{Text: text})
	if took = time.Since(began); err != nil {
		return nil, took, err
	}
	for _, row := range result.Rows {
		rows = append(rows, fmt.Sprint(row...))
	}
	slices.Sort(rows)
	return rows, took, nil
}

// firstDifference returns the first row that only one answer has, of each.
func firstDifference(answers [2][]string) string {
	var shown []string
	for i := range answers {
		for _, row := range answers[i] {
			if _, found := slices.BinarySearch(answers[1-i], row); !found {
				shown = append(shown, fmt.Sprintf("%d: %.300s", i, row))
				break
			}
		}
	}
	return strings.Join(shown, "\n")
}

// readQuestions reads the texts of queries out of .kql files and files of JSON lines, in
// folders or named.
func readQuestions(paths []string) (texts []string, err error) {
	for _, path := range paths {
		err = errors.Join(err, filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			switch filepath.Ext(path) {
			case ".kql":
				text, err := os.ReadFile(path)
				texts = append(texts, string(text))
				return err
			case ".jsonl":
				lines, err := readLines(path)
				texts = append(texts, lines...)
				return err
			}
			return nil
		}))
	}
	return texts, err
}

// readLines reads the member query of each line of JSON.
func readLines(path string) (texts []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewReaderSize(f, 1<<20); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return texts, nil
		}
		var one struct{ Query string }
		if err := json.Unmarshal(line, &one); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if one.Query != "" {
			texts = append(texts, one.Query)
		}
	}
}
