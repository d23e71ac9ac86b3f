package main

import (
	"context"
	"strconv"

	"github.com/quoll/quoll/drift"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/server"
)

// driftLists tells what of the form of records was seen first.
type driftLists struct{ tracker *drift.Tracker }

// SchemaDrift implements server.Drift.
func (d driftLists) SchemaDrift(ctx context.Context, f server.DriftFilter) (*server.DriftList, error) {
	if err := d.correct(ctx, &f); err != nil {
		return nil, err
	}
	page, err := d.tracker.List(ctx, drift.Filter{
		Since: f.Since, Until: f.Until, RecordType: f.RecordType, Operation: f.Operation, Category: f.Category,
		What: normalise.What(f.What), Limit: f.Limit, Offset: f.Offset,
	})
	if err != nil {
		return nil, err
	}
	list := &server.DriftList{Total: page.Total, Counts: byName(page.Counts), Overflow: byName(page.Overflow)}
	for _, e := range page.Entries {
		entry := server.DriftEntry{
			What: string(e.What), RecordType: e.RecordType, Operation: e.Operation, Category: e.Category,
			Field: e.Field, Type: e.Type, NewType: e.NewType, Value: e.Value,
			FirstSeen: e.FirstSeen, Happened: moment(e.Happened), RecordID: e.RecordID, Example: e.Example, Position: e.Position,
		}
		if number, err := strconv.ParseInt(e.RecordType, 10, 64); err == nil {
			entry.RecordTypeName, _ = normalise.RecordTypeName(number)
		}
		list.Entries = append(list.Entries, entry)
	}
	return list, nil
}

// correct writes the record type of a filter as Microsoft does. A name that there is
// not is an error, unless records had it: some exports carry names, and new ones come.
func (d driftLists) correct(ctx context.Context, f *server.DriftFilter) error {
	if f.RecordType == "" {
		return nil
	}
	name, unknown := recordTypeNamed(f.RecordType)
	if unknown == nil {
		f.RecordType = name
		return nil
	}
	seen, err := d.tracker.List(ctx, drift.Filter{RecordType: f.RecordType})
	if err != nil {
		return err
	}
	if seen.Total == 0 {
		return &server.Failure{Code: server.CodeBadRequest, Message: unknown.Error()}
	}
	return nil
}

func byName(counts map[normalise.What]int) map[string]int {
	named := make(map[string]int, len(counts))
	for what, n := range counts {
		named[string(what)] = n
	}
	return named
}
