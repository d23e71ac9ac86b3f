package duckdb

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
)

// standing are queries as rules have them: conditions on what kind of act a row is,
// with others beside them, below and above what must not let them through.
var standing = []string{
	`UnifiedAuditLog | where Operation in~ ("fileDeleted", "New-InboxRule") | project TimeGenerated, UserId, Operation`,
	`UnifiedAuditLog | where Operation startswith "File" and UserId != "u1" | summarize n = count(), last = max(TimeGenerated) by UserId`,
	`UnifiedAuditLog | where Operation == "Send" | where tostring(Record.Word) has "beta" | project Id, Word = Record.Word`,
	`UnifiedAuditLog | extend Kind = Operation | where Kind matches regex "^(Set|New)-" | project-away Record | summarize n = count() by Kind, bin(TimeGenerated, 1h)`,
	`UnifiedAuditLog | extend Operation = strcat(Operation, UserId) | where Operation == "Sendu1" | project Id`,
	`UnifiedAuditLog | where UserId == "u2" or Operation == "Send" | project Id, UserId`,
	`UnifiedAuditLog | where not(Operation has "File") | summarize dcount(UserId) by Operation`,
	`UnifiedAuditLog | summarize n = count() by Operation | where Operation == "Send"`,
	`UnifiedAuditLog | sort by TimeGenerated asc, Id asc | take 7 | where Operation == "Send" | project Id`,
	`let A = UnifiedAuditLog | where Operation in ("Send", "FileDeleted"); A | where UserId == "u1" | join kind=inner (A | where Operation == "Send" | summarize n = count() by UserId) on UserId | project Id, n`,
	`let Known = UnifiedAuditLog | where Operation == "New-InboxRule" | distinct UserId; UnifiedAuditLog | where Operation == "Send" and UserId in (Known) | project Id`,
	`union (UnifiedAuditLog | where Operation == "Send" | project Id, T = "audit"), (OfficeActivity | where Operation == "Send" | project Id = SourceRecordId, T = "office")`,
	`UnifiedAuditLog | where Operation == "Send" | summarize latest = max(ingestion_time())`,
	`UnifiedAuditLog | where TimeGenerated > ago(2h) and Operation has "Mailbox" | count`,
	`OfficeActivity | where Operation == "Nothing" | count`,
	`OfficeActivity | count`,
}

// keptLake is a lake under a life of late rows, flushes and compactions.
type keptLake struct {
	*lake.Lake
	t      *testing.T
	random *rand.Rand
	now    time.Time
	batch  uint64
}

var operations = []string{"FileDeleted", "FileAccessed", "Send", "New-InboxRule", "Set-Mailbox", "send", ""}

func (l *keptLake) rows(n int) {
	batch := lake.Batch{Ingested: l.now}
	l.batch++
	batch.Position = l.batch
	audit, _ := schema.Lookup(schema.UnifiedAuditLog)
	office, _ := schema.Lookup(schema.OfficeActivity)
	for i := range n {
		at := l.now.Add(-time.Duration(l.random.ExpFloat64() * float64(3*time.Hour)))
		id, operation := fmt.Sprintf("%d-%d", l.batch, i), operations[l.random.IntN(len(operations))]
		record := schema.Record{Key: schema.NewKey("test", id)}
		for table, values := range map[*schema.Table]map[string]schema.Value{
			audit:  {"Id": schema.String(id), "UserId": schema.String(fmt.Sprint("u", l.random.IntN(4))), "Record": schema.Dynamic(fmt.Sprintf(`{"Word":"%s %d"}`, []string{"alpha", "beta"}[l.random.IntN(2)], i))},
			office: {"SourceRecordId": schema.String(id)},
		} {
			values["TimeGenerated"], values["Operation"] = schema.DateTime(at), schema.String(operation)
			row := schema.Row{Table: table}
			for name, value := range values {
				column, _ := table.Column(name)
				row.Cells = append(row.Cells, schema.Cell{Column: column, Value: value})
			}
			record.Rows = append(record.Rows, row)
		}
		batch.Records = append(batch.Records, record)
	}
	if _, err := l.Apply(l.t.Context(), batch); err != nil {
		l.t.Fatal(err)
	}
}

