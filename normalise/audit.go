package normalise

import (
	"time"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
)

// auditPlan says where the fields of an audit record go: to UnifiedAuditLog,
// which takes every record, and to OfficeActivity.
type auditPlan struct {
	log    *schema.Table
	office *schema.Table
	fields map[string]*auditField

	logConstants, officeConstants []schema.Cell

	logTime, logSize, logContentType, logRecord int
	officeTime, officeSize                      int
	officePickUp                                [2]int // Start_Time and ElevationTime
}

// auditField is the columns that one field goes to.
type auditField struct {
	log, office []target
	name        string
	path        uint64 // pathOf the name
}

// pathOr is pathOf a member, which needs no computing where there is a field.
func (f *auditField) pathOr(key string) uint64 {
	if f == nil {
		return pathOf(key)
	}
	return f.path
}

func newAuditPlan(workspace string) *auditPlan {
	log, _ := schema.Lookup(schema.UnifiedAuditLog)
	office, _ := schema.Lookup(schema.OfficeActivity)
	p := &auditPlan{
		log: log, office: office,
		fields:          make(map[string]*auditField),
		logConstants:    constants(log, workspace, "Quoll"),
		officeConstants: officeConstants(office, workspace),
		logTime:         mustColumn(log, "TimeGenerated"),
		logSize:         mustColumn(log, "_BilledSize"),
		logContentType:  mustColumn(log, "ContentType"),
		logRecord:       mustColumn(log, "Record"),
		officeTime:      mustColumn(office, "TimeGenerated"),
		officeSize:      mustColumn(office, "_BilledSize"),
		officePickUp:    [2]int{mustColumn(office, "Start_Time"), mustColumn(office, "ElevationTime")},
	}
	for field, targets := range targetsOf(log, "") {
		p.field(field).log = named(targets, map[string]conversion{
			"UnifiedAuditLog.RecordType":     enum(recordTypeNames[:]).long,
			"UnifiedAuditLog.RecordTypeName": enum(recordTypeNames[:]).text,
			"UnifiedAuditLog.UserType":       enum(userTypeNames[:]).long,
			"UnifiedAuditLog.UserTypeName":   enum(userTypeNames[:]).text,
		})
	}
	for field, targets := range targetsOf(office, "") {
		p.field(field).office = named(targets, officeConversions())
	}
	// The time has a fallback, see auditRecord; the fields are not unknown.
	p.field("CreationTime").log = nil
	p.field("CreationTime").office = nil
	return p
}

func (p *auditPlan) field(name string) *auditField {
	f := p.fields[name]
	if f == nil {
		f = &auditField{name: name, path: pathOf(name)}
		p.fields[name] = f
	}
	return f
}

// named gives targets their own conversion, by Table.Column.
func named(targets []target, conversions map[string]conversion) []target {
	for i := range targets {
		targets[i].convert = conversions[targets[i].name]
	}
	return targets
}

// auditRecord makes the rows of one audit record. text is the record's own.
func (r *run) auditRecord(text string, object jsontape.Value) string {
	p := r.audit
	record := r.shape(object, p)
	if record.time < 0 { // a record has its own; what has none may be a wrapper
		if text, object = r.unwrap(text, object); object.Kind() != jsontape.Object {
			return "AuditData holds no valid JSON object"
		}
		record = r.shape(object, p)
	}
	workload := stringOf(record.value(record.workload))
	counts := &r.result.Counts
	contentType := r.contentType(workload, object)
	inOffice := connectorTakes(workload, contentType)

	r.log = r.begin(p.log, p.logConstants)
	if inOffice {
		r.office = r.begin(p.office, p.officeConstants)
	}
	r.survey.start()
	for number, field := range record.fields {
		key, v := record.names[number], record.value(number)
		if r.survey.known != nil {
			r.survey.member(key, field.pathOr(key), v)
		}
		if field == nil {
			r.fields.count(record.unknown[number])
			continue
		}
		for i := range field.log {
			r.fill(r.log, &field.log[i], v, counts)
		}
		if !inOffice {
			continue
		}
		for i := range field.office {
			r.fill(r.office, &field.office[i], v, counts)
		}
	}
	if number, ok := toInt64(record.value(record.recordType)); ok && !enum(recordTypeNames[:]).knows(number) {
		counts.recordType(number)
	}
	at := r.timeOf(record.value(record.time))
	size := schema.Real(float64(len(text)))
	r.survey.audit(object, at.Time())

	r.log.Set(p.logTime, at, 0)
	r.log.Set(p.logSize, size, 0)
	r.log.SetParsed(p.logRecord, text, 0)
	if contentType != "" {
		r.log.Set(p.logContentType, schema.String(contentType), 0)
	}
	made := r.auditIdentity(&record)
	rows := append(r.pending[:0], r.log.End())
	if inOffice {
		r.office.Set(p.officeTime, at, 0)
		r.office.Set(p.officeSize, size, 0)
		r.setPickUp()
		rows = append(rows, r.office.End())
	}
	made.Rows = r.rows.copy(rows)
	r.accept(made)
	return ""
}

