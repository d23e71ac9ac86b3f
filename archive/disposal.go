package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/internal/durable"
)

// ErrDisposed: the payload was disposed of. Its leaf is in the log for ever, and a
// certificate in the archive says by whose word its bytes went.
var ErrDisposed = errors.New("disposed of")

// ErrDisposedMeanwhile: an object went after a snapshot was taken. The next snapshot
// has the certificate.
var ErrDisposedMeanwhile = errors.New("perhaps disposed of since the snapshot")

// Word is what one person said, and when (UTC).
type Word struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Disposal is a certificate of disposal: which objects went, why, after which
// minimum, and by whose words. It is signed with the archive's key as a C2SP signed
// note; docs/formats/archive.md has its form.
type Disposal struct {
	Sequence  int       `json:"sequence"` // from 1 without a hole
	Reason    string    `json:"reason"`
	Minimum   string    `json:"minimum"`         // how long payloads are kept at least, in words
	Before    time.Time `json:"before,omitzero"` // every payload was received before
	Proposed  Word      `json:"proposed"`
	Confirmed Word      `json:"confirmed"`
	Issued    time.Time `json:"issued"`
	// Objects are the leaves of what went, as they stand in the log.
	Objects []ObjectLeaf `json:"objects,omitempty"`

	// A certificate of erasure has these instead of Before; its Objects are of data
	// files that had such rows. Subject is a
	// salted SHA-256 of whose data went: who has the salt can show that it is about
	// them, and nobody else can tell. Younger counts the payloads that had not been
	// kept for the minimum.
	Subject string         `json:"subject,omitempty"`
	Younger int            `json:"younger,omitempty"`
	Erased  []ErasedObject `json:"erased,omitempty"`
}

// disposalTitle is the first line, as certificateTitle is.
const disposalTitle = "Quoll certificate of disposal, version 1"

const (
	disposedDir     = "disposed"
	disposalSuffix  = ".certificate"
	maxDisposal     = 32 << 20
	maxDisposedOnce = 100_000 // objects, so that a certificate can be read
)

func disposalPath(sequence int) string {
	return fmt.Sprintf("%s/%08d%s", disposedDir, sequence, disposalSuffix)
}

// parseDisposalPath is the inverse of disposalPath.
func parseDisposalPath(name string) (sequence int, ok bool) {
	text, ok := strings.CutSuffix(strings.TrimPrefix(name, disposedDir+"/"), disposalSuffix)
	n, err := strconv.Atoi(text)
	return n, ok && err == nil && n > 0 && disposalPath(n) == name
}

func (d *Disposal) text() (string, error) {
	body, err := json.MarshalIndent(d, "", " ")
	return d.title() + "\n\n" + string(body) + "\n", err
}

func (d *Disposal) title() string {
	if len(d.Erased) > 0 {
		return erasureTitle
	}
	return disposalTitle
}

func (d *Disposal) check() error {
	switch {
	case d.Sequence < 1:
		return fmt.Errorf("sequence %d", d.Sequence)
	case d.Reason == "" || d.Minimum == "":
		return errors.New("it lacks reason or minimum")
	case d.Proposed.By == "" || d.Confirmed.By == "" || d.Proposed.By == d.Confirmed.By:
		return errors.New("two people have to say so")
	case len(d.Erased) > 0:
		if !d.Before.IsZero() || len(d.Subject) != 2*sha256.Size {
			return errors.New("it is of an erasure and of a disposal at once, or of nobody")
		}
		return d.checkErased()
	case d.Before.IsZero() || d.Subject != "" || d.Younger != 0:
		return errors.New("it lacks the bound")
	case len(d.Objects) == 0 || len(d.Objects) > maxDisposedOnce:
		return fmt.Errorf("it names %d objects, and not 1 to %d", len(d.Objects), maxDisposedOnce)
	}
	var last [seriesCount]uint64
	for _, o := range d.Objects {
		s, first, to, ok := parseStoredPath(o.Object)
		if !ok || o.Leaf != leafObject || o.First != first || o.Last != to || first <= last[s] {
			return fmt.Errorf("object %q is none, or is out of order", o.Object)
		}
		last[s] = to
	}
	return nil
}

// SignDisposal signs a certificate with the archive's key. The error is ErrKey if
// the key is not that of the origin.
func SignDisposal(cfg Config, d *Disposal) ([]byte, error) {
	id, err := cfg.signing()
	if err != nil {
		return nil, fmt.Errorf("sign certificate of disposal: %w", err)
	}
	return id.signDisposal(d)
}

