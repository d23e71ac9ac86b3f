package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// QueryRequest is a query as a Querier gets it.
type QueryRequest struct {
	Text string
	// From and To bound TimeGenerated of every table, in UTC, From inclusive
	// and To exclusive; a zero time leaves that side open.
	From, To time.Time
	// Now is what now() answers.
	Now time.Time
	// Parameters are the values for declare query_parameters by name, as text.
	Parameters map[string]string
	// Each, when it is set, is given the rows of a single table in batches instead of
	// their being in the result, whose Statistics then say how many they were. It keeps
	// no batch. A Querier need not call it.
	Each func(columns []ResultColumn, rows [][]any) error
	// Again, when it is set beside Each, is told that all that Each was given is void, and
	// comes anew.
	Again func() error
}

// QueryResult is the answer of a Querier.
type QueryResult struct {
	Columns []ResultColumn
	// Rows hold one cell per column: nil, string, int32, int64, float64,
	// bool, time.Time, types.Ticks or json.RawMessage (dynamic).
	Rows          [][]any
	Visualization *Visualization
	Statistics    Statistics
	// Name is what the query calls the table, and More are its further tables,
	// where it gives several.
	Name string
	More []*QueryResult
}

// ResultColumn names a column of a result and its Kusto type: bool, int, long,
// real, decimal, string, datetime, timespan, dynamic or guid.
type ResultColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Visualization is what the render operator asked for, under the names of
// Kusto's visualization annotation. An empty member was not given.
type Visualization struct {
	Kind        string   `json:"visualization"`        // timechart, piechart, …
	Variant     string   `json:"kind,omitempty"`       // default, stacked, stacked100, unstacked
	Title       string   `json:"title,omitempty"`      //
	XColumn     string   `json:"xColumn,omitempty"`    //
	YColumns    []string `json:"yColumns,omitempty"`   //
	Series      []string `json:"series,omitempty"`     // columns whose values name a series
	XTitle      string   `json:"xTitle,omitempty"`     //
	YTitle      string   `json:"yTitle,omitempty"`     //
	XAxis       string   `json:"xAxis,omitempty"`      // linear or log
	YAxis       string   `json:"yAxis,omitempty"`      // linear or log
	Legend      string   `json:"legend,omitempty"`     // visible or hidden
	YMin        *float64 `json:"yMin,omitempty"`       //
	YMax        *float64 `json:"yMax,omitempty"`       //
	Accumulate  bool     `json:"accumulate,omitempty"` //
	YSplit      string   `json:"ySplit,omitempty"`     // none, axes, panels
	AnomalyCols []string `json:"anomalyColumns,omitempty"`
}

// Statistics say what a query cost. A member that the engine does not know is
// zero and left out, but for the rows returned and the time it took.
type Statistics struct {
	ElapsedMilliseconds float64 `json:"elapsedMilliseconds"`
	CompileMilliseconds float64 `json:"compileMilliseconds,omitempty"`
	RowsReturned        int     `json:"rowsReturned"`
	RowsScanned         int64   `json:"rowsScanned,omitempty"`
	BytesScanned        int64   `json:"bytesScanned,omitempty"`
	FilesScanned        int     `json:"filesScanned,omitempty"`
	FilesSkipped        int     `json:"filesSkipped,omitempty"`
	// Truncated says that the result was cut at a limit.
	Truncated bool `json:"truncated,omitempty"`
	// PartialFailure says in Kusto's words which limit that was.
	PartialFailure string `json:"partialFailure,omitempty"`
}

// Diagnostic is one mistake in the text of a query.
type Diagnostic struct {
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
	// Start and End are offsets in UTF-16 code units, the unit of browsers
	// and of Microsoft's editors; End is exclusive.
	Start int `json:"start"`
	End   int `json:"end"`
	// Line and Column count from 1; Column in UTF-16 code units.
	Line      int `json:"line"`
	Column    int `json:"column"`
	EndLine   int `json:"endLine"`
	EndColumn int `json:"endColumn"`
}

// queryBody is the body of POST /api/v1/query.
type queryBody struct {
	Query      string                     `json:"query"`
	Timespan   timespan                   `json:"timespan"`
	Parameters map[string]json.RawMessage `json:"parameters"`
}

type timespan struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
}

