package servertest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/server"
)

// UnknownColumn is the name that the canned querier does not know.
const UnknownColumn = "NoSuchColumn"

// maxRows bounds what the canned querier makes.
const maxRows = 100_000

var (
	takeClause   = regexp.MustCompile(`(?i)\b(?:take|limit)\s+(\d+)`)
	renderClause = regexp.MustCompile(`(?i)\|\s*render\s+(\w+)(?:\s+with\s*\(\s*kind\s*=\s*(\w+))?`)
)

// Query implements server.Querier. "slow" in the text waits until ctx ends,
// "boom" fails, UnknownColumn is a mistake, "render kind" gives rows that fit
// the chart, "nothing" gives no rows, "fork" two named tables; all else gives
// rows of OfficeActivity.
func (c *Canned) Query(ctx context.Context, q server.QueryRequest) (*server.QueryResult, error) {
	if at := strings.Index(q.Text, UnknownColumn); at >= 0 {
		return nil, &server.QueryError{Mistakes: []server.Mistake{{
			Start: at, End: at + len(UnknownColumn),
			Message: `no column "` + UnknownColumn + `" in table OfficeActivity`,
			Remedy:  "columns are TimeGenerated, Operation, UserId, ClientIP",
		}}}
	}
	if strings.Contains(q.Text, "slow") {
		<-ctx.Done()
		return nil, fmt.Errorf("run query: %w", ctx.Err())
	}
	if strings.Contains(q.Text, "boom") {
		return nil, fmt.Errorf("run query: the engine broke")
	}
	to := q.To
	if to.IsZero() {
		to = q.Now
	}
	from := q.From
	if from.IsZero() {
		from = to.Add(-24 * time.Hour)
	}
	result := c.rows(q.Text, from, to)
	result.Statistics = server.Statistics{
		ElapsedMilliseconds: 12.5, CompileMilliseconds: 0.9,
		RowsScanned: 48_210, BytesScanned: 3_145_728, FilesScanned: 4, FilesSkipped: 11,
	}
	return result, nil
}

func (c *Canned) rows(text string, from, to time.Time) *server.QueryResult {
	if m := renderClause.FindStringSubmatch(text); m != nil {
		result := chart(strings.ToLower(m[1]), from, to)
		result.Visualization.Variant = m[2]
		return result
	}
	if strings.Contains(text, "fork") {
		result, second := activity(3, from, to), chart("", from, to)
		result.Name, second.Name, second.Visualization = "First", "Operations", nil
		result.More = []*server.QueryResult{second}
		return result
	}
	if strings.Contains(text, `OperationName == "Save rule"`) {
		return savedTwice(to)
	}
	if strings.Contains(text, "every type") {
		return everyType(to)
	}
	if strings.Contains(text, "by Table = $table") {
		return found(from, to)
	}
	if strings.HasSuffix(text, "| count") {
		return &server.QueryResult{Columns: columns("Count:long"), Rows: [][]any{{int64(len(text) % 7)}}}
	}
	n := 250
	if m := takeClause.FindStringSubmatch(text); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	if strings.Contains(text, "nothing") {
		n = 0
	}
	return activity(min(n, maxRows), from, to)
}

func columns(spec string) []server.ResultColumn {
	var out []server.ResultColumn
	for part := range strings.FieldsSeq(spec) {
		name, kind, _ := strings.Cut(part, ":")
		out = append(out, server.ResultColumn{Name: name, Type: kind})
	}
	return out
}

// found is where a look-up finds what was pasted.
func found(from, to time.Time) *server.QueryResult {
	return &server.QueryResult{Columns: columns("Table:string Rows:long First:datetime Last:datetime"), Rows: [][]any{
		{"OfficeActivity", int64(412), from.Add(time.Hour), to.Add(-time.Minute)},
		{"EmailEvents", int64(7), from.Add(2 * time.Hour), to.Add(-time.Hour)},
	}}
}

// everyType has a row of usual values, one of odd ones, and one of nulls.
func everyType(now time.Time) *server.QueryResult {
	cols := columns("b:bool i:int l:long r:real d:decimal s:string t:datetime ts:timespan j:dynamic g:guid")
	none := make([]any, len(cols))
	none[5] = ""
	return &server.QueryResult{Columns: cols, Rows: [][]any{
		{
			true, int32(-7), int64(42), 2.5, "3.14159265358979323846", "text", now,
			types.TicksPerDay + 2*types.TicksPerHour + 5, json.RawMessage(`{"a":[1,2,{"b":null}],"c":"x"}`), TenantID,
		},
		{
			false, int32(math.MaxInt32), int64(math.MaxInt64), math.NaN(), "0", "quote \" tab \t é \U0001F43E \xff",
			time.Date(1601, 1, 1, 0, 0, 0, 100, time.UTC), types.Ticks(-1), json.RawMessage(`not json`), "",
		},
		none,
	}}
}

