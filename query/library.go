package query

import (
	"context"
	"fmt"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
)

// Library is what people add to the language for all queries. Its lists and
// functions can change between two queries.
type Library interface {
	// Watchlist returns the watchlist of an alias with its rows; ok is false when
	// there is none.
	Watchlist(ctx context.Context, alias string) (table *bind.Table, ok bool, err error)
	// Function returns the saved function of a name; ok is false when there is none.
	Function(ctx context.Context, name string) (f bind.Saved, ok bool, err error)
}

// Use lets queries read watchlists and call saved functions of a library. It is
// called before the first query.
func (s *Service) Use(l Library) { s.library = l }

// Compile gives the plan of a text without running any of it. Mistakes are as
// Query gives them.
func (s *Service) Compile(ctx context.Context, text string) (statement *plan.Statement, err error) {
	defer caught(&err)
	return s.withLibrary(ctx, text, bind.Options{Now: s.now(), Interrupted: ctx.Err})
}

// withLibrary compiles with what the library has. The binder knows no errors of
// it, so the first is kept for the caller.
func (s *Service) withLibrary(ctx context.Context, text string, options bind.Options) (*plan.Statement, error) {
	if s.library == nil {
		return s.compile(text, options)
	}
	var failed error
	keep := func(err error) bool {
		if failed == nil {
			failed = err
		}
		return err == nil
	}
	options.Watchlist = func(alias string) (*bind.Table, bool) {
		table, ok, err := s.library.Watchlist(ctx, alias)
		return table, keep(err) && ok
	}
	options.Function = func(name string) (bind.Saved, bool) {
		f, ok, err := s.library.Function(ctx, name)
		return f, keep(err) && ok
	}
	statement, err := s.compile(text, options)
	if failed != nil {
		return nil, fmt.Errorf("look up watchlists and functions: %w", failed)
	}
	return statement, err
}
