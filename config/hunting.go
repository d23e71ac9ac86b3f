package config

import (
	"time"

	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/cloud"
	"github.com/quoll/quoll/collect/hunting"
)

// huntingSection sets the collection of Defender's tables through advanced
// hunting, which signs in with the application of audit_log.
type huntingSection struct {
	Tables            []string `yaml:"tables"`
	PollEvery         duration `yaml:"poll_every"`
	RequestsPerMinute int      `yaml:"requests_per_minute"`
	BaseURL           string   `yaml:"base_url"`
}

// hunting builds the collection for a tenant, nil where none is asked for.
func (b *builder) hunting(t tenant, audit *activity.Config, where string) *hunting.Config {
	s := t.Hunting
	if s == nil {
		return nil
	}
	if audit == nil {
		b.bad("%s: there is no audit_log, whose application it would sign in with", where)
		return nil
	}
	other := ""
	switch {
	case t.Defender != nil:
		other = "a defender_export"
	case t.EventHubs != nil:
		other = "event_hubs"
	}
	if other != "" {
		b.bad("%s: there is %s too; both bring the same events in different words, and would double them", where, other)
		return nil
	}
	at, ok := cloud.Cloud(audit.Cloud).Endpoints()
	if !ok {
		return nil // reported with audit_log
	}
	if !at.Hunting && s.BaseURL == "" {
		b.bad("%s: Microsoft offers no advanced hunting through Graph in the cloud %s", where, audit.Cloud)
		return nil
	}
	c := hunting.DefaultConfig()
	c.TenantID, c.BaseURL = t.TenantID, or(s.BaseURL, at.Graph)
	if len(s.Tables) > 0 {
		c.Tables = s.Tables
	}
	c.PollEvery = or(time.Duration(s.PollEvery), c.PollEvery)
	c.RequestsPerMinute = or(s.RequestsPerMinute, c.RequestsPerMinute)
	if err := c.Validate(); err != nil {
		b.bad("%s: %w", where, err)
	}
	return &c
}
