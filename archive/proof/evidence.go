package proof

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// The members of a bundle of evidence, in order.
const (
	memberAbout   = "evidence.json"
	memberRows    = "rows.jsonl"
	memberRecord  = "record"
	memberPayload = "payload"
	memberLeaf    = "leaf.json"
	memberProof   = "inclusion.tlog-proof"
)

// The members of a bundle that shows two checkpoints consistent, in order.
const (
	memberOlder  = "older.checkpoint"
	memberNewer  = "newer.checkpoint"
	memberHashes = "consistency.hashes"
)

// maxMember bounds, in bytes, what is read of one member: a payload has at most
// some megabytes.
const maxMember = 1 << 30

// evidenceVersion is the format of a bundle.
const evidenceVersion = "quoll-evidence/1"

// About is the first member: what the bundle is about. Nothing in it is trusted.
type About struct {
	Format string `json:"format"`
	// RecordOffset and RecordSize say where in the payload the record stands, in
	// bytes.
	RecordOffset int64 `json:"recordOffset"`
	RecordSize   int64 `json:"recordSize"`
	// RowsSHA256 is of the member with the rows, lower-case hexadecimal. The rows
	// are Quoll's reading of the record and under no signature; the hash shows
	// damage, not forgery.
	RowsSHA256 string `json:"rowsSha256"`
}

// Evidence is one record with all that proves it.
type Evidence struct {
	About   About
	Rows    []byte   // one JSON object a line: table and row
	Record  []byte   // the record as it stands in the payload
	Payload []byte   // the payload, byte for byte
	Leaf    []byte   // its leaf in the log
	Proof   []byte   // a C2SP tlog-proof with the checkpoint
	Stamped *Stamped // nil where no time stamp reaches so far
}

// Leaf is what a verifier reads of the leaf of a payload.
type Leaf struct {
	Leaf        string `json:"leaf"`
	Position    uint64 `json:"position"`
	SHA256      string `json:"sha256"`
	Size        int64  `json:"size"`
	Source      string `json:"source"`
	Format      string `json:"format"`
	Tenant      string `json:"tenant"`
	ContentType string `json:"contentType"`
	Name        string `json:"name"`
	Received    string `json:"received"`
}

// NewEvidence makes the bundle of the record at an offset of a payload.
func NewEvidence(payload []byte, offset, size int64, rows, leaf, proof []byte) (*Evidence, error) {
	if offset < 0 || size < 0 || offset > int64(len(payload))-size {
		return nil, fmt.Errorf("%w: a record of %d bytes at %d in a payload of %d", ErrContent, size, offset, len(payload))
	}
	sum := sha256.Sum256(rows)
	return &Evidence{
		About: About{Format: evidenceVersion, RecordOffset: offset, RecordSize: size, RowsSHA256: hex.EncodeToString(sum[:])},
		Rows:  rows, Record: payload[offset : offset+size], Payload: payload, Leaf: leaf, Proof: proof,
	}, nil
}

// Write writes the bundle as a ustar archive.
func (e *Evidence) Write(w io.Writer) error {
	about, err := json.Marshal(e.About)
	if err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	return writeMembers(w, append([]member{
		{memberAbout, append(about, '\n')}, {memberRows, e.Rows}, {memberRecord, e.Record},
		{memberPayload, e.Payload}, {memberLeaf, append(bytes.Clone(e.Leaf), '\n')}, {memberProof, e.Proof},
	}, e.Stamped.members()...))
}

// Verified is what a bundle was found to prove.
type Verified struct {
	Leaf       Leaf            `json:"leaf"`
	Index      int64           `json:"index"` // of the leaf in the log
	Checkpoint Checkpoint      `json:"-"`
	Stamps     []VerifiedStamp `json:"-"`
	Record     []byte          `json:"-"`
	Rows       []byte          `json:"-"` // not proved
}

// Check is CheckTrusting without time stamps.
func (e *Evidence) Check(log note.Verifier, witnesses []note.Verifier, quorum int) (*Verified, error) {
	return e.CheckTrusting(Trust{Log: log, Witnesses: witnesses, Quorum: quorum})
}

