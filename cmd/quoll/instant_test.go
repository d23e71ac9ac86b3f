package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/config"
)

func TestInstant(t *testing.T) {
	now := time.Date(2026, 9, 14, 8, 22, 33, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                          {},
		"2026-09-01":                time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC),
		"2026-09-01T12:30":          time.Date(2026, 9, 1, 12, 30, 0, 0, time.UTC),
		"2026-09-01 12:30:15":       time.Date(2026, 9, 1, 12, 30, 15, 0, time.UTC),
		"2026-09-01T12:30:15+10:00": time.Date(2026, 9, 1, 2, 30, 15, 0, time.UTC),
		"30d":                       now.AddDate(0, 0, -30),
		"0.5d":                      now.Add(-12 * time.Hour),
		"36h":                       now.Add(-36 * time.Hour),
		"0s":                        now,
	} {
		if got, err := instant("--from", text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"yesterday", "-3d", "-1h", "2026-13-01", "d", "1e9d", "NaNd"} {
		if got, err := instant("--from", text, now); err == nil || !strings.Contains(err.Error(), `--from "`+text+`" is no time`) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestBackfillFlagsThatMakeNoSense(t *testing.T) {
	for says, o := range map[string]backfillOptions{
		"--from is missing":         {output: "text", to: "0s"},
		`--to "soon" is no time`:    {output: "text", from: "1d", to: "soon"},
		`--from "never" is no time`: {output: "text", from: "never", to: "0s"},
	} {
		_, err := o.request(time.Now())
		var exit *exitError
		if !errors.As(err, &exit) || exit.code != exitUsage || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestChosenTenants(t *testing.T) {
	c := &config.Config{Tenants: []config.Tenant{
		{Name: "coast", ID: "1", Activity: &activity.Config{}, AuditSearch: &auditsearch.Config{}},
		{Name: "hills", ID: "2"},
		{Name: "river", ID: "3", Activity: &activity.Config{}, AuditSearch: &auditsearch.Config{}},
	}}
	for _, test := range []struct {
		names []string
		want  string
	}{{nil, "1 3"}, {[]string{"river"}, "3"}, {[]string{"2", "coast"}, "2 1"}} {
		chosen, err := chooseTenants(c.Tenants, test.names)
		var ids []string
		for _, tenant := range chosen {
			ids = append(ids, tenant.ID)
		}
		if got := strings.Join(ids, " "); err != nil || got != test.want {
			t.Errorf("%v: %s, %v", test.names, got, err)
		}
	}
	if _, err := chooseTenants(c.Tenants, []string{"nowhere"}); err == nil || !strings.Contains(err.Error(), "no such tenant") {
		t.Error(err)
	}
	if _, err := chooseTenants(nil, nil); err == nil {
		t.Error("a configuration without tenants")
	}
}
