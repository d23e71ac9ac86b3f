package main

import (
	"context"
	"strings"
	"testing"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/pipeline"
)

// standing is a collector that is as it says.
type standing struct{ status collect.Status }

func (s standing) Run(context.Context) error { return nil }
func (s standing) Status() collect.Status    { return s.status }

// What names another organisation is a warning of the content type that brought it,
// also of a tenant that was added while the server ran.
func TestAStatusWarnsOfOtherOrganisations(t *testing.T) {
	r := newRoster()
	r.watchBy(nil, func(from pipeline.Origin) pipeline.Flow {
		if from == (pipeline.Origin{Source: model.SourceActivity, Tenant: "t1", Content: "Audit.General"}) {
			return pipeline.Flow{Others: 3, Other: `o"1`}
		}
		return pipeline.Flow{}
	})
	r.add(config.Tenant{ID: "t1"}, standing{collect.Status{
		Source: model.SourceActivity, Tenant: "t1",
		Streams: []collect.StreamStatus{{ContentType: "Audit.Exchange"}, {ContentType: "Audit.General"}},
	}})
	streams := r.all()[0].Status().Streams
	if len(streams[0].Warnings) != 0 {
		t.Errorf("Audit.Exchange has %+v", streams[0].Warnings)
	}
	if w := streams[1].Warnings; len(w) != 1 || w[0].Code != codeOtherOrganization || !strings.Contains(w[0].Cause, `3 records of Audit.General`) ||
		!strings.Contains(w[0].Remedy, `UnifiedAuditLog | where OrganizationId =~ "o\"1"`) {
		t.Errorf("Audit.General has %+v", w)
	}
}
