package main

import (
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/server"
)

// lagsView says how long the records of a stream take; nil while none has
// become visible.
func lagsView(lags *collect.Lags, s collect.Stream, now time.Time) *server.Lags {
	hour, day := lags.Summary(s, now)
	if len(day) == 0 {
		return nil
	}
	return &server.Lags{Hour: lagSpan(hour), Day: lagSpan(day)}
}

func lagSpan(stages map[collect.LagStage]collect.LagSummary) server.LagSpan {
	span := server.LagSpan{}
	for stage, l := range stages {
		span[string(stage)] = server.Lag{
			Records: l.Records, P50Seconds: l.P50.Seconds(), P90Seconds: l.P90.Seconds(), P99Seconds: l.P99.Seconds(), MaxSeconds: l.Max.Seconds(),
		}
	}
	return span
}

// tenantLags are those of everything that was measured of some tenants, each
// once: by content type, and by table where tables come mixed.
func tenantLags(lags *collect.Lags, tenants []string, now time.Time) []server.StreamLags {
	var all []server.StreamLags
	for _, tenant := range tenants {
		for _, name := range lags.ContentTypes(tenant) {
			if view := lagsView(lags, collect.Stream{Tenant: tenant, ContentType: name}, now); view != nil {
				all = append(all, server.StreamLags{TenantID: tenant, ContentType: name, Lags: *view})
			}
		}
	}
	return all
}
