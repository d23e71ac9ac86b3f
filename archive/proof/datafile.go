package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/note"
)

// memberData is the first member of the evidence of a data file.
const memberData = "data.parquet"

// DataFile is a data file of a table with all that proves that it was one.
type DataFile struct {
	Data    []byte   // the file, byte for byte
	Leaf    []byte   // its leaf in the log
	Proof   []byte   // a C2SP tlog-proof with the checkpoint
	Stamped *Stamped // nil where no time stamp reaches so far
}

// RowsLeaf is what a verifier reads of the leaf of a data file.
type RowsLeaf struct {
	Leaf   string `json:"leaf"`
	Number uint64 `json:"number"`
	Table  string `json:"table"`
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Rows   int64  `json:"rows"`
	From   string `json:"from"`
	To     string `json:"to"`
	First  uint64 `json:"first"`
	Last   uint64 `json:"last"`
	Seen   string `json:"seen"`
}

// Write writes the bundle as a ustar archive.
func (d *DataFile) Write(w io.Writer) error {
	return writeMembers(w, append([]member{{memberData, d.Data}, {memberLeaf, append(bytes.Clone(d.Leaf), '\n')}, {memberProof, d.Proof}}, d.Stamped.members()...))
}

func newDataFile(members []member) (*DataFile, error) {
	leaf, ended := bytes.CutSuffix(members[1].data, []byte("\n"))
	if !ended {
		return nil, fmt.Errorf("%w: %s does not end with a line feed", ErrFormat, memberLeaf)
	}
	return &DataFile{Data: members[0].data, Leaf: leaf, Proof: members[2].data}, nil
}

// VerifiedFile is what the evidence of a data file was found to prove.
type VerifiedFile struct {
	Leaf       RowsLeaf        `json:"leaf"`
	Index      int64           `json:"index"` // of the leaf in the log
	Checkpoint Checkpoint      `json:"-"`
	Stamps     []VerifiedStamp `json:"-"`
}

// Check is CheckTrusting without time stamps.
func (d *DataFile) Check(log note.Verifier, witnesses []note.Verifier, quorum int) (*VerifiedFile, error) {
	return d.CheckTrusting(Trust{Log: log, Witnesses: witnesses, Quorum: quorum})
}

// CheckTrusting checks the file against its leaf, the leaf in the tree, the tree's
// checkpoint against the log's key and a quorum of the known witnesses, and the time
// stamps.
func (d *DataFile) CheckTrusting(trust Trust) (*VerifiedFile, error) {
	v := &VerifiedFile{}
	if err := json.Unmarshal(d.Leaf, &v.Leaf); err != nil || v.Leaf.Leaf != "rows" {
		return v, fmt.Errorf("%w: %s is not the leaf of a data file", ErrFormat, memberLeaf)
	}
	sum := sha256.Sum256(d.Data)
	if got := hex.EncodeToString(sum[:]); got != v.Leaf.SHA256 || int64(len(d.Data)) != v.Leaf.Size {
		return v, fmt.Errorf("%w: the file has %d bytes with SHA-256 %s, its leaf says %d with %s", ErrContent, len(d.Data), got, v.Leaf.Size, v.Leaf.SHA256)
	}
	p, err := ParseInclusion(d.Proof)
	if err != nil {
		return v, err
	}
	v.Index = p.Index
	if v.Checkpoint, err = p.Check(d.Leaf, trust.Log, trust.Witnesses); err != nil {
		return v, err
	}
	if n := v.Checkpoint.Witnesses(); n < trust.Quorum {
		return v, fmt.Errorf("%w: %d of the %d that are known, %d are asked for", ErrQuorum, n, len(trust.Witnesses), trust.Quorum)
	}
	v.Stamps, err = d.Stamped.check(d.Leaf, trust)
	return v, err
}
