package pipeline

import (
	"maps"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

// visibleCall is what a Lags was told.
type visibleCall struct {
	stream   collect.Stream
	name     string
	received time.Time
	events   []time.Time
	now      time.Time
}

type visibleCalls []visibleCall

func (v *visibleCalls) Visible(s collect.Stream, name string, received time.Time, events []time.Time, now time.Time) {
	*v = append(*v, visibleCall{s, name, received, events, now})
}

func TestLagIsMeasuredOfWhatIsNewAndCameByAFeed(t *testing.T) {
	calls := &visibleCalls{}
	r := openRiver(t, t.TempDir(), func(p *Parts) { p.Lags = calls })
	received := time.Date(2026, 9, 14, 9, 0, 0, 0, time.UTC)
	feed := func(p model.Payload) model.Payload {
		p.Source, p.Tenant, p.ContentType, p.Name, p.Received = model.SourceActivity, "tenant", "Audit.General", "blob", received
		return p
	}
	imported := auditLines(10, 3)
	imported.Source = model.SourceFile
	r.add(t, feed(auditLines(0, 3)))
	r.add(t, feed(auditLines(0, 3))) // nothing new
	r.add(t, imported)
	before := time.Now()
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(*calls) != 1 {
		t.Fatalf("told %d times, want once: %+v", len(*calls), *calls)
	}
	c := (*calls)[0]
	if c.stream != (collect.Stream{Tenant: "tenant", ContentType: "Audit.General"}) || c.name != "blob" || !c.received.Equal(received) ||
		len(c.events) != 3 || c.now.Before(before.Add(-time.Second)) {
		t.Errorf("told %+v", c)
	}
	if c.events[0].Year() != 2026 || c.events[0].Location() != time.UTC {
		t.Errorf("events %v, want when the records happened", c.events)
	}
}

// TestLagIsMeasuredByTableWhereTheyComeMixed: what a relay pushes has no content
// type, and a hub may hold every table.
func TestLagIsMeasuredByTableWhereTheyComeMixed(t *testing.T) {
	line := func(table, id string) string {
		return `{"time":"2026-09-14T08:00:00Z","tenantId":"tenant","category":"AdvancedHunting-` + table + `","properties":{"Timestamp":"2026-09-14T08:00:00Z","NetworkMessageId":"` + id + `","ReportId":"` + id + `","Url":"https://` + id + `.test/"}}` + "\n"
	}
	body := line("EmailEvents", "a") + line("EmailEvents", "b") + line("EmailUrlInfo", "a")
	for name, c := range map[string]struct {
		payload model.Payload
		want    map[string]int
	}{
		"pushed":     {model.Payload{Source: model.SourcePush}, map[string]int{"EmailEvents": 2, "EmailUrlInfo": 1}},
		"in one hub": {model.Payload{Source: model.SourceEventHub, ContentType: "all"}, map[string]int{"all": 3, "EmailEvents": 2, "EmailUrlInfo": 1}},
		"in a file":  {model.Payload{Source: model.SourceFile}, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			calls := &visibleCalls{}
			r := openRiver(t, t.TempDir(), func(p *Parts) { p.Lags = calls })
			p := c.payload
			p.Tenant, p.Format, p.Name, p.Received, p.Body = "tenant", model.FormatDefenderLines, "batch", time.Date(2026, 9, 14, 9, 0, 0, 0, time.UTC), []byte(body)
			r.add(t, p)
			if err := r.Catchup(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for _, call := range *calls {
				got[call.stream.ContentType] += len(call.events)
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("measured %v, want %v", got, c.want)
			}
		})
	}
}
