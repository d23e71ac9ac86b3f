package config

import (
	"time"

	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/collect/cloud"
)

// auditSearchSection sets the search of the audit log in Microsoft Graph, which
// signs in with the application of audit_log.
type auditSearchSection struct {
	APIVersion        string `yaml:"api_version"`
	BaseURL           string `yaml:"base_url"`
	RetentionDays     int    `yaml:"retention_days"`
	Queries           int    `yaml:"queries"`
	RequestsPerMinute int    `yaml:"requests_per_minute"`
	QueriesPerMinute  int    `yaml:"queries_per_minute"`
}

// maxRetentionDays is the longest that Microsoft's retention policies keep audit
// records: ten years.
const maxRetentionDays = 3660

// auditSearch builds the search for a tenant whose audit log is collected, nil
// where its cloud has none.
func (b *builder) auditSearch(t tenant, audit *activity.Config, where string) *auditsearch.Config {
	s := auditSearchSection{}
	if t.AuditSearch != nil {
		s = *t.AuditSearch
	}
	if audit == nil {
		if t.AuditSearch != nil {
			b.bad("%s: there is no audit_log, whose application it would sign in with", where)
		}
		return nil
	}
	at, ok := cloud.Cloud(audit.Cloud).Endpoints()
	if !ok {
		return nil // reported with audit_log
	}
	if !at.AuditSearch && s.BaseURL == "" {
		if t.AuditSearch != nil {
			b.bad("%s: Microsoft offers the search of the audit log in the clouds commercial and gcc only, not in %s", where, audit.Cloud)
		}
		return nil
	}
	c := auditsearch.DefaultConfig()
	c.TenantID = t.TenantID
	c.BaseURL, c.Version = or(s.BaseURL, at.Graph), or(s.APIVersion, c.Version)
	c.Concurrency, c.RequestsPerMinute = or(s.Queries, c.Concurrency), or(s.RequestsPerMinute, c.RequestsPerMinute)
	c.SubmissionsPerMinute = or(s.QueriesPerMinute, c.SubmissionsPerMinute)
	if s.RetentionDays < 0 || s.RetentionDays > maxRetentionDays {
		b.bad("%s.retention_days: %d is not between 1 and %d", where, s.RetentionDays, maxRetentionDays)
	}
	if s.RetentionDays > 0 {
		c.Retention = time.Duration(s.RetentionDays) * 24 * time.Hour
	}
	if err := c.Validate(); err != nil && t.AuditSearch != nil {
		b.bad("%s: %w", where, err)
	}
	return &c
}
