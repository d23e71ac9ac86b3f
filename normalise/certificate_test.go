package normalise

import (
	"testing"

	"github.com/quoll/quoll/model"
)

// TestCertificatesAreNoRows: what the ledger certifies passes by on its way to
// the archive.
func TestCertificatesAreNoRows(t *testing.T) {
	for _, format := range []model.Format{model.FormatCertificate, model.FormatBlobList, model.FormatOperations, model.FormatOperationsHead} {
		got := New(Config{}).Payload(model.Payload{Source: model.SourceLedger, Format: format, Body: []byte(`{"Id":"1"}`)})
		if len(got.Records)+len(got.Rejects)+len(got.Sightings) != 0 {
			t.Errorf("%s: %d records, %d rejects, %d sightings, want none", format, len(got.Records), len(got.Rejects), len(got.Sightings))
		}
	}
}
