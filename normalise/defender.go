package normalise

import (
	"strings"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/schema"
)

// A streaming record of Defender is an envelope with a category, which names
// the hunting table, and properties, which are the row. A property goes to the
// column of its name. DefenderEvents takes the records of other categories, and
// those whose properties are not what the category says.

// categoryPrefix stands before the name of the table in a category.
const categoryPrefix = "AdvancedHunting-"

// annotation is in the names of members that OData adds to rows of hunting: they
// are about the wire.
const annotation = "@odata."

// defenderPlan says where the properties of one category go.
type defenderPlan struct {
	table     *schema.Table
	fields    map[string][]target
	constants []schema.Cell
	// mark is the property without which a record is none of the category: a
	// device event was seen under an e-mail category.
	mark       string
	time, size int
}

// newDefenderPlans returns the plans by category, and that of DefenderEvents.
func newDefenderPlans(workspace string) (byCategory map[string]*defenderPlan, unsorted *defenderPlan) {
	byCategory = make(map[string]*defenderPlan)
	for name, mark := range map[string]string{
		schema.EmailEvents:             "NetworkMessageId",
		schema.EmailAttachmentInfo:     "NetworkMessageId",
		schema.EmailUrlInfo:            "NetworkMessageId",
		schema.EmailPostDeliveryEvents: "NetworkMessageId",
		schema.UrlClickEvents:          "Url",
		schema.AlertInfo:               "AlertId",
		schema.AlertEvidence:           "AlertId",
		schema.CloudAppEvents:          "ActionType",
	} {
		table, _ := schema.Lookup(name)
		p := newDefenderPlan(table, "properties.", workspace, "")
		p.mark = mark
		p.fields["Timestamp"] = nil // has a fallback, see defenderRecord
		byCategory[categoryPrefix+name] = p
	}
	table, _ := schema.Lookup(schema.DefenderEvents)
	return byCategory, newDefenderPlan(table, "", workspace, "Quoll")
}

func newDefenderPlan(table *schema.Table, prefix, workspace, sourceSystem string) *defenderPlan {
	return &defenderPlan{
		table:     table,
		fields:    targetsOf(table, prefix),
		constants: constants(table, workspace, sourceSystem),
		time:      mustColumn(table, "TimeGenerated"),
		size:      mustColumn(table, "_BilledSize"),
	}
}

// defenderRecord makes the row of one streaming record.
func (r *run) defenderRecord(text string, object jsontape.Value) string {
	category := stringOr(object, "category")
	properties := object.Get("properties")
	plan := r.planOf(category, properties)
	event := object // what happened, without what the transport added
	if properties.Kind() == jsontape.Object {
		event = properties
	}
	record := r.defenderIdentity(object, category, event)
	r.log = r.begin(plan.table, plan.constants)
	if plan == r.unsorted {
		count(&r.result.Counts.Categories, strings.Clone(category))
		r.fillUnsorted(text, category, object, event)
	} else {
		r.fillProperties(plan, event)
	}
	r.defenderRow(text, category, plan, record, event, r.timeOf(event.Get("Timestamp"), object.Get("time")))
	return ""
}

// huntingRow makes the row of one row of advanced hunting: the properties of a
// streaming record without its envelope. A row is known by what it says, without
// members that are null, which are those of columns that came with time. Read
// again after a verdict or a location has changed, it is news, as in the stream.
func (r *run) huntingRow(text string, object jsontape.Value) string {
	category := categoryPrefix + r.payload.ContentType
	plan := r.planOf(category, object)
	r.buffer = r.appendObject(r.buffer[:0], object, sorted|noAnnotations|alike)
	record := schema.Record{
		Key:    schema.NewKey(r.tenant, "defender", category, unsafeString(r.buffer)),
		Digest: schema.NewDigest(r.buffer),
	}
	r.log = r.begin(plan.table, plan.constants)
	if plan == r.unsorted {
		count(&r.result.Counts.Categories, category)
		r.fillUnsorted(text, category, object, object)
	} else {
		r.fillProperties(plan, object)
	}
	r.defenderRow(text, category, plan, record, object, r.timeOf(object.Get("Timestamp")))
	return ""
}

// defenderRow completes the row in the making and accepts the record.
func (r *run) defenderRow(text, category string, plan *defenderPlan, record schema.Record, event jsontape.Value, at schema.Value) {
	r.survey.defender(category, event, at.Time())
	r.log.Set(plan.time, at, 0)
	r.log.Set(plan.size, schema.Real(float64(len(text))), 0)
	record.Rows = r.rows.copy(append(r.pending[:0], r.log.End()))
	r.accept(record)
}

// planOf returns the plan of the category, unless the properties do not fit it.
func (r *run) planOf(category string, properties jsontape.Value) *defenderPlan {
	plan := r.defender[category]
	if plan == nil || properties.Get(plan.mark).Kind() == jsontape.None {
		return r.unsorted
	}
	return plan
}

func (r *run) fillProperties(plan *defenderPlan, properties jsontape.Value) {
	counts := &r.result.Counts
	for members := properties.Members(); members.Next(); {
		key := members.Key().Text()
		targets, known := plan.fields[key]
		if !known && strings.Contains(key, annotation) {
			continue
		}
		if !known {
			count(&counts.Fields, plan.table.Name+"."+key)
			continue
		}
		for i := range targets {
			r.fill(r.log, &targets[i], members.Value(), counts)
		}
	}
}

func (r *run) fillUnsorted(text, category string, object, event jsontape.Value) {
	plan := r.unsorted
	r.log.Set(mustColumn(plan.table, "Record"), schema.Dynamic(text), 0)
	for _, c := range [...]struct{ column, text string }{
		{"Category", category},
		{"OperationName", stringOr(object, "operationName")},
		{"AADTenantId", stringOr(object, "tenantId")},
		{"ReportId", stringOr(event, "ReportId")},
	} {
		if c.text != "" {
			value := schema.String(strings.Clone(c.text))
			r.log.Set(mustColumn(plan.table, c.column), value, 0)
		}
	}
}

// defenderIdentity returns the identity of a streaming record: its tenant, its
// category, and what happened. The export repeats records with the same
// properties under another time of transport; and it sends a mail's record
// again, possibly under the same ReportId, when the verdict changed, which is
// news. So the properties as a whole are the identity, ReportId among them.
func (r *run) defenderIdentity(object jsontape.Value, category string, event jsontape.Value) schema.Record {
	r.buffer = r.appendObject(r.buffer[:0], event, sorted)
	tenant := r.tenantOf(stringOr(object, "tenantId"))
	return schema.Record{
		Key:    schema.NewKey(tenant, "defender", category, unsafeString(r.buffer)),
		Digest: schema.NewDigest(r.buffer),
	}
}
