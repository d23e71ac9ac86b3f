package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// LogHead is the signed head of a log.
type LogHead struct {
	Size int64  `json:"size"` // leaves
	Root string `json:"root"` // Base64
}

// FindBlobs looks for certified blobs in the log of an archive: every entry
// bundle is read, the root over all leaves must be the one that was signed, and
// each blob must be a payload leaf at its position, with its name, hash and
// size. A blob that was too large for one payload is in several, whose offsets
// follow each other and of which the last is at its position; its hash is that
// of their bodies together, which are read. It returns, in words, the blobs that
// are not there. Objects of other blobs are not read: Verify does that.
func FindBlobs(ctx context.Context, dir, verifierKey string, identities Identities, c *Certificate, blobs []CertifiedBlob) (head LogHead, missing []string, err error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(verifierKey))
	if err != nil {
		return head, nil, fmt.Errorf("verifier key: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return head, nil, fmt.Errorf("open archive: %w", err)
	}
	defer root.Close()
	signed, err := readBounded(root.FS(), checkpointFile, maxCheckpoint)
	if err != nil {
		return head, nil, fmt.Errorf("open archive: %w", err)
	}
	checkpoint, err := openCheckpoint(signed, verifier)
	if err != nil {
		return head, nil, fmt.Errorf("open archive: checkpoint: %w", err)
	}
	wanted := map[string]bool{}
	for _, b := range blobs {
		wanted[b.ContentID] = true
	}
	found := foundLeaves{}
	err = eachLeaf(ctx, root.FS(), checkpoint, func(line []byte) {
		if l, ok := parsePayloadLeaf(line); ok && wanted[l.Name] && l.Tenant == c.Tenant && l.ContentType == c.ContentType {
			found[l.Name] = append(found[l.Name], l)
		}
	})
	if err != nil {
		return head, nil, fmt.Errorf("read the log of %s: %w", dir, err)
	}
	files := newClearFS(root.FS(), identities, verifierKey)
	for _, b := range blobs {
		if why := found.differs(files, b); why != "" {
			missing = append(missing, fmt.Sprintf("%s: %s", b.ContentID, why))
		}
	}
	return LogHead{checkpoint.size, checkpoint.root.String()}, missing, ctx.Err()
}

// foundLeaves are the payloads of a tenant and content type by name, in the
// order of their positions.
type foundLeaves map[string][]PayloadLeaf

// differs says why a blob is not in the log as certified, or nothing.
func (f foundLeaves) differs(fsys fs.FS, b CertifiedBlob) string {
	parts := f.parts(b)
	switch {
	case len(parts) == 0:
		return fmt.Sprintf("the log has nothing of it up to position %d that is whole", b.Position)
	case len(parts) == 1 && (parts[0].SHA256 != b.SHA256 || parts[0].Size != b.Size):
		return fmt.Sprintf("position %d has %d bytes with SHA-256 %s, the certificate %d bytes with %s", b.Position, parts[0].Size, parts[0].SHA256, b.Size, b.SHA256)
	case len(parts) == 1:
		return ""
	}
	together := sha256.New()
	for _, part := range parts {
		if err := copyBody(fsys, part, together); err != nil {
			return fmt.Sprintf("its part at position %d cannot be read: %v", part.Position, err)
		}
	}
	if sum := hex.EncodeToString(together.Sum(nil)); sum != b.SHA256 {
		return fmt.Sprintf("its %d parts up to position %d have SHA-256 %s together, the certificate %s", len(parts), b.Position, sum, b.SHA256)
	}
	return ""
}

// parts returns the payloads that are the blob when they are put together: the
// one at its position and, if that is a later part, those before it, back to
// offset 0. Nil when one is missing.
func (f foundLeaves) parts(b CertifiedBlob) []PayloadLeaf {
	var parts []PayloadLeaf
	leaves := f[b.ContentID]
	offset := b.Size
	for i := len(leaves) - 1; i >= 0; i-- {
		l := leaves[i]
		switch {
		case l.Position > b.Position:
			continue
		case len(parts) == 0 && l.Position < b.Position:
			return nil
		case len(parts) == 0 && l.Offset == 0: // whole, whatever its size
			return []PayloadLeaf{l}
		case l.Offset+l.Size != offset: // of an attempt that a crash broke off
			continue
		}
		parts = append([]PayloadLeaf{l}, parts...)
		if offset = l.Offset; offset == 0 {
			return parts
		}
	}
	return nil
}

// copyBody copies the body of a payload out of its object, and checks that it is
// what the leaf says.
func copyBody(fsys fs.FS, l PayloadLeaf, into io.Writer) error {
	file, err := fsys.Open(l.Object)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if gone := goneFrom(file); gone.lacks(l.Position) {
		return gone.errErasedBy(l.Position)
	}
	decoder, err := zstd.NewReader(file, zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer decoder.Close()
	members := newMembers(decoder)
	size, err := members.seek(payloadMember(l.Position))
	if err == nil && size != l.Size { // before it is unpacked: a small file may have very much
		err = fmt.Errorf("it has %d bytes, and the log says %d", size, l.Size)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: member %s: %w", ErrDamaged, l.Object, payloadMember(l.Position), err)
	}
	own := sha256.New()
	n, err := io.Copy(io.MultiWriter(into, own), members)
	if err == nil && (n != l.Size || hex.EncodeToString(own.Sum(nil)) != l.SHA256) {
		err = fmt.Errorf("%w: %s: the body is not what the log says", ErrDamaged, l.Object)
	}
	return err
}

// eachLeaf hands over every leaf of the log in order, and reports whether all of
// them have the root that was signed.
func eachLeaf(ctx context.Context, fsys fs.FS, head checkpoint, use func(line []byte)) error {
	built := &tree{}
	for n := int64(0); n*tileWidth < head.size; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		width := int(min(tileWidth, head.size-n*tileWidth))
		name := bundlePath(tileAt(0, n, width))
		data, err := readBounded(fsys, name, maxBundle)
		if err != nil {
			return err
		}
		leaves, err := decodeBundle(data, width)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, line := range leaves {
			built.append(tlog.RecordHash(line), func(tlog.Tile, []tlog.Hash) {})
			use(line)
		}
	}
	if built.root() != head.root {
		return fmt.Errorf("the leaves have the root %s, the checkpoint %s: verify the archive", built.root(), head.root)
	}
	return nil
}

func readBounded(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return data, err
}
