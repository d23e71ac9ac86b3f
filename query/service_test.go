package query_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// fakeEngine answers with one row and records what it was asked.
type fakeEngine struct {
	options query.RunOptions
	wait    time.Duration
	panics  bool
}

func (e *fakeEngine) Run(ctx context.Context, s *plan.Statement, o query.RunOptions) (*query.Execution, error) {
	e.options = o
	if e.panics {
		panic("a broken invariant")
	}
	select {
	case <-time.After(e.wait):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &query.Execution{Rows: [][]any{{int64(1)}}, Truncated: true, Statistics: query.Statistics{FilesRead: 3}}, nil
}

func (e *fakeEngine) SQL(context.Context, *plan.Statement, query.RunOptions) (string, error) {
	return "SELECT 1", nil
}

func newService(e *fakeEngine) (*query.Service, *time.Time) {
	var asked time.Time
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		now := options.Now
		asked = now
		column := &plan.Column{ID: 1, Name: "inner", Type: types.Long}
		return &plan.Statement{
			Root:   &plan.Values{Output: []*plan.Column{column}},
			Output: []plan.Output{{Name: "Count", Column: column}}, Visualization: &plan.Visualization{Kind: "piechart"}, Now: now,
		}, nil
	}
	clock := func() time.Time { return time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC) }
	return query.NewService(compile, e, clock), &asked
}

func TestQueryPassesTheRequestOn(t *testing.T) {
	engine := &fakeEngine{}
	service, asked := newService(engine)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	result, err := service.Query(context.Background(), query.Request{Text: "T", From: from, Limits: query.Limits{Rows: 5}})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Columns) != 1 || result.Columns[0] != (query.Column{Name: "Count", Type: types.Long}) {
		t.Errorf("columns %v", result.Columns)
	}
	if !result.Truncated || result.Statistics.FilesRead != 3 || result.Visualization.Kind != "piechart" || len(result.Rows) != 1 {
		t.Errorf("result %+v", result)
	}
	if asked.Year() != 2026 || engine.options.From != from {
		t.Errorf("compiled at %v, run with %+v", asked, engine.options)
	}
	want := query.DefaultLimits()
	want.Rows = 5
	if engine.options.Limits != want {
		t.Errorf("limits %+v, want %+v", engine.options.Limits, want)
	}
	now := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := service.Query(context.Background(), query.Request{Text: "T", Now: now}); err != nil || !asked.Equal(now) {
		t.Errorf("compiled at %v, %v", asked, err)
	}
}

func TestTimeLimitAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, _ := newService(&fakeEngine{wait: time.Hour})
		began := time.Now()
		_, err := service.Query(context.Background(), query.Request{Text: "T", Limits: query.Limits{Time: time.Minute}})
		if !errors.Is(err, query.ErrTimeLimit) || time.Since(began) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		if _, err := service.Query(ctx, query.Request{Text: "T"}); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled query gives %v", err)
		}
	})
}

func TestPanicEndsTheQueryAlone(t *testing.T) {
	runs, _ := newService(&fakeEngine{panics: true})
	compiles := query.NewService(func(string, bind.Options) (*plan.Statement, error) { panic("a broken invariant") }, &fakeEngine{}, time.Now)
	for what, ask := range map[string]func() error{
		"run":     func() error { _, err := runs.Query(t.Context(), query.Request{Text: "T"}); return err },
		"meet":    func() error { _, err := runs.Meets(t.Context(), &query.Interest{}, []string{"k"}); return err },
		"query":   func() error { _, err := compiles.Query(t.Context(), query.Request{Text: "T"}); return err },
		"compile": func() error { _, err := compiles.Compile(t.Context(), "T"); return err },
		"explain": func() error { _, err := compiles.Explain(t.Context(), query.Request{Text: "T"}); return err },
		"expect":  func() error { _, err := compiles.Expect(t.Context(), "T", time.Hour); return err },
	} {
		var fault *query.Fault
		if err := ask(); !errors.As(err, &fault) || len(fault.Stack) == 0 {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// The columns of some plugins are found by running a part of the query. It is
// bounded as the query is, and what fails there is no mistake of the text.
func TestProbesRunWithinTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := &fakeEngine{}
		var found [][]any
		compile := func(_ string, options bind.Options) (*plan.Statement, error) {
			rows, err := options.Probe(&plan.Statement{})
			found = rows
			return &plan.Statement{}, err
		}
		service := query.NewService(compile, engine, time.Now)
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if _, err := service.Query(t.Context(), query.Request{Text: "T", From: from, Limits: query.Limits{Rows: 1}}); err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 || !engine.options.From.Equal(from) {
			t.Errorf("the probe found %v in %+v", found, engine.options)
		}
		engine.wait = time.Hour
		_, err := service.Query(t.Context(), query.Request{Text: "T", Limits: query.Limits{Time: time.Minute}})
		if !errors.Is(err, query.ErrTimeLimit) {
			t.Errorf("a slow probe gives %v", err)
		}
	})
}

// Somebody who has gone, or whose time is over, is not kept by the compiler.
func TestCompilingEndsWithItsContext(t *testing.T) {
	forever := func(text string, options bind.Options) (*plan.Statement, error) {
		for {
			if err := options.Interrupted(); err != nil {
				return nil, err
			}
		}
	}
	service := query.NewService(forever, &fakeEngine{}, time.Now)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := service.Query(ctx, query.Request{Text: "T"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := service.Explain(ctx, query.Request{Text: "T"}); !errors.Is(err, context.Canceled) {
		t.Errorf("explaining, cancelled: %v", err)
	}
	if _, err := service.Query(context.Background(), query.Request{Text: "T", Limits: query.Limits{Time: time.Nanosecond}}); !errors.Is(err, query.ErrTimeLimit) {
		t.Errorf("out of time: %v", err)
	}
}
