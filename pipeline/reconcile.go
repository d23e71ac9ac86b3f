package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quoll/quoll/internal/extsort"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
)

// Archived gives back what the archive took.
type Archived interface {
	// Payloads hands over the payloads up to a position, from 1 without a hole,
	// each proved to be in the log. What came before an error is good.
	Payloads(ctx context.Context, to uint64, use func(position uint64, p model.Payload) error) error
}

// Stored gives what the tables hold, as lake.Lake.Contents does.
type Stored interface {
	Contents(ctx context.Context, table string, use func(lake.Content) error, broken func(path string, err error)) error
	// Floors are what retention removed.
	Floors() *retention.Floors
}

// Reconciliation says whether tables and archive agree.
type Reconciliation struct {
	// Position is the last journal position that was compared.
	Position uint64           `json:"position"`
	Tables   []TableAgreement `json:"tables"` // those that have rows on either side
	// Hours are all hours of all tables that have rows on either side.
	Hours []HourAgreement `json:"-"`
	// Missing rows are in the archive alone, Foreign ones in the tables alone,
	// Changed ones are rows of a record that both have, which read otherwise.
	Missing int64 `json:"missing"`
	Foreign int64 `json:"foreign"`
	Changed int64 `json:"changed"`
	// Expired rows are in the archive alone because retention or an erasure removed
	// them from the tables, as tombstones tell. They are no difference.
	Expired int64 `json:"expired"`
	// Named are the first of them.
	Named []RowDifference `json:"named"`
	// Problems are files that could not be read.
	Problems []string `json:"problems"`
}

// Equal says that nothing differs and everything could be read.
func (r *Reconciliation) Equal() bool {
	return r.Missing == 0 && r.Foreign == 0 && r.Changed == 0 && len(r.Problems) == 0
}

// Side is the rows that one of the two stores has.
type Side struct {
	Rows int64 `json:"rows"`
	// Digest is the sum, modulo 2²⁵⁶, of a SHA-256 for each row, in hexadecimal:
	// the same whatever their order.
	Digest model.RowSum `json:"digest"`
}

// TableAgreement is the rows of a table on both sides.
type TableAgreement struct {
	Table     string `json:"table"`
	Lake      Side   `json:"lake"`
	Archive   Side   `json:"archive"`
	Hours     int    `json:"hours"`
	Differing int    `json:"differing"` // hours
}

// HourAgreement is the rows of an hour, by TimeGenerated, on both sides.
type HourAgreement struct {
	Table   string    `json:"table"`
	Hour    time.Time `json:"hour"` // zero for rows that have no time of their own and are not in the table
	Lake    Side      `json:"lake"`
	Archive Side      `json:"archive"`
}

// Equal says that both sides are the same.
func (h *HourAgreement) Equal() bool { return h.Lake == h.Archive }

// RowDifference is a row that is not the same on both sides.
type RowDifference struct {
	Table    string    `json:"table"`
	Hour     time.Time `json:"hour"`
	Key      string    `json:"key"`      // of the record, as in the hidden columns
	Position uint64    `json:"position"` // in the journal, of the payload that has the record
	What     string    `json:"what"`
}

// What a difference can be.
const (
	RowMissing = "is in the archive and not in the table"
	RowForeign = "is in the table and not in the archive"
	RowChanged = "reads otherwise in the table than the archived record does"
)

// maxNamed bounds the differences that are named.
const maxNamed = 20

