package archive

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
)

// SignCustody signs the manifest of an incident's file with the archive's key,
// which must be there; the archive may be open. It signs nothing else. The error is
// ErrKey if the key is not that of the origin.
func SignCustody(cfg Config, manifest string) ([]byte, error) {
	if !strings.HasPrefix(manifest, proof.CustodyTitle+"\n") {
		return nil, fmt.Errorf("sign custody manifest: it does not begin with %q", proof.CustodyTitle)
	}
	id, err := cfg.signing()
	if err != nil {
		return nil, fmt.Errorf("sign custody manifest: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: manifest}, id.signer)
	if err != nil {
		return nil, fmt.Errorf("sign custody manifest: %w", err)
	}
	return signed, nil
}

// signing reads the key, which must be there and that of the origin.
func (c *Config) signing() (*identity, error) {
	text, err := os.ReadFile(c.KeyFile)
	if err != nil {
		return nil, err
	}
	id, err := parseIdentity(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("read signing key %s: %w", c.KeyFile, err)
	}
	if id.verifier.Name() != c.Origin {
		return nil, fmt.Errorf("%w: %s is the key of %q, the origin is %q", ErrKey, c.KeyFile, id.verifier.Name(), c.Origin)
	}
	return id, nil
}
