package config

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/internal/objectstore"
)

// ArchiveCopy is a store that the archive is copied to. Of the ways to sign in at
// most one is there; without any, what environment or machine give is taken.
type ArchiveCopy struct {
	Name     string
	Location objectstore.Location
	// Retain is how long what is written is locked; 0: not at all.
	Retain time.Duration
	// AlarmAfter is the age of the oldest payload that is not copied from which on
	// the copy is late.
	AlarmAfter time.Duration
	// Keys of S3, account key or shared access signature of Azure: read anew from
	// their files each time.
	Keys            func() (id, secret, session string, err error)
	AccountKey, SAS func() (string, error)
	Application     *entra.Application
}

type copySection struct {
	Name             string   `yaml:"name"`
	URL              string   `yaml:"url"`
	RetainDays       int      `yaml:"retain_days"`
	AlarmAfter       duration `yaml:"alarm_after"`
	AccessKeyIDFile  string   `yaml:"access_key_id_file"`
	AccessKeyIDEnv   string   `yaml:"access_key_id_env"`
	SecretKeyFile    string   `yaml:"secret_access_key_file"`
	SecretKeyEnv     string   `yaml:"secret_access_key_env"`
	SessionTokenFile string   `yaml:"session_token_file"`
	SessionTokenEnv  string   `yaml:"session_token_env"`
	KeyFile          string   `yaml:"account_key_file"`
	KeyEnv           string   `yaml:"account_key_env"`
	SASFile          string   `yaml:"sas_file"`
	SASEnv           string   `yaml:"sas_env"`
	// TenantID is that of the application below.
	TenantID           string `yaml:"tenant_id"`
	applicationSection `yaml:",inline"`
}

// copyName is also the name of a file, and a label of metrics.
var copyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// mostRetained is the longest retention, of a hundred years: a mistake in it
// cannot be taken back.
const mostRetained = 36525

func (b *builder) copies(sections []copySection) []ArchiveCopy {
	var all []ArchiveCopy
	names, places := map[string]bool{}, map[string]bool{}
	for i := range sections {
		built, err := b.copy(&sections[i])
		switch place := built.Location.String(); {
		case err != nil:
			b.bad("archive_copies[%d]: %w", i, err)
		case names[built.Name] || places[place]:
			b.bad("archive_copies[%d]: name or url is given twice; every copy has its own", i)
		default:
			names[built.Name], places[place] = true, true
			all = append(all, built)
		}
	}
	return all
}

func (b *builder) copy(s *copySection) (c ArchiveCopy, err error) {
	c = ArchiveCopy{Name: s.Name, Retain: time.Duration(s.RetainDays) * 24 * time.Hour, AlarmAfter: or(time.Duration(s.AlarmAfter), 15*time.Minute)}
	if !copyName.MatchString(s.Name) {
		return c, errors.New("name: it is missing or has other characters than a-z, 0-9 and -; write it as second-disk")
	}
	if s.RetainDays < 0 || s.RetainDays > mostRetained {
		return c, errors.New("retain_days: write how long copies are locked in days, such as 2557 for seven years; at most 36525")
	}
	if c.Location, err = objectstore.ParseLocation(s.URL); err != nil {
		return c, fmt.Errorf("url: %w", err)
	}
	c.Location.CAFile = b.path(or(s.CAFile, c.Location.CAFile))
	if c.Location.Kind == objectstore.KindDirectory && s.RetainDays > 0 {
		return c, errors.New("retain_days: a folder locks nothing; leave it out")
	}
	switch c.Location.Kind {
	case objectstore.KindS3:
		err = b.keysOfS3(s, &c)
	case objectstore.KindAzure:
		err = b.keysOfAzure(s, &c)
	}
	return c, err
}

func (b *builder) keysOfS3(s *copySection, c *ArchiveCopy) error {
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

func (b *builder) keysOfAzure(s *copySection, c *ArchiveCopy) (err error) {
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
		if c.Application = b.application(s.applicationSection, s.TenantID, "archive_copies, "+s.Name); c.Application == nil {
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
