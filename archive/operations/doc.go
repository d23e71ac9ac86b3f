// Package operations makes the index by which it can be proved that no record of
// an operation about somebody is in what was delivered: for each span of journal
// positions the sorted list of (tenant, operation, subject, time) of all audit
// records, with the root of a tree over it. Both are payloads of Quoll's ledger, so
// that the archive's log commits to them. docs/formats/absence.md has the bytes.
//
// It must not know how payloads are kept: it is handed payloads, and gives texts.
package operations

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// The bounds of one index. What reaches one of them is full.
const (
	MaxRecords = 50_000
	MaxBytes   = 8 << 20
)

// ErrDamaged: an index is not what its head says.
var ErrDamaged = errors.New("the index of operations is damaged")

// Normaliser turns a payload into rows. It may panic: the payload then counts as
// one that could not be read.
type Normaliser interface {
	Payload(p model.Payload) normalise.Result
}

// Index is the sorted entries of a span of journal positions.
type Index struct {
	Head  *proof.Head
	lines [][]byte
	tree  *proof.Tree
}

// Builder collects the entries of payloads in the order of their positions.
type Builder struct {
	normaliser Normaliser
	head       *proof.Head
	entries    []proof.Entry
	bytes      int
}

// NewBuilder returns one for the span that begins with a position.
func NewBuilder(normaliser Normaliser, first uint64) *Builder {
	return &Builder{normaliser: normaliser, head: proof.NewHead(first, first)}
}

// Full says that the span should end.
func (b *Builder) Full() bool { return b.head.Records >= MaxRecords || b.bytes >= MaxBytes }

// Add takes the payload of the next position.
func (b *Builder) Add(position uint64, p model.Payload) {
	b.head.Last = position
	if standsForAnother(&p) {
		b.head.Erased++
		return
	}
	result, read := b.read(p)
	if !read {
		b.head.Rejected++
		return
	}
	b.head.Rejected += int64(len(result.Rejects))
	number := 0
	for i := range result.Records {
		for _, reject := range result.Rejects {
			if reject.Index == number {
				number++
			}
		}
		b.record(&result.Records[i], &p, position, number)
		number++
	}
	result.Release()
}

// standsForAnother says whether there is nothing of a payload but that it was there:
// an index has none of its records, however it went.
func standsForAnother(p *model.Payload) bool {
	switch p.ContentType {
	case model.ContentErased, model.ContentTrimmed, model.ContentDisposed:
		return p.Source == model.SourceQuoll && len(p.Body) == 0
	}
	return false
}

func (b *Builder) read(p model.Payload) (result normalise.Result, read bool) {
	defer func() {
		if recover() != nil {
			read = false
		}
	}()
	return b.normaliser.Payload(p), true
}

// record adds the entries of an audit record. Other records have no operation.
func (b *Builder) record(r *schema.Record, p *model.Payload, position uint64, number int) {
	var audit, office *schema.Row
	for i := range r.Rows {
		switch r.Rows[i].Table.Name {
		case schema.UnifiedAuditLog:
			audit = &r.Rows[i]
		case schema.OfficeActivity:
			office = &r.Rows[i]
		}
	}
	if audit == nil {
		return
	}
	b.head.Records++
	e := proof.Entry{
		Tenant: entryText(cmp.Or(text(audit, "OrganizationId"), p.Tenant)), Operation: entryText(text(audit, "Operation")), Position: position, Record: number,
	}
	// A record without a time has that of its arrival in its row.
	if at, ok := audit.Table.Column(audit.Table.TimeColumn); ok && !audit.Value(at).IsNull() && audit.Value(at).Int64() != p.Received.UnixMicro() {
		e.Time = proof.NormalTime(audit.Value(at).Time())
	}
	if e.Time == "" {
		b.head.Timeless++
	}
	subjects := []string{entryText(text(audit, "UserId")), entryText(text(audit, "ObjectId"))}
	if office != nil {
		subjects = append(subjects, entryText(text(office, "MailboxOwnerUPN")))
	}
	for i, subject := range subjects {
		if subject == "" && i > 0 || slices.Contains(subjects[:i], subject) {
			continue
		}
		e.Subject = subject
		b.entries = append(b.entries, e)
		b.bytes += len(e.Tenant) + len(e.Operation) + len(e.Subject) + 100
	}
}

// text is a column's value. It does not keep the payload in memory.
func text(row *schema.Row, column string) string {
	at, ok := row.Table.Column(column)
	if !ok {
		return ""
	}
	return row.Value(at).Text()
}

func entryText(s string) string { return strings.Clone(proof.Normal(s)) }

// Finish puts the entries in order, and ends the span with a position, behind which
// the last payloads have no records.
func (b *Builder) Finish(last uint64) (*Index, error) {
	b.head.Last = last
	slices.SortFunc(b.entries, func(a, o proof.Entry) int { return a.Compare(&o) })
	x := &Index{Head: b.head, tree: &proof.Tree{}}
	for i := range b.entries {
		e := &b.entries[i]
		x.lines = append(x.lines, e.Line())
		if e.Time == "" {
			continue
		}
		if x.Head.Earliest == "" || e.Time < x.Head.Earliest {
			x.Head.Earliest = e.Time
		}
		x.Head.Latest = max(x.Head.Latest, e.Time)
	}
	x.Head.Entries = int64(len(x.lines))
	return x, x.grow()
}

// grow makes the tree, whose root it sets.
func (x *Index) grow() (err error) {
	for _, line := range x.lines {
		if err := x.tree.Add(line); err != nil {
			return fmt.Errorf("index operations: %w", err)
		}
	}
	if x.Head.Root, err = x.tree.Root(); err != nil {
		return fmt.Errorf("index operations: %w", err)
	}
	return nil
}

// List returns the entries, one a line.
func (x *Index) List() []byte {
	var b []byte
	for _, line := range x.lines {
		b = append(append(b, line...), '\n')
	}
	return b
}

// Open reads an index again: the list must have the root of the head, and be in
// order.
func Open(head *proof.Head, list []byte) (*Index, error) {
	own := *head
	x := &Index{Head: &own, tree: &proof.Tree{}}
	if n := len(list); n > 0 && list[n-1] != '\n' {
		return nil, fmt.Errorf("%w: positions %d to %d: the list does not end with a line feed", ErrDamaged, head.First, head.Last)
	}
	var before *proof.Entry
	for line := range strings.Lines(string(list)) {
		line = strings.TrimSuffix(line, "\n")
		e, err := proof.ParseEntry([]byte(line))
		if err != nil || before != nil && before.Compare(e) >= 0 {
			return nil, fmt.Errorf("%w: positions %d to %d: entry %d is not in its form and order", ErrDamaged, head.First, head.Last, len(x.lines))
		}
		before = e
		x.lines = append(x.lines, []byte(line))
	}
	if err := x.grow(); err != nil {
		return nil, err
	}
	if x.Head.Root != head.Root || int64(len(x.lines)) != head.Entries {
		return nil, fmt.Errorf("%w: positions %d to %d: the list of %d entries does not have the root of the head", ErrDamaged, head.First, head.Last, len(x.lines))
	}
	return x, nil
}

// Same says whether another index of the same span says the same.
func (x *Index) Same(o *proof.Head) bool {
	mine, other := *x.Head, *o
	mine.List, other.List = 0, 0
	return mine == other
}
