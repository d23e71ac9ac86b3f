package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/collect"
)

// blobsSuffix is added to the name of a certificate for its list of blobs.
const blobsSuffix = ".blobs"

type certificateOptions struct {
	data, tenant, contentType, day, out string
	provisional                         bool
}

func archiveCertificateCommand() *cobra.Command {
	var o certificateOptions
	cmd := &cobra.Command{
		Use:   "certificate",
		Short: "Certify what arrived on a day, and what did not",
		Long: `Certificate says of one tenant, content type and UTC day which blobs Microsoft
listed and what became of each: how many were fetched and how many were lost,
with how many records and bytes, the root of a Merkle tree over them, and every
gap in words. It is a text signed with the archive's key.

A day that is not closed is refused, unless --provisional is given; docs/
completeness.md says when an hour closes. Asking again gives the same
certificate, or, when a blob came later still, one with the next sequence
number that names the one it supersedes.

With --out the list of blobs is written too, as FILE.blobs. Without
--content-type all types of the day are certified, and --out is a folder. It may
run beside a server.`,
		Example: `  quoll archive certificate --data ./q --day 2026-09-14 --content-type Audit.Exchange
  quoll archive certificate --data ./q --day 2026-09-14 --out ./certificates
  quoll archive verify-certificate ./certificates/2026-09-14-Audit.Exchange.certificate --key archive.pub`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runCertificate(cmd, o) },
	}
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "tenant id; needed when several are collected")
	cmd.Flags().StringVar(&o.contentType, "content-type", "", "content type (default: all)")
	cmd.Flags().StringVar(&o.day, "day", "", "day in UTC, by creation at Microsoft: 2026-09-14")
	cmd.Flags().StringVar(&o.out, "out", "", "write to this file, or folder when no content type is named (default: print)")
	cmd.Flags().BoolVar(&o.provisional, "provisional", false, "certify a day that is not closed, marked as such")
	return cmd
}

func runCertificate(cmd *cobra.Command, o certificateOptions) error {
	day, err := time.Parse(time.DateOnly, o.day)
	if err != nil {
		return usageError(fmt.Errorf("--day %q is no day like 2026-09-14", o.day))
	}
	p, err := dataPaths(o.data)
	if err != nil {
		return err
	}
	return withState(cmd.Context(), o.data, func(db *sql.DB) error {
		ledger, err := collect.OpenLedger(cmd.Context(), db)
		if err != nil {
			return err
		}
		streams, err := certifiedStreams(cmd.Context(), ledger, o)
		if err != nil {
			return err
		}
		issuer := newIssuer(ledger, p, o.provisional)
		var errs []error
		for i, s := range streams {
			errs = append(errs, issuer.write(cmd.Context(), cmd.OutOrStdout(), s, day, o, i > 0))
		}
		return errors.Join(errs...)
	})
}

// certifiedStreams returns the streams that are meant.
func certifiedStreams(ctx context.Context, ledger *collect.Ledger, o certificateOptions) ([]collect.Stream, error) {
	all, err := ledger.Streams(ctx)
	if err != nil {
		return nil, err
	}
	tenants := map[string]bool{}
	var meant []collect.Stream
	for _, s := range all {
		if (o.tenant == "" || strings.EqualFold(o.tenant, s.Tenant)) && (o.contentType == "" || o.contentType == s.ContentType) {
			tenants[s.Tenant] = true
			meant = append(meant, s)
		}
	}
	switch {
	case len(meant) == 0:
		return nil, usageError(fmt.Errorf("nothing of tenant %q and content type %q was ever listed; quoll gaps shows what was", o.tenant, o.contentType))
	case len(tenants) > 1:
		return nil, usageError(errors.New("several tenants are collected: name one with --tenant"))
	}
	return meant, nil
}

// issuer makes certificates of what a ledger knows.
type issuer struct {
	ledger      *collect.Ledger
	config      archive.Config
	data        string // data directory, for lists that are no longer in the ledger
	now         func() time.Time
	provisional bool
}

func newIssuer(ledger *collect.Ledger, p paths, provisional bool) *issuer {
	config := archive.DefaultConfig(p.archive, p.keyFile())
	config.Origin = p.origin
	return &issuer{ledger: ledger, config: config, data: p.data, now: time.Now, provisional: provisional}
}

// certify returns the signed certificate of a day, and its list of blobs.
func (i *issuer) certify(ctx context.Context, s collect.Stream, day time.Time) (signed, list []byte, err error) {
	var blobs bytes.Buffer
	now := i.now()
	d, err := i.ledger.Day(ctx, s, day, now, &blobs)
	if errors.Is(err, collect.ErrPruned) {
		return i.again(ctx, s, day, err)
	}
	if err != nil {
		return nil, nil, err
	}
	c := newCertificate(&d, now)
	if d.Open != "" {
		if !i.provisional {
			return nil, nil, fmt.Errorf("%s of %s is not closed: %s; --provisional certifies it as it is now", day.Format(time.DateOnly), s, d.Open)
		}
		signed, err = archive.SignCertificate(i.config, c)
		return signed, append([]byte{}, blobs.Bytes()...), err
	}
	issued, err := i.ledger.Certify(ctx, &d, now, func(before collect.Issued) ([]byte, error) {
		c.Sequence = before.Sequence + 1
		if before.Sequence > 0 {
			sum := sha256.Sum256(before.Signed)
			c.Supersedes = hex.EncodeToString(sum[:])
		}
		return archive.SignCertificate(i.config, c)
	})
	return issued.Signed, append([]byte{}, blobs.Bytes()...), err
}

