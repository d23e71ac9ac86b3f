package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The members of a proof of absence.
const (
	memberAbsence      = "absence.json"
	memberCheckpoint   = "checkpoint"
	memberSpans        = "spans.jsonl"
	memberCertificates = "certificates.jsonl"
	absenceVersion     = "quoll-absence/1"
)

// Question is what is said not to be there: a record of an operation about a
// subject, from a time on and before another.
type Question struct {
	Tenant    string `json:"tenant"`
	Operation string `json:"operation"`
	Subject   string `json:"subject"`
	From      string `json:"from"` // as EntryTime, included
	To        string `json:"to"`   // excluded
}

// Absence is a proof that no record is there.
type Absence struct {
	Question     Question
	ContentTypes []string // those of the tenant that certificates are given of, where there are any
	// Begins is the journal position from which on payloads are covered, where indexes
	// of those before were disposed of; 0 is 1.
	Begins       uint64
	Checkpoint   []byte
	Spans        []Span
	Certificates []string
	// Stamped says since when the indexes were there; nil where nobody says so.
	Stamped *StampedTree
}

// Span is what one index of operations says about the question.
type Span struct {
	Index  int64    `json:"index"`  // of the head's leaf in the log
	Leaf   string   `json:"leaf"`   // of the head's payload
	Hashes []string `json:"hashes"` // from that leaf to the root of the checkpoint
	Head   string   `json:"head"`
	// Before and After are the entries beside the place where the record would
	// be. Neither is given where the bounds of the head tell enough; one is
	// missing at an end of the index.
	Before *Neighbour `json:"before,omitempty"`
	After  *Neighbour `json:"after,omitempty"`
}

// Neighbour is an entry, and the proof that it is in the index at its place.
type Neighbour struct {
	N      int64    `json:"n"`
	Entry  string   `json:"entry"`
	Hashes []string `json:"hashes"`
}

// aboutAbsence is the first member. Its sum shows damage, not forgery: another
// question would be another statement, and true if the rest proves it.
type aboutAbsence struct {
	Format string `json:"format"`
	Question
	ContentTypes []string `json:"contentTypes"`
	Begins       uint64   `json:"begins,omitempty"` // above 1 if there
	SHA256       string   `json:"sha256"`           // of this line with an empty text here
}

func (a *aboutAbsence) sum() string {
	bare := *a
	bare.SHA256 = ""
	sum := sha256.Sum256(line(&bare))
	return hex.EncodeToString(sum[:])
}

// Write writes the proof as a ustar archive.
func (a *Absence) Write(w io.Writer) error {
	about := aboutAbsence{Format: absenceVersion, Question: a.Question, ContentTypes: append([]string{}, a.ContentTypes...), Begins: a.Begins}
	about.SHA256 = about.sum()
	var spans, certificates []byte
	for i := range a.Spans {
		spans = append(append(spans, line(&a.Spans[i])...), '\n')
	}
	for _, c := range a.Certificates {
		certificates = append(append(certificates, line(&c)...), '\n')
	}
	return writeMembers(w, append([]member{
		{memberAbsence, append(line(&about), '\n')}, {memberCheckpoint, a.Checkpoint}, {memberSpans, spans}, {memberCertificates, certificates},
	}, a.Stamped.members()...))
}

