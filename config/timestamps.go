package config

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/archive/stamps"
)

// Timestamp is a time-stamping authority that stamps the archive's checkpoints.
type Timestamp struct {
	// Authority is without its Client, which CAFile is for.
	stamps.Authority
	RootsFile string // the certificates of Roots
	CAFile    string // of the https server, where that is of an authority of one's own
}

type timestampSection struct {
	Name      string   `yaml:"name"`
	URL       string   `yaml:"url"`
	RootsFile string   `yaml:"roots_file"`
	Policy    string   `yaml:"policy"`
	Every     duration `yaml:"every"`
	Timeout   duration `yaml:"timeout"`
	CAFile    string   `yaml:"ca_file"`
}

// How often a checkpoint is stamped where nothing is said, and at most; how long an
// authority may take.
const (
	stampEvery   = 24 * time.Hour
	stampMostly  = time.Minute
	stampTimeout = 30 * time.Second
)

func (b *builder) timestamps(sections []timestampSection) []Timestamp {
	var all []Timestamp
	names := map[string]bool{}
	for i := range sections {
		built, err := b.timestamp(&sections[i])
		switch {
		case err != nil:
			b.bad("archive_timestamps[%d]: %w", i, err)
		case names[built.Name]:
			b.bad("archive_timestamps[%d]: name: %s is given twice; every authority has its own", i, built.Name)
		default:
			names[built.Name] = true
			all = append(all, built)
		}
	}
	return all
}

func (b *builder) timestamp(s *timestampSection) (t Timestamp, err error) {
	t.Name, t.URL, t.RootsFile, t.CAFile = s.Name, s.URL, b.path(s.RootsFile), b.path(s.CAFile)
	t.Every, t.Timeout = or(time.Duration(s.Every), stampEvery), or(time.Duration(s.Timeout), stampTimeout)
	if !archive.ValidStampAuthority(s.Name) {
		return t, errors.New("name: it is missing, has other characters than a-z, 0-9 and -, or more than 40; write it as harbour")
	}
	if err := CheckAddress(s.URL, "https://tsa.example/tsr"); err != nil {
		return t, fmt.Errorf("url: %w", err)
	}
	if t.Every < stampMostly {
		return t, errors.New("every: authorities are asked once a minute at most; write it as 24h or 1h")
	}
	if s.Policy != "" {
		if t.Policy, err = timestamp.ParsePolicy(s.Policy); err != nil {
			return t, fmt.Errorf("policy: %w", err)
		}
	}
	if s.RootsFile == "" {
		return t, errors.New("roots_file: missing; it is the PEM file of the root certificates that the authority's stamps have to lead to, got from it by a road of its own")
	}
	text, err := os.ReadFile(t.RootsFile)
	if err != nil {
		return t, fmt.Errorf("roots_file: %w", err)
	}
	if t.Roots, err = timestamp.ReadRoots(text); err != nil {
		return t, fmt.Errorf("roots_file: %s: %w", t.RootsFile, err)
	}
	return t, nil
}
