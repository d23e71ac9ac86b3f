package reconcile

import (
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// reader reads the payloads of the other side with the very mapping that makes
// Quoll's rows.
type reader struct {
	normaliser *normalise.Normaliser
	columns    map[string]columns
}

// columns are the positions of what is compared in a table.
type columns struct {
	id, organization, operation, recordType, user, object, clientIP, workload, at, record int
}

func newReader() *reader {
	r := &reader{normaliser: normalise.New(normalise.Config{}), columns: map[string]columns{}}
	for table, names := range map[string][]string{
		tableLog:    {"Id", "OrganizationId", "Operation", "RecordTypeName", "UserId", "ObjectId", "ClientIP", "Workload", "TimeGenerated", "Record"},
		tableOffice: {"OfficeId", "OrganizationId", "Operation", "RecordType", "UserId", "OfficeObjectId", "ClientIP", "OfficeWorkload", "TimeGenerated", ""},
	} {
		t, _ := schema.Lookup(table)
		at := make([]int, len(names))
		for i, name := range names {
			at[i] = -1
			if column, ok := t.Column(name); ok {
				at[i] = column
			}
		}
		r.columns[table] = columns{at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7], at[8], at[9]}
	}
	return r
}

// rows yields what is compared of each record of a payload, and the record as it
// came where the table has it.
func (r *reader) rows(p model.Payload, table string, yield func(e entry, record string) error) ([]normalise.Reject, error) {
	p.Received = time.Time{} // or a record without time would get it
	result := r.normaliser.Payload(p)
	at := r.columns[table]
	for _, record := range result.Records {
		for i := range record.Rows {
			row := &record.Rows[i]
			if row.Table.Name != table {
				continue
			}
			text := func(column int) string {
				if column < 0 {
					return ""
				}
				return row.Value(column).Text()
			}
			e := entry{
				side: sideOther, organization: strings.ToLower(text(at.organization)), id: text(at.id),
				operation: text(at.operation), recordType: text(at.recordType), user: text(at.user),
			}
			if v := row.Value(at.at); !v.IsNull() {
				e.at = v.Time()
			}
			e.print = fingerprint(e.at, e.operation, e.user, text(at.object), text(at.clientIP), text(at.workload))
			if e.id == "" && table == tableLog {
				e.print = contentPrint(record.Digest)
			}
			if err := yield(e, text(at.record)); err != nil {
				return nil, err
			}
		}
	}
	return result.Rejects, nil
}

// contentPrint identifies a whole record without an id by its content.
func contentPrint(digest schema.Digest) (print [16]byte) {
	copy(print[:], digest[:])
	return print
}

// content returns the print of a record that Quoll holds.
func (r *reader) content(record string) ([16]byte, error) {
	result := r.normaliser.Payload(model.Payload{Format: model.FormatAuditLines, Body: []byte(record)})
	if len(result.Records) != 1 {
		return [16]byte{}, fmt.Errorf("a record without Id is no JSON object: %d bytes", len(record))
	}
	return contentPrint(result.Records[0].Digest), nil
}

// BeginFile starts another file, or another source, of the other side.
func (c *Comparison) BeginFile(name string) {
	c.report.Files = append(c.report.Files, File{Name: name})
}

// Add takes a payload of the other side. Everything added has to belong to one
// table.
func (c *Comparison) Add(p model.Payload) error {
	table, err := tableOf(p.Format)
	if err != nil {
		return err
	}
	if c.table != "" && c.table != table {
		return fmt.Errorf("%w: files of %s and files of %s, at once; reconcile them one after the other", ErrFormat, c.table, table)
	}
	c.table = table
	file := &c.report.Files[len(c.report.Files)-1]
	file.Format = p.Format
	rejects, err := c.reader.rows(p, table, func(e entry, _ string) error {
		e.file, e.ordinal = uint32(len(c.report.Files)-1), c.ordinal
		c.ordinal++
		file.Records++
		c.note(&e)
		return c.add(e)
	})
	for _, reject := range rejects {
		c.Reject(Reject{File: file.Name, Line: reject.Line, Reason: reject.Reason})
	}
	return err
}

// note remembers what the range of the other side is, and what is outside of
// time.
func (c *Comparison) note(e *entry) {
	if e.at.IsZero() {
		if e.id != "" {
			c.untimed = append(c.untimed, e.id)
		}
		c.nameless = c.nameless || e.id == ""
		return
	}
	if c.first.IsZero() || e.at.Before(c.first) {
		c.first = e.at
	}
	if e.at.After(c.last) {
		c.last = e.at
	}
}

// Reject notes a piece of the other side that could not be compared.
func (c *Comparison) Reject(r Reject) {
	c.report.Files[len(c.report.Files)-1].Rejected++
	c.report.Rejected++
	if len(c.report.Rejects) < c.cfg.Listed {
		c.report.Rejects = append(c.report.Rejects, r)
	}
}
