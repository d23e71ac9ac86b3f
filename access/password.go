package access

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id, OWASP's first choice: 19 MiB, two passes, one lane.
// Old hashes say their own, so that these may grow.
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashThreads = 1
	hashBytes   = 32
	saltBytes   = 16
)

// maxHashing bounds the memory that concurrent sign-ins take: 19 MiB each.
const maxHashing = 2

// hasher makes and compares hashes of passwords, few at a time.
type hasher struct {
	random io.Reader
	places chan struct{}
	// nobody is compared where there is no such person, so that the time of an
	// answer tells nothing.
	nobody string
}

func newHasher(random io.Reader) *hasher {
	return &hasher{
		random: random, places: make(chan struct{}, maxHashing),
		// No password is known for it, and none is accepted; it needs not be computed at
		// each start.
		nobody: phcOf(make([]byte, saltBytes), make([]byte, hashBytes)),
	}
}

// hash returns the PHC string of a password.
func (h *hasher) hash(password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	h.places <- struct{}{}
	defer func() { <-h.places }()
	sum := argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashBytes)
	return phcOf(salt, sum), nil
}

func phcOf(salt, sum []byte) string {
	text := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads, text.EncodeToString(salt), text.EncodeToString(sum))
}

// matches reports whether a password is that of a PHC string. An empty or a
// broken string matches nothing, and takes as long.
func (h *hasher) matches(phc, password string) bool {
	known := phc != ""
	if !known {
		phc = h.nobody
	}
	var version int
	var memory, time uint32
	var threads uint8
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil || memory > 1<<20 || time == 0 || threads == 0 {
		return false
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	want, wantErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || wantErr != nil || len(want) == 0 {
		return false
	}
	h.places <- struct{}{}
	defer func() { <-h.places }()
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && known
}

// checkPassword refuses what is too short, or as good as the name.
func checkPassword(name, password string) error {
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return fmt.Errorf("%w: a password has at least %d characters", ErrInvalid, MinPassword)
	case len(password) > MaxPassword:
		return fmt.Errorf("%w: a password has at most %d bytes", ErrInvalid, MaxPassword)
	case strings.EqualFold(name, password):
		return fmt.Errorf("%w: a password is not the name", ErrInvalid)
	case strings.Count(password, password[:1]) == len(password):
		return fmt.Errorf("%w: a password is more than one character repeated", ErrInvalid)
	}
	return nil
}
