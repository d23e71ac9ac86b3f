package normalise

import (
	"strings"
	"time"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/schema"
)

// ownPlan is one of the tables that Quoll's own rows may go to.
type ownPlan struct {
	table     *schema.Table
	constants []schema.Cell
}

func newOwnPlans(workspace string) map[string]ownPlan {
	plans := map[string]ownPlan{}
	for _, name := range schema.OwnTables() {
		table, _ := schema.Lookup(name)
		plans[name] = ownPlan{table, constants(table, workspace, "Quoll")}
	}
	return plans
}

// ownRow takes a row that Quoll wrote itself.
func (r *run) ownRow(_ string, object jsontape.Value) string {
	name := stringOf(object.Get("table"))
	plan := r.own[name]
	table := plan.table
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
	r.log = r.begin(table, plan.constants)
	at := r.payload.Received
	for members := row.Members(); members.Next(); {
		column, known := table.Column(members.Key().Text())
		if !known {
			count(&r.result.Counts.Fields, name+"."+members.Key().Text())
			continue
		}
		r.fill(r.log, &target{column: column, kind: table.Columns[column].Type, name: name + "." + table.Columns[column].Name}, members.Value(), &r.result.Counts)
	}
	r.log.Set(mustColumn(table, table.TimeColumn), schema.DateTime(at.Truncate(time.Microsecond)), 1)
	record.Rows = []schema.Row{r.log.End()}
	r.accept(record)
	return ""
}
