package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/server"
)

// The last reconciliation of tables and archive, and its list of hours, one JSON
// object a line. The outcome is also a row under the log, with the list's hash.
const (
	reconciliationFile = "reconciliation.json"
	hoursFile          = "reconciliation-hours.jsonl"
)

// provedPayloads gives the archive's payloads to a reconciliation.
type provedPayloads struct {
	prover   *archive.Prover
	progress func(done, total int64) // may be nil
	removals removals
}

// Payloads implements pipeline.Archived.
func (p provedPayloads) Payloads(ctx context.Context, to uint64, use func(position uint64, p model.Payload) error) error {
	if to == 0 {
		return nil // where Prover.Payloads would read all
	}
	return p.prover.Payloads(ctx, to, func(payload model.Payload, leaf archive.PayloadLeaf) error {
		if p.progress != nil && leaf.Position%64 == 0 {
			p.progress(int64(leaf.Position), int64(to))
		}
		p.removals.see(leaf.Position, payload)
		return use(leaf.Position, payload)
	})
}

// openProver opens the archive of a node with its own verifier key.
func (n *node) openProver() (*archive.Prover, error) {
	key, err := os.ReadFile(n.paths.verifier())
	if err != nil {
		return nil, fmt.Errorf("read verifier key: %w", err)
	}
	identities, err := archive.ReadIdentities(n.paths.identities)
	if err != nil {
		return nil, err
	}
	prover, err := archive.OpenProver(n.paths.archive, string(key), identities)
	if err != nil {
		return nil, err
	}
	prover.Warn = once(func(text string) { n.log.Warn("a proof is weaker than it could be", "problem", text) })
	return prover, nil
}

// agreement is a reconciliation with what only its row tells.
type agreement struct {
	server.Reconciliation
	Named    []pipeline.RowDifference `json:"named"`
	Problems []string                 `json:"problems"`
	hours    []byte
}

