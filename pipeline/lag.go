package pipeline

import (
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
)

// measureLag tells how long the records of an entry took until now. What came
// out of a file, and what was there before, says nothing of that. Roads on which
// tables come mixed are measured by table, too.
func (p *Pipeline) measureLag(j *job, a lake.Applied) {
	payload := &j.entry.Payload
	mixed := payload.Source == model.SourceEventHub || payload.Source == model.SourcePush
	if p.Lags == nil || a.Added == 0 || payload.Source == model.SourceFile || payload.ContentType == "" && !mixed {
		return
	}
	events := make([]time.Time, 0, len(j.result.Records))
	tables := map[string][]time.Time{}
	for i := range j.result.Records {
		rows := j.result.Records[i].Rows
		if len(rows) == 0 {
			continue
		}
		column, ok := rows[0].Table.Column(rows[0].Table.TimeColumn)
		if at := rows[0].Value(column); ok && !at.IsNull() {
			events = append(events, at.Time())
			if mixed {
				tables[rows[0].Table.Name] = append(tables[rows[0].Table.Name], at.Time())
			}
		}
	}
	tell := func(name string, events []time.Time) {
		p.Lags.Visible(collect.Stream{Tenant: payload.Tenant, ContentType: name}, payload.Name, payload.Received, events, p.Clock.Now())
	}
	if payload.ContentType != "" {
		tell(payload.ContentType, events)
	}
	for table, events := range tables {
		if table != payload.ContentType {
			tell(table, events)
		}
	}
}
