// Command calls asks Microsoft's own binder and Quoll's what a call of each
// function means with arguments of every type, and compares the answers.
//
//	go run ./conformance/calls -binder FOLDER [-operators] [-only NAME] [-keep FILE] [-v]
//
// FOLDER is the npm package @kusto/language-service-next, which is no part of
// this project; Node runs it. The calls are the same each time as long as the
// vocabulary is, so that what Microsoft's binder says of them can be kept.
package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
)

//go:embed binder.cjs
var script []byte

type options struct {
	binder, only, keep string
	operators, verbose bool
}

func main() {
	var o options
	flag.StringVar(&o.binder, "binder", "", "folder of the npm package @kusto/language-service-next")
	flag.StringVar(&o.only, "only", "", "the one function or operator to call")
	flag.StringVar(&o.keep, "keep", "", "file with the answers of Microsoft's binder, written when it is not there")
	flag.BoolVar(&o.operators, "operators", false, "every operator between arguments of every type, instead of the functions")
	flag.BoolVar(&o.verbose, "v", false, "print every call on which the two binders disagree")
	flag.Parse()
	if err := run(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "calls:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, o options) error {
	if o.binder == "" {
		return fmt.Errorf("no binder: name the folder of @kusto/language-service-next with -binder")
	}
	calls := generated(o)
	answers, err := o.answers(append(definitions(calls), calls...))
	if err != nil {
		return err
	}
	catalog := newCatalog()
	found, reasons := map[verdict]int{}, map[string]int{}
	for _, c := range calls {
		columns, mistake := compiled(c.Query, catalog)
		v := judge(answers[c.Query], columns, mistake)
		if v == refusedByQuoll {
			if reason := ruled(c, mistake, answers); reason != "" {
				v = refusedByRule
				reasons[c.Function+": "+reason]++
			}
		}
		found[v]++
		if o.verbose && v != equal && v != refusedByBoth {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", v, c.Function, c.Query, strings.Join(answers[c.Query].Columns, ", "), first(columns, mistake))
		}
	}
	printReasons(w, reasons)
	fmt.Fprintf(w, "calls: %d", len(calls))
	for _, v := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(w, ", %d %s", found[v], v)
	}
	fmt.Fprintln(w)
	return nil
}

func generated(o options) []call {
	var all []call
	if o.operators {
		all = operations()
	} else {
		for _, f := range builtin.All().Functions() {
			if f.Kind != builtin.Operator && f.Kind != builtin.Plugin {
				g := generator{rand.New(rand.NewPCG(1, 2))} // a new function changes no calls of the others
				all = append(all, g.calls(f)...)
			}
		}
	}
	return slices.DeleteFunc(all, func(c call) bool { return o.only != "" && c.Function != o.only })
}

// answers are those of Microsoft's binder, kept or asked for.
func (o *options) answers(calls []call) (map[string]answer, error) {
	known := map[string]answer{}
	if o.keep != "" {
		if text, err := os.ReadFile(o.keep); err == nil {
			if err := json.Unmarshal(text, &known); err != nil {
				return nil, fmt.Errorf("read %s: %w", o.keep, err)
			}
		}
	}
	missing := slices.DeleteFunc(slices.Clone(calls), func(c call) bool { _, ok := known[c.Query]; return ok })
	if len(missing) == 0 {
		return known, nil
	}
	asked, err := ask(o.binder, missing)
	if err != nil {
		return nil, err
	}
	for i, c := range missing {
		known[c.Query] = asked[i]
	}
	if o.keep == "" {
		return known, nil
	}
	text, err := json.Marshal(known)
	if err != nil {
		return nil, err
	}
	return known, os.WriteFile(o.keep, text, 0o600)
}

// answer is what Microsoft's binder says of a query.
type answer struct {
	Columns []string `json:"columns"`
	Errors  []string `json:"errors"`
}

// ask binds queries by Microsoft's binder.
func ask(folder string, calls []call) ([]answer, error) {
	var in, out bytes.Buffer
	lines := json.NewEncoder(&in)
	for i, c := range calls {
		if err := lines.Encode(map[string]any{"id": i, "query": c.Query, "tables": map[string]string{"T": declaration()}}); err != nil {
			return nil, err
		}
	}
	file, err := os.CreateTemp("", "binder-*.cjs")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(script); err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	node := exec.Command("node", file.Name(), folder)
	node.Stdin, node.Stdout, node.Stderr = &in, &out, os.Stderr
	if err := node.Run(); err != nil {
		return nil, fmt.Errorf("run Microsoft's binder in %s: %w", folder, err)
	}
	var answers []answer
	read := bufio.NewScanner(&out)
	read.Buffer(nil, 1<<24)
	for read.Scan() {
		var a answer
		if err := json.Unmarshal(read.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("read what Microsoft's binder says: %w", err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(calls) {
		return nil, fmt.Errorf("read the answers: %d of %d queries have one", len(answers), len(calls))
	}
	return answers, read.Err()
}

// present is what now() means.
var present = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

// catalog has the one table T.
type catalog struct{ table *bind.Table }

func newCatalog() catalog {
	t := &bind.Table{Name: "T"}
	for _, c := range columns {
		t.Columns = append(t.Columns, bind.Column{Name: c.name, Type: c.of})
	}
	return catalog{t}
}

// Table implements bind.Catalog.
func (c catalog) Table(name string) (*bind.Table, bool) { return c.table, name == c.table.Name }

// Names implements bind.Catalog.
func (c catalog) Names() []string { return []string{c.table.Name} }

// declaration is T as Kusto writes it.
func declaration() string {
	var all []string
	for _, c := range columns {
		all = append(all, c.name+":"+c.of.String())
	}
	return "(" + strings.Join(all, ", ") + ")"
}

// compiled returns the columns that Quoll gives a query, or what it says is
// wrong with it.
func compiled(text string, catalog bind.Catalog) ([]string, error) {
	statement, err := kql.CompileWith(text, catalog, bind.Options{Now: present})
	if err != nil {
		return nil, err
	}
	return describe(statement), nil
}

func describe(s *plan.Statement) []string {
	var all []string
	for _, o := range s.Output {
		all = append(all, o.Name+":"+o.Column.Type.String())
	}
	return all
}

// verdict is how the two binders' answers compare.
type verdict string

const (
	equal          verdict = "equal"
	different      verdict = "different"
	refusedByBoth  verdict = "refused by both"
	refusedByQuoll verdict = "refused by Quoll alone"
	takenByQuoll   verdict = "taken by Quoll alone"
)

func judge(theirs answer, ours []string, mistake error) verdict {
	switch refused := len(theirs.Errors) > 0; {
	case refused && mistake != nil:
		return refusedByBoth
	case refused:
		return takenByQuoll
	case mistake != nil:
		return refusedByQuoll
	case slices.EqualFunc(theirs.Columns, ours, sameColumn):
		return equal
	}
	return different
}

// sameColumn compares columns; one of a type that Microsoft's binder does not
// know may have any.
func sameColumn(theirs, ours string) bool {
	name, open := strings.CutSuffix(theirs, ":unknown")
	return theirs == ours || open && strings.HasPrefix(ours, name+":")
}

// first is the answer in one line.
func first(columns []string, mistake error) string {
	if mistake == nil {
		return strings.Join(columns, ", ")
	}
	line, _, _ := strings.Cut(strings.TrimSpace(mistake.Error()), "\n")
	return line
}