func (id *identity) signDisposal(d *Disposal) ([]byte, error) {
	text, err := d.text()
	if err == nil {
		err = d.check()
	}
	var signed []byte
	if err == nil {
		signed, err = note.Sign(&note.Note{Text: text}, id.signer)
	}
	if err == nil { // what is handed out must be what can be kept and verified
		_, err = OpenDisposal(signed, id.public)
	}
	if len(signed) > maxDisposal {
		err = fmt.Errorf("it has %d bytes, and is read up to %d", len(signed), maxDisposal)
	}
	if err != nil {
		return nil, fmt.Errorf("sign certificate of disposal: %w", err)
	}
	return signed, nil
}

// OpenDisposal checks the signature and the form of a certificate of disposal, to
// the last bit: only the one text that there is for what it says is taken.
func OpenDisposal(signed []byte, verifierKey string) (*Disposal, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(verifierKey))
	if err != nil {
		return nil, fmt.Errorf("verifier key: %w", err)
	}
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return nil, fmt.Errorf("the signature does not hold: %w", err)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return nil, errors.New("it has signatures that were not checked")
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64); err != nil {
		return nil, errors.New("the signature is not in canonical Base64")
	}
	body, ok := strings.CutPrefix(n.Text, disposalTitle+"\n\n")
	if !ok {
		body, ok = strings.CutPrefix(n.Text, erasureTitle+"\n\n")
	}
	if !ok {
		return nil, errors.New("it is no certificate of disposal")
	}
	d := &Disposal{}
	if err := json.Unmarshal([]byte(body), d); err != nil {
		return nil, fmt.Errorf("read certificate of disposal: %w", err)
	}
	if text, err := d.text(); err != nil || text != n.Text {
		return nil, errors.Join(errors.New("it is not in canonical form"), err)
	}
	return d, d.check()
}

// Disposals returns the certificates of disposal in the archive, in their order.
func (p *Prover) Disposals() ([]*Disposal, error) {
	all, err := disposals(p.fs, p.key)
	if err != nil {
		return nil, fmt.Errorf("read certificates of disposal: %w", err)
	}
	return all, nil
}

