package lake

import (
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
)

// subjects reads out of stored rows of a table what retention looks at.
type subjects struct {
	table   string
	time    int
	columns *retention.Columns
	// texts are the columns in which a hold may find a user; none if none looks.
	texts []int
}

func newSubjects(t *tableState, terms Terms) subjects {
	s := subjects{table: t.schema.Name, time: t.timeColumn(), columns: retention.ColumnsOf(t.schema)}
	if slices.ContainsFunc(terms.Holds, func(h retention.Hold) bool { return len(h.Users) > 0 }) {
		for i, c := range t.columns {
			if c.kind == kindText {
				s.texts = append(s.texts, i)
			}
		}
	}
	return s
}

// needed are the columns that are read, with the hidden ones; nil is all of them.
func (s *subjects) needed(t *tableState) []string {
	if len(s.texts) > 0 {
		return nil
	}
	all := append([]int{s.time}, s.columns.Users...)
	for _, i := range []int{s.columns.RecordType, s.columns.Tenant} {
		if i >= 0 {
			all = append(all, i)
		}
	}
	names := []string{ColumnKeyHigh, ColumnKeyLow, ColumnDigest}
	for _, i := range all {
		names = append(names, t.columns[i].name)
	}
	return names
}

func (s *subjects) of(b arrow.RecordBatch, row int) retention.Subject {
	out := retention.Subject{Table: s.table, Time: time.UnixMicro(int64(b.Column(s.time).(*array.Timestamp).Value(row))).UTC()}
	if s.columns.RecordType >= 0 {
		out.RecordType = storedText(b.Column(s.columns.RecordType), row)
	}
	if s.columns.Tenant >= 0 {
		out.Tenant = storedText(b.Column(s.columns.Tenant), row)
	}
	for _, i := range s.columns.Users {
		if user := storedText(b.Column(i), row); user != "" {
			out.Users = append(out.Users, user)
		}
	}
	if len(s.texts) > 0 {
		out.Mentions = func(user string) bool {
			return slices.ContainsFunc(s.texts, func(i int) bool { return retention.Mentioned(storedText(b.Column(i), row), user) })
		}
	}
	return out
}

// storedText is a text or a whole number as SubjectOf writes it.
func storedText(values arrow.Array, row int) string {
	if values.IsNull(row) {
		return ""
	}
	switch a := values.(type) {
	case *array.String:
		return a.Value(row)
	case *array.Int64:
		return strconv.FormatInt(a.Value(row), 10)
	case *array.Int32:
		return strconv.FormatInt(int64(a.Value(row)), 10)
	}
	return ""
}

// judge says of the rows of one table which are out of date.
type judge struct {
	subjects
	terms Terms
}

// row returns the rule by which a row goes, or the hold that keeps it; neither if
// it is not out of date.
func (j *judge) row(b arrow.RecordBatch, row int) (s retention.Subject, rule *retention.Rule, hold *retention.Hold) {
	s = j.of(b, row)
	rule = j.terms.Policy.Winner(&s)
	if rule == nil || !s.Time.Before(rule.Keep.Cutoff(j.terms.Day)) {
		return s, nil, nil
	}
	if hold = retention.Holding(j.terms.Holds, &s); hold != nil {
		return s, nil, hold
	}
	return s, rule, nil
}

// outOfDate says whether the row was removed by a past run, or is not to be taken
// after one. The caller holds l.mu.
func (l *Lake) outOfDate(table string, row *schema.Row, b *Batch) bool {
	at := b.Received
	if at.IsZero() {
		at = b.Ingested
	}
	if timeColumn, ok := row.Table.Column(row.Table.TimeColumn); ok { // most rows are recent
		if v := row.Value(timeColumn); !v.IsNull() && v.Type() == row.Table.Columns[timeColumn].Type && l.floors.Recent(time.UnixMicro(v.Int64())) {
			return false
		}
	}
	s := retention.SubjectOf(table, row, at)
	return l.floors.Removed(b.Position, &s)
}

// allOutOfDate says whether no row that a record has for one table is to be taken into
// another, or the same.
func (l *Lake) allOutOfDate(of, into string, r *schema.Record, b *Batch) bool {
	for i := range r.Rows {
		if r.Rows[i].Table.Name == of && !l.outOfDate(into, &r.Rows[i], b) {
			return false
		}
	}
	return true
}
