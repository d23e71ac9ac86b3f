package archive

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/proof/timestamp"
)

// Trust is what a verifier has besides the log's key. The zero value is nothing.
type Trust struct {
	// Witnesses are the keys of those whose cosignatures are checked, and Quorum
	// how many of them must have cosigned.
	Witnesses []note.Verifier
	Quorum    int
	// Kept are checkpoints that somebody else kept, as a witness does: the archive
	// must have grown out of each. That shows a folder that was put back to an
	// older state as a whole.
	Kept [][]byte
	// StampRoots are the certificates that time stamps are to lead to, and StampQuorum
	// is how many of these they must lead to.
	StampRoots  *timestamp.Roots
	StampQuorum int
	// Identities open encrypted objects. What none of them opens is verified by
	// the hash of its file alone.
	Identities Identities
}

// Cosigned is the checkpoint that witnesses have cosigned.
type Cosigned struct {
	Size int64 `json:"size"` // leaves
	// Witnesses are those whose key was given and whose cosignature holds. Unknown
	// counts the signatures of others, which were not checked.
	Witnesses []WitnessTime `json:"witnesses"`
	Unknown   int           `json:"unknown"`
}

// WitnessTime is a cosignature: by whom, and when by the witness's clock.
type WitnessTime struct {
	Name string    `json:"name"`
	Time time.Time `json:"time"`
}

// past is a checkpoint of which the archive must have grown.
type past struct {
	name string // of the file, or which of those that were kept
	proof.Checkpoint
}

// checkPast reads the cosigned checkpoint and those that were kept elsewhere. The
// roots are compared when the leaves have been read.
func (v *verification) checkPast() {
	for i, signed := range v.trust.Kept {
		name := fmt.Sprintf("kept checkpoint %d", i+1)
		c, err := proof.OpenCheckpoint(signed, v.verifier, v.trust.Witnesses)
		if err != nil {
			v.problem(name, Changed, err.Error())
			continue
		}
		v.addPast(past{name, c})
	}
	if !v.files[cosignedFile] {
		if v.trust.Quorum > 0 {
			v.problem(cosignedFile, Missing, fmt.Sprintf("no witness has cosigned, %d are asked for", v.trust.Quorum))
		}
		return
	}
	data := v.read(cosignedFile, maxCheckpoint)
	if data == nil {
		return
	}
	c, err := proof.OpenCheckpoint(data, v.verifier, v.trust.Witnesses)
	if err != nil {
		v.problem(cosignedFile, Changed, err.Error())
		return
	}
	found := &Cosigned{Size: c.Size, Unknown: c.Unknown, Witnesses: []WitnessTime{}}
	for _, s := range c.Cosignatures {
		found.Witnesses = append(found.Witnesses, WitnessTime{s.Witness, s.Time})
	}
	v.report.Cosigned = found
	if n := c.Witnesses(); n < v.trust.Quorum {
		v.problem(cosignedFile, Changed, fmt.Sprintf("%d of the %d witnesses that are known have cosigned, %d are asked for", n, len(v.trust.Witnesses), v.trust.Quorum))
	}
	v.addPast(past{cosignedFile, c})
}

func (v *verification) addPast(p past) {
	if p.Size > v.head.size {
		v.problem(checkpointFile, Behind, fmt.Sprintf("it has %d leaves, %s has %d: the archive was put back to an older state, or is an older copy", v.head.size, p.name, p.Size))
		return
	}
	if v.past == nil {
		v.past = map[int64][]past{}
	}
	v.past[p.Size] = append(v.past[p.Size], p)
}

// comparePast takes the root of the tree when it has a size that a past
// checkpoint is of.
func (v *verification) comparePast(built *tree) {
	for _, p := range v.past[built.size] {
		if root := built.root(); root != p.Root {
			v.problem(p.name, Split, fmt.Sprintf("its root of %d leaves is %s, the archive's %s: the key has signed two histories", p.Size, p.Root, root))
		}
	}
}
