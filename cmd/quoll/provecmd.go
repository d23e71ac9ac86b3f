package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/normalise"
)

type proveOptions struct {
	archiveFlags
	id, out  string
	position uint64
	record   int
	dataFile uint64
}

// archiveFlags say which archive is meant, and whose key.
type archiveFlags struct{ data, archive, key, identity string }

func (o *archiveFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory, to find archive and key")
	cmd.Flags().StringVar(&o.archive, "archive", "", "the archive's folder, or a copy: a folder, s3://bucket/prefix or az://account/container/prefix (default: <data>-archive)")
	cmd.Flags().StringVar(&o.key, "key", "", "file with the verifier key (default: <data>/keys/archive.pub)")
	identityFlag(cmd, &o.identity)
}

func identityFlag(cmd *cobra.Command, identity *string) {
	cmd.Flags().StringVar(identity, "identity", "", "file with the age identities that open an encrypted archive (default: as the data directory says)")
}

// settle fills in what was not given, and reads the key.
func (o *archiveFlags) settle() (key string, err error) {
	p, err := dataPaths(o.data)
	if err != nil {
		return "", err
	}
	if o.archive == "" {
		o.archive = p.archive
	}
	if o.key == "" {
		o.key = p.verifier()
	}
	if o.identity == "" && o.archive == p.archive {
		o.identity = p.identities
	}
	text, err := os.ReadFile(o.key)
	if err != nil {
		return "", fmt.Errorf("read verifier key: %w: name its file with --key, or the data directory with --data", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// prover opens the archive that is meant.
func (o *archiveFlags) prover(ctx context.Context) (*archive.Prover, error) {
	key, err := o.settle()
	if err != nil {
		return nil, err
	}
	return o.open(ctx, key)
}

// open opens it with a verifier key.
func (o *archiveFlags) open(ctx context.Context, key string) (*archive.Prover, error) {
	identities, err := archive.ReadIdentities(o.identity)
	if err != nil {
		return nil, err
	}
	return openProverOf(ctx, o.archive, key, identities)
}

// warnTo writes each warning of a prover once.
func warnTo(w io.Writer) func(text string) {
	return once(func(text string) { _, _ = fmt.Fprintln(w, "WARNING: "+text) }) // the proof counts
}

// once tells each text the first time that it comes.
func once(tell func(text string)) func(text string) {
	told := map[string]bool{}
	return func(text string) {
		if !told[text] {
			told[text] = true
			tell(text)
		}
	}
}

func archiveProveCommand() *cobra.Command {
	var o proveOptions
	cmd := &cobra.Command{
		Use:   "prove",
		Short: "Give one record with all that proves it, as one file",
		Long: `Prove writes a bundle of evidence for one record: the record and the rows that
Quoll made of it, the payload that Microsoft delivered it in, the payload's leaf
in the transparency log, the proof that the leaf is in the log, and the signed
checkpoint with the cosignatures of witnesses, where there are any. quoll-verify
checks it anywhere, with the verifier key alone. A bundle is a tar file:
docs/formats/evidence.md says what is in it.

A record is named by --id: the Id of an audit record, or the NetworkMessageId,
ReportId, AlertId or Id in the properties of a Defender record. The archive is
read for it, the newest objects first. Where the journal position of the payload
is known, --position is at once, with --record for one of its records, counted
from 0; without, the whole payload is the evidence.

A file of a table that the archive keeps is named by --data-file, with its number
in the log: docs/formats/archive.md says how to find it.

Nothing but the archive's folder and the verifier key is needed, and it may run
beside a server.`,
		Example: `  quoll archive prove --data ./q --id 4f0d6a2c-8a0f-4a3e-9d1c-0f3b6c1c2d3e --out record.evidence.tar
  quoll archive prove --archive /mnt/copy --key archive.pub --position 812 --record 3 --out record.evidence.tar
  quoll archive prove --data ./q --data-file 37 --out file.evidence.tar
  quoll-verify --key archive.pub record.evidence.tar`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runProve(cmd, o) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.id, "id", "", "the record's id")
	cmd.Flags().Uint64Var(&o.position, "position", 0, "journal position of the payload")
	cmd.Flags().IntVar(&o.record, "record", -1, "which record of the payload, from 0")
	cmd.Flags().Uint64Var(&o.dataFile, "data-file", 0, "number of a file of a table, as the log has it")
	cmd.Flags().StringVar(&o.out, "out", "", "file to write")
	return cmd
}

// proveDataFile writes the evidence of a file of a table.
func proveDataFile(cmd *cobra.Command, o proveOptions) error {
	prover, err := o.prover(cmd.Context())
	if err != nil {
		return err
	}
	prover.Warn = warnTo(cmd.ErrOrStderr())
	defer prover.Close()
	f, err := prover.DataFile(cmd.Context(), o.dataFile)
	if err != nil {
		return archiveError(err)
	}
	bundle := proof.DataFile{Data: f.Data, Leaf: f.Line, Proof: f.Inclusion.Encode(), Stamped: f.Stamped}
	if err := writeNew(o.out, bundle.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: %s, %d rows of %s, leaf %d\ncheck it with: quoll-verify --key %s %s\n", o.out, f.Leaf.File, f.Leaf.Rows, f.Leaf.Table, f.Inclusion.Index, o.key, o.out)
	return err
}

func runProve(cmd *cobra.Command, o proveOptions) error {
	switch {
	case o.out == "":
		return usageError(errors.New("name the file to write with --out"))
	case o.dataFile != 0 && (o.id != "" || o.position != 0 || o.record >= 0):
		return usageError(errors.New("--data-file stands alone: it names a file of a table, and not a record"))
	case o.dataFile != 0:
		return proveDataFile(cmd, o)
	case (o.id == "") == (o.position == 0):
		return usageError(errors.New("name the record with --id, or its payload with --position"))
	case o.id != "" && o.record >= 0:
		return usageError(errors.New("--record goes with --position: --id says which record"))
	}
	prover, err := o.prover(cmd.Context())
	if err != nil {
		return err
	}
	prover.Warn = warnTo(cmd.ErrOrStderr())
	defer prover.Close()
	w, err := readWorkspace(o.data)
	if err != nil {
		return err
	}
	e, proved, span, err := o.evidence(cmd.Context(), prover, w.WorkspaceID)
	if err != nil {
		return archiveError(err)
	}
	if err := writeNew(o.out, e.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: %d bytes at %d of the payload at journal position %d, leaf %d\ncheck it with: quoll-verify --key %s %s\n",
		o.out, span.size, span.offset, proved.Leaf.Position, proved.Inclusion.Index, o.key, o.out)
	return err
}

// evidence finds the record and makes its bundle.
func (o *proveOptions) evidence(ctx context.Context, prover *archive.Prover, workspaceID string) (*proof.Evidence, *archive.Proved, recordSpan, error) {
	position := o.position
	if o.id != "" {
		var err error
		if position, err = findRecord(ctx, prover, o.id); err != nil {
			return nil, nil, recordSpan{}, err
		}
	}
	proved, err := prover.Payload(ctx, position)
	if err != nil {
		return nil, nil, recordSpan{}, err
	}
	span, err := o.span(proved)
	if err != nil {
		return nil, nil, recordSpan{}, err
	}
	e, err := newEvidence(proved, span, normalise.New(normalise.Config{WorkspaceID: workspaceID}))
	return e, proved, span, err
}

// span says which record of the payload is meant.
func (o *proveOptions) span(proved *archive.Proved) (recordSpan, error) {
	if o.id == "" && o.record < 0 {
		return recordSpan{0, int64(len(proved.Body))}, nil
	}
	n := 0
	for span := range recordsOf(proved.Leaf.Format, proved.Body) {
		if o.id == "" && n == o.record || o.id != "" && hasID(proved.Body[span.offset:span.offset+span.size], o.id) {
			return span, nil
		}
		n++
	}
	if o.id != "" {
		return recordSpan{}, fmt.Errorf("the payload at journal position %d has no record with id %s", proved.Leaf.Position, o.id)
	}
	return recordSpan{}, usageError(fmt.Errorf("the payload at journal position %d has %d records that can be told apart: there is no number %d; without --record the whole payload is proved", proved.Leaf.Position, n, o.record))
}

// findRecord returns the position of the newest payload with a record of an id.
func findRecord(ctx context.Context, prover *archive.Prover, id string) (uint64, error) {
	progress, finish := countProgress("search")
	defer finish()
	return prover.Search(ctx, func(leaf archive.PayloadLeaf, body []byte) bool {
		if !mayHold(body, id) {
			return false
		}
		for span := range recordsOf(leaf.Format, body) {
			if hasID(body[span.offset:span.offset+span.size], id) {
				return true
			}
		}
		return false
	}, progress)
}

// countProgress shows how many of a number are done, on a terminal only.
func countProgress(what string) (func(done, total int64), func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	return func(done, total int64) {
		bar.ChangeMax64(total)
		_ = bar.Set64(done)
	}, func() { _ = bar.Finish() }
}

// writeNew writes a file that must not be there yet; evidence is not written
// over.
func writeNew(name string, write func(io.Writer) error) error {
	var b strings.Builder
	if err := write(&b); err != nil {
		return err
	}
	if err := durable.CreateExclusive(durable.OS{}, name, []byte(b.String()), 0o640); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

type consistencyOptions struct {
	archiveFlags
	from, to, out string
}

func archiveConsistencyCommand() *cobra.Command {
	var o consistencyOptions
	cmd := &cobra.Command{
		Use:   "consistency",
		Short: "Prove that an older checkpoint is of a beginning of the log",
		Long: `Consistency takes a checkpoint that somebody kept, and proves that the log has
only grown since: that its tree is the beginning of the present one, or of
another, newer checkpoint. The proof is one file, which quoll-verify checks.

The exit code is 3 when the older checkpoint is not of a beginning of the log:
then the holder of the key has signed two histories, and both checkpoints are
the proof of that. Keep them.`,
		Example: `  quoll archive consistency --data ./q --from kept.checkpoint --out growth.evidence.tar
  quoll archive consistency --archive /mnt/copy --key archive.pub --from june.checkpoint --to july.checkpoint --out growth.evidence.tar`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runConsistency(cmd, o) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.from, "from", "", "file with the older checkpoint")
	cmd.Flags().StringVar(&o.to, "to", "", "file with the newer one (default: the archive's present one)")
	cmd.Flags().StringVar(&o.out, "out", "", "file to write")
	return cmd
}

func runConsistency(cmd *cobra.Command, o consistencyOptions) error {
	if o.from == "" || o.out == "" {
		return usageError(errors.New("name the older checkpoint with --from and the file to write with --out"))
	}
	older, err := os.ReadFile(o.from)
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	var newer []byte
	if o.to != "" {
		if newer, err = os.ReadFile(o.to); err != nil {
			return fmt.Errorf("read checkpoint: %w", err)
		}
	}
	prover, err := o.prover(cmd.Context())
	if err != nil {
		return err
	}
	prover.Warn = warnTo(cmd.ErrOrStderr())
	defer prover.Close()
	bundle, err := prover.Consistency(cmd.Context(), older, newer)
	if inconsistent(err) {
		return &exitError{exitFound, err}
	}
	if err != nil {
		return archiveError(err)
	}
	if err := writeNew(o.out, bundle.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: the log has only grown since %s\n", o.out, o.from)
	return err
}