func newAbsence(members []member) (*Absence, error) {
	var about aboutAbsence
	text, ended := bytes.CutSuffix(members[0].data, []byte("\n"))
	if err := parseLine(text, &about); err != nil || !ended {
		return nil, fmt.Errorf("%w: %s is not one line in its one form", ErrFormat, memberAbsence)
	}
	if about.Format != absenceVersion {
		return nil, fmt.Errorf("%w: %s says format %q, this is for %q", ErrFormat, memberAbsence, about.Format, absenceVersion)
	}
	if about.SHA256 != about.sum() {
		return nil, fmt.Errorf("%w: %s does not have the sum that it says", ErrContent, memberAbsence)
	}
	a := &Absence{Question: about.Question, ContentTypes: about.ContentTypes, Begins: about.Begins, Checkpoint: members[1].data}
	err := eachLine(memberSpans, members[2].data, func(text []byte) error {
		var s Span
		err := parseLine(text, &s)
		a.Spans = append(a.Spans, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, eachLine(memberCertificates, members[3].data, func(text []byte) error {
		var c string
		err := parseLine(text, &c)
		a.Certificates = append(a.Certificates, c)
		return err
	})
}

// eachLine hands over lines that each end with a line feed.
func eachLine(name string, data []byte, use func(text []byte) error) error {
	n := 0
	for text := range bytes.Lines(data) {
		n++
		text, ended := bytes.CutSuffix(text, []byte("\n"))
		if !ended {
			return fmt.Errorf("%w: %s does not end with a line feed", ErrFormat, name)
		}
		if err := use(text); err != nil {
			return fmt.Errorf("line %d of %s: %w", n, name, err)
		}
	}
	return nil
}

// VerifiedAbsence is what a proof of absence was found to prove, and where it ends.
type VerifiedAbsence struct {
	Question   Question   `json:"question"`
	Checkpoint Checkpoint `json:"-"`
	// Stamps are over a tree with all indexes; CheckTrusting alone fills them in.
	Stamps []VerifiedStamp `json:"-"`
	// First and Last are the journal positions between which every payload is covered.
	// Where First is not 1, nothing is said of those before. Until is when the last
	// index was made.
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Until string `json:"until"`
	Spans int    `json:"spans"`
	// Records are those that the indexes are of. Timeless and Rejected ones may be
	// anything, the record that is said not to be there among them.
	Records  int64 `json:"records"`
	Timeless int64 `json:"timeless"`
	Rejected int64 `json:"rejected"`
	// Erased payloads may have had records that no index has.
	Erased int64 `json:"erased,omitempty"`
	// Days are what the certificates say of the days of the question and the one
	// after, by content type.
	Days []CertifiedDay `json:"days"`
}

// Check checks that the heads of indexes cover every journal position from 1 on, or from
// where the proof says that it begins, without a hole, that each is in the log, and that none has the record.
func (a *Absence) Check(log note.Verifier, witnesses []note.Verifier, quorum int) (*VerifiedAbsence, error) {
	v := &VerifiedAbsence{Question: a.Question, First: max(a.Begins, 1), Spans: len(a.Spans), Days: []CertifiedDay{}}
	v.Last = v.First - 1
	if a.Begins == 1 {
		return v, fmt.Errorf("%w: it says that it begins with 1, which is not said", ErrFormat)
	}
	if err := a.Question.check(); err != nil {
		return v, err
	}
	var err error
	if v.Checkpoint, err = OpenCheckpoint(a.Checkpoint, log, witnesses); err != nil {
		return v, err
	}
	if n := v.Checkpoint.Witnesses(); n < quorum {
		return v, fmt.Errorf("%w: %d of the %d that are known, %d are asked for", ErrQuorum, n, len(witnesses), quorum)
	}
	if len(a.Spans) == 0 {
		return v, fmt.Errorf("%w: no index of operations is given: nothing is covered", ErrAbsence)
	}
	for i := range a.Spans {
		if err := v.span(&a.Spans[i]); err != nil {
			return v, fmt.Errorf("index %d: %w", i+1, err)
		}
	}
	v.Days, err = a.days(log)
	return v, err
}

// check says that a question is in the form of entries.
func (q *Question) check() error {
	for _, text := range []string{q.From, q.To} {
		if at, err := time.Parse(EntryTime, text); err != nil || NormalTime(at) != text {
			return fmt.Errorf("%w: the time %q", ErrFormat, text)
		}
	}
	if q.To <= q.From || q.Tenant != Normal(q.Tenant) || q.Operation != Normal(q.Operation) || q.Subject != Normal(q.Subject) {
		return fmt.Errorf("%w: the question is not in lower case, or of no time", ErrFormat)
	}
	return nil
}

// bounds are the first entry that the question could have and what is behind the
// last.
func (q *Question) bounds() (from, to *Entry) {
	return &Entry{Tenant: q.Tenant, Operation: q.Operation, Subject: q.Subject, Time: q.From},
		&Entry{Tenant: q.Tenant, Operation: q.Operation, Subject: q.Subject, Time: q.To}
}

func (v *VerifiedAbsence) span(s *Span) error {
	head, received, err := s.committed(&v.Checkpoint)
	if err != nil {
		return err
	}
	if head.First != v.Last+1 {
		return fmt.Errorf("%w: it begins with journal position %d, the one before ends with %d", ErrAbsence, head.First, v.Last)
	}
	v.Last, v.Until = head.Last, received
	v.Records, v.Timeless, v.Rejected = v.Records+head.Records, v.Timeless+head.Timeless, v.Rejected+head.Rejected
	v.Erased += head.Erased
	if !head.mayHold(v.Question.From, v.Question.To) {
		if s.Before != nil || s.After != nil {
			return fmt.Errorf("%w: entries of an index whose bounds tell enough", ErrFormat)
		}
		return nil
	}
	return s.apart(head, &v.Question)
}

// committed checks that the head is a payload of Quoll's ledger in the log.
func (s *Span) committed(c *Checkpoint) (*Head, string, error) {
	hashes, err := ParseHashes(s.Hashes)
	if err != nil {
		return nil, "", err
	}
	if s.Index < 0 || s.Index >= c.Size {
		return nil, "", fmt.Errorf("%w: leaf %d of %d", ErrInclusion, s.Index, c.Size)
	}
	if err := tlog.CheckRecord(hashes, c.Size, c.Root, s.Index, tlog.RecordHash([]byte(s.Leaf))); err != nil {
		return nil, "", fmt.Errorf("%w: leaf %d of %d: %w", ErrInclusion, s.Index, c.Size, err)
	}
	var leaf Leaf
	if err := json.Unmarshal([]byte(s.Leaf), &leaf); err != nil || leaf.Leaf != "payload" || leaf.Source != LedgerSource || leaf.Format != HeadFormat {
		return nil, "", fmt.Errorf("%w: leaf %d is not that of a head", ErrFormat, s.Index)
	}
	if sum := sha256.Sum256([]byte(s.Head)); hex.EncodeToString(sum[:]) != leaf.SHA256 || int64(len(s.Head)) != leaf.Size {
		return nil, "", fmt.Errorf("%w: the head is not the one in the log", ErrContent)
	}
	head, err := ParseHead([]byte(s.Head))
	if err != nil {
		return nil, "", err
	}
	if leaf.Position <= head.Last {
		return nil, "", fmt.Errorf("%w: the head at journal position %d is of positions up to %d", ErrAbsence, leaf.Position, head.Last)
	}
	return head, leaf.Received, nil
}

// apart checks that the neighbours stand side by side in the index, and the place of
// the record between them.
func (s *Span) apart(head *Head, q *Question) error {
	before, after := int64(-1), head.Entries
	from, to := q.bounds()
	if s.Before != nil {
		e, err := s.Before.committed(head)
		if err != nil {
			return err
		}
		if e.compareKey(from) >= 0 {
			return fmt.Errorf("%w: the entry before is not before", ErrAbsence)
		}
		before = s.Before.N
	}
	if s.After != nil {
		e, err := s.After.committed(head)
		if err != nil {
			return err
		}
		if e.compareKey(to) < 0 {
			return fmt.Errorf("%w: the entry after is not after: it is %s", ErrAbsence, s.After.Entry)
		}
		after = s.After.N
	}
	if before+1 != after {
		return fmt.Errorf("%w: entries %d and %d of %d do not stand side by side", ErrAbsence, before, after, head.Entries)
	}
	return nil
}

// committed checks that the entry is in the index.
func (n *Neighbour) committed(head *Head) (*Entry, error) {
	hashes, err := ParseHashes(n.Hashes)
	if err != nil {
		return nil, err
	}
	root, err := tlog.ParseHash(head.Root)
	if err != nil {
		return nil, fmt.Errorf("%w: root %q", ErrFormat, head.Root)
	}
	if n.N < 0 || n.N >= head.Entries {
		return nil, fmt.Errorf("%w: entry %d of %d", ErrInclusion, n.N, head.Entries)
	}
	if err := tlog.CheckRecord(hashes, head.Entries, root, n.N, tlog.RecordHash([]byte(n.Entry))); err != nil {
		return nil, fmt.Errorf("%w: entry %d of %d: %w", ErrInclusion, n.N, head.Entries, err)
	}
	return ParseEntry([]byte(n.Entry))
}
