package config

import (
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/witness"
)

type witnessSection struct {
	URL string `yaml:"url"`
	Key string `yaml:"key"`
}

// witnesses are those who are asked to cosign the archive's checkpoints.
func (b *builder) witnesses(sections []witnessSection) []witness.Endpoint {
	var all []witness.Endpoint
	for i, s := range sections {
		if err := CheckAddress(s.URL, "https://witness.example"); err != nil {
			b.bad("archive_witnesses[%d]: url: %w", i, err)
			continue
		}
		key, err := proof.NewWitnessVerifier(s.Key)
		if err != nil {
			b.bad("archive_witnesses[%d]: key: %w; quoll witness key prints it on the witness's machine", i, err)
			continue
		}
		all = append(all, witness.Endpoint{URL: s.URL, Key: key})
	}
	return all
}
