package config

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/cloud"
	"github.com/quoll/quoll/collect/entra"
)

type activitySection struct {
	ClientID            string `yaml:"client_id"`
	credentialSection   `yaml:",inline"`
	Cloud               string   `yaml:"cloud"`
	BaseURL             string   `yaml:"base_url"`
	AuthorityURL        string   `yaml:"authority_url"`
	GraphURL            string   `yaml:"graph_url"`
	CAFile              string   `yaml:"ca_file"`
	PublisherIdentifier string   `yaml:"publisher_identifier"`
	ContentTypes        []string `yaml:"content_types"`
	PollEvery           duration `yaml:"poll_every"`
	RequestsPerMinute   int      `yaml:"requests_per_minute"`
	ExpiryAlarm         duration `yaml:"expiry_alarm"`
}

// credentialSection is how a configuration says what an application proves itself
// with. Secrets are in files or in the environment, never in the configuration
// itself, which gets copied, mailed and committed.
type credentialSection struct {
	ClientSecretFile        string `yaml:"client_secret_file"`
	ClientSecretEnv         string `yaml:"client_secret_env"`
	ClientSecretExpires     ending `yaml:"client_secret_expires"`
	CertificateFile         string `yaml:"certificate_file"`
	CertificatePasswordFile string `yaml:"certificate_password_file"`
	FederatedTokenFile      string `yaml:"federated_token_file"`
}

// ending is when a secret ends: "2027-03-01", in UTC, or "graph" to have
// Microsoft Graph asked.
type ending struct {
	at  time.Time
	ask bool
}

func (e *ending) UnmarshalYAML(node *yaml.Node) (err error) {
	if node.Value == "graph" {
		e.ask = true
		return nil
	}
	if e.at, err = time.Parse(time.DateOnly, node.Value); err != nil {
		return fmt.Errorf("line %d: %q is no date; write it as 2027-03-01, or graph to have Microsoft Graph asked", node.Line, node.Value)
	}
	return nil
}

func (b *builder) activity(t tenant, where string) *activity.Config {
	s := t.Activity
	c := activity.DefaultConfig()
	c.TenantID, c.ClientID = t.TenantID, s.ClientID
	c.Cloud = or(cloud.Cloud(s.Cloud), c.Cloud)
	c.BaseURL, c.AuthorityURL, c.CAFile = s.BaseURL, s.AuthorityURL, b.path(s.CAFile)
	c.GraphURL, c.PublisherIdentifier = s.GraphURL, s.PublisherIdentifier
	if len(s.ContentTypes) > 0 {
		c.ContentTypes = s.ContentTypes
	}
	c.PollEvery = or(time.Duration(s.PollEvery), c.PollEvery)
	c.RequestsPerMinute = or(s.RequestsPerMinute, c.RequestsPerMinute)
	c.ExpiryAlarm = or(time.Duration(s.ExpiryAlarm), c.ExpiryAlarm)
	credential, ok := b.credential(s.credentialSection, where)
	if !ok {
		return &c
	}
	c.Credential = credential
	if err := c.Validate(); err != nil {
		b.bad("%s: %w", where, err)
	}
	return &c
}

// credential turns what was written into a credential; false says that it was
// wrong, which is then reported already.
func (b *builder) credential(s credentialSection, where string) (entra.Credential, bool) {
	c := entra.Credential{
		ClientSecretFile: b.path(s.ClientSecretFile), ClientSecretExpires: s.ClientSecretExpires.at, AskGraph: s.ClientSecretExpires.ask,
		CertificateFile: b.path(s.CertificateFile), CertificatePasswordFile: b.path(s.CertificatePasswordFile),
		FederatedTokenFile: b.path(s.FederatedTokenFile),
	}
	given := 0
	for _, name := range []string{s.ClientSecretFile, s.ClientSecretEnv, s.CertificateFile, s.FederatedTokenFile} {
		if name != "" {
			given++
		}
	}
	secret := s.ClientSecretFile != "" || s.ClientSecretEnv != ""
	switch {
	case given != 1:
		b.bad("%s: give one of client_secret_file, client_secret_env, certificate_file and federated_token_file", where)
		return c, false
	case s.CertificatePasswordFile != "" && s.CertificateFile == "":
		b.bad("%s.certificate_password_file: there is no certificate_file", where)
		return c, false
	case s.ClientSecretExpires != (ending{}) && !secret:
		b.bad("%s.client_secret_expires: there is no client secret; the end of a certificate is read from it", where)
		return c, false
	case s.ClientSecretEnv != "":
		value := b.getenv(s.ClientSecretEnv)
		if value == "" {
			b.bad("%s.client_secret_env: the environment variable %s is empty", where, s.ClientSecretEnv)
		}
		c.ClientSecret = collect.NewSecret(value)
		return c, value != ""
	case s.ClientSecretFile != "":
		value, err := collect.ReadSecretFile(c.ClientSecretFile)
		if err != nil {
			b.bad("%s.client_secret_file: %w", where, err)
		}
		c.ClientSecret = value
		return c, err == nil
	}
	if err := c.Check(); err != nil {
		b.bad("%s: %w", where, err)
		return c, false
	}
	return c, true
}
