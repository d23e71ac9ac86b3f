package lake

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/schema"
)

// act is what is counted of a row.
type act struct {
	at                  time.Time
	operation, user, ip string
}

// actsLake is a lake of rows in merged files of several row groups, in flushed ones, and
// in memory.
func actsLake(t *testing.T, r *rand.Rand, groupRows int) (*Lake, []act) {
	t.Helper()
	l := openCompact(t, compactConfig(t.TempDir()))
	l.config.RowGroupRows = groupRows
	var acts []act
	add := func(rows int) {
		b := Batch{Position: uint64(len(acts) + 1), Ingested: noon}
		for range rows {
			a := act{noon.Add(time.Duration(r.IntN(30*3600)-24*3600) * time.Second), fmt.Sprint("op", r.IntN(5)), fmt.Sprint("u", r.IntN(4)*r.IntN(4)), fmt.Sprint("10.0.0.", r.IntN(30))}
			if r.IntN(50) == 0 {
				a.user = ""
			}
			b.Records = append(b.Records, schema.Record{Key: schema.NewKey("t", fmt.Sprint(len(acts))), Rows: []schema.Row{row(schema.UnifiedAuditLog,
				"TimeGenerated", schema.DateTime(a.at), "Operation", schema.String(a.operation), "UserId", schema.String(a.user), "ClientIP", schema.String(a.ip),
				"Id", schema.String(fmt.Sprint(len(acts))))}})
			acts = append(acts, a)
		}
		apply(t, l, b)
	}
	for range 3 {
		add(400)
		flush(t, l)
	}
	compact(t, l)
	add(300)
	flush(t, l)
	add(100)
	return l, acts
}

// keyOf returns the values of a row that it is counted by.
func (a act) keyOf(by []By) (texts []string) {
	for _, b := range by {
		switch {
		case b.Step > 0:
			texts = append(texts, a.at.Truncate(time.Duration(b.Step)*time.Microsecond).Format(time.RFC3339))
		default:
			texts = append(texts, a.of(b.Column))
		}
	}
	return texts
}

func (a act) of(column string) string {
	return map[string]string{"Operation": a.operation, "UserId": a.user, "ClientIP": a.ip}[column]
}

func (a act) meets(only []Only) bool {
	return !slices.ContainsFunc(only, func(o Only) bool { return !o.Holds(a.of(o.Column)) })
}

// only is the condition that a text is one of some.
func only(column string, texts ...string) Only {
	return Only{Column: column, Holds: func(text string) bool { return slices.Contains(texts, text) }}
}

func TestRowsAreCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	l, acts := actsLake(t, r, 150)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	steps := int64(7 * time.Hour / time.Microsecond)
	all := []By{{Column: "Operation"}, {Column: "UserId"}, {Column: "ClientIP"}, {Column: "TimeGenerated", Step: steps}, {Column: "TimeGenerated", Step: 1_000_000}}
	conditions := []Only{only("Operation", "op1"), only("Operation", "op0", "op3", "nothing"), only("UserId", "", "u9"), only("UserId", "nobody"), only("ClientIP", "10.0.0.7", "10.0.0.8")}
	for range 300 {
		asked := Counting{Groups: 100_000, Keep: func(rows int64) bool { return rows != 2 }}
		for range r.IntN(4) {
			asked.By = append(asked.By, all[r.IntN(len(all))])
		}
		for range r.IntN(3) {
			asked.Only = append(asked.Only, conditions[r.IntN(len(conditions))])
		}
		var within Between
		if r.IntN(2) == 0 {
			within.From = acts[r.IntN(len(acts))].at.Add(time.Duration(r.IntN(3)-1) * 300)
		}
		if r.IntN(2) == 0 {
			within.To = acts[r.IntN(len(acts))].at.Add(time.Duration(r.IntN(3)-1) * 300)
		}
		want := map[string]int64{}
		for _, a := range acts {
			if a.meets(asked.Only) && !a.at.Before(within.From) && (within.To.IsZero() || !a.at.After(within.To)) {
				want[fmt.Sprint(a.keyOf(asked.By))]++
			}
		}
		got := map[string]int64{}
		counts := countSet(t, r, set, &asked, within)
		counts.Keep()
		counts.Each(func(texts []string, steps []int64, rows int64) {
			key := make([]string, len(asked.By))
			for i, b := range asked.By {
				if key[i] = texts[i]; b.Step > 0 {
					key[i] = b.StepStart(steps[i]).Format(time.RFC3339)
				}
			}
			got[fmt.Sprint(key)] += rows
		})
		maps.DeleteFunc(want, func(_ string, rows int64) bool { return rows == 2 })
		if !maps.Equal(got, want) || counts.Groups() != len(want) {
			t.Fatalf("%+v from %v to %v: %v, want %v", asked, within.From, within.To, got, want)
		}
	}
}

