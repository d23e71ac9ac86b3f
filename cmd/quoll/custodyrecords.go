package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

func normalID(id string) string { return strings.ToLower(strings.TrimSpace(id)) }

// idColumns are those that name raw records.
var idColumns = []string{"Id", "OfficeId", "SourceRecordId", "NetworkMessageId", "ReportId"}

// idsInRows are the ids of raw records in rows.
func idsInRows(columns []server.ResultColumn, rows [][]any) []string {
	var ids []string
	for i, c := range columns {
		if !slices.Contains(idColumns, c.Name) {
			continue
		}
		for _, row := range rows {
			if id, ok := row[i].(string); ok && id != "" {
				ids = append(ids, normalID(id))
			}
		}
	}
	return ids
}

// recordIDColumn is the column of a table that names its raw records.
func recordIDColumn(table string) string {
	if table == schema.UnifiedAuditLog {
		return "Id"
	}
	return "NetworkMessageId"
}

// idsAbout are the ids of the records about the entities of an alert, in the tables
// that its query reads. OfficeActivity is read of records of UnifiedAuditLog.
func (f *custodyFile) idsAbout(ctx context.Context, a *server.Alert) ([]string, error) {
	reads, _ := ruleQuerier{f.node.query}.Tables(a.Query) // none where it does not compile any more: then all count
	conditions := map[string][]string{}
	for _, e := range a.Entities {
		for _, place := range entityPlaces(e.Kind) {
			read := slices.Contains(reads, place.table) || place.table == schema.UnifiedAuditLog && slices.Contains(reads, schema.OfficeActivity)
			if e.Value != "" && (read || len(reads) == 0) {
				conditions[place.table] = append(conditions[place.table], "("+place.condition(e.Value)+")")
			}
		}
	}
	var ids []string
	for _, table := range slices.Sorted(maps.Keys(conditions)) {
		text := fmt.Sprintf("%s | where TimeGenerated between (datetime(%s) .. datetime(%s)) | where %s | order by TimeGenerated asc | project Id = %s | take %d",
			table, a.FirstActivity.UTC().Format(time.RFC3339Nano), a.LastActivity.UTC().Format(time.RFC3339Nano), strings.Join(conditions[table], " or "), recordIDColumn(table), custodyRecords+1)
		result, err := f.ask(ctx, text, a.FirstActivity.Add(-time.Second), a.LastActivity.Add(time.Second), custodyRecords+1)
		if err != nil {
			return nil, fmt.Errorf("look for the records of alert %s: %w", a.ID, err)
		}
		ids = append(ids, idsInRows(resultTable(result).Columns, result.Rows)...)
	}
	return ids, nil
}

// chain writes who did what with the incident, from the audit trail, and wants the
// acts themselves proved.
func (f *custodyFile) chain(ctx context.Context) error {
	id := quoted(f.detail.ID)
	text := `let parts = SentinelAudit | where SentinelResourceType == "Incident" and SentinelResourceId == ` + id + ` and OperationName == "Merge incidents" | mv-expand Other = ExtendedProperties.Others | project tostring(Other);
SentinelAudit
| where SentinelResourceType == "Incident"
| where SentinelResourceId == ` + id + ` or SentinelResourceId in (parts) or tostring(ExtendedProperties.Created) == ` + id + `
| project TimeGenerated, OperationName, Status, Reason, Caller = tostring(ExtendedProperties.CallerName), Incident = SentinelResourceId, Description, ExtendedProperties, RecordId
| order by TimeGenerated asc`
	now := f.clock.Now().UTC()
	result, err := f.ask(ctx, text, f.detail.FirstActivity.AddDate(-1, 0, 0), now.Add(time.Hour), custodyRows)
	if err != nil {
		return fmt.Errorf("read the chain of custody: %w", err)
	}
	for _, row := range result.Rows {
		if id, ok := row[len(row)-1].(string); ok {
			f.wanted[normalID(id)] = true
		}
	}
	return f.rowsNamed("chain-of-custody", result)
}

// place is where a record stands in the archive.
type place struct {
	id   string
	span recordSpan
	sum  [sha256.Size]byte
}

