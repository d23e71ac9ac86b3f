package config

import (
	"errors"
	"fmt"

	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/internal/objectstore"
)

// ObjectStore is a store and who comes to it. Of the ways to sign in at most one is
// there; without any, what environment or machine give is taken.
type ObjectStore struct {
	Location objectstore.Location
	// Keys of S3, account key or shared access signature of Azure: read anew from
	// their files each time.
	Keys            func() (id, secret, session string, err error)
	AccountKey, SAS func() (string, error)
	Application     *entra.Application
}

type storeSection struct {
	URL              string `yaml:"url"`
	AccessKeyIDFile  string `yaml:"access_key_id_file,omitempty"`
	AccessKeyIDEnv   string `yaml:"access_key_id_env,omitempty"`
	SecretKeyFile    string `yaml:"secret_access_key_file,omitempty"`
	SecretKeyEnv     string `yaml:"secret_access_key_env,omitempty"`
	SessionTokenFile string `yaml:"session_token_file,omitempty"`
	SessionTokenEnv  string `yaml:"session_token_env,omitempty"`
	KeyFile          string `yaml:"account_key_file,omitempty"`
	KeyEnv           string `yaml:"account_key_env,omitempty"`
	SASFile          string `yaml:"sas_file,omitempty"`
	SASEnv           string `yaml:"sas_env,omitempty"`
	// TenantID is that of the application below.
	TenantID           string `yaml:"tenant_id,omitempty"`
	applicationSection `yaml:",inline"`
}

// store reads where a store is and who comes to it.
func (b *builder) store(s *storeSection, where string) (c ObjectStore, err error) {
	if c.Location, err = objectstore.ParseLocation(s.URL); err != nil {
		return c, fmt.Errorf("url: %w", err)
	}
	c.Location.CAFile = b.path(or(s.CAFile, c.Location.CAFile))
	switch c.Location.Kind {
	case objectstore.KindS3:
		err = b.keysOfS3(s, &c)
	case objectstore.KindAzure:
		err = b.keysOfAzure(s, &c, where)
	}
	return c, err
}

func (b *builder) keysOfS3(s *storeSection, c *ObjectStore) error {
	if s.AccessKeyIDFile == "" && s.AccessKeyIDEnv == "" && s.SecretKeyFile == "" && s.SecretKeyEnv == "" {
		return nil
	}
	id, err := b.reader(s.AccessKeyIDFile, s.AccessKeyIDEnv)
	if err != nil {
		return fmt.Errorf("access_key_id: %w", err)
	}
	secret, err := b.reader(s.SecretKeyFile, s.SecretKeyEnv)
	if err != nil {
		return fmt.Errorf("secret_access_key: %w", err)
	}
	session := func() (string, error) { return "", nil }
	if s.SessionTokenFile != "" || s.SessionTokenEnv != "" {
		if session, err = b.reader(s.SessionTokenFile, s.SessionTokenEnv); err != nil {
			return fmt.Errorf("session_token: %w", err)
		}
	}
	c.Keys = func() (string, string, string, error) {
		one, err1 := id()
		two, err2 := secret()
		three, err3 := session()
		return one, two, three, errors.Join(err1, err2, err3)
	}
	return nil
}

func (b *builder) keysOfAzure(s *storeSection, c *ObjectStore, where string) (err error) {
	ways := 0
	if s.KeyFile != "" || s.KeyEnv != "" {
		ways++
		if c.AccountKey, err = b.reader(s.KeyFile, s.KeyEnv); err != nil {
			return fmt.Errorf("account_key: %w", err)
		}
	}
	if s.SASFile != "" || s.SASEnv != "" {
		ways++
		if c.SAS, err = b.reader(s.SASFile, s.SASEnv); err != nil {
			return fmt.Errorf("sas: %w", err)
		}
	}
	if s.ClientID != "" || !s.none() {
		ways++
		if s.TenantID == "" {
			return errors.New("tenant_id: missing; it is the directory (tenant) id of the application")
		}
		if c.Application = b.application(s.applicationSection, s.TenantID, where); c.Application == nil {
			return errors.New("the application cannot be used")
		}
	}
	if ways > 1 {
		return errors.New("give one of an account key, a shared access signature and an application, or none for the machine's identity")
	}
	return nil
}

// reader returns what reads a secret again and again, which has to work once now.
func (b *builder) reader(file, variable string) (func() (string, error), error) {
	if _, err := b.secret(file, variable); err != nil {
		return nil, err
	}
	return func() (string, error) {
		read, err := b.secret(file, variable)
		return read.Reveal(), err
	}, nil
}
