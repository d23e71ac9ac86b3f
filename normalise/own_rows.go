package normalise

import (
	"strings"
	"time"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/schema"
)

// ownTables are the tables that Quoll's own rows may go to. No payload of a
// tenant reaches them.
var ownTables = []string{
	schema.SecurityAlert, schema.SecurityIncident, schema.SentinelHealth, schema.SentinelAudit, schema.LAQueryLogs,
	schema.ThreatIntelIndicators, schema.ThreatIntelligenceIndicator,
}

// ownRow takes a row that Quoll wrote itself.
func (r *run) ownRow(_ string, object jsontape.Value) string {
	name := stringOf(object.Get("table"))
	table := r.own[name]
	key, row := stringOf(object.Get("key")), object.Get("row")
	switch {
	case table == nil:
		return "no table that Quoll writes itself"
	case key == "":
		return "a row of Quoll has no key"
	case row.Kind() != jsontape.Object:
		return "a row of Quoll has no columns"
	}
	r.buffer = r.appendObject(r.buffer[:0], object, sorted)
	record := schema.Record{Key: schema.NewKey("quoll", name, strings.Clone(key)), Digest: schema.NewDigest(r.buffer)}
	r.log.reset(table)
	at := r.payload.Received
	for members := row.Members(); members.Next(); {
		column, known := table.Column(members.Key().Text())
		if !known {
			count(&r.result.Counts.Fields, name+"."+members.Key().Text())
			continue
		}
		r.fill(&r.log, &target{column: column, kind: table.Columns[column].Type, name: name + "." + table.Columns[column].Name}, members.Value(), &r.result.Counts)
	}
	r.log.set(mustColumn(table, table.TimeColumn), schema.DateTime(at.Truncate(time.Microsecond)), 1)
	r.log.setAll(constants(table, r.workspace, "Quoll"))
	record.Rows = []schema.Row{r.row(&r.log, table)}
	r.accept(record)
	return ""
}