// evidence finds the wanted records in the archive and proves their payloads.
func (f *custodyFile) evidence(ctx context.Context) error {
	prover, err := f.node.openProver()
	if err != nil {
		return err
	}
	defer prover.Close()
	places, left, err := f.find(ctx, prover)
	if err != nil {
		return err
	}
	found := map[string]bool{}
	normaliser := normalise.New(normalise.Config{WorkspaceID: f.node.workspace})
	for _, position := range slices.Sorted(maps.Keys(places)) {
		proved, err := prover.Payload(ctx, position)
		if err != nil {
			return err
		}
		e, err := newEvidence(proved, recordSpan{0, int64(len(proved.Body))}, normaliser)
		if err != nil {
			return err
		}
		name, err := f.writer.AddBundle(position, e)
		if err != nil {
			return err
		}
		f.bundles++
		for _, p := range places[position] {
			found[p.id] = true
			f.records = append(f.records, proof.CustodyRecord{ID: p.id, Bundle: name, Offset: p.span.offset, Size: p.span.size, SHA256: hex.EncodeToString(p.sum[:])})
		}
	}
	if err := f.writer.AddRecords(f.records); err != nil {
		return err
	}
	return f.addJSON("not-proved.json", f.notProved(found, left))
}

// unproved is a record that was looked for and is not in the file.
type unproved struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

func (f *custodyFile) notProved(found, left map[string]bool) []unproved {
	missing := []unproved{}
	for _, id := range slices.Sorted(maps.Keys(f.wanted)) {
		switch {
		case found[id]:
		case left[id]:
			missing = append(missing, unproved{id, fmt.Sprintf("the payloads before it have %d MiB already; quoll archive prove --id gives it", custodyPayloads>>20)})
		default:
			missing = append(missing, unproved{id, "no payload of the archive has a record of that id that can be told apart"})
		}
	}
	return missing
}

// find reads the payloads of the archive, the newest objects first, back to the
// first activity: nothing is received before it happens. left are the ids beyond
// the bound.
func (f *custodyFile) find(ctx context.Context, prover *archive.Prover) (places map[uint64][]place, left map[string]bool, err error) {
	places, left = map[uint64][]place{}, map[string]bool{}
	seen := map[[sha256.Size]byte]bool{}
	var total int64
	older := false
	_, err = prover.Search(ctx, func(leaf archive.PayloadLeaf, body []byte) bool {
		// Payloads ascend within an object, so the newer ones of this one come yet.
		if older {
			return true
		}
		if received, err := time.Parse(time.RFC3339Nano, leaf.Received); err == nil && received.Before(f.detail.FirstActivity) {
			older = true
			return false
		}
		of := f.placesIn(leaf.Format, body, seen)
		if len(of) == 0 {
			return false
		}
		if total += int64(len(body)); total > custodyPayloads {
			for _, p := range of {
				left[p.id] = true
			}
			return false
		}
		places[leaf.Position] = of
		return false
	}, nil)
	if err != nil && !errors.Is(err, archive.ErrNotFound) { // it never says that it found something
		return nil, nil, err
	}
	return places, left, nil
}

// placesIn are the wanted records of a payload. One that came before, byte for
// byte, is not told again.
func (f *custodyFile) placesIn(kind string, body []byte, seen map[[sha256.Size]byte]bool) []place {
	var found []place
	take := func(span recordSpan, names []string) {
		for _, name := range names {
			id := normalID(name)
			if !f.wanted[id] {
				continue
			}
			sum := sha256.Sum256(body[span.offset : span.offset+span.size])
			if !seen[sum] {
				seen[sum] = true
				found = append(found, place{id, span, sum})
			}
			return
		}
	}
	if model.Format(kind) == model.FormatOwnRows {
		at := int64(0)
		for line := range bytes.Lines(body) {
			take(recordSpan{at, int64(len(line))}, ownNames(line))
			at += int64(len(line))
		}
		return found
	}
	for span := range recordsOf(kind, body) {
		take(span, namesOf(body[span.offset:span.offset+span.size]))
	}
	return found
}

// ownNames are the ids of a row that Quoll wrote itself.
func ownNames(line []byte) []string {
	var r struct {
		Table string `json:"table"`
		Row   struct{ RecordId, SystemAlertId string }
	}
	if json.Unmarshal(line, &r) != nil {
		return nil
	}
	switch r.Table {
	case schema.SentinelAudit:
		return []string{r.Row.RecordId}
	case schema.SecurityAlert:
		return []string{r.Row.SystemAlertId}
	}
	return nil
}
