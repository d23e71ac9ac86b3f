package query

import (
	"context"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
)

// Explanation is a query after each stage of the compiler.
type Explanation struct {
	Tokens []syntax.Token
	Tree   string // one node a line, indented
	Text   string // the query as the printer writes it
	Plan   string
	SQL    string
}

// Explain compiles a text and shows what each stage made of it, without
// running it. When the text has mistakes it returns what the stages before the
// mistake made, and the *source.Error.
func (s *Service) Explain(ctx context.Context, r Request) (e *Explanation, err error) {
	defer caught(&err)
	r = s.withDefaults(r)
	src := source.New(r.Text)
	tree := syntax.Parse(src)
	e = &Explanation{Tokens: syntax.Tokens(source.New(r.Text)), Tree: syntax.Dump(tree)}
	if err := src.Err(); err != nil {
		return e, err
	}
	e.Text = syntax.Print(tree)
	statement, err := s.withLibrary(ctx, r.Text, bind.Options{Now: r.Now, Interrupted: func() error { return context.Cause(ctx) }})
	if err != nil {
		return e, err
	}
	r.Limits = r.Limits.settle(statement.Limits)
	e.Plan = statement.String()
	e.SQL, err = s.engine.SQL(ctx, statement, r.options())
	return e, err
}
