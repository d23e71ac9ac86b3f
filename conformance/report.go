package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// summary counts: `conformance: queries A/B, docs C/D`. B are the
// self-contained published queries that Microsoft's parser binds, D the
// documented examples but those that are set aside: their output is random, or
// is for a reason in judged not that of their query. The lines before it count
// the rest, and rows.
func summary(cases []verdict) string {
	good, all := map[string]int{}, map[string]int{}
	rows, equal, asideRows, asideEqual := 0, 0, 0, 0
	given, unfiltered, tooLarge := 0, 0, 0
	for _, v := range cases {
		all[v.Kind]++
		if v.Kind == kindQuery {
			given += min(v.Given, 1)
			unfiltered += max(min(v.Unfiltered, 1), 0)
			tooLarge += max(-v.Unfiltered, 0)
		}
		if v.Kind == kindAside {
			asideRows += v.Rows
			asideEqual += v.RowsEqual
		} else {
			rows += v.Rows
			equal += v.RowsEqual
		}
		if v.OK {
			good[v.Kind]++
		}
	}
	text := fmt.Sprintf("conformance: queries %d/%d, docs %d/%d", good[kindQuery], all[kindQuery], good[kindDocs], all[kindDocs])
	if rows > 0 {
		text = fmt.Sprintf("documented rows: %d/%d, with the examples set aside %d/%d\n", equal, rows, equal+asideEqual, rows+asideRows) + text
	}
	if all[kindAside] > 0 {
		text = fmt.Sprintf("documented examples set aside: %d, of which equal or, where random, alike: %d\n", all[kindAside], good[kindAside]) + text
	}
	if all[kindOther] > 0 {
		text = fmt.Sprintf("other queries, over tables declared empty: %d/%d\n", good[kindOther], all[kindOther]) + text
	}
	if unfiltered > 0 {
		text = fmt.Sprintf("published queries that gave rows: %d; that did so over all rows, their conditions computed and not counted: %d, and %d were too large for that\n", given, unfiltered, tooLarge) + text
	}
	return text
}

// writeReport writes a line of JSON a case.
func writeReport(file string, cases []verdict) error {
	if file == "" {
		return nil
	}
	return writeLines(file, func(w *bufio.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, v := range cases {
			if err := e.Encode(v); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeMisses writes the documented examples that are not equal, and those that
// are set aside.
func writeMisses(file string, cases []verdict) error {
	if file == "" {
		return nil
	}
	return writeLines(file, func(w *bufio.Writer) error {
		for _, v := range cases {
			if v.Kind == kindAside && v.Aside != random {
				fmt.Fprintf(w, "| `%s` | aside | %s |\n", v.Name, strings.ReplaceAll(v.Aside, "|", `\|`))
			}
			if v.Kind != kindDocs || v.OK {
				continue
			}
			first, _, _ := strings.Cut(v.Why, "\n")
			fmt.Fprintf(w, "| `%s` | differs | %s |\n", v.Name, strings.ReplaceAll(first, "|", `\|`))
		}
		return nil
	})
}

func writeLines(file string, write func(*bufio.Writer) error) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	if err := write(w); err != nil {
		f.Close()
		return err
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
