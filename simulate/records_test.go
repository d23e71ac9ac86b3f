package simulate

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/world"
)

const tenantID = "11111111-2222-4333-8444-555555555555"

// sample is the wording of a record as the simulated agency produces it, with
// gaps for its time and its id.
type sample struct {
	head, middle, tail []byte
	office             map[string]bool // content types in which it has a row in OfficeActivity
}

// record words a record.
func (s *sample) record(id string, at time.Time) []byte {
	return bytes.Join([][]byte{s.head, []byte(audit.Time(at)), s.middle, []byte(id), s.tail}, nil)
}

// revise returns a record with other content.
func revise(body []byte, version int) []byte {
	return fmt.Appendf(bytes.Clone(body[:len(body)-1]), `,"Revision":%d}`, version)
}

// samples returns wordings by content type. Making a world is dear, so that all
// lives share them.
var samples = sync.OnceValues(func() (map[string][]*sample, error) {
	start := time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC) // a Wednesday morning there
	w := world.New(world.Config{Seed: 1, TenantID: tenantID, Start: start, Volume: 1})
	batch, err := w.Advance(start.Add(2 * time.Hour))
	if err != nil {
		return nil, err
	}
	n := normalise.New(normalise.Config{WorkspaceID: "simulated"})
	all, seen := map[string][]*sample{}, map[string]int{}
	for _, r := range batch.Audit {
		s, err := newSample(n, r.Record)
		if err != nil {
			return nil, err
		}
		for _, contentType := range r.ContentTypes {
			// No more than a few of a kind: what there is much of would be all.
			kind := fmt.Sprint(contentType, len(s.tail)/200)
			if seen[kind]++; seen[kind] <= 6 {
				all[contentType] = append(all[contentType], s)
			}
		}
	}
	return all, nil
})

func newSample(n *normalise.Normaliser, r audit.Record) (*sample, error) {
	head, rest, ok := bytes.Cut(r.Body, []byte(audit.Time(r.Time)))
	middle, tail, found := bytes.Cut(rest, []byte(r.ID))
	if !ok || !found {
		return nil, fmt.Errorf("record %s has its time and its id elsewhere", r.ID)
	}
	s := &sample{head: head, middle: middle, tail: tail, office: map[string]bool{}}
	for _, contentType := range audit.ContentTypes() {
		result := n.Payload(model.Payload{
			Tenant: tenantID, Source: model.SourceActivity, Format: model.FormatAuditArray, ContentType: contentType,
			Body: append(append([]byte{'['}, r.Body...), ']'),
		})
		if len(result.Records) != 1 || len(result.Rejects) != 0 {
			return nil, fmt.Errorf("record %s is not taken: %+v", r.ID, result.Rejects)
		}
		for _, row := range result.Records[0].Rows {
			s.office[contentType] = s.office[contentType] || row.Table.Name == schema.OfficeActivity
		}
	}
	return s, nil
}