// again returns the last certificate of a day whose blobs are no longer in the
// ledger, and the list that the server kept of them.
func (i *issuer) again(ctx context.Context, s collect.Stream, day time.Time, pruned error) (signed, list []byte, err error) {
	all, err := i.ledger.Certificates(ctx, s, day)
	if err == nil && len(all) == 0 {
		err = pruned
	}
	if err != nil {
		return nil, nil, err
	}
	signed = all[len(all)-1].Signed
	list, err = keptList(i.data, s, day, signed)
	return signed, list, err
}

func newCertificate(d *collect.DayStatement, now time.Time) *archive.Certificate {
	c := &archive.Certificate{
		Tenant: d.Stream.Tenant, ContentType: d.Stream.ContentType, Day: d.Day,
		Closed: d.Closed.Truncate(time.Second), Issued: now.UTC().Truncate(time.Second),
		Listed: d.Listed, Fetched: d.Journalled, Expired: d.Expired, Records: d.Records, Bytes: d.SizeBytes,
		Root: d.Root, Hours: d.Letters(),
	}
	for _, g := range d.Gaps {
		c.Gaps = append(c.Gaps, gapInWords(g))
		if len(c.Gaps) == maxGapLines && len(d.Gaps) > maxGapLines {
			c.Gaps = append(c.Gaps, fmt.Sprintf("and %d more, each blob of them in the list of blobs", len(d.Gaps)-maxGapLines))
			break
		}
	}
	return c
}

// maxGapLines bounds the gaps that a certificate tells one by one.
const maxGapLines = 200

// gapInWords is one line.
func gapInWords(g collect.Gap) string {
	reason := strings.Join(strings.Fields(g.Reason), " ")
	if g.ContentID != "" {
		return fmt.Sprintf("%s: blob %s is lost: %s", g.From.Format(time.RFC3339), g.ContentID, reason)
	}
	return fmt.Sprintf("%s to %s: %s", g.From.Format(time.RFC3339), g.To.Format(time.RFC3339), reason)
}

// write certifies one stream and prints it, or writes its files.
func (i *issuer) write(ctx context.Context, w io.Writer, s collect.Stream, day time.Time, o certificateOptions, more bool) error {
	signed, list, err := i.certify(ctx, s, day)
	if err != nil {
		return err
	}
	if o.out == "" {
		if more {
			signed = append([]byte("\n"), signed...)
		}
		_, err := w.Write(signed)
		return err
	}
	file := o.out
	if o.contentType == "" {
		file = filepath.Join(o.out, fmt.Sprintf("%s-%s.certificate", day.Format(time.DateOnly), s.ContentType))
	}
	if err := writeCertificate(file, signed, list); err != nil {
		return err
	}
	what := "its list of blobs is no longer in the ledger"
	if list != nil {
		what = "its list of blobs " + file + blobsSuffix
	}
	_, err = fmt.Fprintf(w, "wrote %s; %s\n", file, what)
	return err
}

type verifyCertificateOptions struct{ key, identity, blobs, archive, output string }

func archiveVerifyCertificateCommand() *cobra.Command {
	var o verifyCertificateOptions
	cmd := &cobra.Command{
		Use:   "verify-certificate FILE",
		Short: "Verify a certificate of completeness offline",
		Long: `Verify-certificate checks the signature of a certificate and, where its list of
blobs is beside it, that the list is the one it was made over. With --archive it
also checks that every blob that was fetched is in the transparency log of the
archive, at its position and with its hash. No server and no network is needed.

The exit code is 0 when all holds and 3 when something does not.`,
		Example: `  quoll archive verify-certificate 2026-09-14-Audit.Exchange.certificate --key archive.pub
  quoll archive verify-certificate FILE --key archive.pub --archive /mnt/copy -o json`,
		Args: someArguments("one certificate", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runVerifyCertificate(cmd, args[0], o) },
	}
	cmd.Flags().StringVar(&o.key, "key", "", "file with the verifier key, got by a road of its own")
	cmd.Flags().StringVar(&o.blobs, "blobs", "", "the list of blobs (default: FILE.blobs, if it is there)")
	cmd.Flags().StringVar(&o.archive, "archive", "", "folder of an archive in which to look for the blobs")
	identityFlag(cmd, &o.identity)
	outputFlag(cmd, &o.output)
	return cmd
}

