package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/split"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// inconsistent says that two checkpoints are of two histories.
func inconsistent(err error) bool { return errors.Is(err, proof.ErrConsistency) }

// recordSpan is where in a payload a record stands, in bytes.
type recordSpan struct{ offset, size int64 }

// recordWindow bounds, in bytes, where the end of a record is looked for.
const recordWindow = 64 << 20

// recordsOf returns the records of a payload that stand in it by themselves: the
// JSON objects. Lines of a CSV file mean nothing without their header, and
// messages of Event Hubs are framed, so those give none.
func recordsOf(format string, body []byte) iter.Seq[recordSpan] {
	list := body
	switch model.Format(format) {
	case model.FormatAuditSearchPage:
		list = split.Member(body, "value")
	case model.FormatHuntingResults:
		list = split.Member(body, "results")
	case model.FormatAuditArray, model.FormatAuditLines, model.FormatDefenderLines, model.FormatOfficeActivityJSON:
	default:
		list = nil
	}
	return func(yield func(recordSpan) bool) {
		scanner := split.NewScanner(recordWindow)
		base := int64(cap(body) - cap(list)) // the list is a part of the body
		for at := 0; at < len(list); {
			token := scanner.JSON(list[at:], true)
			switch token.Kind {
			case split.End, split.More:
				return
			case split.Record:
				if !yield(recordSpan{base + int64(at+token.Start), int64(token.End - token.Start)}) {
					return
				}
			}
			at += token.End
		}
	}
}

// mayHold says cheaply that no record of a payload has an id.
func mayHold(body []byte, id string) bool { return bytes.Contains(body, []byte(id)) }

// identified are the members that name a record: of audit records, of those of
// the audit search, and of Defender's.
type identified struct {
	ID         any               `json:"Id"` // also matches id
	AuditData  *struct{ ID any } `json:"auditData"`
	Properties *struct {
		ID, NetworkMessageID, ReportID, AlertID any
	} `json:"properties"`
	NetworkMessageID, ReportID, AlertID any
}

// hasID says that a record is named so.
func hasID(record []byte, id string) bool {
	return slices.ContainsFunc(namesOf(record), func(name string) bool { return strings.EqualFold(name, id) })
}

// namesOf are the ids that a record has.
func namesOf(record []byte) []string {
	var r identified
	d := json.NewDecoder(bytes.NewReader(record))
	d.UseNumber()
	if err := d.Decode(&r); err != nil {
		return nil
	}
	named := []any{r.ID, r.NetworkMessageID, r.ReportID, r.AlertID}
	if r.AuditData != nil {
		named = append(named, r.AuditData.ID)
	}
	if p := r.Properties; p != nil {
		named = append(named, p.ID, p.NetworkMessageID, p.ReportID, p.AlertID)
	}
	var names []string
	for _, name := range named {
		if name != nil {
			names = append(names, fmt.Sprint(name))
		}
	}
	return names
}

// newEvidence makes the bundle of a record, with the rows that Quoll makes of it.
func newEvidence(proved *archive.Proved, span recordSpan, normaliser *normalise.Normaliser) (*proof.Evidence, error) {
	l := proved.Leaf
	payload := model.Payload{
		Tenant: l.Tenant, Source: model.Source(l.Source), Format: model.Format(l.Format), ContentType: l.ContentType,
		Name: l.Name, Offset: l.Offset, Line: l.Line, Body: proved.Body,
	}
	if span.size < int64(len(proved.Body)) {
		// One object is read like any part of a list that was cut between two.
		payload.Body = proved.Body[span.offset : span.offset+span.size]
	}
	rows, err := rowsOf(normaliser.Payload(payload).Records)
	if err != nil {
		return nil, err
	}
	e, err := proof.NewEvidence(proved.Body, span.offset, span.size, rows, proved.Line, proved.Inclusion.Encode())
	if err != nil {
		return nil, err
	}
	e.Stamped = proved.Stamped
	return e, nil
}

// rowsOf writes rows as JSON, one a line, with the columns that have a value.
func rowsOf(records []schema.Record) ([]byte, error) {
	b := []byte{}
	for i := range records {
		for j := range records[i].Rows {
			row := &records[i].Rows[j]
			line, err := rowJSON(row)
			if err != nil {
				return nil, fmt.Errorf("write a row of %s: %w", row.Table.Name, err)
			}
			b = append(append(b, line...), '\n')
		}
	}
	return b, nil
}

func rowJSON(row *schema.Row) ([]byte, error) {
	var b bytes.Buffer
	table, err := json.Marshal(row.Table.Name)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, `{"table":%s,"row":{`, table)
	first := true
	for i, column := range row.Table.Columns {
		value := row.Value(i)
		if value.IsNull() {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		name, err := json.Marshal(column.Name)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(jsonValue(value))
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column.Name, err)
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(text)
	}
	b.WriteString("}}")
	return b.Bytes(), nil
}

// jsonValue is a value as json.Marshal takes it.
func jsonValue(v schema.Value) any {
	switch v.Type() {
	case types.Bool:
		return v.IsTrue()
	case types.Int, types.Long, types.TimeSpan:
		return v.Int64()
	case types.Real:
		return v.Float64()
	case types.Dynamic:
		if json.Valid([]byte(v.Text())) {
			return json.RawMessage(v.Text())
		}
	}
	return v.String()
}
