package duckdb

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// A query for one day of a year reads the file of that day. Of the other 364
// days there are no files at all: whoever opens one fails.
func TestOneDayOfAYearReadsOneDay(t *testing.T) {
	const days, asked = 365, 200
	dir := t.TempDir()
	table := &events{}
	for day := range days {
		first := start.AddDate(0, 0, day)
		file := lake.File{Path: filepath.Join(dir, fmt.Sprintf("%d.parquet", day)), Rows: 24, MinTime: first, MaxTime: first.Add(23 * time.Hour)}
		if day == asked {
			openWriter(t, dir)(freshEvents(1, day*24, 24), file.Path)
		}
		table.set.Files = append(table.set.Files, file)
	}
	config := DefaultConfig()
	config.Dir = dir
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		return kql.CompileWith(text, table, options)
	}
	s := query.NewService(compile, openEngine(t, config, table), func() time.Time { return start.AddDate(0, 0, days) })
	midnight := start.AddDate(0, 0, asked)
	day := "datetime(" + midnight.Format(time.DateOnly) + ")"
	for _, r := range []query.Request{
		{Text: "Events | where TimeGenerated >= " + day + " and TimeGenerated < " + day + " + 1d"},
		{Text: "Events | where TimeGenerated between (" + day + " .. 1d - 1tick)"},
		{Text: "Events | where TimeGenerated between (startofday(ago(165d)) .. endofday(ago(165d)))"},
		{Text: "let d = " + day + "; Events | extend hour = hourofday(TimeGenerated) | where TimeGenerated between (d .. endofday(d)) | project hour"},
		{Text: "Events | where startofday(TimeGenerated) == " + day},
		{Text: "Events | where bin(TimeGenerated, 1d) == " + day},
		{Text: "Events | where bin(TimeGenerated, 1h) between (" + day + " .. " + day + " + 23h)"},
		{Text: "union Events, (Events | where N < 0) | where TimeGenerated >= " + day + " | where TimeGenerated < " + day + " + 1d"},
		{Text: "Events", From: midnight, To: midnight.AddDate(0, 0, 1)},
	} {
		result, err := s.Query(t.Context(), r)
		if err != nil {
			t.Errorf("%s: %v", r.Text, err)
			continue
		}
		if st := result.Statistics; len(result.Rows) != 24 || st.FilesRead != 1 || st.FilesPruned < days-1 {
			t.Errorf("%s: %d rows, %d files read, %d left out", r.Text, len(result.Rows), st.FilesRead, st.FilesPruned)
		}
	}
}
