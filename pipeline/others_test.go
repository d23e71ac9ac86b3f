package pipeline

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
)

// Records of another organisation are kept, counted for the tenant that they came
// with, and told of once.
func TestRecordsOfAnotherOrganisationAreTold(t *testing.T) {
	var log bytes.Buffer
	r := openRiver(t, t.TempDir(), func(p *Parts) { p.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	const own, other = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
	from := Origin{model.SourceActivity, own, "Audit.General"}
	for i, organization := range []string{strings.ToUpper(own), other, strings.ToUpper(other), ""} {
		r.add(t, model.Payload{
			Source: from.Source, Tenant: own, ContentType: from.Content, Format: model.FormatAuditArray, Name: fmt.Sprint("blob ", i),
			Body: fmt.Appendf(nil, `[{"Id":"%d","CreationTime":"2026-03-14T12:00:00","OrganizationId":%q}]`, i, organization),
		})
	}
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := r.rows(t, schema.UnifiedAuditLog); n != 4 {
		t.Errorf("%d rows, want all 4", n)
	}
	if f := r.Flow(from); f.Added != 4 || f.Others != 2 || f.Other != other {
		t.Errorf("flow %+v, want 2 records of %s", f, other)
	}
	if n := strings.Count(log.String(), "another organisation"); n != 1 || !strings.Contains(log.String(), other) {
		t.Errorf("told %d times, want once: %s", n, log.String())
	}
}

func TestHowOftenTheLogTellsOfOthersIsBounded(t *testing.T) {
	var log bytes.Buffer
	r := openRiver(t, t.TempDir(), func(p *Parts) { p.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	var body bytes.Buffer
	for i := range 3 * mostOthersTold {
		fmt.Fprintf(&body, `{"Id":"%d","CreationTime":"2026-03-14T12:00:00","OrganizationId":"o%d"},`, i, i)
	}
	r.add(t, model.Payload{Source: model.SourceActivity, Tenant: "t1", Format: model.FormatAuditArray, Name: "blob", Body: body.Bytes()})
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "another organisation"); n != mostOthersTold {
		t.Errorf("told %d times, want %d", n, mostOthersTold)
	}
	if f := r.Flow(Origin{model.SourceActivity, "t1", ""}); f.Others != 3*mostOthersTold {
		t.Errorf("%d counted, want all %d", f.Others, 3*mostOthersTold)
	}
}