// certificateReport is the outcome of a verification.
type certificateReport struct {
	File        string           `json:"file"`
	Holds       bool             `json:"holds"`
	Problems    []string         `json:"problems"`
	Tenant      string           `json:"tenantId,omitempty"`
	ContentType string           `json:"contentType,omitempty"`
	Day         string           `json:"day,omitempty"`
	Sequence    int              `json:"sequence"`
	Provisional bool             `json:"provisional"`
	Supersedes  string           `json:"supersedes,omitempty"`
	Listed      int64            `json:"listed"`
	Fetched     int64            `json:"fetched"`
	Expired     int64            `json:"expired"`
	Records     int64            `json:"records"`
	Gaps        []string         `json:"gaps"`
	Blobs       bool             `json:"blobsChecked"`
	Log         *archive.LogHead `json:"log,omitempty"` // in which all fetched blobs were looked for
	// Position is where the log has the certificate itself; 0 when it has not,
	// as before the server's next hourly look.
	Position uint64 `json:"position,omitempty"`
}

func runVerifyCertificate(cmd *cobra.Command, file string, o verifyCertificateOptions) error {
	if o.key == "" {
		return usageError(errors.New("name the file with the verifier key with --key: a certificate does not vouch for itself"))
	}
	key, err := os.ReadFile(o.key)
	if err != nil {
		return fmt.Errorf("read verifier key: %w", err)
	}
	signed, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	r := certificateReport{File: file, Problems: []string{}, Gaps: []string{}}
	if err := r.verify(cmd.Context(), signed, string(key), o); err != nil {
		return err
	}
	r.Holds = len(r.Problems) == 0
	if err := r.print(cmd.OutOrStdout(), o.output); err != nil {
		return err
	}
	if !r.Holds {
		return &exitError{code: exitFound}
	}
	return nil
}

// verify fills the report; an error says that something could not be examined.
func (r *certificateReport) verify(ctx context.Context, signed []byte, key string, o verifyCertificateOptions) error {
	c, err := archive.OpenCertificate(signed, key)
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
		return nil
	}
	r.Tenant, r.ContentType, r.Day, r.Sequence = c.Tenant, c.ContentType, c.Day.Format(time.DateOnly), c.Sequence
	r.Provisional, r.Supersedes = c.Sequence == 0, c.Supersedes
	r.Listed, r.Fetched, r.Expired, r.Records = c.Listed, c.Fetched, c.Expired, c.Records
	r.Gaps = append(r.Gaps, c.Gaps...)
	list := o.blobs
	if list == "" {
		list = r.File + blobsSuffix
	}
	f, err := os.Open(list)
	if errors.Is(err, os.ErrNotExist) && o.blobs == "" && o.archive == "" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the list of blobs: %w", err)
	}
	defer f.Close()
	r.Blobs = true
	blobs, err := c.CheckBlobs(f)
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
		return nil
	}
	if o.archive == "" {
		return nil
	}
	identities, err := archive.ReadIdentities(o.identity)
	if err != nil {
		return err
	}
	head, missing, err := archive.FindBlobs(ctx, o.archive, key, identities, c, blobs)
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
		return nil
	}
	r.Log, r.Problems = &head, append(r.Problems, missing...)
	r.Position, err = archive.FindPayload(ctx, o.archive, key, sha256.Sum256(signed))
	return err
}

func (r *certificateReport) print(w io.Writer, output string) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	for _, problem := range r.Problems {
		fmt.Fprintln(&b, problem)
	}
	if !r.Holds {
		fmt.Fprintf(&b, "%s: does NOT hold\n", r.File)
		_, err := io.WriteString(w, b.String())
		return err
	}
	kind := fmt.Sprintf("sequence %d", r.Sequence)
	if r.Provisional {
		kind = "PROVISIONAL"
	}
	fmt.Fprintf(&b, "%s: holds: %s of %s on %s, %s: %d blobs listed, %d fetched, %d lost, %d records, %d gaps\n",
		r.File, r.ContentType, r.Tenant, r.Day, kind, r.Listed, r.Fetched, r.Expired, r.Records, len(r.Gaps))
	if r.Supersedes != "" {
		fmt.Fprintf(&b, "it supersedes sequence %d with SHA-256 %s\n", r.Sequence-1, r.Supersedes)
	}
	for _, gap := range r.Gaps {
		fmt.Fprintf(&b, "gap: %s\n", gap)
	}
	if !r.Blobs {
		fmt.Fprintf(&b, "its list of blobs is not beside it, and was not checked\n")
	}
	if r.Log != nil {
		fmt.Fprintf(&b, "all %d fetched blobs are in the log of %d leaves with root %s\n", r.Fetched, r.Log.Size, r.Log.Root)
	}
	switch {
	case r.Log != nil && r.Position > 0:
		fmt.Fprintf(&b, "the certificate itself is in the log, at position %d\n", r.Position)
	case r.Log != nil:
		fmt.Fprintf(&b, "the certificate itself is not in the log; a running server brings it there within an hour\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
