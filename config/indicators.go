package config

import (
	"net/http"
	"net/url"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/intel"
)

// indicatorSection is a TAXII collection to read.
type indicatorSection struct {
	Name       string        `yaml:"name"`
	Collection string        `yaml:"taxii_collection"`
	User       string        `yaml:"user"`
	SecretFile string        `yaml:"secret_file"`
	Every      time.Duration `yaml:"every"`
}

// IndicatorSource is a TAXII collection and how often it is read.
type IndicatorSource struct {
	Name  string
	Taxii intel.Taxii
	Every time.Duration
}

// The bounds of how often a collection is read.
const (
	indicatorsEvery = time.Hour
	indicatorsLeast = time.Minute
)

// indicators turns what was written into sources.
func (b *builder) indicators(sections []indicatorSection) []IndicatorSource {
	var all []IndicatorSource
	names := map[string]bool{}
	for i, s := range sections {
		source := IndicatorSource{Name: s.Name, Every: s.Every, Taxii: intel.Taxii{Collection: s.Collection, User: s.User, Client: &http.Client{}}}
		if source.Every == 0 {
			source.Every = indicatorsEvery
		}
		if s.SecretFile != "" {
			secret, err := collect.ReadSecretFile(b.path(s.SecretFile))
			if err != nil {
				b.bad("indicators[%d].secret_file: %w", i, err)
			}
			source.Taxii.Password = secret.Reveal()
		}
		address, err := url.Parse(s.Collection)
		switch {
		case s.Name == "" || names[s.Name]:
			b.bad("indicators[%d].name: each source has a name of its own", i)
		case err != nil || address.Scheme != "https" && !loopback(address) || address.Host == "":
			b.bad("indicators[%d].taxii_collection %q: an address like https://host/root/collections/id is wanted", i, s.Collection)
		case source.Every < indicatorsLeast:
			b.bad("indicators[%d].every %s: at least %s", i, source.Every, indicatorsLeast)
		case s.User != "" && s.SecretFile == "":
			b.bad("indicators[%d].secret_file: the user %q has to have a password", i, s.User)
		}
		names[s.Name] = true
		all = append(all, source)
	}
	return all
}

func loopback(address *url.URL) bool {
	return address.Scheme == "http" && (address.Hostname() == "127.0.0.1" || address.Hostname() == "localhost" || address.Hostname() == "::1")
}
