package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// RetentionHolds implements lake.Holds. A user that is no address, such as an object
// id, is in no column of most rows, and limits nothing: too much is kept rather than
// too little.
func (d holdDesk) RetentionHolds(ctx context.Context) ([]retention.Hold, error) {
	all, err := d.kept(ctx)
	if err != nil {
		return nil, err
	}
	var holds []retention.Hold
	for _, h := range all {
		if !h.Active() {
			continue
		}
		held := retention.Hold{ID: h.Name, From: h.Scope.From, To: h.Scope.To}
		if h.Scope.Tenant != "" {
			held.Tenants = []string{h.Scope.Tenant}
		}
		if strings.Contains(h.Scope.User, "@") {
			held.Users = []string{h.Scope.User}
		}
		for _, t := range schema.Tables() {
			if slices.ContainsFunc(h.Scope.Tables, func(name string) bool { return strings.EqualFold(name, t.Name) }) {
				held.Tables = append(held.Tables, t.Name)
			}
		}
		if len(h.Scope.Tables) > len(held.Tables) { // one has another name by now
			held.Tables = nil
		}
		holds = append(holds, held)
	}
	return holds, nil
}

// Retention implements server.Retention.
func (k *retentionKeeper) Retention(ctx context.Context) (*server.RetentionState, error) {
	terms, err := k.terms(ctx)
	if err != nil {
		return nil, err
	}
	s := &server.RetentionState{Rules: []server.RetentionRule{}, Tables: []server.RetentionTable{}, Holds: []server.RetentionHold{}}
	for i := range k.policy.Rules() {
		s.Rules = append(s.Rules, viewRetentionRule(&k.policy.Rules()[i], terms))
	}
	removed := map[string]int64{}
	for _, t := range k.node.lake.Tombstones() {
		for _, r := range t.Tables {
			removed[r.Table] += r.Rows
		}
	}
	for _, t := range k.node.lake.Stats() {
		rules, complete := k.policy.ForTable(t.Name)
		view := server.RetentionTable{Table: t.Name, Rows: t.Rows, Bytes: t.Bytes, Oldest: moment(t.MinTime), Rules: []string{}, Complete: complete, Removed: removed[t.Name]}
		for _, r := range rules {
			view.Rules = append(view.Rules, r.Name)
		}
		s.Tables = append(s.Tables, view)
	}
	for _, h := range terms.Holds {
		s.Holds = append(s.Holds, server.RetentionHold{
			ID: h.ID, Tenants: some(h.Tenants), Tables: some(h.Tables), Users: some(h.Users), From: moment(h.From), To: moment(h.To),
		})
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s.LastRun, s.NextRun, s.Problem = moment(k.last), moment(k.next), k.problem
	return s, nil
}

// some is a list that is not null in JSON.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func viewRetentionRule(r *retention.Rule, terms lake.Terms) server.RetentionRule {
	view := server.RetentionRule{
		Name: r.Name, Priority: r.Priority, Keep: r.Keep.String(), Preset: r.Preset, Class: r.Class, Tables: some(r.Tables), RecordTypes: []string{}, Users: some(r.Users),
		Cutoff: moment(r.Keep.Cutoff(terms.Day)), ShorterThanISM1988: r.Keep.ShorterThanISM1988(),
	}
	if r.Preset != "" {
		_, view.Basis, _ = retention.Preset(r.Preset)
	}
	for _, t := range r.RecordTypes {
		view.RecordTypes = append(view.RecordTypes, cmp.Or(t.Name, strconv.FormatInt(t.Number, 10)))
	}
	return view
}

// Explain implements server.Retention.
func (k *retentionKeeper) Explain(ctx context.Context, row server.RetentionRow) (*server.RetentionVerdict, error) {
	if _, ok := schema.Lookup(row.Table); !ok {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: fmt.Sprintf("there is no table %q; quoll schema lists them", row.Table)}
	}
	terms, err := k.terms(ctx)
	if err != nil {
		return nil, err
	}
	if row.RecordType != "" {
		if row.RecordType, err = recordTypeNamed(row.RecordType); err != nil {
			return nil, &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
		}
	}
	s := retention.Subject{Table: row.Table, RecordType: row.RecordType, Tenant: row.Tenant, Time: row.Time}
	if number, ok := normalise.RecordTypeNumber(row.RecordType); ok {
		s.RecordType = strconv.FormatInt(number, 10)
	}
	if row.User != "" {
		s.Users = []string{row.User}
	}
	v := &server.RetentionVerdict{RetentionRow: row, Keep: retention.Period{Forever: true}.String(), Considered: []server.ConsideredRule{}}
	rules := k.policy.Rules()
	for i := range rules {
		r := &rules[i]
		v.Considered = append(v.Considered, server.ConsideredRule{Rule: r.Name, Matches: r.Matches(&s), Why: r.Why(&s)})
	}
	if r := k.policy.Winner(&s); r != nil {
		v.Winner, v.Keep = r.Name, r.Keep.String()
		if ends := r.Keep.Ends(row.Time); !ends.IsZero() {
			v.Ends, v.OutOfDate = &ends, !terms.Day.Before(ends)
		}
	}
	if h := retention.Holding(terms.Holds, &s); h != nil {
		v.HeldBy = h.ID
	}
	return v, nil
}

// Preview implements server.Retention.
func (k *retentionKeeper) Preview(ctx context.Context) (*server.RetentionPreview, error) {
	terms, err := k.terms(ctx)
	if err != nil {
		return nil, err
	}
	removals, err := k.node.lake.Preview(ctx, terms)
	if err != nil {
		return nil, err
	}
	p := &server.RetentionPreview{Day: retention.Day(terms.Day), Tables: []server.TombstoneOf{}}
	for _, r := range removals {
		view := viewRemoval(r)
		view.Digest = ""
		p.Tables = append(p.Tables, view)
	}
	return p, nil
}

// Tombstones implements server.Retention.
func (k *retentionKeeper) Tombstones(context.Context) ([]server.Tombstone, error) {
	sealed := uint64(0)
	if k.node.archive != nil {
		sealed = k.node.archive.Sealed()
	}
	all := []server.Tombstone{}
	for _, t := range slices.Backward(k.node.lake.Tombstones()) {
		view := server.Tombstone{
			Run: strconv.FormatUint(t.Run, 10), Time: t.Began, Day: t.Day, Position: t.Position, Finished: !t.Ended.IsZero(),
			Signed: t.Recorded > 0 && t.Recorded <= sealed, Recorded: t.Recorded, Tables: []server.TombstoneOf{},
		}
		var err error
		if view.SHA256, err = t.Sum(); err != nil {
			return nil, err
		}
		for _, r := range t.Tables {
			view.Tables = append(view.Tables, viewRemoval(r))
		}
		all = append(all, view)
	}
	return all, nil
}

func viewRemoval(r lake.Removal) server.TombstoneOf {
	digest, _ := r.Digest.MarshalText() // it has no error
	view := server.TombstoneOf{Table: r.Table, Rows: r.Rows, Digest: string(digest), Dropped: r.Dropped, Rewritten: r.Rewritten, Bytes: r.Bytes, Rules: []server.RemovedRows{}, Held: []server.RemovedRows{}}
	for _, by := range r.Rules {
		view.Rules = append(view.Rules, server.RemovedRows(by))
	}
	for _, by := range r.Held {
		view.Held = append(view.Held, server.RemovedRows(by))
	}
	return view
}
