package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
)

type restoreOptions struct {
	archive, key, identity, data, workspace, output string
}

func archiveRestoreCommand() *cobra.Command {
	var o restoreOptions
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Build a data directory from an archive alone",
		Long: `Restore takes an archive and its verifier key, and builds journal and tables from
nothing else. Each payload is proved to be in the log before it is taken; the
first that is not ends the restore, with exit code 3. The journal has the same
positions as before, so that a server goes on with the data directory: put the
signing key back as <data>/keys/archive.key before anything else opens it, and name
the archive and its origin in the configuration (docs/restore.md).

What is not in the archive is not restored: the ledger, incidents, the state of
rules. The collectors begin anew with what Microsoft still has, and what was
collected before is recognised.

--workspace-id is the GUID in the column TenantId of every row. Without it a new
one is made.`,
		Example: `  quoll archive restore --archive /mnt/archive --key archive.pub --data ./restored
  quoll archive restore --archive 's3://agency-quoll/archive?region=ap-southeast-2' --key archive.pub --data ./restored
  quoll archive restore --archive /mnt/archive --key archive.pub --data ./restored --workspace-id 5a1e… -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runRestore(cmd, o) },
	}
	cmd.Flags().StringVar(&o.archive, "archive", "", "the archive's folder, or a copy: a folder, s3://bucket/prefix or az://account/container/prefix")
	cmd.Flags().StringVar(&o.key, "key", "", "file with the verifier key")
	identityFlag(cmd, &o.identity)
	cmd.Flags().StringVar(&o.data, "data", "", "data directory to make")
	cmd.Flags().StringVar(&o.workspace, "workspace-id", "", "GUID of the workspace")
	outputFlag(cmd, &o.output)
	return cmd
}

func runRestore(cmd *cobra.Command, o restoreOptions) error {
	if o.archive == "" || o.key == "" || o.data == "" {
		return usageError(errors.New("name the archive, the verifier key and the data directory to make with --archive, --key and --data"))
	}
	if o.workspace == "" {
		o.workspace = uuid.NewString()
	} else if _, err := uuid.Parse(o.workspace); err != nil {
		return usageError(fmt.Errorf("--workspace-id %q is no GUID", o.workspace))
	}
	key, err := os.ReadFile(o.key)
	if err != nil {
		return fmt.Errorf("read verifier key: %w", err)
	}
	identities, err := archive.ReadIdentities(o.identity)
	if err != nil {
		return err
	}
	prover, err := openProverOf(cmd.Context(), o.archive, string(key), identities)
	if err != nil {
		return err
	}
	defer prover.Close()
	r, err := restoreInto(cmd.Context(), prover, o.data, o.workspace, 0, "")
	if errors.Is(err, archive.ErrDamaged) {
		return &exitError{exitFound, err}
	}
	if err != nil {
		return err
	}
	return r.print(cmd.OutOrStdout(), o.output)
}

// restored is what a restore brought back.
type restored struct {
	Data     string         `json:"data"`
	Position uint64         `json:"position"` // last, in journal and archive
	Bytes    int64          `json:"bytes"`    // of payloads
	Tables   []restoredRows `json:"tables"`   // those that have rows
	Journal  float64        `json:"journalSeconds"`
	Lake     float64        `json:"lakeSeconds"`

	erased []erasedKeys
}

type restoredRows struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

func (r *restored) print(w io.Writer, output string) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	for _, t := range r.Tables {
		fmt.Fprintf(&b, "%-26s %10d rows\n", t.Table, t.Rows)
	}
	fmt.Fprintf(&b, "%s: %d payloads, %d bytes, each proved, in %.1f s; their rows in %.1f s\n", r.Data, r.Position, r.Bytes, r.Journal, r.Lake)
	_, err := io.WriteString(w, b.String())
	return err
}

// restoreInto makes a data directory from an archive, up to a position; 0 is to
// the end. The directory must not be there, or be empty. What the tombstones in a
// folder tell of stays out of the tables, unless none is named.
func restoreInto(ctx context.Context, prover *archive.Prover, data, workspaceID string, to uint64, tombstones string) (*restored, error) {
	if err := mustBeEmpty(data); err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(durable.OS{}, data, 0o750); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	p, err := dataPaths(data)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(workspace{WorkspaceID: workspaceID, ArchiveDir: p.archive, ArchiveOrigin: p.origin}, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(durable.OS{}, filepath.Join(p.data, workspaceFile), append(text, '\n'), 0o640); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	r := &restored{Data: data, Tables: []restoredRows{}}
	started := time.Now()
	if err := r.fillJournal(ctx, prover, p.journal(), to); err != nil {
		return nil, err
	}
	r.Journal = time.Since(started).Seconds()
	started = time.Now()
	if tombstones != "" {
		if err := os.CopyFS(p.tombstones(), os.DirFS(tombstones)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("restore: %w", err)
		}
	}
	if err := r.keepOut(lake.DefaultConfig(p.lake()), started.UTC()); err != nil {
		return nil, err
	}
	if err := rebuildLake(ctx, data); err != nil {
		return nil, err
	}
	r.Lake = time.Since(started).Seconds()
	return r, r.countTables(ctx, p.lake())
}

func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	if len(entries) > 0 {
		return usageError(fmt.Errorf("%s is not empty: restore makes a new data directory; after one that was interrupted, remove it", dir))
	}
	return nil
}

// restoreGroup is the bytes of payloads that are synced together, and restorePayload what
// each takes beside its body: those that were disposed of have none, and there may be
// millions in a row.
const (
	restoreGroup   = 8 << 20
	restorePayload = 512
)

func (r *restored) fillJournal(ctx context.Context, prover *archive.Prover, dir string, to uint64) (err error) {
	j, err := journal.Open(journal.DefaultConfig(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	last, err := prover.Last(ctx)
	if err != nil {
		return err
	}
	progress, finish := countProgress("restore")
	defer finish()
	var group []model.Payload
	size := 0
	flush := func() error {
		position, err := j.Append(ctx, group...)
		if err == nil && uint64(position) != r.Position {
			err = fmt.Errorf("restore: the journal is at position %d, the archive at %d", position, r.Position)
		}
		group, size = group[:0], 0
		return err
	}
	err = prover.Payloads(ctx, to, func(p model.Payload, leaf archive.PayloadLeaf) error {
		if err := r.takeErased(&p, &leaf); err != nil {
			return err
		}
		group, size = append(group, p), size+restorePayload+len(p.Body)
		r.Position, r.Bytes = leaf.Position, r.Bytes+int64(len(p.Body))
		if size < restoreGroup {
			return nil
		}
		if progress != nil {
			progress(int64(r.Position), int64(last))
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (r *restored) countTables(ctx context.Context, dir string) (err error) {
	l, err := lake.Open(ctx, lake.DefaultConfig(dir), commandLog())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	for _, t := range l.Stats() {
		if t.Rows > 0 {
			r.Tables = append(r.Tables, restoredRows{t.Name, t.Rows})
		}
	}
	return nil
}
