package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// The members of an incident's file that have a meaning here: the first, the last,
// the list of records, and the folder of bundles.
const (
	memberCustody  = "custody.json"
	memberManifest = "manifest.note"
	memberRecords  = "records.json"
	bundleFolder   = "evidence/"
)

// maxCustodyMembers bounds what is read of an incident's file.
const maxCustodyMembers = 100_000

// custodyVersion is the format of an incident's file.
const custodyVersion = "quoll-custody/1"

// CustodyTitle is the first line of a manifest. A checkpoint's is an origin, which
// has no spaces: one can never be taken for the other, though the key is the same.
const CustodyTitle = "Quoll custody manifest, version 1"

// CustodyAbout is the first member: what the file is about.
type CustodyAbout struct {
	Format   string `json:"format"`
	Incident int64  `json:"incident"`
	Title    string `json:"title"`
	// Export names this export in the audit trail.
	Export string `json:"export"`
	// Exported is when it was begun, RFC 3339 in UTC; By who asked.
	Exported string `json:"exported"`
	By       string `json:"by"`
	Origin   string `json:"origin"` // of the archive's log
	Software string `json:"software"`
}

// CustodyRecord says where a raw record stands: in the payload of a bundle of the
// same file.
type CustodyRecord struct {
	ID     string `json:"id"`
	Bundle string `json:"bundle"` // name of the member
	Offset int64  `json:"offset"` // in the payload, in bytes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // of the record, lower-case hexadecimal
}

// CustodyWriter writes the file of an incident, member by member.
type CustodyWriter struct {
	members tarMembers
	names   map[string]bool
	lines   strings.Builder
}

// NewCustodyWriter begins a file.
func NewCustodyWriter(w io.Writer, about CustodyAbout) (*CustodyWriter, error) {
	about.Format = custodyVersion
	text, err := json.Marshal(about)
	if err != nil {
		return nil, fmt.Errorf("write custody file: %w", err)
	}
	c := newManifest(w, about)
	return c, c.Add(memberCustody, append(text, '\n'))
}

func newManifest(w io.Writer, a CustodyAbout) *CustodyWriter {
	c := &CustodyWriter{members: newTarMembers(w), names: map[string]bool{}}
	fmt.Fprintf(&c.lines, "%s\n\nincident: %d\nexport: %s\nexported: %s\narchive: %s\n\n", CustodyTitle, a.Incident, a.Export, a.Exported, a.Origin)
	return c
}

// Add writes a member. Its name must be new.
func (c *CustodyWriter) Add(name string, data []byte) error {
	if c.names[name] || name == memberManifest || strings.ContainsAny(name, "\r\n") {
		return fmt.Errorf("%w: %q is no name for a member, or there twice", ErrFormat, name)
	}
	c.names[name] = true
	sum := sha256.Sum256(data)
	fmt.Fprintf(&c.lines, "%s  %s\n", hex.EncodeToString(sum[:]), name)
	return c.members.add(member{name, data})
}

// AddBundle writes the bundle of a payload and returns the name that it has.
func (c *CustodyWriter) AddBundle(position uint64, e *Evidence) (string, error) {
	var b bytes.Buffer
	if err := e.Write(&b); err != nil {
		return "", err
	}
	name := fmt.Sprintf("%sposition-%d.evidence.tar", bundleFolder, position)
	return name, c.Add(name, b.Bytes())
}

// AddRecords writes where the raw records stand.
func (c *CustodyWriter) AddRecords(records []CustodyRecord) error {
	text, err := json.MarshalIndent(append([]CustodyRecord{}, records...), "", "  ")
	if err != nil {
		return fmt.Errorf("write custody file: %w", err)
	}
	return c.Add(memberRecords, append(text, '\n'))
}

// Close writes the manifest, which sign makes a signed note of.
func (c *CustodyWriter) Close(sign func(text string) ([]byte, error)) error {
	signed, err := sign(c.lines.String())
	if err != nil {
		return fmt.Errorf("write custody file: %w", err)
	}
	if err := c.members.add(member{memberManifest, signed}); err != nil {
		return err
	}
	return c.members.close()
}

// Custody is an incident with all that is behind it.
type Custody struct {
	About   CustodyAbout
	members []member
}

// VerifiedCustody is what an incident's file was found to hold.
type VerifiedCustody struct {
	CustodyAbout
	Members int `json:"members"` // that the manifest lists
	Bundles int `json:"bundles"` // of evidence, each proved
	Records int `json:"records"` // raw records in them
	// Checkpoint is the largest that a bundle has; Cosigned is the least number of
	// known witnesses that a bundle's has.
	Checkpoint Checkpoint `json:"-"`
	Cosigned   int        `json:"cosigned"`
	// Stamped counts bundles that have time stamps, and Trusted those of them of which
	// one leads to a root that was given. LastStamp is the latest of the stamps.
	Stamped   int            `json:"stamped"`
	Trusted   int            `json:"stampsTrusted"`
	LastStamp *VerifiedStamp `json:"lastStamp,omitempty"`
}

func (v *VerifiedCustody) stamped(stamps []VerifiedStamp) {
	if len(stamps) == 0 {
		return
	}
	v.Stamped++
	trusted := false
	for _, s := range stamps {
		trusted = trusted || s.Trusted
		if v.LastStamp == nil || s.Time.After(v.LastStamp.Time) {
			v.LastStamp = &s
		}
	}
	if trusted {
		v.Trusted++
	}
}

