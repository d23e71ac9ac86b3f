package normalise_test

import (
	"testing"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// Quoll's own rows go to the tables that are its own, and nowhere else.
func TestOwnRows(t *testing.T) {
	received := time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)
	body := `{"table":"SecurityAlert","key":"k1","row":{"AlertName":"a","ConfidenceScore":0.5,"StartTime":"2026-09-14T11:00:00Z","IsIncident":false,"Unheard":1}}
{"table":"SecurityIncident","key":"k2","row":{"TimeGenerated":"2026-09-14T11:30:00Z","IncidentNumber":7,"AlertIds":["x"],"SourceSystem":"Quoll"}}
{"table":"OfficeActivity","key":"k3","row":{"Operation":"Send"}}
{"table":"SecurityAlert","key":"","row":{}}
`
	result := normalise.New(normalise.Config{WorkspaceID: "w"}).Payload(model.Payload{Source: model.SourceQuoll, Format: model.FormatOwnRows, Received: received, Body: []byte(body)})
	if len(result.Records) != 2 || len(result.Rejects) != 2 {
		t.Fatalf("%d records, rejects %v", len(result.Records), result.Rejects)
	}
	value := func(n int, column string) schema.Value {
		row := result.Records[n].Rows[0]
		i, ok := row.Table.Column(column)
		if !ok {
			t.Fatalf("no column %s", column)
		}
		return row.Value(i)
	}
	if got := value(0, "TimeGenerated").Time(); !got.Equal(received) {
		t.Errorf("a row without a time got %s, want that of the payload", got)
	}
	if value(0, "TenantId").Text() != "w" || value(0, "Type").Text() != "SecurityAlert" || value(0, "ConfidenceScore").Float64() != 0.5 {
		t.Errorf("row %v", result.Records[0].Rows[0])
	}
	if value(1, "IncidentNumber").Int64() != 7 || value(1, "AlertIds").Text() != `["x"]` || !value(1, "TimeGenerated").Time().Equal(received.Add(-30*time.Minute)) {
		t.Errorf("row %v", result.Records[1].Rows[0])
	}
}
