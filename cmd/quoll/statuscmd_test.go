package main

import (
	"strings"
	"testing"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/server"
)

func TestStatusShowsWarnings(t *testing.T) {
	var b strings.Builder
	err := printStatus(&b, &server.Status{Warnings: []server.ConnectorWarning{{
		Connector: "activity/1", Warning: server.Warning{Code: "credential-ends", Cause: "The certificate ends in 7 days.", Remedy: "Upload another."},
	}}})
	if err != nil || !strings.Contains(b.String(), "warning   activity/1: The certificate ends in 7 days.\n          Upload another.\n") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestStatusSaysWhatFails(t *testing.T) {
	alarm := collect.Problem{Code: "content-expires", Cause: "1 blob is outstanding and will be lost.", Remedy: "End the trouble."}
	problems, warnings := toldBy(collect.Status{Name: "activity/1", Streams: []collect.StreamStatus{
		{ContentType: "DLP.All", Problem: &collect.Problem{Code: "AF20022", Cause: "There is no subscription.", Remedy: "Take it out."}},
		{ContentType: "Audit.General"},
		{ContentType: "Audit.Exchange", Problem: &alarm, Warnings: []collect.Problem{alarm}},
	}})
	var b strings.Builder
	err := printStatus(&b, &server.Status{Problems: problems, Warnings: warnings})
	want := "failing   activity/1/DLP.All: There is no subscription.\n          Take it out.\nwarning   activity/1: 1 blob is outstanding and will be lost.\n          End the trouble.\n"
	if err != nil || !strings.HasSuffix(b.String(), want) {
		t.Errorf("%v\n%s\nwant at its end\n%s", err, b.String(), want)
	}
}
