// Package proof checks what an archive hands out: checkpoints, cosignatures of
// witnesses, proofs of inclusion and of consistency, bundles of evidence for one
// record, files of incidents, and proofs that no record is there.
// docs/formats/evidence.md, docs/formats/custody.md and
// docs/formats/absence.md have the bytes.
//
// It needs the standard library, golang.org/x/mod/sumdb and package timestamp alone, so that a
// verifier built of it is small and can be read in an hour. It must not know how
// an archive is stored or written; of a leaf it reads what it has to compare.
package proof

import "errors"

// The errors that tell what does not hold. They are wrapped with the detail.
var (
	// ErrSignature: a signature is missing, wrong or not in canonical form.
	ErrSignature = errors.New("the signature does not hold")
	// ErrFormat: a file is not of the form that it should have.
	ErrFormat = errors.New("not in the form of docs/formats/evidence.md")
	// ErrInclusion: the leaf is not in the tree of the checkpoint.
	ErrInclusion = errors.New("the leaf is not in the signed tree")
	// ErrConsistency: the older tree is not a beginning of the newer one.
	ErrConsistency = errors.New("the older tree is not a beginning of the newer one")
	// ErrAbsence: the entries do not show that a record is not there.
	ErrAbsence = errors.New("it is not shown that no such record is there")
	// ErrContent: a payload, record or row is not what the leaf or the bundle
	// says.
	ErrContent = errors.New("the content is not what was archived")
	// ErrQuorum: fewer witnesses than were asked for have cosigned.
	ErrQuorum = errors.New("not enough witnesses have cosigned")
	// ErrStamps: fewer time-stamping authorities than were asked for have stamped.
	ErrStamps = errors.New("not enough time stamps")
)
