package detect

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
)

// kinds is a querier for rules whose queries are the kinds of acts that they look at,
// over rows that come in late; "all" looks at all of them.
type kinds struct {
	late      []string        // kinds of rows that have come
	ran       map[string]int  // by rule
	asked     map[string]bool // keys put to Meets, each once
	truncated bool
	mu        sync.Mutex // over ran and asked: rules run beside each other
}

func (k *kinds) Expect(_ context.Context, text string, _ time.Duration) ([]*query.Interest, error) {
	it := &query.Interest{Table: "UnifiedAuditLog", Text: text}
	if text != "all" {
		it.Key = query.KeyColumn(it.Table)
	}
	return []*query.Interest{it}, nil
}

func (k *kinds) Meets(_ context.Context, it *query.Interest, keys []string) ([]bool, error) {
	if most := mostKeys * longestKey; len(strings.Join(keys, "")) > most {
		return nil, fmt.Errorf("more than %d bytes of keys", most)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	holds := make([]bool, len(keys))
	for i, key := range keys {
		if k.asked[it.Text+key] {
			panic("asked again for " + key)
		}
		k.asked[it.Text+key] = true
		holds[i] = strings.Contains(it.Text, key)
	}
	return holds, nil
}

func (k *kinds) Query(_ context.Context, r query.Request) (*query.Result, error) {
	if r.Standing {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.ran[r.Text]++
		return &query.Result{}, nil
	}
	result := &query.Result{Truncated: k.truncated && r.Limits.Rows > 0}
	keyed := strings.HasSuffix(r.Text, ", Key=['Operation']")
	for _, kind := range k.late {
		row := []any{noon.Add(-10 * time.Minute)}
		if keyed {
			row = append(row, kind)
		}
		result.Rows = append(result.Rows, row)
	}
	return result, nil
}

func TestLateRowsRunTheRulesAgainThatLookAtThem(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var rules []*Rule
	for _, text := range []string{"Send", "Delete or Send", "Create", "all"} {
		rules = append(rules, rule(t, "query: T", "query: "+text, "id: r1", "id: "+strings.ReplaceAll(text, " ", "-"), "queryFrequency: 5m", "queryFrequency: 1h"))
	}
	table := &kinds{asked: map[string]bool{}}
	config := DefaultConfig()
	config.LateMost = config.LateEvery
	b := &bench{t: t, now: noon}
	if b.Detector, err = New(t.Context(), config, db, rules, table, &fakeSink{alerts: map[string]model.Alert{}, raised: map[string]int{}}, b, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	many := make([]string, mostKeys+1)
	for i := range many {
		many[i] = fmt.Sprint("Kind ", i)
	}
	for _, step := range []struct {
		late      []string
		truncated bool
		want      string
	}{
		{want: "Send Delete or Send Create all"}, // all are due at once
		{want: ""},
		{late: []string{"Send"}, want: "Send Delete or Send all"},
		{late: []string{"Delete", "Update"}, want: "Delete or Send all"},
		{late: []string{"Send", "Update", "Delete"}, want: "Send Delete or Send all"},
		{late: []string{""}, want: "Send Delete or Send Create all"},                        // of which nothing is known
		{late: []string{"Update"}, truncated: true, want: "Send Delete or Send Create all"}, // more than are taken in
		{late: many, want: "Send Delete or Send Create all"},
		{late: many[1:], want: "all"},
		{late: []string{"Update", strings.Repeat("x", mostKeys*longestKey+1)}, want: "Send Delete or Send Create all"},
	} {
		table.late, table.truncated, table.ran = step.late, step.truncated, map[string]int{}
		b.must(b.after(2 * time.Minute))
		var ran []string
		for _, r := range rules {
			if table.ran[r.Query] > 0 {
				ran = append(ran, r.Query)
			}
		}
		if got := strings.Join(ran, " "); got != step.want {
			t.Errorf("after late rows of %.80s there ran %q, want %q", fmt.Sprintf("%q", step.late), got, step.want)
		}
	}
}

func TestLateRowsAreLookedForAsOftenAsARuleRuns(t *testing.T) {
	for frequency, want := range map[string]time.Duration{"1m": time.Minute, "5m": 5 * time.Minute, "1d": 15 * time.Minute} {
		b := newBench(t, rule(t, "queryFrequency: 5m", "queryFrequency: "+frequency, "queryPeriod: 1h", "queryPeriod: 1d"))
		b.must(b.after(0))
		looked, last := 0, b.now
		for range 60 {
			before := len(b.table.queries)
			b.must(b.after(time.Minute))
			for _, q := range b.table.queries[before:] {
				if q.Standing {
					continue
				}
				if looked++; b.now.Sub(last) != want {
					t.Errorf("%s: looked after %s, want %s", frequency, b.now.Sub(last), want)
				}
				last = b.now
			}
		}
		if looked != int(time.Hour/want) {
			t.Errorf("%s: looked %d times in an hour", frequency, looked)
		}
	}
}
