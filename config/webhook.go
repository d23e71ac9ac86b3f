package config

import (
	"net"
	"net/url"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
)

// Webhook is where notifications of the audit log are taken as hints.
type Webhook struct {
	// Listen is host:port of a listener of its own; Path is what the address
	// says of it.
	Listen, Path string
	// CertificateFile and KeyFile are PEM files for TLS; empty where a proxy in
	// front of a loopback listener does that.
	CertificateFile, KeyFile string
	activity.Webhook
}

type webhookSection struct {
	Listen          string `yaml:"listen"`
	Address         string `yaml:"address"`
	AuthIDFile      string `yaml:"auth_id_file"`
	CertificateFile string `yaml:"certificate_file"`
	KeyFile         string `yaml:"key_file"`
}

// webhook turns what was written into a Webhook; nil where there is none, or
// where it was wrong.
func (b *builder) webhook(s *webhookSection) *Webhook {
	if s == nil {
		return nil
	}
	w := &Webhook{Listen: s.Listen, CertificateFile: b.path(s.CertificateFile), KeyFile: b.path(s.KeyFile)}
	w.Address = s.Address
	host, _, err := net.SplitHostPort(s.Listen)
	loopback := host == "localhost" || net.ParseIP(host).IsLoopback()
	address, addressErr := url.Parse(s.Address)
	switch {
	case err != nil:
		b.bad("webhook.listen: %q is not of the form host:port", s.Listen)
	case (s.CertificateFile == "") != (s.KeyFile == ""):
		b.bad("webhook: certificate_file and key_file go together")
	case s.CertificateFile == "" && !loopback:
		b.bad("webhook.listen: %s is reachable from other machines without TLS; give certificate_file and key_file, or listen on loopback behind a proxy", s.Listen)
	case addressErr != nil || address.Scheme != "https" || address.Host == "":
		b.bad("webhook.address: %q is not of the form https://host[:port]/path, and Microsoft takes no other", s.Address)
	case s.AuthIDFile == "":
		b.bad("webhook.auth_id_file: missing; it holds what tells Microsoft's calls from others, 16 characters or more")
	default:
		if w.AuthID, err = collect.ReadSecretFile(b.path(s.AuthIDFile)); err != nil {
			b.bad("webhook.auth_id_file: %w", err)
			return nil
		}
		if w.Path = address.EscapedPath(); w.Path == "" {
			w.Path = "/"
		}
		return w
	}
	return nil
}
