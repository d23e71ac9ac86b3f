package main

import (
	"fmt"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/pipeline"
)

const codeOtherOrganization = "other-organization"

// flows tells what came from a source, tenant and content type since the process
// started; nil knows of nothing.
type flows func(pipeline.Origin) pipeline.Flow

// warn adds to a status what came with a tenant's content and names another
// organisation.
func (f flows) warn(status *collect.Status) {
	if f == nil {
		return
	}
	for i := range status.Streams {
		s := &status.Streams[i]
		came := f(pipeline.Origin{Source: status.Source, Tenant: status.Tenant, Content: s.ContentType})
		if came.Others > 0 {
			s.Warnings = append(s.Warnings, otherOrganization(s.ContentType, came))
		}
	}
}

func otherOrganization(contentType string, came pipeline.Flow) collect.Problem {
	records, name := "records", "name"
	if came.Others == 1 {
		records, name = "record", "names"
	}
	return collect.Problem{
		Code:  codeOtherOrganization,
		Cause: fmt.Sprintf("%d %s of %s since the start %s another organisation than the tenant, as %q.", came.Others, records, contentType, name, came.Other),
		Remedy: "Nothing is lost: they are in UnifiedAuditLog under that organisation. Look at them with UnifiedAuditLog | where OrganizationId =~ " + literals([]string{came.Other}) +
			", and ask Microsoft support if the organisation is none of yours.",
	}
}
