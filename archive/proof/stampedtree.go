package proof

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// The members of a bundle that say when the tree that it stands on was there already.
const (
	memberStampedTree   = "stamped.checkpoint"
	memberStampedHashes = "stamped.hashes"
)

// StampedTree is a checkpoint that time-stamping authorities have stamped, and the proof
// that one of it and the bundle's own checkpoint is of a beginning of the other's tree.
type StampedTree struct {
	Checkpoint []byte
	Hashes     []byte // lines of Base64, as in Consistency
	Stamps     []StampFile
}

func (s *StampedTree) members() []member {
	if s == nil {
		return nil
	}
	return append([]member{{memberStampedTree, s.Checkpoint}, {memberStampedHashes, s.Hashes}}, stampMembers(s.Stamps)...)
}

// splitStampedTree takes its members from the end of those of a bundle.
func splitStampedTree(members []member) (others []member, s *StampedTree, err error) {
	for i, m := range members {
		if m.name != memberStampedTree {
			continue
		}
		if i+1 >= len(members) || members[i+1].name != memberStampedHashes {
			return nil, nil, fmt.Errorf("%w: %s without %s", ErrFormat, memberStampedTree, memberStampedHashes)
		}
		s := &StampedTree{Checkpoint: m.data, Hashes: members[i+1].data}
		s.Stamps, err = stampsIn(members[i+2:], memberStampedHashes)
		return members[:i], s, err
	}
	return members, nil, nil
}

// check checks that the leaves before least were there when the checkpoint was stamped,
// in the tree that head is of as well, and that there is a quorum of stamps.
func (s *StampedTree) check(head *Checkpoint, least int64, trust Trust) ([]VerifiedStamp, error) {
	if s == nil {
		return nil, trust.enough(nil)
	}
	c, err := OpenCheckpoint(s.Checkpoint, trust.Log, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", memberStampedTree, err)
	}
	if c.Size < least {
		return nil, fmt.Errorf("%w: %s is of %d leaves, what is proved needs the first %d", ErrStamps, memberStampedTree, c.Size, least)
	}
	hashes, err := hashLines(memberStampedHashes, s.Hashes)
	if err != nil {
		return nil, err
	}
	older, newer := &c, head
	if c.Size > head.Size {
		older, newer = head, &c
	}
	if err := CheckConsistency(older, newer, hashes); err != nil {
		return nil, fmt.Errorf("%s: %w", memberStampedTree, err)
	}
	return trust.stamps(s.Stamps, s.Checkpoint, c.Size)
}

// CheckTrusting is Check, with the time stamps of the newer checkpoint's tree.
func (c *Consistency) CheckTrusting(trust Trust) (older, newer Checkpoint, stamps []VerifiedStamp, err error) {
	if older, newer, err = c.Check(trust.Log, trust.Witnesses, trust.Quorum); err != nil {
		return older, newer, nil, err
	}
	stamps, err = c.Stamped.check(&newer, newer.Size, trust)
	return older, newer, stamps, err
}

// CheckTrusting is Check, with the time stamps of a tree that has all its indexes.
func (a *Absence) CheckTrusting(trust Trust) (*VerifiedAbsence, error) {
	v, err := a.Check(trust.Log, trust.Witnesses, trust.Quorum)
	if err != nil {
		return v, err
	}
	v.Stamps, err = a.Stamped.check(&v.Checkpoint, a.Leaves(), trust)
	return v, err
}

// Leaves is how many leaves of the log the proof stands on, from the first: up to the
// last of an index.
func (a *Absence) Leaves() int64 {
	last := int64(0)
	for i := range a.Spans {
		last = max(last, a.Spans[i].Index+1)
	}
	return last
}

// stampMembers are the files of stamps as they stand in a bundle.
func stampMembers(stamps []StampFile) []member {
	var all []member
	for _, f := range stamps {
		all = append(all, member{stampFolder + f.Authority + stampSuffix, f.Token})
	}
	return all
}

// hashLines reads lines of hashes that each end with a line feed.
func hashLines(name string, data []byte) (tlog.TreeProof, error) {
	lines := bytes.Split(data, []byte("\n"))
	if len(lines[len(lines)-1]) > 0 {
		return nil, fmt.Errorf("%w: %s does not end with a line feed", ErrFormat, name)
	}
	var text []string
	for _, line := range lines[:len(lines)-1] {
		text = append(text, string(line))
	}
	return ParseHashes(text)
}