// CheckTrusting checks the whole chain: the record in the payload, the payload against
// its leaf, the leaf in the tree, the tree's checkpoint against the log's key,
// and the cosignatures of the known witnesses, of which there must be a quorum; and
// the time stamps, where there are any.
func (e *Evidence) CheckTrusting(trust Trust) (*Verified, error) {
	v := &Verified{Record: e.Record, Rows: e.Rows}
	if err := json.Unmarshal(e.Leaf, &v.Leaf); err != nil || v.Leaf.Leaf != "payload" {
		return v, fmt.Errorf("%w: %s is not the leaf of a payload", ErrFormat, memberLeaf)
	}
	sum := sha256.Sum256(e.Payload)
	if got := hex.EncodeToString(sum[:]); got != v.Leaf.SHA256 || int64(len(e.Payload)) != v.Leaf.Size {
		return v, fmt.Errorf("%w: the payload has %d bytes with SHA-256 %s, its leaf says %d with %s",
			ErrContent, len(e.Payload), got, v.Leaf.Size, v.Leaf.SHA256)
	}
	if err := e.checkParts(); err != nil {
		return v, err
	}
	p, err := ParseInclusion(e.Proof)
	if err != nil {
		return v, err
	}
	v.Index = p.Index
	if v.Checkpoint, err = p.Check(e.Leaf, trust.Log, trust.Witnesses); err != nil {
		return v, err
	}
	if n := v.Checkpoint.Witnesses(); n < trust.Quorum {
		return v, fmt.Errorf("%w: %d of the %d that are known, %d are asked for", ErrQuorum, n, len(trust.Witnesses), trust.Quorum)
	}
	v.Stamps, err = e.Stamped.check(e.Leaf, trust)
	return v, err
}

// checkParts compares record and rows with what the bundle says of them.
func (e *Evidence) checkParts() error {
	a := e.About
	if a.Format != evidenceVersion {
		return fmt.Errorf("%w: %s says format %q, this is for %q", ErrFormat, memberAbout, a.Format, evidenceVersion)
	}
	if a.RecordOffset < 0 || a.RecordSize < 0 || a.RecordOffset > int64(len(e.Payload))-a.RecordSize ||
		!bytes.Equal(e.Record, e.Payload[a.RecordOffset:a.RecordOffset+a.RecordSize]) {
		return fmt.Errorf("%w: the record is not the %d bytes at %d of the payload", ErrContent, a.RecordSize, a.RecordOffset)
	}
	if sum := sha256.Sum256(e.Rows); hex.EncodeToString(sum[:]) != a.RowsSHA256 {
		return fmt.Errorf("%w: %s does not have the hash that %s says", ErrContent, memberRows, memberAbout)
	}
	return nil
}

// Consistency shows that one checkpoint is of a beginning of another's tree.
type Consistency struct {
	Older, Newer, Hashes []byte
	// Stamped says since when the newer one's tree was there; nil where nobody says so.
	Stamped *StampedTree
}

// Write writes the bundle as a ustar archive.
func (c *Consistency) Write(w io.Writer) error {
	return writeMembers(w, append([]member{{memberOlder, c.Older}, {memberNewer, c.Newer}, {memberHashes, c.Hashes}}, c.Stamped.members()...))
}

// Check opens both checkpoints and checks the proof between them. The newer one
// must be cosigned by a quorum of the known witnesses.
func (c *Consistency) Check(log note.Verifier, witnesses []note.Verifier, quorum int) (older, newer Checkpoint, err error) {
	if older, err = OpenCheckpoint(c.Older, log, witnesses); err != nil {
		return older, newer, fmt.Errorf("%s: %w", memberOlder, err)
	}
	if newer, err = OpenCheckpoint(c.Newer, log, witnesses); err != nil {
		return older, newer, fmt.Errorf("%s: %w", memberNewer, err)
	}
	hashes, err := hashLines(memberHashes, c.Hashes)
	if err != nil {
		return older, newer, err
	}
	if n := newer.Witnesses(); n < quorum {
		return older, newer, fmt.Errorf("%w: %d of the %d that are known, %d are asked for", ErrQuorum, n, len(witnesses), quorum)
	}
	return older, newer, CheckConsistency(&older, &newer, hashes)
}

type member struct {
	name string
	data []byte
}

func writeMembers(w io.Writer, members []member) error {
	t := newTarMembers(w)
	for _, m := range members {
		if err := t.add(m); err != nil {
			return err
		}
	}
	return t.close()
}

// tarMembers writes members in the one form that a bundle has.
type tarMembers struct{ tar *tar.Writer }

func newTarMembers(w io.Writer) tarMembers { return tarMembers{tar.NewWriter(w)} }

