package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// algCosignature is the signature type of cosignature/v1 (C2SP tlog-cosignature).
const algCosignature = 4

// cosignatureSize is a time in 8 bytes, big endian, and an Ed25519 signature.
const cosignatureSize = 8 + ed25519.SignatureSize

// WitnessVerifier checks cosignatures of one witness. It is a note.Verifier, so
// that note.Open can use it.
type WitnessVerifier struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// NewWitnessVerifier reads the verifier key of a witness,
// <name>+<hash>+<Base64 of 0x04 and the key>.
func NewWitnessVerifier(vkey string) (*WitnessVerifier, error) {
	name, hash, key, err := parseKey(strings.TrimSpace(vkey))
	if err != nil {
		return nil, fmt.Errorf("witness key: %w", err)
	}
	v := &WitnessVerifier{name: name, hash: keyHash(name, key), key: key}
	if v.hash != hash {
		return nil, errors.New("witness key: its hash is not that of its name and key")
	}
	return v, nil
}

// parseKey reads name+hash+key, where the key is of cosignature/v1.
func parseKey(text string) (name string, hash uint32, key []byte, err error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || parts[0] == "" || strings.ContainsAny(parts[0], " \t\r\n") || len(parts[1]) != 8 {
		return "", 0, nil, errors.New("not of the form name+hash+key")
	}
	number, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return "", 0, nil, errors.New("its hash is not 8 hexadecimal digits")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return "", 0, nil, errors.New("its key is not the Base64 of 33 bytes")
	}
	if raw[0] != algCosignature {
		return "", 0, nil, fmt.Errorf("its type is %d; a witness's is %d (cosignature/v1), a log's is 1", raw[0], algCosignature)
	}
	return parts[0], uint32(number), raw[1:], nil
}

func keyHash(name string, public []byte) uint32 {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", name)
	h.Write([]byte{algCosignature})
	h.Write(public)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// Name implements note.Verifier.
func (v *WitnessVerifier) Name() string { return v.name }

// KeyHash implements note.Verifier.
func (v *WitnessVerifier) KeyHash() uint32 { return v.hash }

// Verify implements note.Verifier.
func (v *WitnessVerifier) Verify(msg, sig []byte) bool {
	if _, err := cosignatureTime(sig); err != nil {
		return false
	}
	return ed25519.Verify(v.key, cosigned(binary.BigEndian.Uint64(sig), msg), sig[8:])
}

func cosignatureTime(sig []byte) (time.Time, error) {
	if len(sig) != cosignatureSize {
		return time.Time{}, fmt.Errorf("%d bytes", len(sig))
	}
	seconds := binary.BigEndian.Uint64(sig)
	if seconds > math.MaxInt64 {
		return time.Time{}, fmt.Errorf("time %d", seconds)
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

// cosigned is the message that a witness signs.
func cosigned(seconds uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), text...)
}

// Cosigner signs as a witness.
type Cosigner struct {
	name string
	key  ed25519.PrivateKey
}

// privatePrefix begins a private key, as in the note package.
const privatePrefix = "PRIVATE+KEY+"

// GenerateCosigner makes the private key of a witness with a name: a schema-less
// URL without white space or plus signs.
func GenerateCosigner(random io.Reader, name string) (private string, err error) {
	if name == "" || strings.ContainsAny(name, "+ \t\r\n") {
		return "", fmt.Errorf("the name %q of a witness is empty or has white space or a plus sign", name)
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return "", fmt.Errorf("make the key of witness %s: %w", name, err)
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	text := base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, seed...))
	return fmt.Sprintf("%s%s+%08x+%s", privatePrefix, name, keyHash(name, public), text), nil
}

// NewCosigner reads a private key. The errors do not repeat the text: it is
// secret.
func NewCosigner(private string) (*Cosigner, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(private), privatePrefix)
	if !ok {
		return nil, errors.New("not the private key of a witness")
	}
	name, hash, seed, err := parseKey(text) // seeds and keys are of one length
	if err != nil {
		return nil, fmt.Errorf("private key of a witness: %w", err)
	}
	s := &Cosigner{name: name, key: ed25519.NewKeyFromSeed(seed)}
	if s.hash() != hash {
		return nil, errors.New("private key of a witness: its hash is not that of its name and key")
	}
	return s, nil
}

func (s *Cosigner) public() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) }
func (s *Cosigner) hash() uint32              { return keyHash(s.name, s.public()) }

// VerifierKey returns the public key as NewWitnessVerifier takes it.
func (s *Cosigner) VerifierKey() string {
	text := base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, s.public()...))
	return fmt.Sprintf("%s+%08x+%s", s.name, s.hash(), text)
}

// Cosign returns the signature line over the text of a checkpoint, with its line
// feed.
func (s *Cosigner) Cosign(text string, now time.Time) ([]byte, error) {
	if now.Unix() < 0 {
		return nil, fmt.Errorf("cosign at %v: before 1970", now)
	}
	sig := binary.BigEndian.AppendUint32(nil, s.hash())
	sig = binary.BigEndian.AppendUint64(sig, uint64(now.Unix()))
	sig = append(sig, ed25519.Sign(s.key, cosigned(uint64(now.Unix()), []byte(text)))...)
	return fmt.Appendf(nil, "— %s %s\n", s.name, base64.StdEncoding.EncodeToString(sig)), nil
}

// ReadWitnesses reads verifier keys, one a line; empty lines and lines that begin
// with # are passed over.
func ReadWitnesses(text string) ([]note.Verifier, error) {
	var all []note.Verifier
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		v, err := NewWitnessVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if find(all, v.name, v.hash) == nil {
			all = append(all, v)
		}
	}
	return all, nil
}
