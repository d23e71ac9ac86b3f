package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quoll/quoll/archive"
)

func archiveCommand() *cobra.Command {
	return group("archive", "Verify the archive, prove what is in it, certify what arrived",
		archiveVerifyCommand(), archiveProveCommand(), archiveProveAbsenceCommand(), archiveOperationsCommand(), archiveConsistencyCommand(), archiveCosignCommand(), archiveRestoreCommand(), archiveDrillCommand(), archiveReconcileCommand(), archiveHoldCommand(), archiveDisposeCommand(), archiveEraseCommand(), archiveKeygenCommand(), archiveRewrapCommand(), archiveCertificateCommand(), archiveVerifyCertificateCommand())
}

type verifyOptions struct {
	archiveFlags
	trustFlags
	output string
}

func archiveVerifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that no byte of the archive has changed since it was signed",
		Long: `Verify reads every file of an archive to its last byte, computes the leaves of
the transparency log from the objects, the tree from the leaves, and compares
its root with the signed checkpoint. It needs the archive's folder and the
verifier key: no server, no journal, no network. It may run beside a server.

Where objects are encrypted, --identity names the file that opens them. Without it
their files are still compared with the hashes in the log, so that any change of a
byte is found, and the report says how many payloads could not be looked into.

The archive may be a copy in an object store: s3://bucket/prefix or
az://account/container/prefix, read as a stream with the credentials of the
environment, of AWS's file, or of the machine's identity.

The exit code is 0 when the archive is whole and 3 when it is not.`,
		Example: `  quoll archive verify --data ./q
  quoll archive verify --archive /mnt/copy --key archive.pub -o json
  quoll archive verify --archive 's3://agency-quoll/archive?region=ap-southeast-2' --key archive.pub
  quoll archive verify --archive /mnt/copy --key archive.pub --witnesses w.pub --quorum 1 --kept last-month.checkpoint
  quoll archive verify --archive /mnt/copy --key archive.pub --stamp-roots tsa.pem --stamp-quorum 1`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runVerify(cmd, o) },
	}
	o.archiveFlags.flags(cmd)
	o.trustFlags.flags(cmd)
	outputFlag(cmd, &o.output)
	return cmd
}

func runVerify(cmd *cobra.Command, o verifyOptions) error {
	p, err := dataPaths(o.data)
	if err != nil {
		return err
	}
	key, err := o.settle()
	if err != nil {
		return err
	}
	configured := ""
	if o.archive == p.archive {
		configured = p.stampRoots
	}
	trust, err := o.trust(configured)
	if err != nil {
		return err
	}
	if trust.Identities, err = archive.ReadIdentities(o.identity); err != nil {
		return err
	}
	started := time.Now()
	progress, finish := byteProgress("verify")
	fsys, closer, err := openArchiveFS(cmd.Context(), o.archive)
	if err != nil {
		return err
	}
	defer closer.Close()
	report, err := archive.VerifyFS(cmd.Context(), fsys, key, trust, progress)
	finish()
	if err != nil {
		return fmt.Errorf("verify archive %s: %w", o.archive, err)
	}
	if _, err := os.Stat(p.data); err == nil && o.archive == p.archive {
		if err := noteVerification(p.data, time.Now(), &report, configured != "" && o.stamps.roots == ""); err != nil {
			return fmt.Errorf("note the verification: %w", err)
		}
	}
	if err := printReport(cmd.OutOrStdout(), o.output, o.archive, &report, trust.StampRoots != nil, time.Since(started)); err != nil {
		return err
	}
	if !report.OK() {
		return &exitError{code: exitFound}
	}
	return nil
}

// byteProgress shows bytes done of a total, on a terminal only.
func byteProgress(what string) (func(done, total int64), func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil, func() {}
	}
	var bar *progressbar.ProgressBar
	told := func(done, total int64) {
		if bar == nil {
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true),
				progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
		}
		_ = bar.Set64(done)
	}
	return told, func() {
		if bar != nil {
			_ = bar.Finish()
		}
	}
}

func printReport(w io.Writer, output, dir string, r *archive.Report, rooted bool, took time.Duration) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(struct {
			Archive string `json:"archive"`
			Whole   bool   `json:"whole"`
			*archive.Report
			Remedies []string `json:"remedies,omitempty"`
		}{dir, r.OK(), r, remediesOf(r)})
	}
	var b strings.Builder
	for _, problem := range r.Problems {
		fmt.Fprintln(&b, problem)
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.Omitted)
	}
	for _, remedy := range remediesOf(r) {
		fmt.Fprintf(&b, "→ %s\n", remedy)
	}
	verdict := "whole"
	if !r.OK() {
		verdict = "NOT whole"
	}
	fmt.Fprintf(&b, "%s: %s: %d payloads in %d objects, journal positions up to %d, %d leaves; %d files, %d bytes, %s\n",
		dir, verdict, r.Payloads, r.Objects, r.Last, r.Size, r.Files, r.Bytes, took.Round(time.Millisecond))
	if r.Erased > 0 {
		fmt.Fprintf(&b, "%d payloads were erased as one person's data, by certificates under the log; their leaves are there\n", r.Erased)
	}
	if r.Lingering > 0 {
		fmt.Fprintf(&b, "%d payloads that certificates say were erased are still here: this store locks them, or an erasure is under way\n", r.Lingering)
	}
	if r.Disposed > 0 {
		fmt.Fprintf(&b, "%d payloads were disposed of, by certificates under the log; their leaves are there\n", r.Disposed)
	}
	if r.Sealed > 0 {
		fmt.Fprintf(&b, "%d further payloads are encrypted and no key was given that opens them: their files are as they were signed; what is in them was not compared with the log\n", r.Sealed)
	}
	if r.RowLeaves > 0 {
		fmt.Fprintf(&b, "%d files of tables, and the hashes of %d more; %s\n", r.DataFiles, r.HashedFiles, standingLine(r.Standing))
	}
	if r.SealedFiles > 0 {
		fmt.Fprintf(&b, "%d further files of tables are encrypted and no key was given that opens them: the objects that have them are as they were signed\n", r.SealedFiles)
	}
	if r.DisposedFiles > 0 {
		fmt.Fprintf(&b, "%d files of tables were disposed of, by certificates under the log\n", r.DisposedFiles)
	}
	if r.Root != "" {
		fmt.Fprintf(&b, "log %s, root %s\n", r.Origin, r.Root)
	}
	if r.Ahead > 0 {
		fmt.Fprintf(&b, "%d files are ahead of the copy's checkpoint, for the next one\n", r.Ahead)
	}
	b.WriteString(cosignedLine(r.Cosigned))
	b.WriteString(stampLines(r.Stamps, rooted))
	_, err := io.WriteString(w, b.String())
	return err
}

// standingLine says what the log says of the tables.
func standingLine(tables []archive.StandingTable) string {
	if len(tables) == 0 {
		return "what the log says of the tables cannot be added up"
	}
	rows, files := int64(0), 0
	for _, t := range tables {
		rows, files = rows+t.Rows, files+t.Files
	}
	return fmt.Sprintf("by the log %d tables have %d rows in %d files, which adds up", len(tables), rows, files)
}
