package archive

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quoll/quoll/model"
)

// maxLeaf is the largest leaf that an entry bundle can hold (C2SP tlog-tiles:
// a length of two bytes).
const maxLeaf = 1<<16 - 1

// The kinds of leaves.
const (
	leafPayload = "payload"
	leafObject  = "object"
)

// PayloadLeaf is the leaf of one payload: one line of JSON with the fields in
// this order, no white space, and nothing left out but nameBase64. The same line
// stands in the object's index.
type PayloadLeaf struct {
	Leaf        string `json:"leaf"`     // "payload"
	Position    uint64 `json:"position"` // in the journal, from 1
	SHA256      string `json:"sha256"`   // of the body, lower-case hexadecimal
	Size        int64  `json:"size"`     // bytes of the body
	Source      string `json:"source"`
	Format      string `json:"format"`
	Tenant      string `json:"tenant"`
	ContentType string `json:"contentType"`
	Name        string `json:"name"`
	NameBase64  string `json:"nameBase64,omitempty"` // the exact name, if it is not UTF-8
	Offset      int64  `json:"offset"`
	Line        int64  `json:"line"`
	Received    string `json:"received"` // RFC 3339 in UTC with nanoseconds
	Object      string `json:"object"`   // path of the object in the archive
}

// ObjectLeaf is the leaf that follows those of an object's payloads. All of it
// can be computed from the object file.
type ObjectLeaf struct {
	Leaf     string `json:"leaf"` // "object"
	First    uint64 `json:"first"`
	Last     uint64 `json:"last"`
	Payloads int    `json:"payloads"`
	SHA256   string `json:"sha256"` // of the whole file, lower-case hexadecimal
	Size     int64  `json:"size"`   // bytes of the whole file
	Object   string `json:"object"` // its path in the archive
}

func newPayloadLeaf(position uint64, p *model.Payload, sum [32]byte) PayloadLeaf {
	l := PayloadLeaf{
		Leaf:        leafPayload,
		Position:    position,
		SHA256:      hex.EncodeToString(sum[:]),
		Size:        int64(len(p.Body)),
		Source:      string(p.Source),
		Format:      string(p.Format),
		Tenant:      p.Tenant,
		ContentType: p.ContentType,
		Name:        p.Name,
		Offset:      p.Offset,
		Line:        p.Line,
		Received:    p.Received.UTC().Format(time.RFC3339Nano),
	}
	if !utf8.ValidString(p.Name) {
		l.Name = strings.ToValidUTF8(p.Name, "\ufffd")
		l.NameBase64 = base64.StdEncoding.EncodeToString([]byte(p.Name))
	}
	return l
}

// encodeLeaf returns the line of a leaf, without a line feed.
func encodeLeaf(leaf any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(leaf); err != nil {
		return nil, fmt.Errorf("encode leaf: %w", err)
	}
	line := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(line) > maxLeaf {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(line))
	}
	return line, nil
}

const (
	objectsDir   = "objects"
	objectSuffix = ".tar.zst"
	// A directory has the objects that begin in the same span of positions.
	objectsPerDir = 10_000
)

// objectPath returns the path of an object, relative to the archive and with
// slashes.
func objectPath(first, last uint64) string {
	return fmt.Sprintf("%s/%016d/%020d-%020d%s", objectsDir, first/objectsPerDir, first, last, objectSuffix)
}

// objectPath returns the path of an object that is encrypted to recipients, or of
// one that is not where there are none.
func (r Recipients) objectPath(first, last uint64) string {
	if len(r) == 0 {
		return objectPath(first, last)
	}
	return objectPath(first, last) + encryptedSuffix
}

// parseObjectPath is the inverse of objectPath, also for one that is encrypted; ok
// is false for any other path.
func parseObjectPath(name string) (first, last uint64, ok bool) {
	name = strings.TrimSuffix(name, encryptedSuffix)
	base, found := strings.CutSuffix(path.Base(name), objectSuffix)
	first, last, ok = parseSpan(base)
	return first, last, found && ok && objectPath(first, last) == name
}

// parseSpan reads the two numbers in the name of an object. They are of 63 bits, so
// that what is counted by them does not overflow.
func parseSpan(base string) (first, last uint64, ok bool) {
	if len(base) != 41 {
		return 0, 0, false
	}
	first, err := strconv.ParseUint(base[:20], 10, 63)
	if err != nil {
		return 0, 0, false
	}
	last, err = strconv.ParseUint(base[21:], 10, 63)
	return first, last, err == nil && first > 0 && last >= first
}
