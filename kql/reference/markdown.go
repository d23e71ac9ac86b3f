package reference

import (
	"fmt"
	"strings"
)

// Run gives the result of an entry's example as text: a line with the columns,
// then a line a row.
type Run func(e Entry) (string, error)

// Bounds of a result in the document.
const (
	mostLines = 12
	mostRunes = 200
)

// Markdown returns the document. It runs every example of what Quoll has.
func Markdown(run Run) (string, error) {
	sections := Sections()
	var b strings.Builder
	b.WriteString(head)
	summary(&b, sections)
	for _, s := range sections {
		coverage(&b, s)
	}
	b.WriteString("\n# Every entry with an example\n\nEach example is run when this file is written, and again by a test.\n")
	for _, s := range sections {
		if err := details(&b, s, run); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

const head = `<!-- Written by make docs from kql/builtin and kql/reference. Change those. -->

# The query language

Quoll answers the Kusto Query Language. This page lists every entry of [Kusto's reference](https://learn.microsoft.com/kusto/query) and says whether Quoll has it: *yes*, *partly* with what differs, or *no* with the reason. The grammar is [kql.ebnf](kql.ebnf).

In a form, ` + "`?`" + ` marks an argument that may be left out and ` + "`...`" + ` one that may be repeated. Besides Kusto's types, ` + "`scalar`" + ` is any type, ` + "`text`" + ` any type taken as its string, ` + "`number`" + ` int, long, real or decimal, ` + "`integer`" + ` int or long, ` + "`summable`" + ` a number, a timespan or a datetime, ` + "`orderable`" + ` everything but dynamic. A result that is ` + "`first`" + `, ` + "`second`" + `, ` + "`widest`" + ` or ` + "`common`" + ` takes its type from the arguments.

# What there is
`

// summary counts the states of each section.
func summary(b *strings.Builder, sections []Section) {
	b.WriteString("\n| Part | yes | partly | no |\n| --- | ---: | ---: | ---: |\n")
	var total [3]int
	for _, s := range sections {
		var n [3]int
		for _, e := range s.Entries {
			n[e.Status()]++
			total[e.Status()]++
		}
		fmt.Fprintf(b, "| [%s](#%s) | %d | %d | %d |\n", s.Title, anchor(s.Title+": examples"), n[Yes], n[Partly], n[No])
	}
	fmt.Fprintf(b, "| All | %d | %d | %d |\n", total[Yes], total[Partly], total[No])
}

// anchor is the address that a heading gets.
func anchor(title string) string {
	return strings.NewReplacer(" ", "-", ",", "", ":", "").Replace(strings.ToLower(title))
}

// coverage lists a section's entries: what is there without a difference in one
// paragraph, the rest in a table.
func coverage(b *strings.Builder, s Section) {
	fmt.Fprintf(b, "\n## %s\n", s.Title)
	var whole []string
	var table strings.Builder
	for _, e := range s.Entries {
		switch e.Status() {
		case Yes:
			whole = append(whole, "`"+e.Name+"`")
		case Partly:
			fmt.Fprintf(&table, "| `%s` | partly | %s |\n", e.Name, e.Differs)
		case No:
			fmt.Fprintf(&table, "| `%s` | no | %s |\n", e.Name, sentence(e.Reason()))
		}
	}
	if len(whole) > 0 {
		fmt.Fprintf(b, "\nYes: %s.\n", strings.Join(whole, ", "))
	}
	if table.Len() > 0 {
		fmt.Fprintf(b, "\n| Entry | Quoll has it | How it differs, or why not |\n| --- | --- | --- |\n%s", table.String())
	}
}

// sentence makes a reason a sentence.
func sentence(reason string) string {
	if reason == "" {
		return "Not yet."
	}
	return strings.ToUpper(reason[:1]) + reason[1:] + "."
}

// details describes what a section has, one entry after the other.
func details(b *strings.Builder, s Section, run Run) error {
	fmt.Fprintf(b, "\n## %s: examples\n", s.Title)
	for _, e := range s.Entries {
		if e.Status() == No {
			continue
		}
		fmt.Fprintf(b, "\n### `%s`\n\n%s", e.Name, e.Doc)
		if e.Differs != "" {
			fmt.Fprintf(b, " **Differs:** %s", e.Differs)
		}
		fmt.Fprintf(b, "\n\n```\n%s\n```\n\n", strings.Join(e.Forms, "\n"))
		result, err := run(e)
		if err != nil {
			return fmt.Errorf("the example of %s: %s: %w", e.Name, e.Example, err)
		}
		if e.Varies {
			result = "(something else each time)"
		}
		fmt.Fprintf(b, "```kql\n%s\n```\n\n```text\n%s\n```\n", e.Example, cut(result))
	}
	return nil
}

// cut bounds a result.
func cut(result string) string {
	lines := strings.Split(strings.TrimRight(result, "\n"), "\n")
	if len(lines) > mostLines {
		lines = append(lines[:mostLines], "…")
	}
	for i, line := range lines {
		line = strings.TrimRight(line, " ")
		if runes := []rune(line); len(runes) > mostRunes {
			line = string(runes[:mostRunes]) + "…"
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}
