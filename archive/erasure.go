package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// Erasure. One person's data are disposed of payload by payload: the object that
// holds them is written anew without the bodies of these payloads, beside the log,
// which keeps all leaves. The new file has a name of its own, so that nothing ever
// changes under a name, in stores that lock least of all.

// ErrErased: the body of the payload was erased because of the data of one person.
// It is ErrDisposed to errors.Is.
var ErrErased = fmt.Errorf("%w, as data of one person", ErrDisposed)

// ErasedObject is an object that was written anew without some of its payloads.
type ErasedObject struct {
	Object ObjectLeaf `json:"object"` // as it stands in the log
	// Positions are the payloads whose bodies went by this certificate, in ascending
	// order. Those of earlier certificates have gone as well.
	Positions []uint64 `json:"positions"`
	// File is what stands in the object's place, with its SHA-256 and size.
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	// Kept says where records of others, who were in the same payloads, are now.
	Kept []KeptRecords `json:"kept,omitempty"`
}

// KeptRecords are records of others out of a payload that was erased, which were
// journalled again.
type KeptRecords struct {
	Position uint64 `json:"position"` // of the payload that went
	As       uint64 `json:"as"`       // of the one that has them now
	SHA256   string `json:"sha256"`   // of its body
	Records  int    `json:"records"`
}

// erasureTitle is the first line of a certificate of erasure.
const erasureTitle = "Quoll certificate of erasure, version 1"

// maxErasedOnce bounds the payloads of one certificate, so that it can be read.
const maxErasedOnce = 100_000

func (d *Disposal) checkErased() error {
	before := uint64(0)
	for _, o := range d.Objects { // data files, which are made of payloads
		first, to, ok := parseRowsPath(o.Object)
		if !ok || o.Leaf != leafObject || o.First != first || o.Last != to || first <= before {
			return fmt.Errorf("object %q has no data files, or is out of order", o.Object)
		}
		before = to
	}
	last, count := uint64(0), 0
	for i := range d.Erased {
		e := &d.Erased[i]
		o := &e.Object
		first, to, ok := parseObjectPath(o.Object)
		if !ok || o.Leaf != leafObject || o.First != first || o.Last != to || first <= last {
			return fmt.Errorf("object %q is none, or is out of order", o.Object)
		}
		last = to
		if object, sequence, ok := parseErasedPath(e.File); !ok || object != o.Object || sequence != d.Sequence || len(e.SHA256) != 64 || e.Size <= 0 {
			return fmt.Errorf("%q cannot stand for %s", e.File, o.Object)
		}
		if len(e.Positions) == 0 || e.Positions[0] < first || e.Positions[len(e.Positions)-1] > to || !slices.IsSorted(e.Positions) || len(slices.Compact(slices.Clone(e.Positions))) != len(e.Positions) {
			return fmt.Errorf("the positions in %s are not in it and in order", o.Object)
		}
		count += len(e.Positions)
		for _, k := range e.Kept {
			if _, found := slices.BinarySearch(e.Positions, k.Position); !found || k.As <= to || k.Records < 1 {
				return fmt.Errorf("what was kept of position %d does not fit", k.Position)
			}
		}
	}
	if count > maxErasedOnce {
		return fmt.Errorf("it names %d payloads, and not 1 to %d", count, maxErasedOnce)
	}
	return nil
}

// erasedPath is the file that stands for an object from a certificate on.
func erasedPath(object string, sequence int) string {
	base, encrypted := strings.CutSuffix(object, encryptedSuffix)
	name := fmt.Sprintf("%s.erased-%08d%s", strings.TrimSuffix(base, objectSuffix), sequence, objectSuffix)
	if encrypted {
		name += encryptedSuffix
	}
	return name
}

