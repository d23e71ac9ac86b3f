package config

import (
	"github.com/quoll/quoll/collect/push"
)

type pushSection struct {
	Listen          string `yaml:"listen"`
	TokenFile       string `yaml:"token_file"`
	TenantID        string `yaml:"tenant_id"`
	CertificateFile string `yaml:"certificate_file"`
	KeyFile         string `yaml:"key_file"`
}

// push turns what was written into the receiver's own Config; nil where nothing
// is taken from relays, or where it was wrong.
func (b *builder) push(s *pushSection) *push.Config {
	if s == nil {
		return nil
	}
	c := push.DefaultConfig()
	c.Listen, c.TokenFile, c.Tenant = s.Listen, b.path(s.TokenFile), s.TenantID
	c.CertificateFile, c.KeyFile = b.path(s.CertificateFile), b.path(s.KeyFile)
	if err := c.Validate(); err != nil {
		b.bad("push: %w", err)
		return nil
	}
	return &c
}
