package config

import (
	"errors"
	"regexp"
	"time"

	"github.com/quoll/quoll/internal/objectstore"
)

// ArchiveCopy is a store that the archive is copied to.
type ArchiveCopy struct {
	Name string
	ObjectStore
	// Retain is how long what is written is locked; 0: not at all.
	Retain time.Duration
	// AlarmAfter is the age of the oldest payload that is not copied from which on
	// the copy is late.
	AlarmAfter time.Duration
}

type copySection struct {
	Name         string   `yaml:"name"`
	RetainDays   int      `yaml:"retain_days"`
	AlarmAfter   duration `yaml:"alarm_after"`
	storeSection `yaml:",inline"`
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
	if c.ObjectStore, err = b.store(&s.storeSection, "archive_copies, "+s.Name); err != nil {
		return c, err
	}
	if c.Location.Kind == objectstore.KindDirectory && s.RetainDays > 0 {
		return c, errors.New("retain_days: a folder locks nothing; leave it out")
	}
	return c, nil
}
