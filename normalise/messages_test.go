package normalise_test

import (
	"testing"

	"github.com/quoll/quoll/internal/frames"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// TestMessagesStandAlone has hostile messages between good ones: each good record
// is a row, and nothing of a neighbour is lost or taken over.
func TestMessagesStandAlone(t *testing.T) {
	record := func(id string) string {
		return `{"time":"2026-09-18T14:11:24Z","tenantId":"t","category":"AdvancedHunting-EmailEvents","properties":{"Timestamp":"2026-09-18T14:08:56Z","NetworkMessageId":"` + id + `"}}`
	}
	var body []byte
	for i, message := range []string{
		`{"records":[` + record("a") + "," + record("b") + `]}`,
		"", `{"records":[`, `{"records":[{"category":`, "\xff\xfe", `"`, `null`, `{"records":[]}`,
		record("c"), `[` + record("d") + "]\r\n", "7 7 3\n{}\n", `{"records":[` + record("e") + `,{"properties":`,
		`{"records":[` + record("f") + `]}`,
	} {
		body = frames.Append(body, frames.Frame{Offset: int64(i), Body: []byte(message)})
	}
	got := normalise.New(normalise.Config{WorkspaceID: "w"}).Payload(model.Payload{Format: model.FormatDefenderMessages, Body: body})
	var ids string
	for _, r := range got.Records {
		for _, row := range r.Rows {
			if row.Table.Name == schema.EmailEvents {
				id, _ := row.Table.Column("NetworkMessageId")
				ids += row.Value(id).String()
			}
		}
	}
	if ids != "abcdef" {
		t.Errorf("rows of %q, want those of abcdef", ids)
	}
	if len(got.Rejects) == 0 {
		t.Error("nothing is rejected")
	}
	cut := normalise.New(normalise.Config{}).Payload(model.Payload{Format: model.FormatDefenderMessages, Body: body[:len(body)-1]})
	if len(cut.Records) != len(got.Records)-1 || len(cut.Rejects) != len(got.Rejects)+1 {
		t.Errorf("%d records and %d rejects of a body that was cut, want %d and %d", len(cut.Records), len(cut.Rejects), len(got.Records)-1, len(got.Rejects)+1)
	}
}
