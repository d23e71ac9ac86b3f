package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/quoll/quoll/internal/prompt"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
)

const shellHelp = `A query ends with an empty line or with ";". Ctrl-C drops what is typed, or ends
the query that is running; Ctrl-D ends quoll. Tab completes, the arrows go
through earlier queries.

  .tables          list the tables
  .schema TABLE    list a table's columns
  .vertical        print one row after the other, or again as a table
  .help            this text
`

// interactive asks for queries until Ctrl-D. Ctrl-C ends a query and not the
// session, so the context of the command, which it ends, is not that of the
// session.
func interactive(ctx context.Context, o queryOptions) error {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM)
	defer stop()
	echo := os.Stdout
	if !isTerminal(echo) {
		echo = os.Stderr // answers go where standard output goes, and nothing else
	}
	lines, err := prompt.Open(os.Stdin, echo, historyFile(), completions)
	if err != nil {
		fmt.Fprintln(os.Stderr, "quoll:", err) // a session without history is one all the same
	}
	s := &session{options: o, out: onScreen(os.Stdout), echo: echo, notes: onScreen(os.Stderr), line: lines.Line, remember: lines.Remember}
	if o.archive != "" {
		return withArchive(ctx, o.archiveFlags, func(t *archivedTables, ask func(context.Context, query.Request) (*query.Result, error)) error {
			s.ask = func(ctx context.Context, r query.Request) (*query.Result, error) {
				result, err := ask(ctx, r)
				return result, errors.Join(err, t.notes(s.notes))
			}
			return s.run(ctx)
		})
	}
	err = withNode(ctx, o.data, func(n *node) error {
		s.ask = n.query.Query
		return s.run(ctx)
	})
	if !errors.Is(err, journal.ErrLocked) {
		return err
	}
	s.ask = func(ctx context.Context, r query.Request) (*query.Result, error) { return askServer(ctx, o.data, r) }
	return s.run(ctx)
}

// historyFile is where queries are kept for the next session, or empty.
func historyFile() string {
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "quoll", "history")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state", "quoll", "history")
}

// session is a conversation of queries and answers.
type session struct {
	options  queryOptions
	out      io.Writer // for answers
	echo     io.Writer // the terminal
	notes    io.Writer // for mistakes and statistics
	line     func(prompt string) (string, error)
	remember func(text string) error
	ask      func(context.Context, query.Request) (*query.Result, error)
}

func (s *session) run(ctx context.Context) error {
	fmt.Fprintln(s.echo, `Type a query, an empty line behind it runs it; .help says more.`)
	for {
		text, err := s.read(ctx)
		switch {
		case errors.Is(err, prompt.ErrInterrupted):
			continue
		case errors.Is(err, io.EOF):
			fmt.Fprintln(s.echo)
			return nil
		case err != nil:
			return err
		}
		if err := s.remember(text); err != nil {
			fmt.Fprintln(s.notes, "quoll:", err)
		}
		s.answer(ctx, text)
	}
}

// read returns a query or a command that begins with a dot. It returns when ctx
// ends, though a line is being waited for.
func (s *session) read(ctx context.Context) (string, error) {
	type typed struct {
		text string
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		text, err := s.readQuery()
		done <- typed{text, err}
	}()
	select {
	case t := <-done:
		return t.text, t.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (s *session) readQuery() (string, error) {
	var lines []string
	for {
		sign := "kql> "
		if len(lines) > 0 {
			sign = "...> "
		}
		line, err := s.line(sign)
		if err != nil {
			return "", err
		}
		line = strings.TrimRight(line, " \t")
		switch {
		case line == "" && len(lines) == 0:
		case line == "" && len(lines) > 0:
			return strings.Join(lines, "\n"), nil
		case len(lines) == 0 && strings.HasPrefix(line, "."):
			return line, nil
		default:
			lines = append(lines, line)
			if text := strings.Join(lines, "\n"); isComplete(text) {
				return text, nil
			}
		}
	}
}

// isComplete reports whether a semicolon ends the query, rather than one of the
// let and set statements at its beginning.
func isComplete(text string) bool {
	if !strings.HasSuffix(text, ";") {
		return false
	}
	statements := syntax.Parse(source.New(text)).Statements
	if len(statements) == 0 {
		return true
	}
	_, named := statements[len(statements)-1].(*syntax.LetStatement)
	_, set := statements[len(statements)-1].(*syntax.SetStatement)
	return !named && !set
}

// answer runs a query or a command. What goes wrong is said, and the session
// goes on.
func (s *session) answer(ctx context.Context, text string) {
	if strings.HasPrefix(text, ".") {
		s.command(strings.Fields(strings.TrimRight(text, ";")))
		return
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	result, err := s.ask(ctx, query.Request{Text: text})
	if ctx.Err() != nil {
		err = errors.New("the query was ended")
	}
	if err == nil {
		err = s.options.write(s.out, result)
	}
	if err == nil {
		err = s.options.notes(s.notes, result)
	}
	if err != nil {
		fmt.Fprintln(s.notes, "quoll:", queryError(err))
	}
}

func (s *session) command(words []string) {
	switch {
	case words[0] == ".help":
		fmt.Fprint(s.out, shellHelp)
	case words[0] == ".tables":
		for _, t := range schema.Tables() {
			fmt.Fprintf(s.out, "%-28s %s\n", t.Name, t.Description)
		}
	case words[0] == ".schema" && len(words) == 2:
		s.schema(words[1])
	case words[0] == ".vertical":
		s.options.vertical = !s.options.vertical
	default:
		fmt.Fprintf(s.notes, "quoll: no command %q; .help lists them\n", strings.Join(words, " "))
	}
}

func (s *session) schema(name string) {
	t, ok := schema.Lookup(name)
	if !ok {
		fmt.Fprintf(s.notes, "quoll: no table %q; .tables lists them\n", name)
		return
	}
	for _, c := range t.Columns {
		fmt.Fprintf(s.out, "%-28s %-9s %s\n", c.Name, c.Type, c.Description)
	}
}

// completions are the words of the language and of the tables.
func completions() []string {
	words := append(syntax.OperatorNames(), "let", "datatable", "tables", "schema", "help", "vertical")
	for _, f := range builtin.All().Functions() {
		words = append(words, f.Name)
	}
	for _, t := range schema.Tables() {
		words = append(words, t.Name)
		for _, c := range t.Columns {
			words = append(words, c.Name)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}