// reconcileArchive compares the tables of a node with its archive, up to what both
// have, and keeps the outcome in the data directory.
func reconcileArchive(ctx context.Context, n *node, progress func(done, total int64)) (r *agreement, err error) {
	prover, err := n.openProver()
	if err != nil {
		return nil, err
	}
	defer prover.Close()
	last, err := prover.Last(ctx)
	if err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(durable.OS{}, n.paths.spool(), 0o750); err != nil {
		return nil, fmt.Errorf("reconcile: %w", err)
	}
	scratch, err := os.MkdirTemp(n.paths.spool(), "reconcile-*")
	if err != nil {
		return nil, fmt.Errorf("reconcile: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	began, told := time.Now(), removals{}
	found, err := pipeline.Reconcile(ctx, provedPayloads{prover, progress, told}, n.lake, normalise.New(normalise.Config{WorkspaceID: n.workspace}), min(last, n.lake.Applied()), scratch)
	if err != nil {
		return nil, fmt.Errorf("reconcile tables and archive: %w", err)
	}
	if r, err = newAgreement(found); err != nil {
		return nil, err
	}
	if err := r.compareRemovals(ctx, n, prover, told); err != nil {
		return nil, err
	}
	if err := r.compareFiles(ctx, n); err != nil {
		return nil, err
	}
	r.Time, r.Seconds = began.UTC(), time.Since(began).Seconds()
	return r, r.keep(n.paths.data)
}

// compareRemovals compares the tombstones of retention with what the log has of them:
// without that, who can write beside the lake could explain away any row that is gone.
func (r *agreement) compareRemovals(ctx context.Context, n *node, prover *archive.Prover, told removals) (err error) {
	var different []string
	tombstones := n.lake.Tombstones() // before the journal's end is asked for: they may name it
	if r.Removals, different, err = told.compare(ctx, prover, tombstones, r.Position, uint64(n.journal.Last()), time.Now()); err != nil {
		return fmt.Errorf("reconcile: compare tombstones of retention with the log: %w", err)
	}
	if r.Missing > 0 { // without them, the tables are those of a restored machine
		lost := told.without(n.lake.Tombstones())
		r.Removals.Wrong += len(lost)
		different = append(different, lost...)
	}
	r.Problems = append(r.Problems, different...)
	if len(different) > 0 {
		r.Passed = false
		r.Detail += fmt.Sprintf("; %d tombstones of retention and the log differ, the first: %s", len(different), different[0])
	} else if r.Removals.Runs > 0 {
		r.Detail += fmt.Sprintf("; %d tombstones of retention are as the log has them", r.Removals.Runs)
	}
	return nil
}

// compareFiles compares the files of the tables with the hashes under the log.
func (r *agreement) compareFiles(ctx context.Context, n *node) error {
	if n.rowFiles == nil {
		return nil
	}
	same, different, err := n.rowFiles.Compare(ctx)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	r.Problems = append(r.Problems, different...)
	if len(different) > 0 {
		r.Passed = false
		r.Detail += fmt.Sprintf("; %d files of tables are not those under the log, the first: %s", len(different), different[0])
	} else if same > 0 {
		r.Detail += fmt.Sprintf("; %d files of tables are those under the log", same)
	}
	return nil
}

func newAgreement(found *pipeline.Reconciliation) (*agreement, error) {
	r := &agreement{Named: found.Named, Problems: found.Problems}
	r.Position, r.Missing, r.Foreign, r.Changed = found.Position, found.Missing, found.Foreign, found.Changed
	r.Passed, r.Detail, r.Tables = found.Equal(), agreementDetail(found), []server.ReconciledTable{}
	for _, t := range found.Tables {
		r.Tables = append(r.Tables, server.ReconciledTable{Table: t.Table, Lake: side(t.Lake), Archive: side(t.Archive), Hours: t.Hours, Differing: t.Differing})
	}
	var list bytes.Buffer
	encoder := json.NewEncoder(&list)
	for _, h := range found.Hours {
		line := server.ReconciledHour{Table: h.Table, Hour: moment(h.Hour), Lake: side(h.Lake), Archive: side(h.Archive)}
		if err := encoder.Encode(line); err != nil {
			return nil, fmt.Errorf("reconcile: %w", err)
		}
	}
	sum := sha256.Sum256(list.Bytes())
	r.hours, r.HoursSHA256 = list.Bytes(), hex.EncodeToString(sum[:])
	return r, nil
}

func side(s pipeline.Side) server.ReconciledSide {
	return server.ReconciledSide{Rows: s.Rows, Digest: hex.EncodeToString(s.Digest[:])}
}

// agreementDetail puts the outcome in a sentence.
func agreementDetail(r *pipeline.Reconciliation) string {
	var rows int64
	differing := 0
	for _, t := range r.Tables {
		rows += t.Archive.Rows
		differing += t.Differing
	}
	if r.Equal() {
		text := fmt.Sprintf("%d rows of %d tables, hour by hour in %d hours, are the same in the tables and in the archive, up to journal position %d", rows, len(r.Tables), len(r.Hours), r.Position)
		if r.Expired > 0 {
			text += fmt.Sprintf("; %d more are in the archive alone, as tombstones of retention tell", r.Expired)
		}
		return text
	}
	text := fmt.Sprintf("%d hours differ: %d rows are in the archive alone, %d in the tables alone, %d read otherwise", differing, r.Missing, r.Foreign, r.Changed)
	switch {
	case len(r.Problems) > 0:
		text += "; " + r.Problems[0] + "; quoll archive verify names each damaged file of the archive, quoll lake check those of the tables, and both say what to do"
	case len(r.Named) > 0:
		d := r.Named[0]
		text += fmt.Sprintf("; the first: record %s of journal position %d %s, %s", d.Key, d.Position, d.What, d.Table)
	}
	if r.Changed > 0 && r.Missing == 0 && r.Foreign == 0 && len(r.Problems) == 0 {
		text += "; after an update of Quoll that reads records otherwise, quoll replay makes them equal; else rows were changed"
	}
	return text
}

// keep writes the list of hours, and then the outcome that names its hash.
func (r *agreement) keep(data string) error {
	if err := durable.WriteFile(durable.OS{}, filepath.Join(data, hoursFile), r.hours, 0o640); err != nil {
		return fmt.Errorf("keep the reconciliation: %w", err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(durable.OS{}, filepath.Join(data, reconciliationFile), append(text, '\n'), 0o640); err != nil {
		return fmt.Errorf("keep the reconciliation: %w", err)
	}
	return nil
}

// readAgreement returns the last one that is kept, nil if there is none.
func readAgreement(data string) *agreement {
	var r agreement
	text, err := os.ReadFile(filepath.Join(data, reconciliationFile))
	if err != nil || json.Unmarshal(text, &r) != nil {
		return nil
	}
	return &r
}

// readHours returns those hours of the last reconciliation that a filter takes, as
// many as it wants, and how many it takes in all.
func readHours(data string, f server.HourFilter) (hours []server.ReconciledHour, total int, err error) {
	text, err := os.ReadFile(filepath.Join(data, hoursFile))
	if err != nil {
		return nil, 0, fmt.Errorf("read the hours of the reconciliation: %w", err)
	}
	for line := range bytes.Lines(text) {
		var h server.ReconciledHour
		if err := json.Unmarshal(line, &h); err != nil {
			return nil, 0, fmt.Errorf("read %s: %w", hoursFile, err)
		}
		if !takes(f, h) {
			continue
		}
		total++
		if len(hours) < f.Limit {
			hours = append(hours, h)
		}
	}
	return hours, total, nil
}

func takes(f server.HourFilter, h server.ReconciledHour) bool {
	switch {
	case f.Table != "" && h.Table != f.Table, f.Differing && h.Lake == h.Archive:
		return false
	case h.Hour == nil:
		return f.From.IsZero() && f.To.IsZero()
	}
	return !h.Hour.Before(f.From) && (f.To.IsZero() || h.Hour.Before(f.To))
}

// writeDown makes the outcome a row of SentinelAudit, under the log. A difference
// is a failure, which a rule that ships looks for.
func (r *agreement) writeDown(ctx context.Context, audit *acts) error {
	what := act{
		operation: "Reconcile archive", kind: "Archive", description: r.Detail,
		properties: map[string]any{
			"Position": r.Position, "Missing": r.Missing, "Foreign": r.Foreign, "Changed": r.Changed, "Tables": r.Tables,
			"Named": r.Named, "Problems": r.Problems, "HoursSHA256": r.HoursSHA256, "Seconds": r.Seconds,
		},
	}
	return audit.found(ctx, what, r.Passed, r.Detail)
}