func newCustody(members []member) (*Custody, error) {
	c := &Custody{members: members}
	first, last := members[0], members[len(members)-1]
	if err := json.Unmarshal(first.data, &c.About); err != nil || c.About.Format != custodyVersion {
		return nil, fmt.Errorf("%w: %s says format %q, this is for %q", ErrFormat, memberCustody, c.About.Format, custodyVersion)
	}
	if last.name != memberManifest {
		return nil, fmt.Errorf("%w: the last member is %q and no manifest: the file was cut", ErrFormat, last.name)
	}
	return c, nil
}

// Check is CheckTrusting without time stamps.
func (c *Custody) Check(log note.Verifier, witnesses []note.Verifier, quorum int) (*VerifiedCustody, error) {
	return c.CheckTrusting(Trust{Log: log, Witnesses: witnesses, Quorum: quorum})
}

// CheckTrusting checks the manifest against the log's key, every member against the
// manifest, every bundle of evidence by itself, and that the records stand in them.
func (c *Custody) CheckTrusting(trust Trust) (*VerifiedCustody, error) {
	v := &VerifiedCustody{CustodyAbout: c.About, Members: len(c.members) - 1}
	if err := c.checkManifest(trust.Log); err != nil {
		return v, err
	}
	payloads := map[string][]byte{}
	for _, m := range c.members {
		if !strings.HasPrefix(m.name, bundleFolder) {
			continue
		}
		bundle, err := Read(bytes.NewReader(m.data))
		if err != nil {
			return v, fmt.Errorf("%s: %w", m.name, err)
		}
		if bundle.Evidence == nil {
			return v, fmt.Errorf("%s: %w: no bundle of a record", m.name, ErrFormat)
		}
		proved, err := bundle.Evidence.CheckTrusting(trust)
		if err != nil {
			return v, fmt.Errorf("%s: %w", m.name, err)
		}
		if n := proved.Checkpoint.Witnesses(); v.Bundles == 0 || n < v.Cosigned {
			v.Cosigned = n
		}
		v.stamped(proved.Stamps)
		if v.Bundles++; proved.Checkpoint.Size >= v.Checkpoint.Size {
			v.Checkpoint = proved.Checkpoint
		}
		payloads[m.name] = bundle.Evidence.Payload
	}
	if v.Bundles == 0 { // what is asked for is not met by nothing
		if trust.Quorum > 0 {
			return v, fmt.Errorf("%w: there is no bundle of evidence, and so no checkpoint of the log; %d are asked for", ErrQuorum, trust.Quorum)
		}
		if err := trust.WithoutStamps(); err != nil {
			return v, err
		}
	}
	return v, c.checkRecords(payloads, v)
}

// checkManifest makes the manifest of the members anew: it has one form.
func (c *Custody) checkManifest(log note.Verifier) error {
	last := c.members[len(c.members)-1]
	n, err := openNote(last.data, log)
	if err != nil {
		return fmt.Errorf("%s: %w", memberManifest, err)
	}
	w := newManifest(io.Discard, c.About)
	for _, m := range c.members[:len(c.members)-1] {
		if err := w.Add(m.name, m.data); err != nil {
			return err
		}
	}
	if want := w.lines.String(); n != want {
		return fmt.Errorf("%w: %s", ErrContent, firstDifference(n, want))
	}
	if _, err := time.Parse(time.RFC3339, c.About.Exported); err != nil {
		return fmt.Errorf("%w: %q is no time", ErrFormat, c.About.Exported)
	}
	return nil
}

// firstDifference says in which line the signed manifest and the members differ.
func firstDifference(signed, found string) string {
	a, b := strings.Split(strings.TrimSuffix(signed, "\n"), "\n"), strings.Split(strings.TrimSuffix(found, "\n"), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("the signed manifest says %q, the file has %q", a[i], b[i])
		}
	}
	return fmt.Sprintf("the signed manifest has %d lines, the file has members for %d", len(a), len(b))
}

// checkRecords checks that the records stand where records.json says.
func (c *Custody) checkRecords(payloads map[string][]byte, v *VerifiedCustody) error {
	at := slices.IndexFunc(c.members, func(m member) bool { return m.name == memberRecords })
	if at < 0 {
		return fmt.Errorf("%w: there is no %s", ErrFormat, memberRecords)
	}
	var records []CustodyRecord
	if err := json.Unmarshal(c.members[at].data, &records); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrFormat, memberRecords, err)
	}
	for _, r := range records {
		payload, ok := payloads[r.Bundle]
		if !ok || r.Offset < 0 || r.Size < 0 || r.Offset > int64(len(payload))-r.Size {
			return fmt.Errorf("%w: record %s is not in %s", ErrContent, r.ID, r.Bundle)
		}
		if sum := sha256.Sum256(payload[r.Offset : r.Offset+r.Size]); hex.EncodeToString(sum[:]) != r.SHA256 {
			return fmt.Errorf("%w: record %s in %s does not have its hash", ErrContent, r.ID, r.Bundle)
		}
	}
	v.Records = len(records)
	return nil
}
