package config

import (
	"fmt"
	"strconv"

	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/retention"
)

// retentionSection is one rule of how long rows are kept.
type retentionSection struct {
	Name        string   `yaml:"name"`
	Priority    int      `yaml:"priority"`
	Preset      string   `yaml:"preset"`
	Class       string   `yaml:"class"`
	Keep        string   `yaml:"keep"`
	Tables      []string `yaml:"tables"`
	RecordTypes []string `yaml:"record_types"`
	Users       []string `yaml:"users"`
}

// retention returns the rules; without any, everything stays.
func (b *builder) retention(sections []retentionSection) *retention.Policy {
	var rules []retention.Rule
	for i, s := range sections {
		r := retention.Rule{Name: s.Name, Priority: s.Priority, Preset: s.Preset, Class: s.Class, Tables: s.Tables, Users: s.Users}
		var err error
		if r.Keep, err = s.keep(); err == nil {
			r.RecordTypes, err = recordTypes(s.RecordTypes)
		}
		if err == nil {
			_, err = retention.NewPolicy([]retention.Rule{r})
		}
		if err != nil {
			b.bad("retention[%d]: %w", i, err)
			continue
		}
		rules = append(rules, r)
	}
	policy, err := retention.NewPolicy(rules)
	if err != nil {
		b.bad("retention: %w", err)
	}
	return policy
}

// keep is the period of the preset, or the one that is written.
func (s *retentionSection) keep() (retention.Period, error) {
	if s.Class != "" && s.Preset != retention.ArchivesClass {
		return retention.Period{}, fmt.Errorf("class: it goes with preset: %s", retention.ArchivesClass)
	}
	if s.Preset == "" {
		if s.Keep == "" {
			return retention.Period{}, nil // NewPolicy names the presets
		}
		p, err := retention.ParsePeriod(s.Keep)
		if err != nil {
			return p, fmt.Errorf("keep: %w", err)
		}
		return p, nil
	}
	keep, _, err := retention.Preset(s.Preset)
	switch {
	case err != nil:
		return keep, err
	case s.Preset != retention.ArchivesClass && s.Keep != "":
		return keep, fmt.Errorf("keep: preset %s says it already, %s; leave out one of the two", s.Preset, keep)
	case s.Preset != retention.ArchivesClass:
		return keep, nil
	case s.Class == "":
		return keep, fmt.Errorf("class: missing; enter the class that your archives authority has for these records")
	case s.Keep == "":
		return keep, fmt.Errorf("keep: missing; enter the period of class %q", s.Class)
	}
	if keep, err = retention.ParsePeriod(s.Keep); err != nil {
		return keep, fmt.Errorf("keep: %w", err)
	}
	return keep, nil
}

// recordTypes reads numbers and Microsoft's names.
func recordTypes(written []string) ([]retention.RecordType, error) {
	var types []retention.RecordType
	for _, text := range written {
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			known := false
			if number, known = normalise.RecordTypeNumber(text); !known {
				return nil, fmt.Errorf("record_types: %q is neither a number nor a name of an audit record type, such as ExchangeAdmin", text)
			}
		}
		name, _ := normalise.RecordTypeName(number)
		types = append(types, retention.RecordType{Number: number, Name: name})
	}
	return types, nil
}
