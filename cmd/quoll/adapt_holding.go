package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/reconcile"
	"github.com/quoll/quoll/schema"
)

// asker answers one query.
type asker func(ctx context.Context, text string) (*query.Result, error)

// withAsker asks a data directory several questions: here, or of the server
// that has it open.
func withAsker(ctx context.Context, data string, use func(asker) error) error {
	err := withNode(ctx, data, func(n *node) error {
		return use(func(ctx context.Context, text string) (*query.Result, error) {
			return n.query.Query(ctx, query.Request{Text: text})
		})
	})
	if !errors.Is(err, journal.ErrLocked) {
		return err
	}
	if _, err := readServerNote(data); err != nil {
		return err
	}
	return use(func(ctx context.Context, text string) (*query.Result, error) {
		return askServer(ctx, data, query.Request{Text: text})
	})
}

// holding tells what the tables hold, in pieces that fit the limits of queries.
type holding struct {
	ask   asker
	where string // a further condition in KQL, or empty
}

const (
	// mostHeld is how many rows one query may give, fewHeld from how many down
	// the next one asks for more time at once.
	mostHeld = 50_000
	fewHeld  = mostHeld / 5
	// firstSpan is the time of the first query, longestSpan of any.
	firstSpan   = time.Hour
	longestSpan = 30 * 24 * time.Hour
)

// held is the question for what is compared of a table.
func (h *holding) held(table, condition string) string {
	columns := map[string]string{
		schema.UnifiedAuditLog: "Id, OrganizationId, Operation, RecordTypeName, UserId, ObjectId, ClientIP, Workload, TimeGenerated, Whole = iff(isempty(Id), tostring(Record), \"\")",
		schema.OfficeActivity:  "OfficeId, OrganizationId, Operation, RecordType, UserId, OfficeObjectId, ClientIP, OfficeWorkload, TimeGenerated, Whole = \"\"",
	}
	if h.where != "" {
		condition += " and (" + h.where + "\n)"
	}
	return fmt.Sprintf("set truncationmaxrecords=%d; %s | where %s | project %s", mostHeld, table, condition, columns[table])
}

func between(from, to time.Time) string {
	return fmt.Sprintf("TimeGenerated >= datetime(%s) and TimeGenerated < datetime(%s)", from.UTC().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano))
}

// Each implements reconcile.Holding.
func (h *holding) Each(ctx context.Context, table string, from, to time.Time, yield func(reconcile.Held) error) error {
	span := firstSpan
	for from.Before(to) {
		end := from.Add(span)
		if end.After(to) {
			end = to
		}
		result, err := h.ask(ctx, h.held(table, between(from, end)))
		if err != nil {
			return queryError(err)
		}
		if result.Truncated {
			if span = end.Sub(from) / 2; span < time.Microsecond {
				return fmt.Errorf("more than %d rows at %s", mostHeld, from.Format(time.RFC3339Nano))
			}
			continue
		}
		if err := yieldHeld(result, yield); err != nil {
			return err
		}
		from = end
		if len(result.Rows) < fewHeld {
			span = min(2*span, longestSpan)
		}
	}
	return nil
}

// ByID implements reconcile.Holding.
func (h *holding) ByID(ctx context.Context, table string, ids []string, yield func(reconcile.Held) error) error {
	return h.heldIf(ctx, table, idColumn(table)+" in ("+literals(ids)+")", yield)
}

// WithoutID implements reconcile.Holding.
func (h *holding) WithoutID(ctx context.Context, table string, yield func(reconcile.Held) error) error {
	return h.heldIf(ctx, table, "isempty("+idColumn(table)+")", yield)
}

func idColumn(table string) string {
	if table == schema.OfficeActivity {
		return "OfficeId"
	}
	return "Id"
}

func (h *holding) heldIf(ctx context.Context, table, condition string, yield func(reconcile.Held) error) error {
	result, err := h.ask(ctx, h.held(table, condition))
	if err != nil {
		return queryError(err)
	}
	return yieldHeld(result, yield)
}

// literals writes texts as KQL string literals.
func literals(texts []string) string {
	var b strings.Builder
	for i, text := range texts {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('"')
		for _, r := range text {
			switch {
			case r == '"' || r == '\\':
				b.WriteString(`\` + string(r))
			case r < ' ' || r == 0x7f:
				fmt.Fprintf(&b, `\u%04x`, r)
			default:
				b.WriteRune(r)
			}
		}
		b.WriteByte('"')
	}
	return b.String()
}

func yieldHeld(result *query.Result, yield func(reconcile.Held) error) error {
	for _, row := range result.Rows {
		text := func(i int) string {
			s, _ := row[i].(string)
			return s
		}
		held := reconcile.Held{
			ID: text(0), Organization: strings.ToLower(text(1)), Operation: text(2), RecordType: text(3), UserID: text(4),
			ObjectID: text(5), ClientIP: text(6), Workload: text(7), Record: text(9),
		}
		switch at := row[8].(type) {
		case time.Time:
			held.Time = at
		case string: // of a server
			parsed, err := time.Parse(time.RFC3339Nano, at)
			if err != nil {
				return fmt.Errorf("the server gives a time that is none: %w", err)
			}
			held.Time = parsed.UTC()
		}
		if err := yield(held); err != nil {
			return err
		}
	}
	return nil
}

// Whole implements reconcile.Whole.
func (h *holding) Whole(ctx context.Context, ids []string, from, to time.Time, yield func(id, organization, record string) error) error {
	result, err := h.ask(ctx, fmt.Sprintf("%s | where %s and Id in (%s) | project Id, OrganizationId, Record", schema.UnifiedAuditLog, between(from, to), literals(ids)))
	if err != nil {
		return queryError(err)
	}
	if result.Truncated && len(ids) > 1 { // large records
		half := len(ids) / 2
		if err := h.Whole(ctx, ids[:half], from, to, yield); err != nil {
			return err
		}
		return h.Whole(ctx, ids[half:], from, to, yield)
	}
	for _, row := range result.Rows {
		id, _ := row[0].(string)
		organization, _ := row[1].(string)
		record, _ := row[2].(json.RawMessage)
		if err := yield(id, strings.ToLower(organization), string(record)); err != nil {
			return err
		}
	}
	return nil
}