func (s *Server) handleQuery(w http.ResponseWriter, r *http.Request) error {
	if s.services.Querier == nil {
		return unavailable("queries")
	}
	var body queryBody
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	q, err := body.request(s.clock())
	if err != nil {
		return err
	}
	ctx, end, err := s.queryTurn(r.Context())
	if err != nil {
		return err
	}
	defer end()
	rows := &answer{dir: s.spool}
	defer rows.close()
	q.Each, q.Again = rows.add, rows.again
	started := time.Now()
	result, err := s.services.Querier.Query(ctx, q)
	if err != nil {
		return s.queryFailure(ctx, body.Query, err)
	}
	if result.Statistics.ElapsedMilliseconds == 0 {
		result.Statistics.ElapsedMilliseconds = float64(time.Since(started).Microseconds()) / 1000
	}
	if rows.count > 0 {
		result.Statistics.RowsReturned = rows.count
		return rows.send(w, result)
	}
	result.Statistics.RowsReturned = len(result.Rows)
	for _, further := range result.More {
		further.Statistics.RowsReturned = len(further.Rows)
	}
	return writeResult(w, result)
}

func (b queryBody) request(now time.Time) (QueryRequest, error) {
	q := QueryRequest{Text: b.Query, Now: now.UTC()}
	if b.Query == "" {
		return q, &Failure{CodeBadRequest, "query is empty"}
	}
	if b.Timespan.From != nil {
		q.From = b.Timespan.From.UTC()
	}
	if b.Timespan.To != nil {
		q.To = b.Timespan.To.UTC()
	}
	if !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From) {
		return q, &Failure{CodeBadRequest, "timespan ends before it begins"}
	}
	for name, value := range b.Parameters {
		text, ok := parameterText(value)
		if !ok {
			return q, &Failure{CodeBadRequest, "the parameter " + strconv.Quote(name) + " is neither a string nor a number nor a boolean; give another value as a string that holds it as KQL writes it"}
		}
		if q.Parameters == nil {
			q.Parameters = map[string]string{}
		}
		q.Parameters[name] = text
	}
	return q, nil
}

// parameterText gives the text of a parameter's value: of a string what it
// holds, of a number or a boolean how it is written.
func parameterText(value json.RawMessage) (text string, ok bool) {
	if json.Unmarshal(value, &text) == nil && !bytes.Equal(value, []byte("null")) {
		return text, true
	}
	var scalar any
	if json.Unmarshal(value, &scalar) != nil {
		return "", false
	}
	switch scalar.(type) {
	case float64, bool:
		return string(value), true
	}
	return "", false
}

// queryTurn waits until fewer than the allowed number of queries run, and returns the
// context of one more, which is bounded in time. The caller calls end.
func (s *Server) queryTurn(ctx context.Context) (bounded context.Context, end func(), err error) {
	bounded, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	select {
	case s.running <- struct{}{}:
		return bounded, func() { <-s.running; cancel() }, nil
	case <-bounded.Done():
		cancel()
		return nil, nil, &Failure{CodeTimeout, "too many queries run at once; none ended in time"}
	}
}

// queryFailure gives an error of a Querier the form that the user sees.
func (s *Server) queryFailure(ctx context.Context, text string, err error) error {
	var mistakes *QueryError
	if errors.As(err, &mistakes) {
		return &diagnosed{message: "The query has mistakes.", diagnostics: diagnose(text, mistakes.Mistakes)}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Failure{CodeTimeout, "the query ran longer than " + s.config.QueryTimeout.String() + " and was stopped; narrow the time range or filter earlier"}
	}
	return err
}

// diagnose turns byte offsets into UTF-16 offsets, lines and columns.
func diagnose(text string, mistakes []Mistake) []Diagnostic {
	out := make([]Diagnostic, 0, len(mistakes))
	for _, m := range mistakes {
		start, end := min(max(m.Start, 0), len(text)), min(max(m.End, 0), len(text))
		end = max(start, end)
		from, to := locate(text, start), locate(text, end)
		out = append(out, Diagnostic{
			Message: m.Message, Remedy: m.Remedy,
			Start: from.offset, End: to.offset,
			Line: from.line, Column: from.column,
			EndLine: to.line, EndColumn: to.column,
		})
	}
	return out
}

type place struct{ offset, line, column int }

// locate finds the UTF-16 offset, line and column of a byte offset. Only "\n"
// ends a line, so in text with "\r\n" the "\r" is the last column of its line.
func locate(text string, at int) place {
	p := place{line: 1, column: 1}
	for i := 0; i < at; {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		units := 1
		if r > 0xFFFF {
			units = 2
		}
		p.offset += units
		p.column += units
		if r == '\n' {
			p.line, p.column = p.line+1, 1
		}
	}
	return p
}
