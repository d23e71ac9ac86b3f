package config

import (
	"os"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/notify"
)

// notifySection is a target of notifications.
type notifySection struct {
	Name       string   `yaml:"name"`
	Kind       string   `yaml:"kind"`
	Address    string   `yaml:"address"`
	SecretFile string   `yaml:"secret_file"`
	User       string   `yaml:"user"`
	CAFile     string   `yaml:"ca_file"`
	InClear    bool     `yaml:"in_clear"`
	From       string   `yaml:"from"`
	To         []string `yaml:"to"`
	Least      string   `yaml:"severity"` // the least that is told
	OnlyNew    bool     `yaml:"only_new"`
	PerHour    int      `yaml:"per_hour"`
	Template   string   `yaml:"template"`
}

// notifications turns what was written into targets.
func (b *builder) notifications(sections []notifySection) []notify.Target {
	var all []notify.Target
	names := map[string]bool{}
	for i, s := range sections {
		t := notify.Target{Name: s.Name, Kind: s.Kind, Address: s.Address, User: s.User, InClear: s.InClear, From: s.From, To: s.To,
			Least: model.Severity(s.Least), OnlyNew: s.OnlyNew, PerHour: s.PerHour, Template: s.Template}
		if s.SecretFile != "" {
			secret, err := collect.ReadSecretFile(b.path(s.SecretFile))
			if err != nil {
				b.bad("notifications[%d].secret_file: %w", i, err)
			}
			t.Secret = secret.Reveal()
		}
		if s.CAFile != "" {
			var err error
			if t.Authorities, err = os.ReadFile(b.path(s.CAFile)); err != nil {
				b.bad("notifications[%d].ca_file: %w", i, err)
			}
		}
		if err := t.Validate(); err != nil {
			b.bad("notifications[%d]: %w", i, err)
		}
		if names[s.Name] {
			b.bad("notifications[%d].name: %q is given twice", i, s.Name)
		}
		names[s.Name] = true
		all = append(all, t)
	}
	return all
}
