package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// checkLeftOver accounts for files that certificates name and that are there beside
// what took their place, after a crash or because a store still locks them: those
// have to be what the certificates say.
func (v *verification) checkLeftOver() {
	for _, object := range sortedKeys(v.erased) {
		s := v.erased[object]
		left := s.earlier
		if _, disposed := v.disposed[object]; disposed || v.files[object] {
			left = append(slices.Clone(left), s.ErasedObject)
		}
		for i := range left {
			if !v.files[left[i].File] {
				continue
			}
			data := v.read(left[i].File, left[i].Size)
			if sum := sha256.Sum256(data); data != nil && hex.EncodeToString(sum[:]) != left[i].SHA256 {
				v.problem(left[i].File, Changed, "it is not what its certificate says")
			}
		}
		if v.files[object] {
			v.report.Lingering += uint64(len(s.gone))
		}
	}
}

// standIn returns what stands for an object that is not there itself, and the file
// to read.
func (v *verification) standIn(object string) (*erasedState, string) {
	if s := v.erased[object]; s != nil && !v.files[object] {
		return s, s.File
	}
	return nil, object
}

// certified says whether there is a certificate of a sequence.
func (v *verification) certified(sequence int) bool {
	_, err := fs.Stat(v.fs, disposalPath(sequence))
	return err == nil
}

// judgeStandIn compares the object that a certificate names with the log's.
func (c *objectCheck) judgeStandIn(s *erasedState, leaves []leaf) bool {
	own := leaves[len(leaves)-1]
	line, err := encodeLeaf(s.Object)
	if err != nil || !own.known || tlog.RecordHash(line) != own.hash {
		c.v.problem(s.Object.Object, Missing, "the log needs this file, and "+s.certificate+" names another than the log has", Range{s.Object.First, s.Object.Last})
		return false
	}
	return true
}

// judgeErased compares the file that stands for an object with its certificate, and
// all payloads that it still has with their leaves.
func (c *objectCheck) judgeErased(r *objectRead) {
	found, s := r.found, r.gone
	payloads := r.leaves[:len(r.leaves)-1]
	signed := hex.EncodeToString(found.sum[:]) == s.SHA256 && found.size == s.Size
	c.v.report.Erased += uint64(len(s.gone))
	if found.sealed {
		if !signed {
			c.v.problem(s.File, Changed, "the file is not what "+s.certificate+" says; what of it is still whole cannot be told without the key", Range{r.first, r.last})
			return
		}
		c.v.report.Sealed += uint64(len(payloads) - len(s.gone))
		c.v.report.Objects++
		return
	}
	touched := r.touched
	c.v.report.Payloads += uint64(len(payloads) - len(s.gone) - len(touched))
	switch {
	case signed && len(touched) == 0 && found.err == nil:
		c.v.report.Objects++
	case signed:
		c.v.problem(s.File, Changed, "its hash is in "+s.certificate+", but its contents are not what the log says: "+found.why(), ranges(touched)...)
	case len(touched) == 0:
		c.v.problem(s.File, Changed, "the file does not have the hash in "+s.certificate+"; every payload in it is still whole")
	default:
		c.v.problem(s.File, Changed, "the file does not have the hash in "+s.certificate+": "+found.why(), ranges(touched)...)
	}
}