// Reconcile compares what the tables hold up to a journal position, which both
// must have reached, with the rows that the archive's payloads give. Every row is
// compared, with all its values; sorting goes through files in scratch. The
// memory for the hours is some 300 bytes for each hour of each table. The error is
// trouble that kept it from comparing; files that cannot be read are in the result.
func Reconcile(ctx context.Context, archived Archived, stored Stored, normaliser Normaliser, to uint64, scratch string) (result *Reconciliation, err error) {
	r := &reconciler{
		sorter: extsort.New(scratch, checkMemory), tables: map[string]byte{}, hours: map[hourKey]*HourAgreement{}, pipeline: &Pipeline{Parts: Parts{Normaliser: normaliser, Logger: silent}},
		result: &Reconciliation{Named: []RowDifference{}, Problems: []string{}, Tables: []TableAgreement{}},
	}
	defer func() { err = errors.Join(err, r.sorter.Close()) }()
	for i, t := range schema.Tables() {
		r.tables[t.Name] = byte(i)
	}
	if err := r.readTables(ctx, stored, to); err != nil {
		return nil, err
	}
	r.floors = stored.Floors() // after the tables: it has whatever was removed before they were read
	if err := r.readArchive(ctx, archived, to); err != nil {
		return nil, err
	}
	if err := r.sorter.Each(ctx, r.take); err != nil {
		return nil, err
	}
	r.judge()
	r.sum()
	return r.result, nil
}

type hourKey struct {
	table byte
	hour  int64 // since 1970; noHour for none
}

const noHour = -1 << 62

// reconciler sorts the rows of both sides together, by table and record.
type reconciler struct {
	pipeline *Pipeline
	sorter   *extsort.Sorter
	tables   map[string]byte
	hours    map[hourKey]*HourAgreement
	result   *Reconciliation
	floors   *retention.Floors

	group []byte // table and key at work
	rows  []reconciled
}

// The sides, in the order in which they are sorted. A revision's key is that of
// the record in UnifiedAuditLog, and what the archive's payloads give for both
// tables is decided together.
const (
	sideArchive = iota
	sideTable
	sideRevisions
)

// reconciled is one row of either side.
type reconciled struct {
	side     byte
	position uint64
	record   uint32 // number of the record in its payload
	content  lake.Content
	expired  expiredFrom
	used     bool
}

// expiredFrom says from which tables retention removed a row of the archive.
type expiredFrom byte

const (
	expiredFromTable expiredFrom = 1 << iota
	expiredFromRevisions
)

const reconciledBytes = groupBytes + 1 + 8 + 4 + 8 + 1 + 8 + 16 + 1

func (r *reconciler) add(table, side byte, record uint32, c lake.Content, expired expiredFrom) error {
	text := make([]byte, 0, reconciledBytes)
	text = append(append(text, table), c.Key[:]...)
	text = binary.BigEndian.AppendUint64(append(text, side), c.Position)
	text = append(binary.BigEndian.AppendUint32(text, record), c.Digest[:]...)
	own := byte(0)
	if c.OwnTime {
		own = 1
	}
	text = binary.BigEndian.AppendUint64(append(text, own), uint64(c.Time))
	return r.sorter.Add(append(append(text, c.Sum[:]...), byte(expired)))
}

func parseReconciled(text []byte) (row reconciled) {
	copy(row.content.Key[:], text[1:])
	row.side, text = text[groupBytes], text[groupBytes+1:]
	row.position, row.record = binary.BigEndian.Uint64(text), binary.BigEndian.Uint32(text[8:])
	copy(row.content.Digest[:], text[12:])
	row.content.OwnTime, row.content.Time = text[20] == 1, int64(binary.BigEndian.Uint64(text[21:]))
	copy(row.content.Sum[:], text[29:45])
	row.expired = expiredFrom(text[45])
	row.content.Position = row.position
	return row
}

func (r *reconciler) readArchive(ctx context.Context, archived Archived, to uint64) error {
	var failed error
	err := archived.Payloads(ctx, to, func(position uint64, p model.Payload) error {
		j := &job{entry: journal.Entry{Position: journal.Position(position), Payload: p}, done: make(chan struct{})}
		r.pipeline.normalise(j)
		for n, record := range j.result.Records {
			for i := range record.Rows {
				row := &record.Rows[i]
				if failed = r.add(r.tables[row.Table.Name], sideArchive, uint32(n), lake.ContentOf(&record, row, position), r.expired(record.Key, row, position, p.Received)); failed != nil {
					return failed
				}
			}
		}
		r.result.Position = position
		j.result.Release()
		return nil
	})
	if err == nil || failed != nil || ctx.Err() != nil {
		return err
	}
	r.result.Problems = slices.Insert(r.result.Problems, 0, fmt.Sprintf("the archive: %v; what follows journal position %d was not compared", err, r.result.Position))
	return nil
}

