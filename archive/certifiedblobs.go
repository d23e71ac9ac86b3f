package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// CertifiedBlob is one line of the list of blobs beside a certificate, and one
// leaf of its tree.
type CertifiedBlob struct {
	Created   string `json:"created"`
	ContentID string `json:"contentId"`
	State     string `json:"state"` // "journalled" or "expired"; others in a provisional list only
	Size      int64  `json:"size"`
	Records   int64  `json:"records"`
	SHA256    string `json:"sha256"`
	Position  uint64 `json:"position"`
}

const (
	blobJournalled = "journalled"
	blobExpired    = "expired"
)

// maxBlobLine bounds one line of a list of blobs.
const maxBlobLine = 64 << 10

// CheckBlobs reads the list of blobs beside a certificate to its end and checks
// that it is the one that the certificate commits to: that the root, the order,
// the day and every count are the certificate's. It returns the blobs that are
// journalled.
func (c *Certificate) CheckBlobs(list io.Reader) ([]CertifiedBlob, error) {
	var blobs []CertifiedBlob
	var counted Certificate
	leaves := &tree{}
	var last CertifiedBlob
	lines := bufio.NewScanner(list)
	lines.Buffer(nil, maxBlobLine)
	lines.Split(exactLines)
	for number := 1; lines.Scan(); number++ {
		line := lines.Bytes()
		leaves.append(tlog.RecordHash(line), func(tlog.Tile, []tlog.Hash) {})
		var b CertifiedBlob
		if err := json.Unmarshal(line, &b); err != nil {
			return nil, fmt.Errorf("line %d of the list of blobs: %w", number, err)
		}
		if !strings.HasPrefix(b.Created, c.Day.Format("2006-01-02T")) {
			return nil, fmt.Errorf("line %d of the list of blobs was created at %s, not on the day", number, b.Created)
		}
		if b.Created < last.Created || b.Created == last.Created && b.ContentID <= last.ContentID {
			return nil, fmt.Errorf("line %d of the list of blobs is out of order", number)
		}
		last = b
		counted.Listed++
		switch b.State {
		case blobJournalled:
			counted.Fetched++
			blobs = append(blobs, b)
		case blobExpired:
			counted.Expired++
		}
		counted.Records += b.Records
		counted.Bytes += b.Size
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the list of blobs: %w", err)
	}
	if root := leaves.root(); root != tlog.Hash(c.Root) {
		return nil, fmt.Errorf("the list of blobs has the root %s, the certificate %s", root, tlog.Hash(c.Root))
	}
	if counted.Listed != c.Listed || counted.Fetched != c.Fetched || counted.Expired != c.Expired || counted.Records != c.Records || counted.Bytes != c.Bytes {
		return nil, fmt.Errorf("the list has %d blobs, %d fetched, %d expired, %d records, %d bytes, which is not what the certificate counts",
			counted.Listed, counted.Fetched, counted.Expired, counted.Records, counted.Bytes)
	}
	return blobs, nil
}

// exactLines splits at line feeds alone, so that no byte of the list is outside
// of the tree.
func exactLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errors.New("the last line has no end")
	}
	return 0, nil, nil
}

// LogHead is the signed head of a log.
type LogHead struct {
	Size int64  `json:"size"` // leaves
	Root string `json:"root"` // Base64
}

// FindBlobs looks for certified blobs in the log of an archive: every entry
// bundle is read, the root over all leaves must be the one that was signed, and
// each blob must be a payload leaf at its position, with its name, hash and
// size. It returns, in words, those that are not. Objects are not read: Verify
// does that.
func FindBlobs(ctx context.Context, dir, verifierKey string, c *Certificate, blobs []CertifiedBlob) (head LogHead, missing []string, err error) {
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
	wanted := map[uint64]CertifiedBlob{}
	for _, b := range blobs {
		wanted[b.Position] = b
	}
	found := map[uint64]PayloadLeaf{}
	err = eachLeaf(ctx, root.FS(), checkpoint, func(line []byte) {
		if l, ok := parsePayloadLeaf(line); ok {
			if _, ok := wanted[l.Position]; ok {
				found[l.Position] = l
			}
		}
	})
	if err != nil {
		return head, nil, fmt.Errorf("read the log of %s: %w", dir, err)
	}
	for _, b := range blobs {
		if why := c.differs(b, found); why != "" {
			missing = append(missing, fmt.Sprintf("%s: %s", b.ContentID, why))
		}
	}
	return LogHead{checkpoint.size, checkpoint.root.String()}, missing, nil
}

func (c *Certificate) differs(b CertifiedBlob, found map[uint64]PayloadLeaf) string {
	l, ok := found[b.Position]
	switch {
	case !ok:
		return fmt.Sprintf("position %d is not in the log", b.Position)
	case l.Tenant != c.Tenant || l.ContentType != c.ContentType || l.Name != b.ContentID:
		return fmt.Sprintf("position %d holds %s %s %q", b.Position, l.Tenant, l.ContentType, l.Name)
	case l.SHA256 != b.SHA256 || l.Size != b.Size:
		return fmt.Sprintf("position %d has %d bytes with SHA-256 %s, the certificate %d bytes with %s", b.Position, l.Size, l.SHA256, b.Size, b.SHA256)
	}
	return ""
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
