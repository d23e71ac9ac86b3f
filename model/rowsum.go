package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// RowSum is a sum of SHA-256 hashes modulo 2²⁵⁶, big-endian: the same whatever the
// order of the rows.
type RowSum [sha256.Size]byte

// Add adds another sum, or the hash of a row.
func (s *RowSum) Add(other RowSum) {
	var carry uint64
	for i := len(s) - 8; i >= 0; i -= 8 {
		var sum uint64
		sum, carry = bits.Add64(binary.BigEndian.Uint64(s[i:]), binary.BigEndian.Uint64(other[i:]), carry)
		binary.BigEndian.PutUint64(s[i:], sum)
	}
}

// Sub takes a sum away again.
func (s *RowSum) Sub(other RowSum) {
	var borrow uint64
	for i := len(s) - 8; i >= 0; i -= 8 {
		var left uint64
		left, borrow = bits.Sub64(binary.BigEndian.Uint64(s[i:]), binary.BigEndian.Uint64(other[i:]), borrow)
		binary.BigEndian.PutUint64(s[i:], left)
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
