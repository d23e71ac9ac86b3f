package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// example is a line of queries.jsonl or kqldocs.jsonl.
type example struct {
	ID            string     `json:"id"`
	Source        string     `json:"source"`
	Path          string     `json:"path"`
	Page          string     `json:"page"`
	Line          int        `json:"line"`
	Query         string     `json:"query"`
	Tables        []string   `json:"tables"`
	SelfContained bool       `json:"self_contained"`
	Parser        string     `json:"official_parser"`
	ResultColumns columns    `json:"result_columns"`
	Columns       []string   `json:"columns"`
	Rows          [][]string `json:"rows"`
	Ordered       bool       `json:"ordered"`
	Flags         []string   `json:"flags"`
}

// columns are names with types; the corpus says "error" where the binder could
// not tell.
type columns []string

// UnmarshalJSON reads a list; anything else is none.
func (c *columns) UnmarshalJSON(text []byte) error {
	if len(text) == 0 || text[0] != '[' {
		*c = nil
		return nil
	}
	return json.Unmarshal(text, (*[]string)(c))
}

// longest is the most bytes of one line.
const longest = 64 << 20

func readExamples(file string) ([]example, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []example
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var e example
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("read %s, line %d: %w", file, len(all)+1, err)
		}
		all = append(all, e)
	}
	return all, lines.Err()
}

// placeholders stand for what a template's user fills in: an instant, and an
// instant named between angle brackets inside datetime(). It lies as far back
// from the present as back.
var placeholders = []struct {
	pattern *regexp.Regexp
	back    time.Duration
	form    string
}{
	{regexp.MustCompile(`\{\{StartTimeISO\}\}`), fortnight, time.RFC3339},
	{regexp.MustCompile(`\{\{EndTimeISO\}\}`), 0, time.RFC3339},
	{regexp.MustCompile(`datetime\(<Start\w*>\)`), fortnight, "datetime(2006-01-02)"},
	{regexp.MustCompile(`datetime\(<\w+>\)`), 0, "datetime(2006-01-02)"},
}

const fortnight = 14 * 24 * time.Hour

// text returns the query of an example: out of its YAML file if the corpus has
// the whole file, and with placeholders filled in as of now.
func (e *example) text(now time.Time) string {
	text := e.Query
	if strings.EqualFold(e.Path[max(strings.LastIndexByte(e.Path, '.'), 0):], ".yaml") {
		var file struct {
			Query string `yaml:"query"`
		}
		if yaml.Unmarshal([]byte(text), &file) == nil && file.Query != "" {
			text = file.Query
		}
	}
	for _, p := range placeholders {
		text = p.pattern.ReplaceAllString(text, now.Add(-p.back).Format(p.form))
	}
	return text
}

func (e *example) has(flag string) bool {
	for _, f := range e.Flags {
		if f == flag {
			return true
		}
	}
	return false
}
