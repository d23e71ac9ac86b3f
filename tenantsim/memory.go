package tenantsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/quoll/quoll/internal/durable"
)

// rememberFor is how old a remembered world may be. An older one would be long
// in the making, and nearly all of it out of the feed's reach.
const rememberFor = 10 * 24 * time.Hour

// memory is what a tenant has to know of itself to be made again as it was:
// everything else follows from it.
type memory struct {
	Settings      string    `json:"settings"` // that decide what is produced
	Start         time.Time `json:"start"`
	StoryEnd      time.Time `json:"storyEnd"`
	Live          time.Time `json:"live"` // end of history, when content begins to appear in small pieces
	ExportedUntil time.Time `json:"exportedUntil"`

	file string
}

// newMemory recalls the tenant of cfg.StateFile or begins a new one.
func newMemory(cfg *Config, now time.Time) (*memory, error) {
	m := &memory{
		Settings: fmt.Sprint(cfg.Seed, cfg.TenantID, cfg.NoStory, cfg.Attacks, cfg.Volume, cfg.Delay, cfg.PublishEvery, cfg.MostRecords, cfg.LateRecords, cfg.DuplicateRecords, cfg.RepeatedLines, cfg.Faults),
		Start:    cfg.Start, StoryEnd: cfg.StoryEnd, Live: now, file: cfg.StateFile,
	}
	if m.Start.IsZero() {
		m.Start = now.Add(-cfg.History)
	}
	switch {
	case cfg.NoStory:
		m.StoryEnd = time.Time{}
	case m.StoryEnd.IsZero():
		m.StoryEnd = now.Add(-cfg.StoryAge)
	}
	if m.file == "" {
		return m, nil
	}
	text, err := durable.ReadFile(durable.OS{}, m.file, 64<<10)
	if errors.Is(err, fs.ErrNotExist) {
		if err := durable.MkdirAll(durable.OS{}, filepath.Dir(m.file), 0o750); err != nil {
			return nil, fmt.Errorf("tenantsim: make folder of state: %w", err)
		}
		return m, m.save()
	}
	if err != nil {
		return nil, fmt.Errorf("tenantsim: read state: %w", err)
	}
	old := memory{file: m.file}
	if err := json.Unmarshal(text, &old); err != nil {
		return nil, fmt.Errorf("tenantsim: read state %s: %w", m.file, err)
	}
	if old.Settings != m.Settings || now.Sub(old.Start) > rememberFor || now.Before(old.Live) {
		return m, m.save()
	}
	return &old, nil
}

func (m *memory) save() error {
	if m.file == "" {
		return nil
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("tenantsim: word state: %w", err)
	}
	if err := durable.WriteFile(durable.OS{}, m.file, text, 0o640); err != nil {
		return fmt.Errorf("tenantsim: write state: %w", err)
	}
	return nil
}
