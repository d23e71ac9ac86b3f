package kqltest

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// script is a .kqlt file in the order of its sections.
type script struct {
	comment []byte
	steps   []step
}

// step is a table or a query with what is expected of it.
type step struct {
	section txtar.File
	line    int // of the section in the file
	table   *Table
	query   *testCase
}

// testCase is one query. An expectation that is nil is not compared.
type testCase struct {
	title     string
	text      string
	plan      *string
	sql       *string
	rows      *string
	unordered bool
	err       *string
}

func parseScript(data []byte) (*script, error) {
	archive := txtar.Parse(data)
	s := &script{comment: archive.Comment}
	line := 1 + strings.Count(string(archive.Comment), "\n")
	for _, file := range archive.Files {
		if err := s.add(file, line); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		line += 1 + strings.Count(string(file.Data), "\n")
	}
	return s, nil
}

func (s *script) add(file txtar.File, line int) error {
	kind, rest, _ := strings.Cut(file.Name, " ")
	switch kind {
	case "table":
		table, err := parseTable(rest, string(file.Data))
		if err != nil {
			return err
		}
		s.steps = append(s.steps, step{section: file, line: line, table: table})
		return nil
	case "query":
		query := &testCase{title: rest, text: strings.TrimSuffix(string(file.Data), "\n")}
		s.steps = append(s.steps, step{section: file, line: line, query: query})
		return nil
	}
	if len(s.steps) == 0 || s.steps[len(s.steps)-1].query == nil {
		return fmt.Errorf("section %q stands behind no query", file.Name)
	}
	query := s.steps[len(s.steps)-1].query
	text := string(file.Data)
	switch file.Name {
	case "plan":
		query.plan = &text
	case "sql":
		query.sql = &text
	case "rows", "rows unordered":
		query.rows = &text
		query.unordered = file.Name != "rows"
	case "error":
		query.err = &text
	default:
		return fmt.Errorf("unknown section %q", file.Name)
	}
	return nil
}

// archive returns the script as a file.
func (s *script) archive() *txtar.Archive {
	a := &txtar.Archive{Comment: s.comment}
	section := func(name string, text *string) {
		if text != nil {
			a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(*text)})
		}
	}
	for _, step := range s.steps {
		a.Files = append(a.Files, step.section)
		if q := step.query; q != nil {
			section("plan", q.plan)
			section("sql", q.sql)
			if q.unordered {
				section("rows unordered", q.rows)
			} else {
				section("rows", q.rows)
			}
			section("error", q.err)
		}
	}
	return a
}
