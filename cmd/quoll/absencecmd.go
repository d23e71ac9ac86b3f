package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/operations"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/server"
)

type absenceOptions struct {
	archiveFlags
	tenant, operation, subject, from, to, out string
}

func archiveProveAbsenceCommand() *cobra.Command {
	var o absenceOptions
	cmd := &cobra.Command{
		Use:   "prove-absence",
		Short: "Prove that no record of an operation about somebody was delivered",
		Long: `Prove-absence writes one file which proves that in what Microsoft delivered up to
now no audit record of an operation about a subject lies in an interval. The
subject is compared, as a whole and in any case, with UserId, ObjectId and
MailboxOwnerUPN of every record.

The proof stands on the indexes of operations, sorted lists of all records, to
which the archive's log commits; whatever they do not cover yet is indexed first.
quoll-verify checks it offline, and says what the certificates of completeness
tell of the days, and what the proof does not say: records may still come, and
hours may have gaps. docs/formats/absence.md says what is in the file.

With --archive it needs nothing but the archive's folder and the verifier key, and
covers what is indexed there. Otherwise the data directory is taken, or asked the
server that has it open.

The exit code is 3 where there is such a record; it says which.`,
		Example: `  quoll archive prove-absence --data ./q --tenant 3f25… --operation New-InboxRule --subject ada@coast.example --from 2026-09-01 --to 2026-09-15 --out none.evidence.tar
  quoll archive prove-absence --archive /mnt/copy --key archive.pub --tenant 3f25… --operation Send --subject ada@coast.example --from 2026-09-01 --to 2026-09-15T12:00:00Z --out none.evidence.tar
  quoll-verify --key archive.pub none.evidence.tar`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runProveAbsence(cmd, o) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "the Entra tenant's id")
	cmd.Flags().StringVar(&o.operation, "operation", "", "the operation, as New-InboxRule")
	cmd.Flags().StringVar(&o.subject, "subject", "", "whom or what the record would be about")
	cmd.Flags().StringVar(&o.from, "from", "", "begin of the interval, a day or a time (UTC)")
	cmd.Flags().StringVar(&o.to, "to", "", "its end, which is not in it")
	cmd.Flags().StringVar(&o.out, "out", "", "file to write")
	return cmd
}

func (o *absenceOptions) request() (r server.AbsenceRequest, err error) {
	if o.tenant == "" || o.operation == "" || o.subject == "" || o.out == "" {
		return r, usageError(errors.New("name what is looked for, and the file to write, with --tenant, --operation, --subject, --from, --to and --out"))
	}
	r = server.AbsenceRequest{Tenant: o.tenant, Operation: o.operation, Subject: o.subject}
	now := time.Now()
	if r.From, err = instant("--from", o.from, now); err != nil {
		return r, err
	}
	if r.To, err = instant("--to", o.to, now); err != nil {
		return r, err
	}
	if r.From.IsZero() || !r.From.Before(r.To) {
		return r, usageError(errors.New("name the interval with --from and --to, which must be later"))
	}
	return r, nil
}

func runProveAbsence(cmd *cobra.Command, o absenceOptions) error {
	r, err := o.request()
	if err != nil {
		return err
	}
	data, err := o.prove(cmd.Context(), r)
	var present *operations.PresentError
	var there *refusal
	if errors.As(err, &present) || errors.As(err, &there) && there.Code == server.CodeConflict {
		return &exitError{exitFound, err}
	}
	if err != nil {
		return err
	}
	if err := writeNew(o.out, func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: no record of %s about %s from %s on and before %s\ncheck it, and what it does not say, with: quoll-verify --key %s %s\n",
		o.out, o.operation, o.subject, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339), o.key, o.out)
	return err
}

func (o *absenceOptions) prove(ctx context.Context, r server.AbsenceRequest) ([]byte, error) {
	given := o.archive != ""
	key, err := o.settle()
	if err != nil {
		return nil, err
	}
	if given {
		return o.fromArchive(ctx, key, r)
	}
	var proved []byte
	err = hereOrThere(ctx, o.data, func(n *node) error {
		if n.archive == nil {
			return n.archiveProblem
		}
		if err := n.archiveAll(ctx); err != nil {
			return err
		}
		if _, err := newOperationsIndexer(n, clock.System()).extend(ctx, true); err != nil {
			return err
		}
		return n.archiveAll(ctx)
	}, func(note serverNote) (err error) {
		proved, err = askAbsence(ctx, note, r)
		return err
	})
	if err != nil || proved != nil {
		return proved, err
	}
	return o.fromArchive(ctx, key, r)
}

func (o *absenceOptions) fromArchive(ctx context.Context, key string, r server.AbsenceRequest) ([]byte, error) {
	prover, err := o.open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer prover.Close()
	progress, finish := countProgress("read the log")
	a, err := proveAbsence(ctx, prover, questionOf(r), progress)
	finish()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = a.Write(&b)
	return b.Bytes(), err
}

// askAbsence asks a server for the proof.
func askAbsence(ctx context.Context, note serverNote, r server.AbsenceRequest) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return callFile(ctx, note, http.MethodPost, "/api/v1/archive/absence", body)
}