// Disposable returns the objects that are still there, all of whose payloads were
// received before a time, and none of whose payloads is kept for another reason:
// kept says so of a leaf. Data files of the lake count as received when the archive met
// them; kept is asked of one as of a payload of any tenant. Every leaf is proved to be in the log.
func (p *Prover) Disposable(ctx context.Context, before time.Time, kept func(PayloadLeaf) bool) ([]ObjectLeaf, error) {
	v, err := p.view()
	if err != nil {
		return nil, err
	}
	var found []ObjectLeaf
	free := true
	err = v.eachLeaf(ctx, func(line []byte) error {
		if l, ok := parsePayloadLeaf(line); ok {
			at, err := time.Parse(time.RFC3339Nano, l.Received)
			free = free && err == nil && at.Before(before) && !kept(l)
			return nil
		}
		if e, ok := parseRows(line); ok {
			free = free && e.seen().Before(before) && !kept(PayloadLeaf{Received: e.seen().Format(time.RFC3339Nano)})
			return nil
		}
		o, ok := parseOwnLeaf(line)
		if !ok {
			return fmt.Errorf("%w: a leaf of a kind that is not known", ErrDamaged)
		}
		if _, err := fs.Stat(p.fs, o.Object); free && err == nil && len(found) < maxDisposedOnce {
			found = append(found, o)
		}
		free = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Dispose does what a certificate of disposal says: it is kept in the archive, and
// then the objects that it names are removed. The certificate must be a payload
// under the log before, so that nobody disposes of anything unseen, and each object
// must be as the log has it. After a crash Open goes on with what is not done.
func (a *Archive) Dispose(ctx context.Context, signed []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrClosed
	}
	d, err := OpenDisposal(signed, a.id.public)
	if err != nil {
		return fmt.Errorf("dispose: %w", err)
	}
	if err := a.underLog(ctx, signed, d); err != nil {
		return fmt.Errorf("dispose: %w", err)
	}
	name := disposalPath(d.Sequence)
	switch there, err := a.readOptional(name); {
	case err != nil:
		return err
	case there == nil:
		if d.Sequence > 1 {
			if before, err := a.readOptional(disposalPath(d.Sequence - 1)); err != nil || before == nil {
				return errors.Join(fmt.Errorf("dispose: there is no certificate of sequence %d", d.Sequence-1), err)
			}
		}
		if err := a.writeFile(name, signed); err != nil {
			return fmt.Errorf("dispose: keep the certificate: %w", err)
		}
	case !bytes.Equal(there, signed):
		return fmt.Errorf("dispose: there is another certificate of sequence %d", d.Sequence)
	}
	all, err := a.certificatesOfDisposal()
	if err != nil {
		return err
	}
	return a.carryOut(d, all)
}

// carryOut does what a certificate says, as far as it is not done. What stands for
// an object goes with it.
func (a *Archive) carryOut(d *Disposal, all []*Disposal) error {
	states, disposed := erasedStates(all), map[string]bool{}
	for _, other := range all {
		for _, o := range other.Objects {
			disposed[o.Object] = true
		}
	}
	if err := a.removeDisposed(d, states); err != nil {
		return err
	}
	return a.replaceErased(d, states, disposed)
}

// certificatesOfDisposal are those in the folder, up to the first that is not good:
// nothing is removed by that one, and Verify names it.
func (a *Archive) certificatesOfDisposal() (all []*Disposal, err error) {
	for sequence := 1; ; sequence++ {
		signed, err := a.readOptional(disposalPath(sequence))
		if err != nil || signed == nil {
			return all, err
		}
		d, err := OpenDisposal(signed, a.id.public)
		if err != nil {
			return all, nil
		}
		all = append(all, d)
	}
}

func (a *Archive) readOptional(name string) ([]byte, error) {
	data, err := durable.ReadFile(a.cfg.FS, a.file(name), maxDisposal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// removeDisposed removes the objects of a certificate that are still there.
func (a *Archive) removeDisposed(d *Disposal, states map[string]*erasedState) error {
	for _, o := range d.Objects {
		files := []string{o.Object}
		if s := states[o.Object]; s != nil {
			for _, e := range append(slices.Clone(s.earlier), s.ErasedObject) {
				files = append(files, e.File)
			}
		}
		for _, name := range files {
			if err := a.remove(name); err != nil {
				return fmt.Errorf("dispose of %s: %w", name, err)
			}
		}
	}
	return nil
}

// finishDisposals goes on with what certificates in the folder say, after a crash.
func (a *Archive) finishDisposals() error {
	all, err := a.certificatesOfDisposal()
	if err != nil {
		return err
	}
	for _, d := range all {
		err := a.carryOut(d, all)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the file that should stand for an object is lost: the object stays
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// underLog says what keeps a certificate from being acted upon: the log lacks it,
// or has other objects than it names.
func (a *Archive) underLog(ctx context.Context, signed []byte, d *Disposal) error {
	wanted := map[string]bool{}
	for _, o := range d.Objects {
		line, err := encodeLeaf(o)
		if err != nil {
			return err
		}
		wanted[string(line)] = true
	}
	for i := range d.Erased {
		line, err := encodeLeaf(d.Erased[i].Object)
		if err != nil {
			return err
		}
		wanted[string(line)] = true
	}
	sum := sha256.Sum256(signed)
	certificate := []byte(hex.EncodeToString(sum[:]))
	logged := false
	for n := int64(0); n*tileWidth < a.state.tree.size; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaves, err := a.bundleAt(n)
		if err != nil {
			return err
		}
		for _, line := range leaves {
			if l, ok := scanPayloadLeaf(line); ok {
				logged = logged || bytes.Equal(l.sum, certificate)
				continue
			}
			delete(wanted, string(line))
		}
	}
	switch {
	case !logged:
		return errors.New("the certificate is not in the log yet")
	case len(wanted) > 0:
		return fmt.Errorf("%d objects of the certificate are not in the log", len(wanted))
	}
	return nil
}

// bundleAt returns the leaves under the nth tile of the present tree.
func (a *Archive) bundleAt(n int64) ([][]byte, error) { return a.bundleOf(&a.state, n) }

// clearDisposal removes what a crash left of a certificate that was being written.
func (a *Archive) clearDisposal() error {
	entries, err := a.cfg.FS.ReadDir(a.file(disposedDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), disposalSuffix+".tmp") {
			err = errors.Join(err, durable.Remove(a.cfg.FS, a.file(disposedDir+"/"+e.Name())))
		}
	}
	return err
}
