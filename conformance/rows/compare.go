package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// verdict is what one column holds on both sides.
type verdict struct {
	column string
	theirs map[string]string // Sentinel's forms, each with an example
	filled int               // rows that Sentinel filled
	// Kinds of record that both sides have, by how they compare.
	agree, differ, missing, extra []finding
}

// finding is one kind of record in which a column was compared.
type finding struct {
	kind
	theirs, ours string // forms, or how many rows are filled
	example      string // Quoll's value where the form differs
}

// comparison is the verdicts, and the kinds that only Sentinel's exports have.
type comparison struct {
	verdicts []verdict
	shared   []kind
	only     []kind
}

func compare(columns []string, theirs, ours map[kind][]row) comparison {
	var c comparison
	for _, k := range sortedKinds(theirs) {
		if len(ours[k]) > 0 {
			c.shared = append(c.shared, k)
		} else {
			c.only = append(c.only, k)
		}
	}
	for _, column := range columns {
		v := verdict{column: column, theirs: map[string]string{}}
		for _, rows := range theirs {
			for _, r := range rows {
				if r[column] != "" {
					v.filled++
					v.theirs[formOf(r[column], namedColumns[column])] = r[column]
				}
			}
		}
		for _, k := range c.shared {
			v.judge(k, theirs[k], ours[k])
		}
		c.verdicts = append(c.verdicts, v)
	}
	return c
}

// judge compares a column in records of one kind: where Sentinel fills it Quoll
// must, with a form that Sentinel has in that column.
func (v *verdict) judge(k kind, theirs, ours []row) {
	t, o := formsOf(theirs, v.column), formsOf(ours, v.column)
	f := finding{kind: k, theirs: describe(t, len(theirs)), ours: describe(o, len(ours))}
	switch {
	case len(t) == 0 && len(o) == 0:
		return
	case len(t) == 0:
		v.extra = append(v.extra, f)
		return
	case len(o) == 0:
		v.missing = append(v.missing, f)
		return
	}
	for form, example := range o {
		_, known := v.theirs[form]
		if v.column == "RecordType" { // a name or digits: by the type, not at will
			_, known = t[form]
		}
		if !known {
			f.example = example.value
			v.differ = append(v.differ, f)
			return
		}
	}
	v.agree = append(v.agree, f)
}

// seen is how many rows have a form, and one value.
type seen struct {
	rows  int
	value string
}

func formsOf(rows []row, column string) map[string]seen {
	found := map[string]seen{}
	for _, r := range rows {
		if value := r[column]; value != "" {
			form := formOf(value, namedColumns[column])
			found[form] = seen{found[form].rows + 1, value}
		}
	}
	return found
}

func describe(found map[string]seen, rows int) string {
	var parts []string
	for _, form := range slices.Sorted(maps.Keys(found)) {
		parts = append(parts, fmt.Sprintf("%s %d/%d", form, found[form].rows, rows))
	}
	return strings.Join(parts, ", ")
}

func sortedKinds(kinds map[kind][]row) []kind {
	return slices.SortedFunc(maps.Keys(kinds), func(a, b kind) int {
		return strings.Compare(a.recordType+" "+a.operation, b.recordType+" "+b.operation)
	})
}

func report(w io.Writer, c comparison, verbose bool) error {
	fmt.Fprintf(w, "%d types and operations are on both sides; only Sentinel's exports have %d:", len(c.shared), len(c.only))
	for _, k := range c.only {
		fmt.Fprintf(w, " %s/%s", k.recordType, k.operation)
	}
	fmt.Fprintf(w, "\n\n%-30s %6s %6s %6s %6s %6s  %s\n", "column", "rows", "agree", "differ", "miss", "extra", "forms of Sentinel")
	agree, differ := 0, 0
	for _, v := range c.verdicts {
		if v.filled == 0 && len(v.extra) == 0 {
			continue
		}
		fmt.Fprintf(w, "%-30s %6d %6d %6d %6d %6d  %s\n", v.column, v.filled, len(v.agree), len(v.differ), len(v.missing), len(v.extra),
			strings.Join(slices.Sorted(maps.Keys(v.theirs)), ", "))
		agree += len(v.agree)
		differ += len(v.differ) + len(v.missing)
		if verbose {
			v.explain(w)
		}
	}
	_, err := fmt.Fprintf(w, "\n%d pairs of column and operation agree, %d differ or are missing\n", agree, differ)
	return err
}

func (v *verdict) explain(w io.Writer) {
	for _, group := range []struct {
		name     string
		findings []finding
	}{{"differs", v.differ}, {"misses", v.missing}, {"extra", v.extra}} {
		for _, f := range group.findings {
			fmt.Fprintf(w, "    %s %s/%s: Sentinel %s; Quoll %s", group.name, f.recordType, f.operation, f.theirs, f.ours)
			if f.example != "" {
				fmt.Fprintf(w, ", such as %.60q", f.example)
			}
			fmt.Fprintln(w)
		}
	}
}
