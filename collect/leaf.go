package collect

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// BlobLeaf is one blob of a closed hour or day, as its Merkle tree has it: one
// line of JSON with the fields in this order and no white space. The leaves of a
// tree are in the order of creation, and of content ids (as bytes) where that is
// the same. docs/formats/certificate.md has the form.
type BlobLeaf struct {
	Created   string `json:"created"` // RFC 3339 in UTC, in microseconds as the ledger has it
	ContentID string `json:"contentId"`
	State     string `json:"state"` // "journalled" or "expired"
	// The rest is of what was journalled; zero and empty for an expired blob.
	Size     int64  `json:"size"` // bytes
	Records  int64  `json:"records"`
	SHA256   string `json:"sha256"`   // lower-case hexadecimal
	Position uint64 `json:"position"` // in the journal and the archive
}

// Line returns the leaf as its tree has it, without a line feed.
func (l BlobLeaf) Line() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		return nil, fmt.Errorf("encode blob %q: %w", l.ContentID, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// leafTime is how a leaf writes a time.
func leafTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func hexOf(sum []byte) string { return hex.EncodeToString(sum) }

// MerkleTree computes the root over leaves that are added one by one, as RFC
// 6962 section 2.1 has it. The zero value is the empty tree. It keeps one hash
// for each perfect subtree, so its size does not grow with that of the tree.
type MerkleTree struct {
	size  int64
	roots []tlog.Hash // of the perfect subtrees, from the largest to the smallest
}

// Add appends a leaf.
func (t *MerkleTree) Add(leaf []byte) {
	h := tlog.RecordHash(leaf)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.roots) - 1
		h = tlog.NodeHash(t.roots[last], h)
		t.roots = t.roots[:last]
	}
	t.roots = append(t.roots, h)
	t.size++
}

// Size is the number of leaves.
func (t *MerkleTree) Size() int64 { return t.size }

// Root returns the Merkle tree hash.
func (t *MerkleTree) Root() [32]byte {
	if len(t.roots) == 0 {
		h, _ := tlog.TreeHash(0, nil) // the hash of nothing cannot fail
		return h
	}
	h := t.roots[len(t.roots)-1]
	for i := len(t.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.roots[i], h)
	}
	return h
}