// step lets half an hour pass, and something happen to the files.
func (l *keptLake) step() {
	l.now = l.now.Add(30 * time.Minute)
	l.rows(1 + l.random.IntN(30))
	var err error
	switch l.random.IntN(4) {
	case 0, 1:
		err = l.Flush(l.t.Context())
	case 2:
		_, err = l.Compact(l.t.Context())
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func TestStandingQueriesAnswerAsIfEachReadForItself(t *testing.T) {
	dir := t.TempDir()
	opened, err := lake.Open(t.Context(), lake.DefaultConfig(dir), testLogger())
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	l := &keptLake{Lake: opened, t: t, random: rand.New(rand.NewPCG(1, 2)), now: start}
	// Few queries share in each engine, so that what is kept is little of what there
	// is; the last one has no room.
	var sharing []*sharer
	for i := range 6 {
		room := int64(64 << 20)
		if i == 5 {
			room = 2 << 10
		}
		sharing = append(sharing, newSharer(t, l, dir, room, i))
	}
	alone := newSharer(t, l, dir, 0, 0)
	for range 6 {
		l.step()
		// Windows of now, of late rows, and of a rule that looks further back.
		end := l.now.Add(-time.Duration(l.random.IntN(3)) * time.Hour)
		request := query.Request{From: end.Add(-time.Duration(1+l.random.IntN(8)) * time.Hour), To: end, Now: end, Standing: true}
		answers := map[string]string{}
		for n, s := range sharing {
			for _, text := range s.texts {
				if l.random.IntN(4) == 0 {
					continue // some are learnt later than others
				}
				request.Text = text
				if _, ok := answers[text]; !ok {
					answers[text] = sortedRows(mustQuery(t, alone.service, request))
				}
				if shared := sortedRows(mustQuery(t, s.service, request)); shared != answers[text] {
					t.Fatalf("engine %d, %+v, %s\nshared\n%s\nby itself\n%s", n, s.engine.Kept(), text, shared, answers[text])
				}
			}
		}
	}
	for n, s := range sharing {
		kept := s.engine.Kept()
		if kept.Failed > 0 {
			t.Errorf("engine %d: %+v", n, kept)
		}
		if n == len(sharing)-1 {
			if kept.Refused == 0 || kept.Bytes > 2<<10 {
				t.Errorf("without room: %+v", kept)
			}
		} else if kept.Served == 0 {
			t.Errorf("engine %d shared nothing: %+v", n, kept)
		}
	}
	if kept := alone.engine.Kept(); kept != (KeptStatistics{}) {
		t.Errorf("alone: %+v", kept)
	}
	l.onlyKeepsWhatIsThere(sharing[0])
}

// sharer is an engine with a few of the queries.
type sharer struct {
	texts   []string
	engine  *Engine
	service *query.Service
}

func newSharer(t *testing.T, l *keptLake, dir string, room int64, number int) *sharer {
	config := DefaultConfig()
	config.Dir, config.KeptBytes, config.Now, config.Threads = dir, room, func() time.Time { return l.now }, 1
	s := &sharer{engine: openEngine(t, config, FromLake(l.Lake))}
	s.service = query.NewService(query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile, s.engine, config.Now)
	for i, text := range standing {
		if i%5 == number%5 || i == 0 && number < 5 {
			s.texts = append(s.texts, text)
		}
	}
	return s
}

// onlyKeepsWhatIsThere has the files change, and looks for some that are gone.
func (l *keptLake) onlyKeepsWhatIsThere(s *sharer) {
	if _, err := l.Compact(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	l.rows(1)
	if err := l.Flush(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	paths := map[string]bool{}
	for _, table := range []string{schema.UnifiedAuditLog, schema.OfficeActivity} {
		mustQuery(l.t, s.service, query.Request{Text: table + " | count"})
		set, err := l.Acquire(table)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, f := range set.Files {
			paths[f.Path] = true
		}
		set.Release()
	}
	for key, s := range s.engine.kept.shelves {
		for path := range s.files {
			if !paths[path] {
				l.t.Errorf("of %s a file is kept that is gone", key.table)
			}
		}
	}
}

func sortedRows(r *query.Result) string {
	lines := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		lines[i] = fmt.Sprint(row)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// A row of a kind that a query does not look at changes nothing of its answer, which
// is why detection does not ask it again.
func TestRowsThatNobodyLooksAtChangeNothing(t *testing.T) {
	dir := t.TempDir()
	opened, err := lake.Open(t.Context(), lake.DefaultConfig(dir), testLogger())
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	l := &keptLake{Lake: opened, t: t, random: rand.New(rand.NewPCG(3, 4)), now: start}
	s := newSharer(t, l, dir, 0, 0)
	answer := func(text string) string {
		return sortedRows(mustQuery(t, s.service, query.Request{Text: text, Now: start.Add(time.Hour)}))
	}
	before := map[string]string{}
	for _, text := range standing {
		before[text] = answer(text)
	}
	passed, all := 0, operations
	for _, operation := range all {
		operations = []string{operation}
		l.rows(12)
		for _, text := range standing {
			reads, err := s.service.Expect(t.Context(), text, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			looks := false
			for _, it := range reads {
				met := []bool{true}
				if it.Key != "" {
					if met, err = s.service.Meets(t.Context(), it, []string{operation}); err != nil {
						t.Fatal(err)
					}
				}
				looks = looks || met[0]
			}
			after := answer(text)
			if !looks && after != before[text] {
				t.Errorf("%s\nsaid\n%s\nand after rows of %q, at which it does not look,\n%s", text, before[text], operation, after)
			}
			if !looks {
				passed++
			}
			before[text] = after
		}
	}
	operations = all
	// 11 of the queries have conditions over the kind of act.
	if passed < 11*len(all)/2 {
		t.Errorf("of %d rounds of queries only %d were passed over", len(all)*len(standing), passed)
	}
}

// Interests in many rows are left out, so that those in few share; one whose rows are
// kept for others anyway is not.
func TestThoseThatLookAtFewRowsShare(t *testing.T) {
	counts := map[string]int64{"Send": 900, "New-InboxRule": 2, "Set-Mailbox": 3, "Add member": 4}
	met := [][]string{{"Send"}, {"New-InboxRule", "Set-Mailbox"}, {"Send", "New-InboxRule"}, {"Set-Mailbox"}, nil, {"Add member", "Set-Mailbox"}}
	for most, want := range map[int64]string{
		2000: "909 []", 908: "9 [0 2]", 8: "5 [5 0 2]", 2: "0 [3 1 5 0 2]",
	} {
		chosen, rows, left := choose(counts, met, most)
		var sum int64
		for value := range chosen {
			sum += counts[value]
		}
		if got := fmt.Sprint(rows, left); got != want || sum != rows {
			t.Errorf("room for %d rows: %s of %d, want %s", most, got, sum, want)
		}
	}
}