// countSet counts the rows of a set, in two counts that are put together, and now and then
// in parts of some files each.
func countSet(t *testing.T, r *rand.Rand, set *ReadSet, asked *Counting, within Between) *Counts {
	t.Helper()
	var counts [2]*Counts
	for i := range counts {
		var err error
		if counts[i], err = NewCounts(asked); err != nil {
			t.Fatal(err)
		}
	}
	parts, reached := make([][]File, 1+r.IntN(4)), []Reach{}
	for _, f := range set.Files {
		if !set.Countable(f, asked) {
			t.Fatalf("%s is not countable", f.Path)
		}
		n := r.IntN(len(parts))
		parts[n] = append(parts[n], f)
	}
	for _, files := range parts {
		if len(files) == 0 {
			continue
		}
		all := Reach{files[0].MinTime, files[0].MaxTime}
		for _, f := range files {
			all.Least, all.Most = minTime(all.Least, f.MinTime), maxTime(all.Most, f.MaxTime)
		}
		reached = append(reached, all)
	}
	for _, f := range set.Fresh {
		reached = append(reached, Reach{f.MinTime, f.MaxTime})
	}
	alone := asked.Alone(reached)
	for _, files := range parts {
		to := counts[r.IntN(2)]
		of := to
		if alone != nil {
			var err error
			if of, err = to.Part(); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range files {
			parts, all := partsOf(t, set, f), r.IntN(2) == 0
			if err := set.Count(t.Context(), f, parts, all, within, of); err != nil {
				t.Fatal(err)
			}
		}
		if alone != nil {
			if err := to.Take(of, alone); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range set.Fresh {
		if err := counts[1].Batch(f.Batch, "TimeGenerated", within); err != nil {
			t.Fatal(err)
		}
	}
	if err := counts[0].Add(counts[1]); err != nil {
		t.Fatal(err)
	}
	return counts[0]
}

// partsOf returns all row groups of a file.
func partsOf(t *testing.T, set *ReadSet, f File) (parts []Part) {
	t.Helper()
	first := int64(0)
	for number := range (f.Rows + 149) / 150 {
		groups := (f.Rows + 149) / 150
		rows := min((f.Rows+groups-1)/groups, f.Rows-first)
		if !f.lasting() {
			rows = min(150, f.Rows-first)
		}
		parts = append(parts, Part{
			Number: int(number), Span: Span{First: first, End: first + rows},
			Blocks: []Span{{First: first, End: first + rows/3}, {First: first + rows/3, End: first + rows}},
		})
		first += rows
	}
	return parts
}

// Counts that were used are as good as new, and hold no memory that is large.
func TestCountsAreUsedAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 3))
	l, acts := actsLake(t, r, 150)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	counts, err := NewCounts(&Counting{})
	if err != nil {
		t.Fatal(err)
	}
	all := []By{{Column: "Operation"}, {Column: "UserId"}, {Column: "ClientIP"}, {Column: "TimeGenerated", Step: 1_000_000_000}}
	for range 40 {
		asked := Counting{Groups: 10_000, Only: []Only{only("Operation", fmt.Sprint("op", r.IntN(6)))}}
		for range r.IntN(4) {
			asked.By = append(asked.By, all[r.IntN(len(all))])
		}
		if err := counts.Renew(&asked); err != nil {
			t.Fatal(err)
		}
		var want int64
		for _, f := range set.Files {
			if err := set.Count(t.Context(), f, nil, true, Between{}, counts); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range set.Fresh {
			if err := counts.Batch(f.Batch, "TimeGenerated", Between{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, a := range acts {
			if a.meets(asked.Only) {
				want++
			}
		}
		counts.Each(func(_ []string, _ []int64, rows int64) { want -= rows })
		if want != 0 {
			t.Fatalf("%+v: %d rows are missing", asked, want)
		}
		if !counts.Spare() {
			t.Fatal("it is too much to keep")
		}
		for _, k := range counts.keys {
			if k.texts != nil {
				t.Fatal("texts of a file are held")
			}
		}
	}
	for name, grow := range map[string]func(){
		"times":  func() { counts.times = make([]int64, maxSpare/8+1) },
		"groups": func() { counts.number.at = make([]uint32, 2*largeTable) },
		"texts":  func() { counts.places[0].body = make([]byte, largeTexts+1) },
		"places": func() { counts.places[0].at = make([]uint32, 2*largeTable) },
	} {
		if counts, err = NewCounts(&Counting{By: all[:1]}); err != nil {
			t.Fatal(err)
		}
		if grow(); counts.Spare() {
			t.Errorf("%s are kept though they are large", name)
		}
	}
}

// What cannot be counted is said to be so, and known from then on.
func TestRowsThatCannotBeCounted(t *testing.T) {
	l, _ := actsLake(t, rand.New(rand.NewPCG(6, 2)), 10_000)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	file := set.Files[slices.IndexFunc(set.Files, File.lasting)]
	count := func(asked Counting) error {
		counts, err := NewCounts(&asked)
		if err != nil {
			return err
		}
		return set.Count(t.Context(), file, nil, true, Between{}, counts)
	}
	for name, asked := range map[string]Counting{
		"a dictionary does not pay": {By: []By{{Column: "Id"}}, Groups: 10_000},
		"no text":                   {By: []By{{Column: "RecordType"}}, Groups: 10_000},
		"a document":                {Only: []Only{only("Record", "")}, Groups: 10_000},
		"steps of another column":   {By: []By{{Column: "UserId", Step: 7}}, Groups: 10_000},
		"no column":                 {By: []By{{Column: "Nothing"}}, Groups: 10_000},
		"four columns":              {By: []By{{Column: "UserId"}, {Column: "UserId"}, {Column: "UserId"}, {Column: "UserId"}}, Groups: 10_000},
	} {
		if err := count(asked); !errors.Is(err, ErrNotCountable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if set.Countable(file, &Counting{By: []By{{Column: "Id"}}}) || !set.Countable(file, &Counting{By: []By{{Column: "UserId"}}}) {
		t.Error("what was found out is not known")
	}
	if err := count(Counting{By: []By{{Column: "ClientIP"}}, Groups: 29}); !errors.Is(err, ErrManyGroups) {
		t.Errorf("too many groups: %v", err)
	}
	days := Counting{By: []By{{Column: "ClientIP"}, {Column: "TimeGenerated", Step: 1}}, Groups: 10_000, Rows: 1 << 40}
	counts, _ := NewCounts(&days)
	counts.passed = 10 * manyGroups
	for i := range manyGroups + 1 {
		if counts.tooMany() {
			t.Fatalf("%d groups are too many", i)
		}
		if err := counts.add(key{int64(i)}, 1); err != nil {
			t.Fatal(err)
		}
	}
	if !counts.tooMany() {
		t.Error("it is not known that there will be too many groups")
	}
	days.By = days.By[:1]
	if counts.tooMany() {
		t.Error("texts are thought to be others each day")
	}
	for _, group := range []Part{{Number: 99, Span: Span{End: 10}}, {Span: Span{End: 10}}} {
		counts, _ := NewCounts(&Counting{Groups: 10})
		if err := set.Count(t.Context(), file, []Part{group}, false, Between{}, counts); !errors.Is(err, ErrDamaged) {
			t.Errorf("%+v: %v", group, err)
		}
	}
	if err := os.Remove(file.Path); err != nil {
		t.Fatal(err)
	}
	if err := count(Counting{By: []By{{Column: "UserId"}}, Groups: 100}); err == nil || errors.Is(err, ErrNotCountable) {
		t.Errorf("a file that is gone: %v", err)
	}
}

// What groups take in memory has a bound, whatever the length of their texts, and so has
// what is counted of dictionaries that are larger than their rows.
func TestCountsHaveABound(t *testing.T) {
	counts, err := NewCounts(&Counting{By: []By{{Column: "UserId"}}, Groups: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	long, kept := strings.Repeat("x", 1<<20), 0
	for ; kept < 100; kept++ {
		if _, err = counts.place(0, fmt.Append(nil, kept, long)); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrManyGroups) || kept < 8 || kept > 32 {
		t.Errorf("%d texts of a megabyte: %v", kept, err)
	}
	if _, err := counts.place(0, fmt.Append(nil, 3, long)); err != nil {
		t.Errorf("a text that is known: %v", err)
	}
	counts, err = NewCounts(&Counting{Only: []Only{only("UserId", "u1")}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 50 {
		if text := fmt.Sprint(n, long); holds(&counts.only, counts.only.all[0], text) || holds(&counts.only, counts.only.all[0], []byte(text)) {
			t.Fatal("it holds for another text")
		}
	}
	if n := len(counts.only.all[0].held); n < 8 || n > 32 {
		t.Errorf("%d texts of a megabyte are remembered", n)
	}
	counts, err = NewCounts(&Counting{By: []By{{Column: "UserId"}, {Column: "UserId"}, {Column: "UserId"}}, Groups: 10})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		counts.keys = append(counts.keys, counted{codes: []uint32{1}, size: 1 << 22, texts: make([][]byte, 1<<22)})
	}
	if err := counts.tally(); !errors.Is(err, ErrNotCountable) {
		t.Errorf("more combinations than there are numbers: %v", err)
	}
}
