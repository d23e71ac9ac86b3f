package config

import (
	"errors"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/cloud"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/collect/eventhub"
)

type eventHubsSection struct {
	Namespace            string   `yaml:"namespace"`
	Hubs                 []string `yaml:"hubs"`
	ConsumerGroup        string   `yaml:"consumer_group"`
	ConnectionStringFile string   `yaml:"connection_string_file"`
	ConnectionStringEnv  string   `yaml:"connection_string_env"`
	applicationSection   `yaml:",inline"`
	Brokers              []string `yaml:"brokers"`
	Retention            duration `yaml:"retention"`
	ExpiryAlarm          duration `yaml:"expiry_alarm"`
}

// applicationSection is an application that signs in to something of Azure.
type applicationSection struct {
	ClientID          string `yaml:"client_id"`
	credentialSection `yaml:",inline"`
	Cloud             string `yaml:"cloud"`
	AuthorityURL      string `yaml:"authority_url"`
	CAFile            string `yaml:"ca_file"`
}

// application turns what was written into an application; nil where there is
// none, or where it was wrong, which is then reported already.
func (b *builder) application(s applicationSection, tenantID, where string) *entra.Application {
	if s.ClientID == "" {
		b.bad("%s.client_id: missing; it is the application (client) id of an app registration", where)
		return nil
	}
	credential, ok := b.credential(s.credentialSection, where)
	if !ok {
		return nil
	}
	app := &entra.Application{TenantID: tenantID, ClientID: s.ClientID, Authority: s.AuthorityURL, Credential: credential}
	if app.Authority == "" {
		endpoints, known := or(cloud.Cloud(s.Cloud), cloud.Commercial).Endpoints()
		if !known {
			b.bad("%s.cloud: %q is none of commercial, gcc, gcchigh, dod and china", where, s.Cloud)
			return nil
		}
		app.Authority = endpoints.Authority
	}
	return app
}

// none reports whether no credential is written at all.
func (s credentialSection) none() bool {
	return s.ClientSecretFile == "" && s.ClientSecretEnv == "" && s.CertificateFile == "" && s.FederatedTokenFile == ""
}

func (b *builder) eventHubs(t tenant, where string) *eventhub.Config {
	s := t.EventHubs
	if s == nil {
		return nil
	}
	c := eventhub.DefaultConfig()
	c.Tenant, c.Namespace, c.Hubs, c.Brokers, c.CAFile = t.TenantID, s.Namespace, s.Hubs, s.Brokers, b.path(s.CAFile)
	c.Group = or(s.ConsumerGroup, c.Group)
	c.Retention = or(time.Duration(s.Retention), c.Retention)
	c.ExpiryAlarm = or(time.Duration(s.ExpiryAlarm), c.Retention/2)
	var err error
	switch {
	case s.ConnectionStringFile != "" || s.ConnectionStringEnv != "":
		if s.ClientID != "" || !s.none() {
			b.bad("%s: give a connection string or an application (client_id and its credential), not both", where)
			return &c
		}
		c.ConnectionStringFile = b.path(s.ConnectionStringFile)
		if c.ConnectionString, err = b.secret(s.ConnectionStringFile, s.ConnectionStringEnv); err != nil {
			b.bad("%s.connection_string: %w", where, err)
			return &c
		}
	case s.ClientID == "" && s.none():
		b.bad("%s: give connection_string_file, connection_string_env, or client_id with a credential", where)
		return &c
	default:
		if c.Application = b.application(s.applicationSection, t.TenantID, where); c.Application == nil {
			return &c
		}
	}
	if err := c.Validate(); err != nil {
		b.bad("%s: %w", where, err)
	}
	return &c
}

// secret reads a secret from a file or from an environment variable.
func (b *builder) secret(file, variable string) (collect.Secret, error) {
	switch {
	case file != "" && variable != "":
		return collect.Secret{}, errors.New("give a file or an environment variable, not both")
	case file != "":
		return collect.ReadSecretFile(b.path(file))
	}
	value := b.getenv(variable)
	if value == "" {
		return collect.Secret{}, errors.New("the environment variable " + variable + " is empty")
	}
	return collect.NewSecret(value), nil
}