// expired says whether retention or an erasure removed a row of the archive, or kept
// it out.
func (r *reconciler) expired(key schema.Key, row *schema.Row, position uint64, received time.Time) (from expiredFrom) {
	if r.floors.Erased(key) {
		return expiredFromTable | expiredFromRevisions
	}
	if r.floors.Last() == nil {
		return 0
	}
	if s := retention.SubjectOf(row.Table.Name, row, received); r.floors.Removed(position, &s) {
		from = expiredFromTable
	}
	if row.Table.Name == schema.UnifiedAuditLog {
		if s := retention.SubjectOf(schema.UnifiedAuditLogRevisions, row, received); r.floors.Removed(position, &s) {
			from |= expiredFromRevisions
		}
	}
	return from
}

func (r *reconciler) readTables(ctx context.Context, stored Stored, to uint64) error {
	for _, t := range schema.Tables() {
		table, side := r.tables[t.Name], byte(sideTable)
		if t.Name == schema.UnifiedAuditLogRevisions {
			table, side = r.tables[schema.UnifiedAuditLog], sideRevisions
		}
		err := stored.Contents(ctx, t.Name, func(c lake.Content) error {
			if c.Position > to {
				return nil
			}
			return r.add(table, side, 0, c, 0)
		}, func(path string, err error) {
			r.result.Problems = append(r.result.Problems, fmt.Sprintf("table %s: %v", t.Name, err))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reconciler) take(text []byte) error {
	if !bytes.Equal(text[:groupBytes], r.group) {
		r.judge()
		r.group = append(r.group[:0], text[:groupBytes]...)
	}
	// The archive may have ended before to.
	if row := parseReconciled(text); row.position <= r.result.Position {
		r.rows = append(r.rows, row)
	}
	return nil
}

// judge compares the rows of one record in one table, and of its revisions.
func (r *reconciler) judge() {
	if len(r.rows) == 0 {
		return
	}
	stored := slices.IndexFunc(r.rows, func(row reconciled) bool { return row.side != sideArchive })
	if stored < 0 {
		stored = len(r.rows)
	}
	table := r.group[0]
	first, revisions := expected(r.rows[:stored], schema.Tables()[table].Name == schema.UnifiedAuditLog)
	at := stored + slices.IndexFunc(append(r.rows[stored:], reconciled{side: sideRevisions}), func(row reconciled) bool { return row.side == sideRevisions })
	r.match(table, first, r.rows[stored:at])
	r.match(r.tables[schema.UnifiedAuditLogRevisions], revisions, r.rows[at:])
	r.rows = r.rows[:0]
}

// expected says which rows of the archive's records a table keeps, as lake.Apply
// decides: those of the first record, and of an audit record, as revisions, those
// of the first record of each other content.
func expected(rows []reconciled, revised bool) (first, revisions []reconciled) {
	kept := map[schema.Digest][2]uint64{}
	for _, row := range rows {
		which := [2]uint64{row.position, uint64(row.record)}
		if _, known := kept[row.content.Digest]; !known {
			kept[row.content.Digest] = which
		}
		switch {
		case which == [2]uint64{rows[0].position, uint64(rows[0].record)}:
			row.expired &= expiredFromTable
			first = append(first, row)
		case revised && row.content.Digest != rows[0].content.Digest && kept[row.content.Digest] == which:
			row.expired &= expiredFromRevisions
			revisions = append(revisions, row)
		}
	}
	return first, revisions
}

// match pairs the rows that should be there with those that are, and counts both.
func (r *reconciler) match(table byte, want, have []reconciled) {
	for i := range want {
		w := &want[i]
		for j := range have {
			h := &have[j]
			if h.used || h.content.Sum != w.content.Sum || w.content.OwnTime && h.content.Time != w.content.Time {
				continue
			}
			w.used, h.used = true, true
			w.content.Time, w.content.OwnTime = h.content.Time, true
			break
		}
		if !w.used && w.expired != 0 {
			w.used = true
			r.result.Expired++
			continue
		}
		r.count(table, w, false)
	}
	for j := range have {
		have[j].content.OwnTime = true // where the row has its hour
		r.count(table, &have[j], true)
	}
	r.nameDifferences(table, want, have)
}

// nameDifferences counts what found no pair: two such rows of one record are one
// that was changed.
func (r *reconciler) nameDifferences(table byte, want, have []reconciled) {
	lonely := func(row reconciled) bool { return !row.used }
	for {
		w, h := slices.IndexFunc(want, lonely), slices.IndexFunc(have, lonely)
		switch {
		case w < 0 && h < 0:
			return
		case w >= 0 && h >= 0:
			want[w].used, have[h].used = true, true
			r.result.Changed++
			r.name(table, &have[h], RowChanged)
		case w >= 0:
			want[w].used = true
			r.result.Missing++
			r.name(table, &want[w], RowMissing)
		default:
			have[h].used = true
			r.result.Foreign++
			r.name(table, &have[h], RowForeign)
		}
	}
}

func (r *reconciler) name(table byte, row *reconciled, what string) {
	if len(r.result.Named) == maxNamed {
		return
	}
	r.result.Named = append(r.result.Named, RowDifference{
		Table: schema.Tables()[table].Name, Hour: hourOf(row.content).time(), Key: hex.EncodeToString(row.content.Key[:]), Position: row.position, What: what,
	})
}

// hour is a number of hours since 1970.
type hour int64

func hourOf(c lake.Content) hour {
	if !c.OwnTime {
		return noHour
	}
	return hour(time.UnixMicro(c.Time).UTC().Truncate(time.Hour).Unix() / 3600)
}

func (h hour) time() time.Time {
	if h == noHour {
		return time.Time{}
	}
	return time.Unix(int64(h)*3600, 0).UTC()
}

func (r *reconciler) count(table byte, row *reconciled, inTable bool) {
	at := hourOf(row.content)
	key := hourKey{table, int64(at)}
	agreement := r.hours[key]
	if agreement == nil {
		agreement = &HourAgreement{Table: schema.Tables()[table].Name, Hour: at.time()}
		r.hours[key] = agreement
	}
	side := &agreement.Archive
	if inTable {
		side = &agreement.Lake
	}
	side.Rows++
	addRow(&side.Digest, row.content)
}

// sum puts the hours in order and adds them up.
func (r *reconciler) sum() {
	for _, h := range r.hours {
		r.result.Hours = append(r.result.Hours, *h)
	}
	slices.SortFunc(r.result.Hours, func(a, b HourAgreement) int {
		return cmp.Or(cmp.Compare(r.tables[a.Table], r.tables[b.Table]), a.Hour.Compare(b.Hour))
	})
	for i := range r.result.Hours {
		h := &r.result.Hours[i]
		n := len(r.result.Tables)
		if n == 0 || r.result.Tables[n-1].Table != h.Table {
			r.result.Tables = append(r.result.Tables, TableAgreement{Table: h.Table})
			n++
		}
		t := &r.result.Tables[n-1]
		t.Hours++
		t.Lake.add(h.Lake)
		t.Archive.add(h.Archive)
		if !h.Equal() {
			t.Differing++
		}
	}
}

func (s *Side) add(other Side) {
	s.Rows += other.Rows
	s.Digest.Add(other.Digest)
}
