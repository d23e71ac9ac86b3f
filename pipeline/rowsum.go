package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"log/slog"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
)

// silent is the log of what is told otherwise.
var silent = slog.New(slog.DiscardHandler)

// addRow adds the hash of a row to a sum: over key, digest, time and values.
func addRow(s *model.RowSum, c lake.Content) {
	text := make([]byte, 0, 64)
	text = append(append(text, c.Key[:]...), c.Digest[:]...)
	text = binary.BigEndian.AppendUint64(text, uint64(c.Time))
	s.Add(sha256.Sum256(append(text, c.Sum[:]...)))
}