func (t tarMembers) add(m member) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: m.name, Size: int64(len(m.data)), Mode: 0o444, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if err := t.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("write evidence: %s: %w", m.name, err)
	}
	if _, err := t.tar.Write(m.data); err != nil {
		return fmt.Errorf("write evidence: %s: %w", m.name, err)
	}
	return nil
}

func (t tarMembers) close() error {
	if err := t.tar.Close(); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	return nil
}

// Bundle is what a file was found to be: one of them is not nil.
type Bundle struct {
	Evidence    *Evidence
	Consistency *Consistency
	Absence     *Absence
	Custody     *Custody
	DataFile    *DataFile
}

// Read reads a bundle of any kind. A file that does not have the members of one
// kind, in their order and form, is refused.
func Read(r io.Reader) (b Bundle, err error) {
	data, err := io.ReadAll(io.LimitReader(r, 2*maxMember))
	if err != nil {
		return b, fmt.Errorf("read evidence: %w", err)
	}
	members, err := readMembers(bytes.NewReader(data))
	if err != nil {
		return b, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	var again bytes.Buffer
	if err := writeMembers(&again, members); err != nil {
		return b, err
	}
	if !bytes.Equal(again.Bytes(), data) {
		return b, fmt.Errorf("%w: the tar file has other bytes than its members need", ErrFormat)
	}
	if len(members) > 1 && members[0].name == memberCustody {
		b.Custody, err = newCustody(members)
		return b, err
	}
	members, stamped, err := splitStamped(members)
	if err != nil {
		return b, err
	}
	members, tree, err := splitStampedTree(members)
	if err != nil {
		return b, err
	}
	switch names(members) {
	case memberAbout + " " + memberRows + " " + memberRecord + " " + memberPayload + " " + memberLeaf + " " + memberProof:
		if b.Evidence, err = newEvidence(members); err == nil {
			b.Evidence.Stamped, stamped = stamped, nil
		}
	case memberOlder + " " + memberNewer + " " + memberHashes:
		b.Consistency = &Consistency{Older: members[0].data, Newer: members[1].data, Hashes: members[2].data, Stamped: tree}
		tree = nil
	case memberAbsence + " " + memberCheckpoint + " " + memberSpans + " " + memberCertificates:
		if b.Absence, err = newAbsence(members); err == nil {
			b.Absence.Stamped, tree = tree, nil
		}
	case memberData + " " + memberLeaf + " " + memberProof:
		if b.DataFile, err = newDataFile(members); err == nil {
			b.DataFile.Stamped, stamped = stamped, nil
		}
	default:
		err = fmt.Errorf("%w: the members are %q", ErrFormat, names(members))
	}
	if err == nil && (stamped != nil || tree != nil) {
		err = fmt.Errorf("%w: a bundle of this kind has no time stamps of this form", ErrFormat)
	}
	return b, err
}

func newEvidence(members []member) (*Evidence, error) {
	e := &Evidence{Rows: members[1].data, Record: members[2].data, Payload: members[3].data, Proof: members[5].data}
	if err := json.Unmarshal(members[0].data, &e.About); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, memberAbout, err)
	}
	if about, err := json.Marshal(e.About); err != nil || !bytes.Equal(append(about, '\n'), members[0].data) {
		return nil, fmt.Errorf("%w: %s is not in canonical form", ErrFormat, memberAbout)
	}
	var ended bool
	if e.Leaf, ended = bytes.CutSuffix(members[4].data, []byte("\n")); !ended {
		return nil, fmt.Errorf("%w: %s does not end with a line feed", ErrFormat, memberLeaf)
	}
	return e, nil
}

func names(members []member) string {
	var b []byte
	for i, m := range members {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, m.name...)
	}
	return string(b)
}

// mostMembers is how many a bundle may have: an incident's file has many.
func mostMembers(members []member) int {
	if len(members) > 0 && members[0].name == memberCustody {
		return maxCustodyMembers
	}
	return 6 + 1 + MaxStamps
}

func readMembers(r io.Reader) ([]member, error) {
	var members []member
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return members, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg || h.Size > maxMember || len(members) == mostMembers(members) {
			return nil, fmt.Errorf("member %q does not belong here", h.Name)
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return nil, fmt.Errorf("member %s: %w", h.Name, err)
		}
		members = append(members, member{h.Name, data})
	}
}
