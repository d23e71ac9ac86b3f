package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/bits"

	"github.com/quoll/quoll/lake"
)

// silent is the log of what is told otherwise.
var silent = slog.New(slog.DiscardHandler)

// RowSum is a sum of SHA-256 hashes modulo 2²⁵⁶, big-endian.
type RowSum [sha256.Size]byte

// addRow adds the hash of a row: over key, digest, time and values.
func (s *RowSum) addRow(c lake.Content) {
	text := make([]byte, 0, 64)
	text = append(append(text, c.Key[:]...), c.Digest[:]...)
	text = binary.BigEndian.AppendUint64(text, uint64(c.Time))
	s.add(sha256.Sum256(append(text, c.Sum[:]...)))
}

func (s *RowSum) add(other RowSum) {
	var carry uint64
	for i := len(s) - 8; i >= 0; i -= 8 {
		var sum uint64
		sum, carry = bits.Add64(binary.BigEndian.Uint64(s[i:]), binary.BigEndian.Uint64(other[i:]), carry)
		binary.BigEndian.PutUint64(s[i:], sum)
	}
}

// MarshalText implements encoding.TextMarshaler.
func (s RowSum) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *RowSum) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(s) {
		return fmt.Errorf("a sum of rows has %d characters, not %d", len(text), hex.EncodedLen(len(s)))
	}
	_, err := hex.Decode(s[:], text)
	return err
}
