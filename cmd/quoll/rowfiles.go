package main

import (
	"context"
	"fmt"
	"time"

	"github.com/quoll/quoll/archive/rowfiles"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/metrics"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// followRows prepares what brings the tables' files into the archive, if that could
// be opened.
func (n *node) followRows() {
	if n.archive == nil {
		return
	}
	config := rowfiles.DefaultConfig()
	config.HashesOnly = n.paths.rowHashes
	var tables []string
	for _, t := range schema.Tables() {
		tables = append(tables, t.Name)
	}
	n.rowFiles = rowfiles.New(config, n.lake, n.archive, tables, clock.System(), n.log)
}

// archiveRows brings what the tables have in files now into the archive.
func (n *node) archiveRows(ctx context.Context) error {
	if n.rowFiles == nil {
		return n.archiveProblem
	}
	if err := n.rowFiles.Look(ctx); err != nil {
		return fmt.Errorf("archive the tables' files: %w", err)
	}
	return nil
}

func (n *node) rowFileStatus(now time.Time) *server.RowFileStatus {
	if n.rowFiles == nil {
		return nil
	}
	s := n.rowFiles.Status()
	return &server.RowFileStatus{Files: s.Files, Kept: s.Kept, Waiting: s.Waiting, LagSeconds: s.Lag(now).Seconds(), Looked: moment(s.Looked), Problem: s.Problem}
}

func (n *node) rowFileFigures(now time.Time) *metrics.RowFiles {
	if n.rowFiles == nil {
		return nil
	}
	s := n.rowFiles.Status()
	return &metrics.RowFiles{Files: s.Files, Kept: s.Kept, Waiting: s.Waiting, Lag: s.Lag(now), Failing: s.Problem != ""}
}
