package normalise

import (
	"math"
	"strconv"
	"strings"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/schema"
)

// csvPlan is what the rows of an OfficeActivity export need, in CSV or JSON.
type csvPlan struct {
	table     *schema.Table
	columns   []target // by column, each from the field of its own name
	constants []schema.Cell

	time, start, elevation, size, id, organization, tenant int
}

func newCSVPlan(workspace string) *csvPlan {
	table, _ := schema.Lookup(schema.OfficeActivity)
	columns := make([]target, len(table.Columns))
	for i, c := range table.Columns {
		columns[i] = target{column: i, kind: c.Type, name: table.Name + "." + c.Name}
	}
	return &csvPlan{
		table:        table,
		columns:      columns,
		constants:    officeConstants(table, workspace),
		time:         mustColumn(table, "TimeGenerated"),
		start:        mustColumn(table, "Start_Time"),
		elevation:    mustColumn(table, "ElevationTime"),
		size:         mustColumn(table, "_BilledSize"),
		id:           mustColumn(table, "OfficeId"),
		organization: mustColumn(table, "OrganizationId"),
		tenant:       mustColumn(table, "TenantId"),
	}
}

// officeActivityCSV reads rows of OfficeActivity as the portal of Sentinel
// exports them: times named "TimeGenerated [UTC]" in US form, and, as a
// spreadsheet leaves them, TRUE for True. Other columns, such as UserId_, are
// counted and left out. What Sentinel wrote is kept, RecordType "50" included;
// only TenantId becomes the workspace that holds the row now.
//
// A row has the identity of the audit record it was made from, so that an
// import beside records collected by Quoll adds no row twice.
func (r *run) officeActivityCSV() {
	p := r.csv
	var columns []int // by field; -1 for none
	r.csvLines(func(header []string) string {
		known := 0
		columns = make([]int, len(header))
		for i, name := range header {
			column, ok := p.table.Column(strings.TrimSuffix(name, " [UTC]"))
			if !ok {
				columns[i] = -1
				continue
			}
			columns[i] = column
			known++
		}
		if known == 0 {
			return "no column of OfficeActivity in the header"
		}
		for i, name := range header {
			if columns[i] < 0 {
				count(&r.result.Counts.Fields, name)
			}
		}
		return ""
	}, func(line csvLine) string {
		r.officeRow(columns, line)
		return ""
	})
}

func (r *run) officeRow(columns []int, line csvLine) {
	p := r.csv
	row := r.begin(p.table, p.constants)
	for i, column := range columns {
		if column < 0 || column == p.tenant || line.fields[i] == "" {
			continue
		}
		value, fits := r.csvValue(clean(line.fields[i]), p.table.Columns[column].Type)
		if !fits {
			count(&r.result.Counts.Values, "OfficeActivity."+p.table.Columns[column].Name)
			continue
		}
		row.Set(column, value, 0)
	}
	r.acceptOfficeRow(row, len(line.raw))
}

// officeObject makes the row of one JSON object, whose members are columns.
func (r *run) officeObject(text string, object jsontape.Value) string {
	p := r.csv
	if !p.knows(object) {
		return "no column of OfficeActivity in the object"
	}
	row := r.begin(p.table, p.constants)
	for members := object.Members(); members.Next(); {
		name := members.Key().Text()
		column, ok := p.table.Column(name)
		if !ok {
			count(&r.result.Counts.Fields, r.names.keep(name))
			continue
		}
		if column != p.tenant {
			r.fill(row, &p.columns[column], members.Value(), &r.result.Counts)
		}
	}
	r.acceptOfficeRow(row, len(text))
	return ""
}

// knows says that a member of the object is a column.
func (p *csvPlan) knows(object jsontape.Value) bool {
	for members := object.Members(); members.Next(); {
		if _, ok := p.table.Column(members.Key().Text()); ok {
			return true
		}
	}
	return false
}

// acceptOfficeRow completes a row that Sentinel made, of that size as it came.
func (r *run) acceptOfficeRow(row *schema.Sheet, size int) {
	p := r.csv
	record := r.officeRowIdentity(row)
	row.Set(p.size, schema.Real(float64(size)), 0)
	if !row.Has(p.time) {
		row.Set(p.time, r.officeRowTime(row), 0)
	}
	record.Rows = []schema.Row{row.End()}
	r.accept(record)
}

// officeRowIdentity must be called before the row gets what is not in the line.
func (r *run) officeRowIdentity(row *schema.Sheet) schema.Record {
	p := r.csv
	r.buffer = r.buffer[:0]
	for column := range p.table.Columns {
		if row.Has(column) {
			r.buffer = appendString(r.buffer, p.table.Columns[column].Name)
			r.buffer = appendString(r.buffer, row.Value(column).String())
		}
	}
	digest := schema.NewDigest(r.buffer)
	tenant := r.tenantOf(row.Value(p.organization).Text())
	if id := row.Value(p.id).Text(); id != "" {
		return schema.Record{Key: auditKey(tenant, id), Digest: digest}
	}
	r.result.Counts.NoID++
	return schema.Record{Key: contentKey(tenant, kindAudit, r.buffer), Digest: digest}
}

// officeRowTime returns a time for a row exported without TimeGenerated: when
// Sentinel picked the record up, a few minutes after it happened, otherwise
// when the file arrived.
func (r *run) officeRowTime(row *schema.Sheet) schema.Value {
	r.result.Counts.Times++
	for _, column := range [...]int{r.csv.start, r.csv.elevation} {
		if row.Has(column) {
			return row.Value(column)
		}
	}
	if r.payload.Received.IsZero() {
		return schema.Null()
	}
	return schema.DateTime(r.payload.Received)
}

// csvValue reads a field that is not empty.
func (r *run) csvValue(text string, kind schema.Type) (value schema.Value, fits bool) {
	switch kind {
	case schema.TypeString:
		switch text {
		case "TRUE":
			text = "True"
		case "FALSE":
			text = "False"
		}
		return schema.String(text), true
	case schema.TypeDynamic:
		return schema.Dynamic(r.parseDynamic(text)), true
	case schema.TypeBool:
		b, err := strconv.ParseBool(strings.ToLower(text))
		return schema.Bool(b), err == nil
	case schema.TypeInt:
		n, err := strconv.ParseInt(text, 10, 32)
		return schema.Int(int32(n)), err == nil
	case schema.TypeReal:
		f, err := strconv.ParseFloat(text, 64)
		return schema.Real(f), err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	case schema.TypeDateTime:
		t, ok := parseTime(text)
		return schema.DateTime(t), ok
	}
	return schema.Null(), false
}
