package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

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
