package pipeline

import (
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
)

// measureLag tells how long the records of an entry took until now. What came
// out of a file, and what was there before, says nothing of that.
func (p *Pipeline) measureLag(j *job, a lake.Applied) {
	payload := &j.entry.Payload
	if p.Lags == nil || a.Added == 0 || payload.Source == model.SourceFile || payload.ContentType == "" {
		return
	}
	events := make([]time.Time, 0, len(j.result.Records))
	for i := range j.result.Records {
		rows := j.result.Records[i].Rows
		if len(rows) == 0 {
			continue
		}
		column, ok := rows[0].Table.Column(rows[0].Table.TimeColumn)
		if at := rows[0].Value(column); ok && !at.IsNull() {
			events = append(events, at.Time())
		}
	}
	s := collect.Stream{Tenant: payload.Tenant, ContentType: payload.ContentType}
	p.Lags.Visible(s, payload.Name, payload.Received, events, p.Clock.Now())
}
