package config

import (
	"strings"
	"time"

	"github.com/quoll/quoll/collect/blobexport"
)

// defenderSection is the streaming export in the layout of Azure Storage: in a
// folder, or in a storage account.
type defenderSection struct {
	Dir                string   `yaml:"dir"`
	PollEvery          duration `yaml:"poll_every"`
	AccountURL         string   `yaml:"account_url"`
	Containers         []string `yaml:"containers"`
	KeyFile            string   `yaml:"account_key_file"`
	KeyEnv             string   `yaml:"account_key_env"`
	SASFile            string   `yaml:"sas_file"`
	SASEnv             string   `yaml:"sas_env"`
	applicationSection `yaml:",inline"`
}

func (b *builder) defender(t tenant, built *Tenant, where string) {
	s := t.Defender
	built.DefenderPollEvery = or(time.Duration(s.PollEvery), time.Minute)
	if s.AccountURL != "" {
		if s.Dir != "" {
			b.bad("%s: give dir or account_url, not both", where)
			return
		}
		built.DefenderAccount = b.account(t, where)
		return
	}
	built.DefenderExportDir = b.path(s.Dir)
	if s.Dir == "" {
		b.bad("%s.dir: missing, and so is account_url; one of them says where the containers insights-logs-advancedhunting-… are", where)
	}
}

func (b *builder) account(t tenant, where string) *blobexport.AzureConfig {
	s := t.Defender
	c := &blobexport.AzureConfig{URL: strings.TrimSuffix(s.AccountURL, "/"), Containers: s.Containers, CAFile: b.path(s.CAFile)}
	var err error
	if s.KeyFile != "" || s.KeyEnv != "" {
		c.KeyFile = b.path(s.KeyFile)
		if c.Key, err = b.secret(s.KeyFile, s.KeyEnv); err != nil {
			b.bad("%s.account_key: %w", where, err)
			return nil
		}
	}
	if s.SASFile != "" || s.SASEnv != "" {
		c.SASFile = b.path(s.SASFile)
		if c.SAS, err = b.secret(s.SASFile, s.SASEnv); err != nil {
			b.bad("%s.sas: %w", where, err)
			return nil
		}
	}
	if s.ClientID != "" || !s.none() {
		if c.Application = b.application(s.applicationSection, t.TenantID, where); c.Application == nil {
			return nil
		}
	}
	if err := c.Validate(); err != nil {
		b.bad("%s: %w", where, err)
		return nil
	}
	return c
}
