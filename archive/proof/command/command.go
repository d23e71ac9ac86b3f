// Package command is quoll-verify: it checks a bundle of evidence that quoll
// archive prove, prove-absence or consistency wrote, or the file of an incident,
// offline and with the log's public key alone.
//
// It must not know how archives are written or what is in a record.
package command

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/proof/timestamp"
)

// Exit codes.
const (
	exitFailure  = 1 // a file could not be read
	exitUsage    = 2
	exitNotHolds = 3 // the evidence was examined and does not hold
)

const usage = `usage: quoll-verify --key FILE [--witnesses FILE] [--quorum N] [--stamp-roots FILE] [--stamp-quorum N] [--json | --record | --rows] BUNDLE

quoll-verify checks a bundle that "quoll archive prove", "quoll archive
prove-absence" or "quoll archive consistency" wrote, or the file of an incident
that "quoll incidents export" wrote. It needs no network. Get the key by a road of its own: a key
that comes with the bundle proves nothing.

A proof of absence or of consistency has the stamps of the first stamped checkpoint with
all that it stands on. Where nobody has stamped that yet it has none, and does not hold
with --stamp-roots unless --stamp-quorum is 0.

`

type options struct {
	key, witnesses     string
	quorum             int
	stampRoots         string
	stampQuorum        int // -1: one, if roots are given
	json, record, rows bool
}

// Run is the command with its arguments. It returns the exit code: 0 when the
// evidence holds, 3 when it does not, 2 for a wrong command line, 1 when a file
// could not be read.
func Run(args []string, out, notes io.Writer) int {
	var o options
	flags := flag.NewFlagSet("quoll-verify", flag.ContinueOnError)
	flags.SetOutput(notes)
	flags.StringVar(&o.key, "key", "", "file with the verifier key of the log")
	flags.StringVar(&o.witnesses, "witnesses", "", "file with the verifier keys of witnesses, one a line")
	flags.IntVar(&o.quorum, "quorum", 0, "how many of these witnesses must have cosigned")
	flags.StringVar(&o.stampRoots, "stamp-roots", "", "file with the root certificates (PEM) of the time-stamping authorities that are trusted")
	flags.IntVar(&o.stampQuorum, "stamp-quorum", -1, "how many of these authorities must have stamped, counted by their roots (default: one, where --stamp-roots is given)")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.record, "record", false, "print the record itself once it is proved, and nothing else")
	flags.BoolVar(&o.rows, "rows", false, "print the rows that Quoll made of the record, which no signature covers, and nothing else")
	flags.Usage = func() {
		fmt.Fprint(notes, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return exitUsage
	}
	if flags.NArg() != 1 || o.key == "" || o.quorum < 0 || o.stampQuorum > 0 && o.stampRoots == "" {
		flags.Usage()
		return exitUsage
	}
	found, err := examine(flags.Arg(0), &o)
	if err != nil {
		fmt.Fprintln(notes, "quoll-verify:", err)
		return exitFailure
	}
	if err := found.print(out, &o); err != nil {
		fmt.Fprintln(notes, "quoll-verify:", err)
		return exitFailure
	}
	if found.Problem != "" {
		return exitNotHolds
	}
	return 0
}

// finding is the outcome, in the form of its JSON.
type finding struct {
	File    string `json:"file"`
	Holds   bool   `json:"holds"`
	Problem string `json:"problem,omitempty"`

	Leaf  *proof.Leaf `json:"leaf,omitempty"`
	Index *int64      `json:"index,omitempty"`
	Older *head       `json:"older,omitempty"` // of two that are consistent
	// Absent is what is proved not to be there.
	Absent *proof.VerifiedAbsence `json:"absent,omitempty"`
	// Custody is an incident with all that is behind it.
	Custody *proof.VerifiedCustody `json:"custody,omitempty"`
	// DataFile is the leaf of a data file of a table.
	DataFile *proof.RowsLeaf `json:"dataFile,omitempty"`
	Log      *head           `json:"log,omitempty"`
	// Stamps are the time stamps of a record's or data file's tree.
	Stamps []proof.VerifiedStamp `json:"stamps,omitempty"`

	record, rows []byte
}

type head struct {
	Origin    string      `json:"origin"`
	Size      int64       `json:"size"`
	Root      string      `json:"root"`
	Witnesses []witnessed `json:"witnesses"`
	Unknown   int         `json:"unknownSignatures"`
}

type witnessed struct {
	Name string `json:"name"`
	Time string `json:"time"`
}

func newHead(c *proof.Checkpoint) *head {
	h := &head{Origin: c.Origin, Size: c.Size, Root: c.Root.String(), Witnesses: []witnessed{}, Unknown: c.Unknown}
	for _, s := range c.Cosignatures {
		h.Witnesses = append(h.Witnesses, witnessed{s.Witness, s.Time.Format(time.RFC3339)})
	}
	return h
}

