package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/quoll/quoll/automation"
	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/metrics"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/preflight"
)

// measured reads what the parts of a node say of themselves. It asks no table, so
// that it answers when the engine does not.
type measured struct {
	node       *node
	roster     *roster
	detector   *detect.Detector
	retention  *retentionKeeper   // nil until it is there
	automation *automation.Engine // nil until it is there
	now        func() time.Time
}

// read implements metrics.Reader.
func (m *measured) read(ctx context.Context) (*metrics.Reading, error) {
	p := m.node.pipeline.Status()
	r := &metrics.Reading{
		Version: version, Now: m.now().UTC(),
		Journal: metrics.Journal{Position: p.Journal, Applied: p.Applied, Quarantined: p.Quarantined, Pressure: pressureLevel(p.Pressure)},
		Lake:    metrics.Lake{LastFlush: p.LastFlush, Failing: p.FlushError != "" || p.MaintainError != "", Unknown: unknown(p)},
		Archive: metrics.Archive{Position: p.Archived, Failing: p.ArchiveError != "" || m.node.archiveProblem != nil},
	}
	var tenants []string
	for _, c := range m.roster.all() {
		s := c.Status()
		r.Sources = append(r.Sources, s)
		if !slices.Contains(tenants, s.Tenant) {
			tenants = append(tenants, s.Tenant)
		}
	}
	for from, f := range p.Flows {
		r.Flows = append(r.Flows, metrics.Flow{
			Source: string(from.Source), Tenant: from.Tenant, Content: from.Content,
			Added: f.Added, Duplicates: f.Duplicates, Revisions: f.Revisions, Rejected: f.Rejected, Others: f.Others,
		})
	}
	for _, t := range m.node.lake.Stats() {
		r.Lake.Tables = append(r.Lake.Tables, metrics.Table{Name: t.Name, Rows: t.Rows, Fresh: t.FreshRows, Files: t.Files, Bytes: t.Bytes, Commits: t.Commits})
	}
	if c := readCheckpoint(m.node.paths.archive); c != nil {
		r.Archive.Sealed = c.Time
	}
	r.Archive.Stamps = m.node.stampFigures(r.Now)
	r.Archive.Copies = m.node.copyFigures(r.Now)
	r.Archive.RowFiles = m.node.rowFileFigures(r.Now)
	if m.retention != nil {
		r.Retention = m.retention.figures()
	}
	m.delays(r, tenants)
	var automated error
	if m.automation != nil {
		r.Automation, automated = automationFigures(ctx, m.automation)
	}
	return r, errors.Join(automated, m.rulesInto(ctx, r), m.disksInto(r))
}

// unknown counts what the normaliser did not know, by kind.
func unknown(p pipeline.Status) map[string]int64 {
	sum := func(counts map[string]int) (n int64) {
		for _, c := range counts {
			n += int64(c)
		}
		return n
	}
	u := p.Unknown
	var recordTypes int64
	for _, n := range u.RecordTypes {
		recordTypes += int64(n)
	}
	return map[string]int64{
		"record_type": recordTypes, "column": sum(u.Fields), "category": sum(u.Categories), "value": sum(u.Values), "time": int64(u.Times), "id": int64(u.NoID),
	}
}

func (m *measured) delays(r *metrics.Reading, tenants []string) {
	for _, tenant := range tenants {
		for _, content := range m.node.lags.ContentTypes(tenant) {
			hour, _ := m.node.lags.Summary(collect.Stream{Tenant: tenant, ContentType: content}, r.Now)
			for stage, l := range hour {
				r.Delays = append(r.Delays, metrics.Delay{Tenant: tenant, Content: content, Stage: string(stage), P50: l.P50, P90: l.P90, P99: l.P99, Max: l.Max})
			}
		}
	}
}

func (m *measured) rulesInto(ctx context.Context, r *metrics.Reading) error {
	health, err := m.detector.Health(ctx)
	if err != nil {
		return err
	}
	frequency := map[string]time.Duration{}
	for _, rule := range m.detector.Rules() {
		frequency[rule.ID] = time.Duration(rule.QueryFrequency)
	}
	for _, h := range health {
		if h.Enabled {
			r.Rules = append(r.Rules, metrics.Rule{
				ID: h.RuleID, Name: h.RuleName, Runs: h.Runs, Alerts: h.Hits, LastRun: h.LastRun, EvaluatedTo: h.LastEnd,
				Frequency: frequency[h.RuleID], Failing: h.LastError != "",
			})
		}
	}
	return nil
}

func (m *measured) disksInto(r *metrics.Reading) error {
	var errs []error
	for folder, dir := range map[string]string{"data": m.node.paths.data, "archive": m.node.paths.archive} {
		free, size, err := preflight.DiskSpace(dir)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.Disks = append(r.Disks, metrics.Disk{Folder: folder, Free: free, Size: size})
	}
	var err error
	r.Journal.Bytes, err = sizeOf(m.node.paths.journal())
	return errors.Join(append(errs, err)...)
}

// sizeOf adds up the files of a folder of few files.
func sizeOf(dir string) (int64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return sum, err
		}
		if !info.IsDir() {
			sum += info.Size()
		}
	}
	return sum, nil
}