// contentType returns the content type of the feed that a record came by. A
// search does not say it; it is the one by which Microsoft delivers such a
// record, and empty where that is not known for sure.
func (r *run) contentType(workload string, object jsontape.Value) string {
	if r.payload.Format != model.FormatAuditSearchPage {
		return r.payload.ContentType
	}
	switch number, _ := toInt64(object.Get("RecordType")); number {
	case 13, 107: // ComplianceDLPExchange, ComplianceDLPExchangeClassification
		return contentDLP
	case 11, 33, 63: // ComplianceDLPSharePoint, its Classification, DLPEndpoint: seen in either feed
		return ""
	}
	switch workload {
	case "":
		return ""
	case workloadExchange:
		return contentExchange
	case workloadSharePoint, workloadOneDrive:
		return contentSharePoint
	case workloadEntra:
		return contentEntra
	}
	return contentGeneral
}

// setPickUp fills Start_Time and ElevationTime, each where the record has none, with
// the time at which the payload was picked up: Sentinel does so in every row.
func (r *run) setPickUp() {
	if r.payload.Received.IsZero() {
		return
	}
	for _, column := range r.audit.officePickUp {
		r.office.Set(column, schema.DateTime(r.payload.Received), pickUpRank)
	}
}

// pickUpRank is behind that of any field of a record.
const pickUpRank = 1 << 10

// unwrap returns the record inside the wrappers of audit search: the member
// AuditData, an object in Graph and a text in Search-UnifiedAuditLog. What is no
// wrapper is returned as it is. object is none when the wrapper
// holds no record.
func (r *run) unwrap(text string, object jsontape.Value) (string, jsontape.Value) {
	data := object.Get("AuditData")
	if data.Kind() == jsontape.None {
		data = object.Get("auditData")
	}
	switch data.Kind() {
	case jsontape.None:
		return text, object
	case jsontape.Object:
		// Without Graph's annotations it is the record as the API delivers it.
		text, inner, _ := r.parse(string(r.appendJSON(nil, data, noAnnotations)))
		return text, inner
	case jsontape.String:
		text, inner, _ := r.parse(data.Text())
		return text, inner
	}
	return "", jsontape.Value{}
}

// auditIdentity returns the identity of an audit record: its organisation and
// Id, or its content when it has no Id.
func (r *run) auditIdentity(record *shaped) schema.Record {
	r.buffer = r.appendCanonical(r.buffer[:0], record)
	digest := schema.NewDigest(r.buffer)
	tenant := r.tenantOf(stringOf(record.value(record.organization)))
	if tenant != r.tenant && r.tenant != "" {
		count(&r.result.Counts.Organisations, r.names.keep(tenant))
	}
	id := stringOf(record.value(record.id))
	if id == "" {
		r.result.Counts.NoID++
		return schema.Record{Key: contentKey(tenant, kindAudit, r.buffer), Digest: digest}
	}
	return schema.Record{Key: auditKey(tenant, id), Digest: digest}
}

// kindAudit is the kind of record in the keys of audit records, whether they
// came from the API or as rows that Sentinel made of them.
const kindAudit = "audit"

func auditKey(tenant, id string) schema.Key { return schema.NewKey(tenant, kindAudit, id) }

// contentKey is the key of a record without an id: the further part keeps it
// apart from every key with one.
func contentKey(tenant, kind string, canonical []byte) schema.Key {
	return schema.NewKey(tenant, kind, "", unsafeString(canonical))
}

// timeOf returns the first value that is a time, else when the payload arrived.
func (r *run) timeOf(values ...jsontape.Value) schema.Value {
	for i, v := range values {
		if at, ok := parseTime(stringOf(v)); ok && happens(at) {
			if i > 0 {
				r.result.Counts.Times++
			}
			return schema.DateTime(at)
		}
	}
	r.result.Counts.Times++
	if r.payload.Received.IsZero() {
		return schema.Null()
	}
	return schema.DateTime(r.payload.Received)
}

// happens reports whether something may have happened at a time, and not one of
// the defaults that stand for none: 0001, 1601 or 1900, and the end of 9999. By the
// first, retention would remove a record the moment it came; by the last, a source
// would seem to be heard for ever.
func happens(at time.Time) bool { return at.Year() >= 1970 && at.Year() < 9999 }

// stringOr returns the text or number in a field, "" when there is none. It is
// valid as long as the object.
func stringOr(object jsontape.Value, field string) string {
	return stringOf(object.Get(field))
}
