package config

import (
	"github.com/quoll/quoll/lake"
)

// lakeSection is how the rows are kept.
type lakeSection struct {
	CompactShare  float64 `yaml:"compact_share"`
	CompactMemory int64   `yaml:"compact_memory_mib"`
}

func (b *builder) lake(s *lakeSection) lake.Config {
	c := lake.DefaultConfig("")
	if s == nil {
		return c
	}
	c.CompactShare = or(s.CompactShare, c.CompactShare)
	if c.CompactShare <= 0 || c.CompactShare > 1 {
		b.bad("lake.compact_share: %v is no share of a core; write a number above 0 and up to 1, such as 0.5", s.CompactShare)
	}
	c.CompactBytes = or(s.CompactMemory<<20, c.CompactBytes)
	if c.CompactBytes < 16<<20 {
		b.bad("lake.compact_memory_mib: %d is too little; write at least 16", s.CompactMemory)
	}
	return c
}