// trust reads whom the caller believes.
func (o *options) trust() (proof.Trust, error) {
	trust := proof.Trust{Quorum: o.quorum}
	text, err := os.ReadFile(o.key)
	if err != nil {
		return trust, fmt.Errorf("read verifier key: %w", err)
	}
	if trust.Log, err = note.NewVerifier(trim(text)); err != nil {
		return trust, fmt.Errorf("verifier key %s: %w", o.key, err)
	}
	if o.witnesses != "" {
		text, err := os.ReadFile(o.witnesses)
		if err != nil {
			return trust, fmt.Errorf("read witness keys: %w", err)
		}
		if trust.Witnesses, err = proof.ReadWitnesses(string(text)); err != nil {
			return trust, fmt.Errorf("witness keys %s: %w", o.witnesses, err)
		}
	}
	if o.stampRoots == "" {
		return trust, nil
	}
	if text, err = os.ReadFile(o.stampRoots); err != nil {
		return trust, fmt.Errorf("read roots of time-stamping authorities: %w", err)
	}
	if trust.StampRoots, err = timestamp.ReadRoots(text); err != nil {
		return trust, fmt.Errorf("roots of time-stamping authorities %s: %w", o.stampRoots, err)
	}
	if trust.StampQuorum = o.stampQuorum; o.stampQuorum < 0 {
		trust.StampQuorum = 1
	}
	return trust, nil
}

// examine returns what holds; an error says that it could not be examined.
func examine(name string, o *options) (*finding, error) {
	trust, err := o.trust()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	defer f.Close()
	found := &finding{File: name}
	if err := found.check(f, trust); err != nil {
		found.Problem = err.Error()
		return found, nil
	}
	found.Holds = true
	return found, nil
}

func trim(text []byte) string {
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	return string(text)
}

func (f *finding) check(r io.Reader, trust proof.Trust) error {
	bundle, err := proof.Read(r)
	if err != nil {
		return err
	}
	switch {
	case bundle.Consistency != nil:
		older, newer, stamps, err := bundle.Consistency.CheckTrusting(trust)
		if err != nil {
			return withTree(err)
		}
		f.Older, f.Log, f.Stamps = newHead(&older), newHead(&newer), stamps
		return nil
	case bundle.Absence != nil:
		v, err := bundle.Absence.CheckTrusting(trust)
		if err != nil {
			return withTree(err)
		}
		f.Absent, f.Log, f.Stamps = v, newHead(&v.Checkpoint), v.Stamps
		return nil
	}
	if bundle.DataFile != nil {
		v, err := bundle.DataFile.CheckTrusting(trust)
		if err != nil {
			return err
		}
		f.DataFile, f.Index, f.Log, f.Stamps = &v.Leaf, &v.Index, newHead(&v.Checkpoint), v.Stamps
		return nil
	}
	if bundle.Custody != nil {
		v, err := bundle.Custody.CheckTrusting(trust)
		if err != nil {
			return err
		}
		f.Custody = v
		if v.Bundles > 0 {
			f.Log = newHead(&v.Checkpoint)
		}
		return nil
	}
	v, err := bundle.Evidence.CheckTrusting(trust)
	if err != nil {
		return err
	}
	f.Leaf, f.Index, f.Log, f.Stamps = &v.Leaf, &v.Index, newHead(&v.Checkpoint), v.Stamps
	f.record, f.rows = v.Record, v.Rows
	return nil
}

func (f *finding) print(w io.Writer, o *options) error {
	switch {
	case o.json:
		return json.NewEncoder(w).Encode(f)
	case !f.Holds:
		_, err := fmt.Fprintf(w, "%s: does NOT hold: %s\n", f.File, f.Problem)
		return err
	case o.record:
		_, err := w.Write(f.record)
		return err
	case o.rows:
		_, err := w.Write(f.rows)
		return err
	case f.Custody != nil:
		if err := printCustody(w, f.File, f.Custody); err != nil || f.Log == nil {
			return err
		}
	case f.Absent != nil:
		if err := printAbsent(w, f.File, f.Absent); err != nil {
			return err
		}
	case f.DataFile != nil:
		d := f.DataFile
		if _, err := fmt.Fprintf(w, "%s: holds: a file of table %s with %d rows from %s to %s, %d bytes with SHA-256 %s\nmade of journal positions %d to %d, seen as %s at %s, number %d\nleaf %d of %d under root %s\n",
			f.File, d.Table, d.Rows, d.From, d.To, d.Size, d.SHA256, d.First, d.Last, d.File, d.Seen, d.Number, *f.Index, f.Log.Size, f.Log.Root); err != nil {
			return err
		}
	case f.Older != nil:
		if _, err := fmt.Fprintf(w, "%s: holds: the %d leaves with root %s are the beginning of the %d leaves with root %s\n",
			f.File, f.Older.Size, f.Older.Root, f.Log.Size, f.Log.Root); err != nil {
			return err
		}
	default:
		if _, err := fmt.Fprintf(w, "%s: holds: a record of %d bytes in a payload of %d bytes with SHA-256 %s\nfrom %s, %s %s, received %s, journal position %d\nleaf %d of %d under root %s\n",
			f.File, len(f.record), f.Leaf.Size, f.Leaf.SHA256, f.Leaf.Source, f.Leaf.ContentType, f.Leaf.Name, f.Leaf.Received, f.Leaf.Position,
			*f.Index, f.Log.Size, f.Log.Root); err != nil {
			return err
		}
	}
	if err := f.Log.print(w); err != nil {
		return err
	}
	return printStamps(w, f.Stamps)
}

func (h *head) print(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "signed by %s\n", h.Origin); err != nil {
		return err
	}
	for _, s := range h.Witnesses {
		if _, err := fmt.Fprintf(w, "cosigned by %s at %s\n", s.Name, s.Time); err != nil {
			return err
		}
	}
	if h.Unknown > 0 {
		if _, err := fmt.Fprintf(w, "%d signatures of others, not checked: their keys were not given\n", h.Unknown); err != nil {
			return err
		}
	}
	return nil
}
