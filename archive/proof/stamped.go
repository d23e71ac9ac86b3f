package proof

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof/timestamp"
)

// The members of a bundle that say when its leaf was there already, behind the others.
const (
	memberStamped = "stamped.tlog-proof"
	stampFolder   = "stamp/"
	stampSuffix   = ".tsr"
)

// MaxStamps bounds the time stamps of a bundle.
const MaxStamps = 8

// Stamped is a leaf under a checkpoint that time-stamping authorities have stamped.
type Stamped struct {
	Proof  []byte // a C2SP tlog-proof with that checkpoint
	Stamps []StampFile
}

// StampFile is one time stamp over the checkpoint.
type StampFile struct {
	Authority string // the name that it has in the archive
	Token     []byte // the file, as package timestamp keeps it
}

// VerifiedStamp is a time stamp that holds: its tree was there at Time.
type VerifiedStamp struct {
	Name    string    `json:"name"`    // that it has in the archive
	Subject string    `json:"subject"` // of the certificate that signed
	Time    time.Time `json:"time"`    // by the authority's clock, in UTC
	// Accuracy is how far off that may be, in seconds; 0 if it does not say.
	Accuracy float64 `json:"accuracySeconds,omitempty"`
	Policy   string  `json:"policy"`
	Serial   string  `json:"serial"`
	Size     int64   `json:"size"` // leaves of the tree
	// Trusted says that it leads to a root that was given, Root to which, by the name in
	// it; Untrusted why not.
	Trusted   bool   `json:"trusted"`
	Root      string `json:"root,omitempty"`
	Untrusted string `json:"untrusted,omitempty"`
}

// Trust is whom the reader of a bundle believes.
type Trust struct {
	Log note.Verifier
	// Witnesses are those whose cosignatures are checked, of which a Quorum must have
	// cosigned.
	Witnesses []note.Verifier
	Quorum    int
	// StampRoots are the certificates that time stamps are to lead to; nil checks their
	// signatures alone. StampQuorum is how many of these they must lead to.
	StampRoots  *timestamp.Roots
	StampQuorum int
}

func (s *Stamped) members() []member {
	if s == nil {
		return nil
	}
	return append([]member{{memberStamped, s.Proof}}, stampMembers(s.Stamps)...)
}

// splitStamped takes the members that newStamped reads from the end of those of a
// bundle.
func splitStamped(members []member) (others []member, s *Stamped, err error) {
	for i, m := range members {
		if m.name == memberStamped {
			s, err = newStamped(members[i:])
			return members[:i], s, err
		}
	}
	return members, nil, nil
}

func newStamped(members []member) (*Stamped, error) {
	s := &Stamped{Proof: members[0].data}
	var err error
	s.Stamps, err = stampsIn(members[1:], memberStamped)
	return s, err
}

// stampsIn reads the members that are stamps, ascending by name, behind another one.
func stampsIn(members []member, behind string) (stamps []StampFile, err error) {
	before := ""
	for _, m := range members {
		name, isStamp := strings.CutPrefix(m.name, stampFolder)
		name, ended := strings.CutSuffix(name, stampSuffix)
		if !isStamp || !ended || name <= before || strings.Contains(name, "/") {
			return nil, fmt.Errorf("%w: the member %q behind %s", ErrFormat, m.name, behind)
		}
		before = name
		stamps = append(stamps, StampFile{Authority: name, Token: m.data})
	}
	if len(stamps) == 0 || len(stamps) > MaxStamps {
		return nil, fmt.Errorf("%w: %d time stamps", ErrFormat, len(stamps))
	}
	return stamps, nil
}

func (f *StampFile) open(checkpoint []byte) (*timestamp.Stamp, error) {
	t, err := timestamp.Open(f.Token)
	if err == nil {
		err = t.Over(checkpoint)
	}
	if err != nil {
		return nil, fmt.Errorf("time stamp of %s: %w", f.Authority, err)
	}
	return t, nil
}

// check checks that a leaf is under the stamped checkpoint, that its stamps
// hold, and that there is a quorum of those that are trusted.
func (s *Stamped) check(leaf []byte, trust Trust) ([]VerifiedStamp, error) {
	if s == nil {
		return nil, trust.enough(nil)
	}
	p, err := ParseInclusion(s.Proof)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", memberStamped, err)
	}
	c, err := p.Check(leaf, trust.Log, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", memberStamped, err)
	}
	return trust.stamps(s.Stamps, p.Checkpoint, c.Size)
}

// stamps checks that stamps are over a checkpoint of so many leaves, and that there is a
// quorum of those that are trusted.
func (trust *Trust) stamps(stamps []StampFile, checkpoint []byte, size int64) ([]VerifiedStamp, error) {
	var all []VerifiedStamp
	for _, f := range stamps {
		t, err := f.open(checkpoint)
		if err != nil {
			return nil, err
		}
		v := VerifiedStamp{Name: f.Authority, Subject: t.Authority, Time: t.Time, Accuracy: t.Accuracy.Seconds(), Policy: t.Policy, Serial: t.Serial, Size: size}
		if trust.StampRoots == nil {
			v.Untrusted = "no root was given that it could lead to"
		} else if v.Root, err = t.Root(trust.StampRoots); err != nil {
			v.Untrusted = err.Error()
		} else {
			v.Trusted = true
		}
		all = append(all, v)
	}
	return all, trust.enough(all)
}

// WithoutStamps returns ErrStamps where time stamps are asked of what has none, as an
// incident's file without any bundle.
func (t *Trust) WithoutStamps() error { return t.enough(nil) }

// enough counts the authorities that are trusted, by the roots that they lead to.
func (t *Trust) enough(stamps []VerifiedStamp) error {
	if t.StampQuorum == 0 {
		return nil
	}
	roots := map[string]bool{}
	why := "it has no time stamp"
	for _, s := range stamps {
		if s.Trusted {
			roots[s.Root] = true
		} else {
			why = s.Name + ": " + s.Untrusted
		}
	}
	if n := len(roots); n < t.StampQuorum {
		if n > 0 {
			why = "other authorities did not stamp it"
		}
		return fmt.Errorf("%w: %d that lead to the roots that were given, %d are asked for: %s", ErrStamps, n, t.StampQuorum, why)
	}
	return nil
}