// parseErasedPath is the inverse of erasedPath. Whether the object was encrypted is
// taken from whether the file is: a certificate names both.
func parseErasedPath(name string) (object string, sequence int, ok bool) {
	base, encrypted := strings.CutSuffix(name, encryptedSuffix)
	base, found := strings.CutSuffix(base, objectSuffix)
	stem, digits, dotted := strings.Cut(base, ".erased-")
	sequence, err := strconv.Atoi(digits)
	if !found || !dotted || err != nil || sequence < 1 {
		return "", 0, false
	}
	object = stem + objectSuffix
	if encrypted {
		object += encryptedSuffix
	}
	_, _, ok = parseObjectPath(object)
	return object, sequence, ok && erasedPath(object, sequence) == name
}

// erasedState is what became of an object by all certificates together.
type erasedState struct {
	ErasedObject                 // by the last of them
	gone         map[uint64]bool // positions, by all
	certificate  string          // file of the last
	earlier      []ErasedObject  // by those before
}

// erasedStates puts certificates together, which are in the order of sequences.
func erasedStates(all []*Disposal) map[string]*erasedState {
	states := map[string]*erasedState{}
	for _, d := range all {
		for _, e := range d.Erased {
			states[e.Object.Object] = states[e.Object.Object].next(e, disposalPath(d.Sequence))
		}
	}
	return states
}

// next is the state by one certificate more; s is nil for the first.
func (s *erasedState) next(e ErasedObject, certificate string) *erasedState {
	n := &erasedState{ErasedObject: e, gone: map[uint64]bool{}, certificate: certificate}
	if s != nil {
		n.earlier = append(slices.Clone(s.earlier), s.ErasedObject)
		for position := range s.gone {
			n.gone[position] = true
		}
	}
	for _, position := range e.Positions {
		n.gone[position] = true
	}
	return n
}

// substitute opens what stands for an object that is not there, if a certificate
// says that something does; nil if none does.
func (c clearFS) substitute(name string) (fs.File, error) {
	if _, _, ok := parseObjectPath(name); !ok {
		return nil, nil
	}
	_, s, err := c.certificates.of(name)
	if s == nil || err != nil {
		return nil, err
	}
	f, err := c.FS.Open(s.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // disposed of since
	}
	if err != nil {
		return nil, err
	}
	if !isEncrypted(s.File) {
		return clearFile{f, f, s}, nil
	}
	clear, err := c.identities.decrypt(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.File, err), f.Close())
	}
	return clearFile{f, clear, s}, nil
}

// goneFrom are the positions that an open object lacks by certificates; nil for one
// that is as it was sealed.
func goneFrom(f fs.File) *erasedState {
	if c, ok := f.(clearFile); ok {
		return c.erased
	}
	return nil
}

// lacks says whether a position's body has gone.
func (s *erasedState) lacks(position uint64) bool { return s != nil && s.gone[position] }

// erasedMember stands in the place of a body that has gone, and is empty.
func erasedMember(position uint64) string { return fmt.Sprintf("erased/%020d", position) }

// member is the name of what an object has for a position.
func (s *erasedState) member(position uint64) string {
	if s.lacks(position) {
		return erasedMember(position)
	}
	return payloadMember(position)
}

// errErasedBy says by which certificate a body has gone.
func (s *erasedState) errErasedBy(position uint64) error {
	return fmt.Errorf("%w: position %d, by certificate %s; its leaf stays in the log", ErrErased, position, s.certificate)
}

// objectLeafOf returns the leaf of the object that has a payload.
func (v *view) objectLeafOf(index int64, l *PayloadLeaf) (o ObjectLeaf, err error) {
	_, last, ok := parseObjectPath(l.Object)
	if !ok || last < l.Position {
		return o, fmt.Errorf("%w: the log names an object %q", ErrDamaged, l.Object)
	}
	at := index + int64(last-l.Position) + 1
	if at >= v.head.size {
		return o, fmt.Errorf("%w: the log ends within %s", ErrDamaged, l.Object)
	}
	leaves, err := v.bundle(at / tileWidth)
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(leaves[at%tileWidth], &o); err != nil || o.Leaf != leafObject || o.Object != l.Object {
		return o, fmt.Errorf("%w: %s has no leaf behind its payloads", ErrDamaged, l.Object)
	}
	return o, nil
}