var (
	operations = []string{"MailItemsAccessed", "FileAccessed", "Send", "FileModified", "UserLoggedIn", "New-InboxRule", "FileDownloaded", "MessageSent"}
	workloads  = []string{"Exchange", "SharePoint", "Exchange", "OneDrive", "AzureActiveDirectory", "Exchange", "SharePoint", "MicrosoftTeams"}
	people     = []string{victim, "ade.oyelaran@wattleworks.example", "tomas.brandt@wattleworks.example", "ines.okafor@wattleworks.example", "kai.whitford@wattleworks.example"}
)

// activity makes n rows, newest first, evenly spread over the range.
func activity(n int, from, to time.Time) *server.QueryResult {
	result := &server.QueryResult{Columns: columns(
		"TimeGenerated:datetime Operation:string OfficeWorkload:string UserId:string ClientIP:string ResultStatus:string ItemCount:long Parameters:dynamic OfficeObjectId:string")}
	step := to.Sub(from) / time.Duration(max(n, 1))
	for i := range n {
		kind := (i*7 + i/3) % len(operations)
		parameters := json.RawMessage(nil)
		if kind == 5 {
			parameters = json.RawMessage(`[{"Name":"Name","Value":"."},{"Name":"ForwardTo","Value":"smtp:collector@mailbox.example"},{"Name":"DeleteMessage","Value":true}]`)
		}
		result.Rows = append(result.Rows, []any{
			to.Add(-time.Duration(i) * step).Truncate(time.Millisecond), operations[kind], workloads[kind], people[(i*3+i/5)%len(people)],
			fmt.Sprintf("198.51.100.%d", (i*13)%250+1), "Succeeded", int64((i * 31) % 97), parameters,
			fmt.Sprintf("https://wattleworks.example/sites/finance/Shared Documents/2026/Invoices/invoice-%05d.xlsx", i),
		})
	}
	return result
}

// chart makes rows that fit a kind of chart.
func chart(kind string, from, to time.Time) *server.QueryResult {
	v := &server.Visualization{Kind: kind}
	switch kind {
	case "timechart", "areachart", "linechart", "stackedareachart", "anomalychart":
		result := &server.QueryResult{Columns: columns("TimeGenerated:datetime OfficeWorkload:string Events:long"), Visualization: v}
		step := to.Sub(from) / 48
		for i := range 48 {
			at := from.Add(time.Duration(i) * step).Truncate(time.Second)
			for k, workload := range []string{"Exchange", "SharePoint", "MicrosoftTeams"} {
				day := 1 + math.Sin(float64(i)/48*2*math.Pi*3+float64(k))
				result.Rows = append(result.Rows, []any{at, workload, int64(40*day*float64(3-k)) + int64((i*17+k*5)%11)})
			}
		}
		return result
	case "sankey", "graph":
		result := &server.QueryResult{Columns: columns("UserId:string Operation:string Events:long"), Visualization: v}
		for i, operation := range operations {
			result.Rows = append(result.Rows, []any{victim, operation, int64(90 / (i + 1))}, []any{partner, operation, int64(i + 1)})
		}
		return result
	case "ladderchart":
		result := &server.QueryResult{Columns: columns("UserId:string Operation:string Begin:datetime End:datetime Events:long"), Visualization: v}
		for i := range 12 {
			begin := from.Add(time.Duration(i) * to.Sub(from) / 16)
			result.Rows = append(result.Rows, []any{people[i%len(people)], operations[i%len(operations)], begin, begin.Add(to.Sub(from) / 8), int64(240 / (i + 1))})
		}
		return result
	case "plotly":
		return &server.QueryResult{Columns: columns("plotly:string"), Rows: [][]any{{`{"data":[{"type":"bar","x":["a","b"],"y":[1,2]}]}`}}, Visualization: v}
	case "scatterchart":
		result := &server.QueryResult{Columns: columns("UrlCount:long AttachmentCount:long"), Visualization: v}
		for i := range 120 {
			result.Rows = append(result.Rows, []any{int64(i % 23), int64((i*i)%31 + i%23)})
		}
		return result
	case "card":
		v.Title = "Messages delivered"
		return &server.QueryResult{Columns: columns("Delivered:long"), Rows: [][]any{{int64(18_204)}}, Visualization: v}
	default:
		result := &server.QueryResult{Columns: columns("Operation:string Events:long"), Visualization: v}
		for i, operation := range operations {
			result.Rows = append(result.Rows, []any{operation, int64(900 / (i + 1))})
		}
		return result
	}
}

// savedTwice is the audit trail of a rule with two versions.
func savedTwice(now time.Time) *server.QueryResult {
	const first = "id: r-1\nname: Inbox rule hides or forwards mail\nversion: 1.0.0\nquery: |\n  OfficeActivity\n  | where Operation == \"New-InboxRule\"\n"
	second := strings.Replace(strings.Replace(first, "1.0.0", "1.1.0", 1), `Operation == "New-InboxRule"`, `Operation in ("New-InboxRule", "Set-InboxRule")`, 1)
	return &server.QueryResult{Columns: columns("TimeGenerated:datetime By:string Text:string"), Rows: [][]any{{now.Add(-240 * time.Hour), "ines.okafor", first}, {now.Add(-24 * time.Hour), "kai.whitford", second}}}
}
