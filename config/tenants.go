package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/durable"
)

// AddedTenant is a tenant as an administrator adds it to a server that runs. It
// becomes a file of the form of an entry of tenants, in a folder of the data
// directory, so that a restart reads it as it reads the configuration.
type AddedTenant struct {
	Name, TenantID, ClientID, Cloud string
	// Secret or CertificateFile is what the application proves itself with. The
	// secret goes into a file of its own; a certificate stays where it is.
	Secret                                   collect.Secret
	SecretExpires                            string // 2027-03-01, or empty
	CertificateFile, CertificatePasswordFile string // absolute
	// BaseURL, AuthorityURL and CAFile are for what stands between this machine
	// and Microsoft; empty where nothing does.
	BaseURL, AuthorityURL, CAFile string
}

// StoredTenants is the folder of a data directory with the tenants that people
// added.
func StoredTenants(dataDir string) string { return filepath.Join(dataDir, "tenants") }

// storedSecret is the one environment variable of a tenant that is not a file yet.
const storedSecret = "secret"

// Tenant is what is to be collected, before anything is written. Its mistakes are
// reported together.
func (a *AddedTenant) Tenant() (Tenant, error) {
	section := activitySection{
		ClientID: a.ClientID, Cloud: a.Cloud, BaseURL: a.BaseURL, AuthorityURL: a.AuthorityURL, CAFile: a.CAFile,
		credentialSection: credentialSection{CertificateFile: a.CertificateFile, CertificatePasswordFile: a.CertificatePasswordFile},
	}
	b := builder{dir: string(filepath.Separator), getenv: func(string) string { return a.Secret.Reveal() }}
	if !a.Secret.Empty() {
		section.ClientSecretEnv = storedSecret
	}
	if a.SecretExpires != "" {
		ends, err := time.Parse(time.DateOnly, a.SecretExpires)
		if err != nil {
			b.bad("the end of the secret: %q is no date; write it as 2027-03-01", a.SecretExpires)
		}
		section.ClientSecretExpires.at = ends
	}
	for what, file := range map[string]string{"certificate_file": a.CertificateFile, "certificate_password_file": a.CertificatePasswordFile, "ca_file": a.CAFile} {
		if file != "" && !filepath.IsAbs(file) {
			b.bad("%s: %q is not a whole path on the machine that Quoll runs on", what, file)
		}
	}
	t := b.tenant(tenant{Name: a.Name, TenantID: a.TenantID, Activity: &section}, "the tenant")
	return t, errors.Join(b.problems...)
}

// storedFile is the file of an added tenant. Its keys are among those of an entry of
// tenants.
type storedFile struct {
	Name     string `yaml:"name,omitempty"`
	TenantID string `yaml:"tenant_id"`
	Activity struct {
		ClientID                string `yaml:"client_id"`
		ClientSecretFile        string `yaml:"client_secret_file,omitempty"`
		ClientSecretExpires     string `yaml:"client_secret_expires,omitempty"`
		CertificateFile         string `yaml:"certificate_file,omitempty"`
		CertificatePasswordFile string `yaml:"certificate_password_file,omitempty"`
		Cloud                   string `yaml:"cloud,omitempty"`
		BaseURL                 string `yaml:"base_url,omitempty"`
		AuthorityURL            string `yaml:"authority_url,omitempty"`
		CAFile                  string `yaml:"ca_file,omitempty"`
	} `yaml:"audit_log"`
}

// Store writes the tenant into the folder, its secret first, and returns it as a
// restart would read it. The tenant must be right, as Tenant says.
func (a *AddedTenant) Store(dir string) (Tenant, error) {
	id := strings.ToLower(a.TenantID)
	f := storedFile{Name: a.Name, TenantID: id}
	s := &f.Activity
	s.ClientID, s.ClientSecretExpires, s.Cloud = a.ClientID, a.SecretExpires, a.Cloud
	s.CertificateFile, s.CertificatePasswordFile = a.CertificateFile, a.CertificatePasswordFile
	s.BaseURL, s.AuthorityURL, s.CAFile = a.BaseURL, a.AuthorityURL, a.CAFile
	if err := durable.MkdirAll(durable.OS{}, dir, 0o700); err != nil {
		return Tenant{}, fmt.Errorf("store tenant %s: %w", id, err)
	}
	if !a.Secret.Empty() {
		s.ClientSecretFile = id + ".secret"
		if err := durable.WriteFile(durable.OS{}, filepath.Join(dir, s.ClientSecretFile), []byte(a.Secret.Reveal()+"\n"), 0o600); err != nil {
			return Tenant{}, fmt.Errorf("store the secret of tenant %s: %w", id, err)
		}
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		return Tenant{}, fmt.Errorf("store tenant %s: %w", id, err)
	}
	file := filepath.Join(dir, id+".yaml")
	if err := durable.WriteFile(durable.OS{}, file, text, 0o600); err != nil {
		return Tenant{}, fmt.Errorf("store tenant %s: %w", id, err)
	}
	return loadStored(file, os.Getenv)
}

// Unstore removes the files of a tenant that was added, that of its secret last, so
// that a crash in between leaves no tenant without one. The error is fs.ErrNotExist
// where no such tenant was added. A certificate stays where it is.
func Unstore(dir, id string) error {
	file := filepath.Join(dir, id+".yaml")
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("remove tenant %s: %w", id, err)
	}
	if err := durable.Remove(durable.OS{}, file); err != nil {
		return fmt.Errorf("remove tenant %s: %w", id, err)
	}
	secret := filepath.Join(dir, id+".secret")
	if _, err := os.Stat(secret); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := durable.Remove(durable.OS{}, secret); err != nil {
		return fmt.Errorf("remove the secret of tenant %s: %w", id, err)
	}
	return nil
}

// AddStored adds the tenants that people added to those of the configuration. One
// that both have is refused.
func (c *Config) AddStored(getenv func(string) string) error {
	dir := StoredTenants(c.DataDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the tenants that were added: %w", err)
	}
	var problems []error
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".yaml" {
			continue
		}
		file := filepath.Join(dir, entry.Name())
		t, err := loadStored(file, getenv)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if slices.ContainsFunc(c.Tenants, func(other Tenant) bool { return other.ID == t.ID }) {
			problems = append(problems, fmt.Errorf("%s: the configuration has the tenant %s as well: take it out of one of them", file, t.ID))
			continue
		}
		if c.Webhook != nil && t.Activity != nil {
			t.Activity.Webhook = &c.Webhook.Webhook
		}
		c.Tenants = append(c.Tenants, t)
	}
	return errors.Join(problems...)
}

func loadStored(file string, getenv func(string) string) (Tenant, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Tenant{}, fmt.Errorf("read tenant: %w", err)
	}
	var written tenant
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&written); err != nil {
		return Tenant{}, fmt.Errorf("%s: %w", file, plainly(err))
	}
	b := builder{dir: filepath.Dir(file), getenv: getenv}
	t := b.tenant(written, "tenant")
	if err := errors.Join(b.problems...); err != nil {
		return t, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}
