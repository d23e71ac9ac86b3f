package main

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/silence"
)

// TestWhatIsHeardIsCountedInTheTables runs the question against the engine.
func TestWhatIsHeardIsCountedInTheTables(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "q")
	n, err := openNode(t.Context(), paths{data: dir, archive: dir + "-archive", origin: defaultOrigin}, commandSettings(), slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}()
	record := func(id, at string) string {
		return `{"CreationTime":"` + at + `","Id":"a0000000-0000-4000-8000-00000000000` + id + `","Operation":"Send","OrganizationId":"` + strings.ToUpper(gapTenant) +
			`","RecordType":2,"UserType":0,"Workload":"Exchange","UserId":"ada@coast.example"}`
	}
	// What came later than three days was searched for, and says nothing of lag.
	hour := time.Now().UTC().Add(-5 * time.Hour).Truncate(time.Hour)
	after := func(d time.Duration) string { return hour.Add(d).Format("2006-01-02T15:04:05") }
	for contentType, body := range map[string]string{
		"Audit.Exchange": "[" + record("1", after(25*time.Minute)) + "," + record("2", after(59*time.Minute+59*time.Second)) + "," + record("3", after(time.Hour)) + "]",
		"":               "[" + record("4", after(0)) + "]", // of a file
	} {
		_, err := n.pipeline.Journal(t.Context(), model.Payload{
			Tenant: gapTenant, Source: model.SourceActivity, Format: model.FormatAuditArray, ContentType: contentType, Name: contentType, Received: time.Now().UTC(), Body: []byte(body)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := n.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	mail := fmt.Sprintf(`{"time":"%s","tenantId":"%s","operationName":"Publish","category":"AdvancedHunting-EmailEvents","properties":{"Timestamp":"%[1]sZ","ReportId":"r1","NetworkMessageId":"a0000000-0000-4000-8000-000000000009"}}`, after(time.Minute), gapTenant)
	_, err = n.pipeline.Journal(t.Context(), model.Payload{Tenant: gapTenant, Source: model.SourceEventHub, Format: model.FormatDefenderLines, Name: "hub", Received: time.Now().UTC(), Body: []byte(mail + "\n")})
	if err == nil {
		err = n.catchUp(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	counts, err := heardRecords{n.query, gapTenant}.Counts(t.Context(), hour, hour.Add(time.Hour))
	if err != nil || len(counts) != 3 {
		t.Fatalf("%+v, %v, want counts of an operation, of OfficeActivity and of mails", counts, err)
	}
	for i, want := range []struct {
		table   string
		records int64
	}{{"OfficeActivity", 3}, {"EmailEvents", 1}} {
		series := silence.Series{Tenant: gapTenant, ContentType: want.table, RecordType: want.table}
		if c := counts[i+1]; c.Series != series || c.Records != want.records || !c.Hour.Equal(hour) {
			t.Errorf("%+v, want %d rows of %s", c, want.records, series)
		}
	}
	if counts, err := (heardRecords{n.query, ""}).Counts(t.Context(), hour, hour.Add(time.Hour)); err != nil || len(counts) != 2 {
		t.Errorf("%+v, %v; want no counts of mails, because nobody knows whose they are", counts, err)
	}
	c := counts[0]
	want := silence.Series{Tenant: gapTenant, ContentType: "Audit.Exchange", RecordType: "ExchangeItem", Operation: "Send"}
	late := time.Since(hour.Add(25 * time.Minute)) // the first record, if no time had passed since it was journalled
	if c.Series != want || !c.Hour.Equal(hour) || c.Records != 2 || c.Lag < late-time.Minute || c.Lag > late {
		t.Errorf("%+v, want two records of %v, which were about %v late", c, want, late)
	}
}

// fixedStatus is a collector whose status never changes.
type fixedStatus struct {
	collect.Collector
	status collect.Status
}

func (f fixedStatus) Status() collect.Status { return f.status }

func TestReachedIsTheCursorOfTheStream(t *testing.T) {
	at := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	first := []collect.Collector{
		fixedStatus{status: collect.Status{Tenant: "other", Streams: []collect.StreamStatus{{ContentType: "Audit.Exchange", Cursor: at.Add(time.Hour)}}}},
		fixedStatus{status: collect.Status{Tenant: gapTenant, Streams: []collect.StreamStatus{{ContentType: "Audit.Exchange", Cursor: at}}}},
	}
	reached := reachedBy(func() []collect.Collector { return first })
	if got := reached(gapTenant, "Audit.Exchange"); !got.Equal(at) {
		t.Errorf("reached %v, want %v", got, at)
	}
	if got := reached(gapTenant, "DLP.All"); !got.IsZero() {
		t.Errorf("reached %v of what is not collected", got)
	}

	stream := func(name string, after time.Duration) collect.StreamStatus {
		return collect.StreamStatus{ContentType: name, Cursor: at.Add(after)}
	}
	roads := []collect.Collector{
		fixedStatus{status: collect.Status{Tenant: gapTenant, Source: model.SourceActivity, Streams: []collect.StreamStatus{stream("Audit.Exchange", 2*time.Hour), stream("Audit.General", time.Hour)}}},
		fixedStatus{status: collect.Status{Tenant: gapTenant, Source: model.SourceEventHub, Streams: []collect.StreamStatus{stream("EmailEvents", 3*time.Hour), stream("everything-else", 5*time.Hour)}}},
		fixedStatus{status: collect.Status{Tenant: gapTenant, Source: model.SourceBlobExport, Streams: []collect.StreamStatus{stream("EmailEvents", 4*time.Hour)}}},
	}
	reached = reachedBy(func() []collect.Collector { return roads })
	for name, want := range map[string]time.Duration{"OfficeActivity": time.Hour, "EmailEvents": 4 * time.Hour, "UrlClickEvents": 5 * time.Hour} {
		if got := reached(gapTenant, name); !got.Equal(at.Add(want)) {
			t.Errorf("%s is reached up to %v, want %v", name, got, at.Add(want))
		}
	}
	if got := defenderTenant(roads); got != gapTenant {
		t.Errorf("Defender is that of %q", got)
	}
	roads = append(roads, fixedStatus{status: collect.Status{Tenant: "other", Source: model.SourceHunting}})
	if got := defenderTenant(roads); got != "" {
		t.Errorf("Defender is that of %q, and of another", got)
	}
}

func TestSilenceIsToldInWords(t *testing.T) {
	since := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	p := silenceProblem(silence.Alarm{
		Series: silence.Series{Tenant: gapTenant, ContentType: "Audit.Exchange", RecordType: "ExchangeItem"},
		Since:  since, Until: since.Add(20 * time.Hour), Expected: 412.3, Probability: 2e-9, LongestGap: 9 * time.Hour, History: 56 * 24 * time.Hour,
	})
	want := "Audit.Exchange / ExchangeItem is silent since 2026-09-14 08:00: about 412 records are usual in such a time, and none happened in the 20 h up to 2026-09-15 04:00. The longest pause in the 56 days before was 9 h."
	if p.Cause != want || !strings.Contains(p.Detail, "2e-09") || p.Remedy == "" {
		t.Errorf("%+v", p)
	}
}

// Many entries between two questions are a backlog.
func TestABacklogIsManyEntries(t *testing.T) {
	last := journal.Position(1000)
	is := busy(func() journal.Position { return last })
	for i, step := range []struct {
		came journal.Position
		want bool
	}{{0, false}, {busyEntries, false}, {busyEntries + 1, true}, {0, false}} {
		last += step.came
		if got := is(); got != step.want {
			t.Errorf("question %d, after %d entries: %v", i, step.came, got)
		}
	}
}