func archiveOperationsCommand() *cobra.Command {
	var o archiveFlags
	var verify bool
	var output string
	cmd := &cobra.Command{
		Use:   "operations",
		Short: "List the indexes of operations, and make them again to compare",
		Long: `Operations lists the indexes of operations that the archive has, on which proofs
of absence stand. With --verify each payload of the archive is proved and read
once more, and every index is made again from the payloads it is of and compared:
so it is shown, by whoever has the archive, that none leaves a record out.

The exit code is 3 when an index is not what the payloads give.`,
		Example: `  quoll archive operations --data ./q
  quoll archive operations --archive /mnt/copy --key archive.pub --verify`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			prover, err := o.prover(cmd.Context())
			if err != nil {
				return err
			}
			prover.Warn = warnTo(cmd.ErrOrStderr())
			defer prover.Close()
			found, err := listOperations(cmd.Context(), prover, verify)
			if err != nil {
				return err
			}
			return found.print(cmd.OutOrStdout(), output)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&verify, "verify", false, "make every index again and compare")
	outputFlag(cmd, &output)
	return cmd
}

// operationsList is the indexes of an archive.
type operationsList struct {
	Indexes  []proof.Head `json:"indexes"`
	Last     uint64       `json:"last"` // position up to which they cover, 0 for none
	Verified bool         `json:"verified"`
	// Wrong are those that the payloads give otherwise, by number, and Gone those that
	// nobody can make again, as payloads of theirs were disposed of.
	Wrong []int `json:"wrong"`
	Gone  []int `json:"gone,omitempty"`
}

func listOperations(ctx context.Context, prover *archive.Prover, verify bool) (*operationsList, error) {
	_, taken, err := prover.Collect(ctx, model.SourceLedger, isHead, nil)
	if err != nil {
		return nil, err
	}
	heads, err := committed(taken)
	if err != nil {
		return nil, err
	}
	list := &operationsList{Indexes: []proof.Head{}, Wrong: []int{}}
	chain, err := operations.Chain(heads)
	if errors.Is(err, operations.ErrUncovered) {
		return list, nil
	}
	for i := range chain {
		list.Indexes = append(list.Indexes, *chain[i].Head)
		list.Last = chain[i].Head.Last
	}
	if verify {
		list.Verified, err = true, list.compare(ctx, prover)
	}
	return list, err
}

// compare makes every index once more.
func (l *operationsList) compare(ctx context.Context, prover *archive.Prover) error {
	progress, finish := countProgress("verify")
	defer finish()
	normaliser := normalise.New(normalise.Config{})
	at, gone, builder := 0, false, operations.NewBuilder(normaliser, l.Indexes[0].First)
	return provedPayloads{prover: prover, progress: progress}.Payloads(ctx, l.Last, func(position uint64, p model.Payload) error {
		if position < l.Indexes[0].First {
			return nil
		}
		builder.Add(position, p)
		gone = gone || p.Source == model.SourceQuoll && (p.ContentType == archive.DisposedContent || p.ContentType == archive.ErasedContent)
		if position != l.Indexes[at].Last {
			return nil
		}
		if gone {
			l.Gone = append(l.Gone, at)
			at, gone, builder = at+1, false, operations.NewBuilder(normaliser, position+1)
			return nil
		}
		again, err := builder.Finish(position)
		if err != nil {
			return err
		}
		if !again.Same(&l.Indexes[at]) {
			l.Wrong = append(l.Wrong, at)
		}
		at++
		builder = operations.NewBuilder(normaliser, position+1)
		return nil
	})
}

func (l *operationsList) print(w io.Writer, output string) error {
	if output == "json" {
		if err := json.NewEncoder(w).Encode(l); err != nil {
			return err
		}
	} else if err := l.printText(w); err != nil {
		return err
	}
	if len(l.Wrong) > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}

func (l *operationsList) printText(w io.Writer) error {
	var b bytes.Buffer
	for i, h := range l.Indexes {
		fmt.Fprintf(&b, "positions %d to %d: %d records, %d entries from %s to %s, %d without a time, %d rejected, root %s\n", h.First, h.Last, h.Records, h.Entries, h.Earliest, h.Latest, h.Timeless, h.Rejected, h.Root)
		for _, wrong := range l.Wrong {
			if wrong == i {
				b.WriteString("  is NOT what its payloads give now: it leaves something out, or was made by a Quoll that read records otherwise\n")
			}
		}
	}
	verdict := ""
	if l.Verified && len(l.Wrong) == 0 {
		verdict = "; each is what its payloads give"
		if len(l.Gone) > 0 {
			verdict = fmt.Sprintf("; each is what its payloads give, but %d of which payloads were disposed of: these nobody can make again", len(l.Gone))
		}
	}
	from := ""
	if len(l.Indexes) > 0 && l.Indexes[0].First > 1 {
		from = fmt.Sprintf("from %d, as those before were disposed of, ", l.Indexes[0].First)
	}
	fmt.Fprintf(&b, "%d indexes cover journal positions %sup to %d%s\n", len(l.Indexes), from, l.Last, verdict)
	_, err := w.Write(b.Bytes())
	return err
}
