package normalise_test

import (
	"testing"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// One record has one identity and one digest, whichever road it came by and
// however that words it: or each would come twice, once as a false revision.
func TestOneRecordByAllRoads(t *testing.T) {
	record := func(format model.Format, body string) schema.Record {
		t.Helper()
		result := normalise.New(normalise.Config{}).Payload(model.Payload{Format: format, Body: []byte(body)})
		if len(result.Records) != 1 || len(result.Rejects) != 0 {
			t.Fatalf("%s: %d records, rejects %v", body, len(result.Records), result.Rejects)
		}
		return result.Records[0]
	}
	api := record(model.FormatAuditArray, `[{"CreationTime":"2026-09-14T08:21:07","Id":"f1","RecordType":1,"Workload":"Exchange","Parameters":[{"Name":"Name","Value":"x"}]}]`)
	for name, other := range map[string]schema.Record{
		"Graph":              record(model.FormatAuditSearchPage, `{"@odata.context":"c","value":[{"id":"f1","auditData":{"@odata.type":"#d","Id":"f1","CreationTime":"2026-09-14T08:21:07Z","RecordType":1,"Workload":"Exchange","ClientIP":null,"Parameters@odata.type":"#p","Parameters":[{"@odata.type":"#q","Name":"Name","Value":"x","Type":null}]}}],"@odata.nextLink":"n"}`),
		"an export":          record(model.FormatAuditSearchCSV, "RecordId,AuditData\nf1,\"{\"\"Id\"\":\"\"f1\"\",\"\"CreationTime\"\":\"\"2026-09-14T08:21:07.0000000Z\"\",\"\"RecordType\"\":1,\"\"Workload\"\":\"\"Exchange\"\",\"\"Parameters\"\":[{\"\"Name\"\":\"\"Name\"\",\"\"Value\"\":\"\"x\"\"}]}\"\n"),
		"another zone":       record(model.FormatAuditLines, `{"CreationTime":"2026-09-14T10:21:07+02:00","Id":"f1","RecordType":1,"Workload":"Exchange","Parameters":[{"Name":"Name","Value":"x"}]}`),
		"the wrapper's file": record(model.FormatAuditLines, `{"auditData":{"CreationTime":"2026-09-14T08:21:07","Id":"f1","RecordType":1,"Workload":"Exchange","Parameters":[{"Name":"Name","Value":"x"}]}}`),
	} {
		if other.Key != api.Key || other.Digest != api.Digest {
			t.Errorf("%s: key %x digest %x, not %x %x", name, other.Key, other.Digest, api.Key, api.Digest)
		}
	}
	for name, other := range map[string]schema.Record{
		"another second": record(model.FormatAuditLines, `{"CreationTime":"2026-09-14T08:21:08","Id":"f1","RecordType":1,"Workload":"Exchange","Parameters":[{"Name":"Name","Value":"x"}]}`),
		"another value":  record(model.FormatAuditLines, `{"CreationTime":"2026-09-14T08:21:07","Id":"f1","RecordType":1,"Workload":"Exchange","Parameters":[{"Name":"Name","Value":"y"}]}`),
		"an empty text":  record(model.FormatAuditLines, `{"CreationTime":"2026-09-14T08:21:07","Id":"f1","RecordType":1,"Workload":"Exchange","ClientIP":"","Parameters":[{"Name":"Name","Value":"x"}]}`),
	} {
		if other.Key != api.Key || other.Digest == api.Digest {
			t.Errorf("%s is taken for a repeat", name)
		}
	}
}
