package proof

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// The formats of the payloads that hold an index of operations, as their leaves
// name them. Their source is Quoll's ledger: no tenant can deliver one.
const (
	LedgerSource     = "ledger"
	OperationsFormat = "operations"      // the entries, one a line
	HeadFormat       = "operations-head" // what the log commits to of them
	headVersion      = "quoll-operations/1"
)

// EntryTime is how an entry words a time: texts of it are ordered as the times.
const EntryTime = "2006-01-02T15:04:05.000000Z"

// Entry is one record under one of those it is about. The entries of an index are
// in the order of the fields.
type Entry struct {
	Tenant    string `json:"tenant"`    // lower case
	Operation string `json:"operation"` // lower case
	Subject   string `json:"subject"`   // lower case
	Time      string `json:"time"`      // in UTC, as EntryTime; empty where the record has none
	Position  uint64 `json:"position"`  // of its payload in the journal
	Record    int    `json:"record"`    // its number among the records of the payload, from 0
}

// Compare orders entries as the index has them.
func (e *Entry) Compare(o *Entry) int {
	return cmp.Or(e.compareKey(o), cmp.Compare(e.Position, o.Position), cmp.Compare(e.Record, o.Record))
}

// compareKey leaves out which record it is.
func (e *Entry) compareKey(o *Entry) int {
	return cmp.Or(strings.Compare(e.Tenant, o.Tenant), strings.Compare(e.Operation, o.Operation), strings.Compare(e.Subject, o.Subject), strings.Compare(e.Time, o.Time))
}

// Line returns the entry in its one form, without a line feed. It is what is
// hashed as a leaf of the index's tree.
func (e *Entry) Line() []byte { return line(e) }

// ParseEntry reads an entry in its one form.
func ParseEntry(text []byte) (*Entry, error) {
	var e Entry
	return &e, parseLine(text, &e)
}

// Head says what an index of operations is of: the records of all payloads from one
// journal position to another. It is the body of a payload in the log.
type Head struct {
	Format string `json:"format"`
	First  uint64 `json:"first"` // journal positions, both included
	Last   uint64 `json:"last"`
	// Records counts audit records, Entries the lines of the index: one for each
	// that a record is about.
	Records int64  `json:"records"`
	Entries int64  `json:"entries"`
	Root    string `json:"root"` // of the RFC 6962 tree over the entries, Base64
	// Earliest and Latest are the bounds of the entries' times, empty without any.
	Earliest string `json:"earliest"`
	Latest   string `json:"latest"`
	// Timeless counts records without a time that can be read, Rejected pieces of
	// payloads that could not be read as records. They may be anything.
	Timeless int64 `json:"timeless"`
	Rejected int64 `json:"rejected"`
	// Erased counts payloads whose bodies were not there when the index was made: they
	// had been erased, disposed of, or were trimmed from a journal that is older than
	// its archive. What was in them is not in it.
	Erased int64 `json:"erased,omitempty"`
	// List is the journal position of the payload with the entries.
	List uint64 `json:"list"`
}

// NewHead returns a head without counts.
func NewHead(first, last uint64) *Head { return &Head{Format: headVersion, First: first, Last: last} }

// Line returns the head in its one form, without a line feed.
func (h *Head) Line() []byte { return line(h) }

// ParseHead reads a head in its one form.
func ParseHead(text []byte) (*Head, error) {
	var h Head
	if err := parseLine(text, &h); err != nil {
		return nil, err
	}
	if h.Format != headVersion || h.First == 0 || h.Last < h.First || h.Entries < 0 {
		return nil, fmt.Errorf("%w: a head of format %q, of positions %d to %d", ErrFormat, h.Format, h.First, h.Last)
	}
	return &h, nil
}

// mayHold says whether a record of a time within the bounds can be in the index.
func (h *Head) mayHold(from, to string) bool {
	return h.Entries > 0 && h.Latest >= from && h.Earliest < to
}

// line is a value as one line of JSON in its one form.
func line(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // strings and numbers alone
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// parseLine reads what line wrote, and nothing else.
func parseLine(text []byte, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if !bytes.Equal(line(into), text) {
		return fmt.Errorf("%w: a line is not in its one form", ErrFormat)
	}
	return nil
}

// Normal is a text as entries have it: in lower case and in UTF-8.
func Normal(text string) string { return strings.ToLower(strings.ToValidUTF8(text, "\ufffd")) }

// NormalTime is a time as entries have it, empty for one that has no such form.
func NormalTime(t time.Time) string {
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format(EntryTime)
}

// Tree is the RFC 6962 tree over the entries of an index, in memory.
type Tree struct {
	size   int64
	hashes []tlog.Hash // as tlog.StoredHashIndex numbers them
}

// ReadHashes implements tlog.HashReader.
func (t *Tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if at < 0 || at >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("the tree of %d entries has no hash %d", t.size, at)
		}
		out[i] = t.hashes[at]
	}
	return out, nil
}

// Add adds an entry at the end.
func (t *Tree) Add(entry []byte) error {
	hashes, err := tlog.StoredHashes(t.size, entry, t)
	if err != nil {
		return err
	}
	t.hashes = append(t.hashes, hashes...)
	t.size++
	return nil
}

// Root returns the root in Base64.
func (t *Tree) Root() (string, error) {
	root, err := tlog.TreeHash(t.size, t)
	return root.String(), err
}

// Prove proves the nth entry.
func (t *Tree) Prove(n int64) ([]string, error) {
	hashes, err := tlog.ProveRecord(t.size, n, t)
	return HashTexts(hashes), err
}

// HashTexts returns hashes in Base64.
func HashTexts(hashes []tlog.Hash) []string {
	out := make([]string, len(hashes))
	for i, h := range hashes {
		out[i] = h.String()
	}
	return out
}
