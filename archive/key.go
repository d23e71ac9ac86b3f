package archive

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/internal/durable"
)

// PublicKeyFile is the name of the copy of the verifier key in the archive. It
// is a convenience: who trusts it trusts whoever can write to the archive.
const PublicKeyFile = "archive.pub"

const maxKeyFile = 4 << 10

// identity is the key pair of a log.
type identity struct {
	signer   note.Signer
	verifier note.Verifier
	public   string // the verifier key as text
}

// beside returns the path of a file that belongs to the key file.
func (c *Config) beside(extension string) string {
	return strings.TrimSuffix(c.KeyFile, ".key") + extension
}

// loadIdentity reads the key, or makes one where there is none and may be one.
func loadIdentity(cfg *Config, mayCreate bool) (*identity, error) {
	text, err := durable.ReadFile(cfg.FS, cfg.KeyFile, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if !mayCreate {
			return nil, fmt.Errorf("%w: %s has a checkpoint, but there is no key %s", ErrKey, cfg.Dir, cfg.KeyFile)
		}
		text, err = createKey(cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	id, err := parseIdentity(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("read signing key %s: %w", cfg.KeyFile, err)
	}
	if id.verifier.Name() != cfg.Origin {
		return nil, fmt.Errorf("%w: %s is the key of %q, the origin is %q", ErrKey, cfg.KeyFile, id.verifier.Name(), cfg.Origin)
	}
	return id, nil
}

func createKey(cfg *Config) ([]byte, error) {
	random := cfg.Random
	if random == nil {
		random = rand.Reader
	}
	private, err := generateKey(random, cfg.Origin)
	if err != nil {
		return nil, err
	}
	text := []byte(private + "\n")
	return text, durable.CreateExclusive(cfg.FS, cfg.KeyFile, text, 0o600)
}

func generateKey(random io.Reader, origin string) (string, error) {
	private, _, err := note.GenerateKey(random, origin)
	return private, err
}

// parseIdentity derives the verifier key from the private one, so that they
// cannot disagree. The errors do not repeat the text: it is secret.
func parseIdentity(private string) (*identity, error) {
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, errors.New("not a note signing key")
	}
	// PRIVATE+KEY+<name>+<hash>+<algorithm and seed in Base64, which has pluses>
	parts := strings.SplitN(private, "+", 5)
	key, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(key) != 1+ed25519.SeedSize {
		return nil, errors.New("not an Ed25519 note signing key")
	}
	pair := ed25519.NewKeyFromSeed(key[1:])
	public, err := note.NewEd25519VerifierKey(signer.Name(), pair.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, errors.New("cannot derive the verifier key")
	}
	verifier, err := note.NewVerifier(public)
	if err != nil || verifier.KeyHash() != signer.KeyHash() {
		return nil, errors.New("verifier key does not fit the signing key")
	}
	return &identity{signer: signer, verifier: verifier, public: public}, nil
}
