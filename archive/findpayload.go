package archive

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// FindPayload looks in the log of an archive for a payload with a hash, under a
// checkpoint that the verifier key has signed, and returns its first position;
// 0 when there is none.
func FindPayload(ctx context.Context, dir, verifierKey string, sum [32]byte) (position uint64, err error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(verifierKey))
	if err != nil {
		return 0, fmt.Errorf("verifier key: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, fmt.Errorf("open archive: %w", err)
	}
	defer root.Close()
	signed, err := readBounded(root.FS(), checkpointFile, maxCheckpoint)
	if err != nil {
		return 0, fmt.Errorf("open archive: %w", err)
	}
	checkpoint, err := openCheckpoint(signed, verifier)
	if err != nil {
		return 0, fmt.Errorf("open archive: checkpoint: %w", err)
	}
	wanted := hex.EncodeToString(sum[:])
	err = eachLeaf(ctx, root.FS(), checkpoint, func(line []byte) {
		if l, ok := parsePayloadLeaf(line); ok && position == 0 && l.SHA256 == wanted {
			position = l.Position
		}
	})
	if err != nil {
		return 0, fmt.Errorf("read the log of %s: %w", dir, err)
	}
	return position, nil
}
