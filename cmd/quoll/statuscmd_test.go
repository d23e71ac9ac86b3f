package main

import (
	"strings"
	"testing"

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
