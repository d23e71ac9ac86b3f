package servertest

import (
	"context"
	"math"
	"time"

	"github.com/quoll/quoll/server"
)

// Connectors implements server.Connectors.
func (c *Canned) Connectors(context.Context) ([]server.Connector, error) {
	now := c.clock().UTC()
	const api, apiTitle = "activity", "Office 365 Management Activity API"
	const blob, blobTitle = "blobexport", "Defender export to storage"
	list := []server.Connector{
		connector(now, api, apiTitle, "Audit.Exchange", 3*time.Minute, 61_042),
		connector(now, api, apiTitle, "Audit.SharePoint", 4*time.Minute, 38_507),
		connector(now, api, apiTitle, "Audit.AzureActiveDirectory", 2*time.Minute, 20_111),
		connector(now, api, apiTitle, "Audit.General", 95*time.Minute, 12_930),
		connector(now, api, apiTitle, "DLP.All", 0, 0),
		connector(now, blob, blobTitle, "EmailEvents", 40*time.Second, 8_420),
		connector(now, blob, blobTitle, "EmailUrlInfo", 42*time.Second, 15_018),
		connector(now, blob, blobTitle, "UrlClickEvents", 55*time.Second, 611),
	}
	// A road that never got anywhere.
	list = append(list, connector(now, "eventhub", "Defender XDR streaming to Event Hubs", "", 0, 0))
	list[8].State = server.ConnectorFailing
	list[8].LastError = &server.ConnectorError{
		Time: now.Add(-20 * time.Second), Code: "unreachable", Attempts: 41, Message: "connect: dial tcp: lookup wattleworks.servicebus.windows.net: no such host",
		Cause: "The namespace cannot be reached.", Remedy: "Is its name right, does the network let port 9093 out, and does the tier speak Kafka (Standard, Premium or Dedicated)?",
	}
	list[3].State = server.ConnectorDelayed
	list[3].Backlog = server.Backlog{Payloads: 37, Oldest: at(now.Add(-95 * time.Minute)), NextExpiry: at(now.Add(6*24*time.Hour + 22*time.Hour))}
	list[4].State = server.ConnectorWaiting
	list[1].State = server.ConnectorFailing
	list[1].LastError = &server.ConnectorError{
		Time: now.Add(-70 * time.Second), Code: "AF429", Attempts: 3,
		Message: "Too many requests. Method=GetContent, PublisherId=00000000-0000-0000-0000-000000000000",
		Cause:   "Microsoft limits how many requests a publisher may make in a minute, and this tenant used them up.",
		Remedy:  "Nothing to do: Quoll waits and goes on. If it lasts, set a publisher id of your own.",
	}
	for i := range 5 {
		list[i].CredentialEnds = at(now.Add(12 * 24 * time.Hour))
		list[i].Warnings = []server.Warning{{
			Code: "credential-ends", Cause: "The client secret with which Quoll signs in ends in 12 days, on " + now.Add(12*24*time.Hour).Format(time.DateOnly) + ".",
			Remedy: "In the Microsoft Entra admin center open App registrations, the application, Certificates & secrets; create a client secret and put its value where Quoll's configuration reads it.",
		}}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.added {
		one := connector(now, api, apiTitle, "Audit.General", 0, 0)
		one.ID, one.TenantID, one.TenantName, one.State = api+"/"+t.ID+"/Audit.General", t.ID, t.Name, server.ConnectorWaiting
		list = append(list, one)
	}
	return list, nil
}

func connector(now time.Time, source, title, content string, lag time.Duration, records int64) server.Connector {
	c := server.Connector{
		ID: source + "/" + TenantID + "/" + content, Source: source, Title: title,
		TenantID: TenantID, TenantName: "Wattle Works", ContentType: content, State: server.ConnectorHealthy,
		Counts: server.ConnectorCounts{Payloads: records / 40, Records: records, Duplicates: records / 900, LastHour: records / 70, LastDay: records / 3},
	}
	if records == 0 {
		return c
	}
	seconds := lag.Seconds()
	c.LastEvent, c.LastReceived, c.LagSeconds = at(now.Add(-lag)), at(now.Add(-lag/8)), &seconds
	c.Lags = lags(seconds)
	for i := range 24 {
		share := 1 + math.Sin(float64(i)/24*2*math.Pi)
		c.History = append(c.History, server.HistoryPoint{
			Time: now.Truncate(time.Hour).Add(time.Duration(i-23) * time.Hour), Records: int64(share*float64(records)/70) + int64(i*7%13),
		})
	}
	return c
}

// lags are those of a stream that is usually as late as given.
func lags(seconds float64) *server.Lags {
	stage := func(share float64) server.Lag {
		s := seconds * share
		return server.Lag{Records: 870, P50Seconds: s, P90Seconds: 2 * s, P99Seconds: 5 * s, MaxSeconds: 9 * s}
	}
	span := server.LagSpan{"eventToAvailable": stage(0.9), "availableToJournalled": stage(0.08), "journalledToVisible": stage(0.02), "eventToVisible": stage(1)}
	return &server.Lags{Hour: span, Day: span}
}

func at(t time.Time) *time.Time { return &t }

// Status implements server.Reporter.
func (c *Canned) Status(context.Context) (*server.Status, error) {
	now := c.clock().UTC()
	first := now.Add(-72 * time.Hour)
	return &server.Status{
		Version: "0.1.0", Commit: "0123abc", Started: now.Add(-26 * time.Hour), Workspace: "b1f0c9d2-0000-4000-8000-00000000c0de",
		Journal: server.JournalStatus{Position: 40_218, Bytes: 318_767_104, Updated: at(now.Add(-4 * time.Second))},
		Lake: server.LakeStatus{Position: 40_218, Committed: 40_127, Flushed: at(now.Add(-2 * time.Minute)), Tables: []server.TableStatus{
			{Name: "OfficeActivity", Rows: 98_201, Fresh: 412, Files: 15, Bytes: 22_020_096, Earliest: &first, Latest: &now},
			{Name: "UnifiedAuditLog", Rows: 132_590, Fresh: 540, Files: 15, Bytes: 71_303_168, Earliest: &first, Latest: &now},
			{Name: "EmailEvents", Rows: 8_420, Fresh: 31, Files: 9, Bytes: 2_411_724, Earliest: &first, Latest: &now},
			{Name: "EmailUrlInfo", Rows: 15_018, Fresh: 77, Files: 9, Bytes: 1_310_720, Earliest: &first, Latest: &now},
			{Name: "UrlClickEvents", Rows: 611, Files: 4, Bytes: 204_800, Earliest: &first, Latest: &now},
			{Name: "AlertEvidence"},
		}},
		Lags: []server.StreamLags{{TenantID: TenantID, ContentType: "Audit.Exchange", Lags: *lags(180)}},
		Archive: &server.ArchiveStatus{
			Position: 40_190, Sealed: at(now.Add(-35 * time.Second)),
			Verified:   &server.Verification{Time: now.Add(-6 * time.Hour), Passed: true, Detail: "39,480 payloads, 401 checkpoints", Stamps: &server.VerifiedStamps{Rooted: true, Count: 26, Trusted: 25, Reason: "ridge: the certificate CN=Ridge TSA leads to no root that is given"}},
			Checkpoint: &server.Checkpoint{Origin: "wattleworks.example/archive", Size: 40_612, Root: "mM1y9YQ6Tq2bQbVZ7o2u5f3m0lq0yB0ePZcW6m3n1cE=", Time: now.Add(-35 * time.Second)},
			Drill:      &server.Drill{Time: now.Add(-9 * 24 * time.Hour), Passed: true, Detail: "14 tables have the same number of rows as the data directory", Position: 36_004, Bytes: 281_200_111, Rows: 231_002, Seconds: 64.2},
			Witnesses: []server.WitnessStatus{
				{Name: "witness.harbour.example", URL: "https://witness.harbour.example", Size: 40_612, Time: at(now.Add(-30 * time.Second))},
				{Name: "witness.ridge.example", URL: "https://witness.ridge.example", Size: 39_900, Time: at(now.Add(-5 * time.Hour)), Problem: "ask witness: connection refused"},
			},
			Timestamps: []server.TimestampStatus{
				{Name: "harbour", URL: "https://tsa.harbour.example", Size: 40_201, Time: at(now.Add(-2 * time.Hour)), Subject: "CN=Harbour Time Stamping 2026,O=Harbour Trust", Policy: "1.3.6.1.4.1.32473.1", EverySeconds: 86_400},
				{Name: "ridge", URL: "https://ridge.example", Size: 36_112, Time: at(now.Add(-3 * 24 * time.Hour)), Subject: "CN=Ridge TSA", Policy: "1.3.6.1.4.1.32473.2", EverySeconds: 86_400, Late: true, Problem: "the time-stamping authority refuses: rejection, unacceptedPolicy", Remedy: "It is tried again. The authority says why; without a policy in archive_timestamps it stamps under its own.", Failures: 22, Since: at(now.Add(-47 * time.Hour))},
			},
			Copies: []server.CopyStatus{
				{Name: "second-disk", Store: "/mnt/second/quoll", Leaves: 40_612, Time: at(now.Add(-30 * time.Second)), AlarmAfter: 3600, Locking: "a folder does not lock", LagSeconds: 4},
				{Name: "vault", Store: "s3://quoll-archive/wattleworks", Leaves: 40_612, Time: at(now.Add(-90 * time.Second)), AlarmAfter: 3600, RetainDays: 550, Locking: "object lock in compliance mode", LagSeconds: 64},
				{Name: "azure", Store: "az://wattleworks/archive", Leaves: 38_204, Time: at(now.Add(-7 * time.Hour)), Objects: 96, Bytes: 41_203_112, LagSeconds: 25_300, Late: true, AlarmAfter: 3600, RetainDays: 550, Unlocked: true, Locking: "version-level immutability is off", Problem: "put object: 403 AuthorizationPermissionMismatch", Since: at(now.Add(-7 * time.Hour)), Failures: 31, Stopped: true},
			},
			Recipients:     []string{"age1canned7q0ls0x2v6r3u4k8m9n5p2w7y6t3r4e5w6q7a8s9d0f1g2h3j"},
			RowFiles:       &server.RowFileStatus{Files: 412, Kept: 396, Waiting: 2, LagSeconds: 140, Looked: at(now.Add(-20 * time.Second))},
			Reconciliation: reconciliation(now.Add(-4 * time.Hour)),
			Certificates:   &server.CertificateCount{Certificates: 292, Tenants: 1, Earliest: now.AddDate(0, 0, -60).Format(time.DateOnly), Latest: now.AddDate(0, 0, -2).Format(time.DateOnly)},
		},
	}, nil
}
