package detect

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// recorded keeps rows of SentinelHealth.
type recorded []map[string]any

func (r *recorded) take(_ context.Context, body []byte) error {
	for line := range strings.Lines(string(body)) {
		var one struct{ Row map[string]any }
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			return err
		}
		*r = append(*r, one.Row)
	}
	return nil
}

func (r *recorded) statuses() string {
	var all []string
	for _, row := range *r {
		all = append(all, row["OperationName"].(string)+" "+row["Status"].(string))
	}
	return strings.Join(all, "; ")
}

func TestHealthIsRecordedWhenItChangesAndEachHour(t *testing.T) {
	b := newBench(t, rule(t))
	var rows recorded
	b.RecordHealth(rows.take)
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "x"}))
	for range 11 {
		b.must(b.after(5 * time.Minute))
	}
	b.table.broken["T"] = errors.New("engine on fire")
	_ = b.after(5 * time.Minute)
	_ = b.after(5 * time.Minute)
	delete(b.table.broken, "T")
	b.must(b.after(5 * time.Minute))
	want := "Scheduled analytics rule run Success; Scheduled analytics rule run Failure; Scheduled analytics rule run Success"
	if got := rows.statuses(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if extended := rows[0]["ExtendedProperties"].(map[string]any); extended["AlertsGenerated"] != 1.0 || extended["QueryResultAmount"] != 1.0 {
		t.Errorf("properties %v", extended)
	}
	if !strings.Contains(rows[1]["Reason"].(string), "on fire") {
		t.Errorf("reason %v", rows[1]["Reason"])
	}
}

func TestARuleIsSwitchedOffByOneAndAWatcherByTwo(t *testing.T) {
	b := newBench(t, rule(t), rule(t, "id: r1", "id: r2\ntags: [WatchTheWatchers]\nenabled: false"))
	var rows recorded
	b.RecordHealth(rows.take)
	if err := Disable(t.Context(), b.store.db, b.rules[0], "ada", "noisy", noon); err != nil {
		t.Fatal(err)
	}
	for range 2 { // one person, twice
		if err := Disable(t.Context(), b.store.db, b.rules[1], "ada", "noisy", noon); !errors.Is(err, ErrSamePerson) {
			t.Fatalf("error %v", err)
		}
	}
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "x"}))
	if len(b.sink.alerts) != 1 {
		t.Fatalf("%d alerts, want that of the rule that watches the watchers, whatever its file says", len(b.sink.alerts))
	}
	if got := rows.statuses(); got != "Analytics rule disabled Informational; Analytics rule disabled Informational" {
		t.Errorf("recorded %s", got)
	}
	b.must(Disable(t.Context(), b.store.db, b.rules[1], "ben", "agreed", noon))
	b.must(b.after(5*time.Minute, row{at: noon.Add(time.Minute), user: "ben", what: "x"}))
	if len(b.sink.alerts) != 1 {
		t.Errorf("%d alerts: two people have switched it off", len(b.sink.alerts))
	}
	b.must(Enable(t.Context(), b.store.db, "r2"))
	b.must(b.after(5*time.Minute, row{at: noon.Add(6 * time.Minute), user: "cho", what: "x"}))
	if len(b.sink.alerts) < 2 {
		t.Error("a rule that was enabled does not run")
	}
}
