package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/proof/timestamp"
)

// Stamps are the time stamps of an archive.
type Stamps struct {
	// Count is how many there are whose signature holds and that are of their
	// checkpoint; Trusted how many of them lead to a root that was given.
	Count   int `json:"count"`
	Trusted int `json:"trusted"`
	// Pending are not under the log yet.
	Pending int `json:"pending,omitempty"`
	// Contradicted were made before the last payload under them was received, by the
	// clocks of the authority and of the archive's machine: one of them was wrong.
	Contradicted int `json:"contradicted,omitempty"`
	// Authorities are those that have stamped, by name.
	Authorities []StampedBy `json:"authorities"`
}

// StampedBy says what one authority has stamped.
type StampedBy struct {
	Name    string `json:"name"`    // in the archive
	Subject string `json:"subject"` // of its certificate, at the last stamp
	Count   int    `json:"count"`
	Trusted int    `json:"trusted"`
	// First and Last are when it stamped, by its clock; Size how many leaves are under
	// the last.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Size  int64     `json:"size"`
	// Untrusted is why the last of those that are not trusted is not, or empty.
	Untrusted string `json:"untrusted,omitempty"`

	root string // that its last trusted stamp leads to
}

// stampTolerance is by how much clocks may differ before they contradict each other.
const stampTolerance = 10 * time.Minute

// foundStamp is one that holds by itself.
type foundStamp struct {
	*timestamp.Stamp
	size      int64
	authority string
}

// stampCheck is what is known of stamps while the log is read.
type stampCheck struct {
	log      string
	sums     map[string]string       // SHA-256 of each stamp that was read, by file
	good     map[string]foundStamp   // by file
	sizes    map[int64][]*foundStamp // of those that hold
	needed   map[int64]bool          // checkpoints that some stamp is over
	there    map[int64][]byte        // checkpoints that hold
	promised map[string]bool         // files that the log speaks of
	newest   map[string]int64        // by authority: the largest size that the log speaks of
	received []byte                  // the leaf of the last payload
	blind    bool                    // there are leaves that could not be read

	contradicted int
}

// readStamps reads the files of stamps. What the log promises of them is compared
// while it is read.
func (v *verification) readStamps() {
	c := &stampCheck{log: logID(v.verifier), sums: map[string]string{}, good: map[string]foundStamp{}, sizes: map[int64][]*foundStamp{},
		needed: map[int64]bool{}, there: map[int64][]byte{}, promised: map[string]bool{}, newest: map[string]int64{}}
	v.stamps = c
	var checkpoints, stamps []string
	for _, name := range sortedKeys(v.files) {
		size, authority, ok := parseStampPath(name)
		switch {
		case !ok || v.copy && size > v.head.size:
		case authority == "":
			checkpoints = append(checkpoints, name)
		default:
			stamps = append(stamps, name)
		}
	}
	for _, name := range checkpoints {
		v.readStamped(name)
	}
	for _, name := range stamps {
		v.readStamp(name)
	}
}

func (v *verification) readStamped(name string) {
	size, _, _ := parseStampPath(name)
	v.stamps.there[size] = nil
	data := v.read(name, maxCheckpoint)
	if data == nil {
		return
	}
	c, err := openCheckpoint(data, v.verifier)
	if err == nil && c.size != size {
		err = fmt.Errorf("it is of %d leaves", c.size)
	}
	if err != nil {
		v.problem(name, Changed, err.Error())
		return
	}
	v.stamps.there[size] = data
	v.addPast(past{name, proof.Checkpoint{Origin: c.origin, Size: c.size, Root: c.root}})
}

// readStamp checks a stamp by itself and against its checkpoint, which is right where it
// holds: a key signs one text in one way.
func (v *verification) readStamp(name string) {
	size, authority, _ := parseStampPath(name)
	data := v.read(name, timestamp.MaxStamp)
	if data == nil {
		v.stamps.sums[name] = ""
		return
	}
	sum := sha256.Sum256(data)
	v.stamps.sums[name] = hex.EncodeToString(sum[:])
	s, err := timestamp.Open(data)
	if text := v.stamps.there[size]; err == nil && text != nil {
		err = s.Over(text)
	}
	if err != nil {
		v.problem(name, Changed, err.Error())
		v.stamps.sums[name] = ""
		return
	}
	found := foundStamp{s, size, authority}
	v.stamps.good[name] = found
	v.stamps.needed[size] = true
	v.stamps.sizes[size] = append(v.stamps.sizes[size], &found)
}

// takeStamps finds among the leaves what promises stamps, and when the last payload
// under each was received.
func (v *verification) takeStamps(leaves []leaf) {
	c := v.stamps
	for i := range leaves {
		line := leaves[i].data
		if line == nil {
			c.blind = true
		}
		if bytes.HasPrefix(line, []byte(`{"leaf":"payload"`)) {
			c.received = line
			if p, ok := promised(line, c.log); ok {
				v.keepPromise(p)
			}
		}
		if stamps := c.sizes[leaves[i].index+1]; stamps != nil {
			at := receivedOf(c.received)
			for _, s := range stamps {
				if s.Time.Add(s.Accuracy + stampTolerance).Before(at) {
					c.contradicted++
				}
			}
		}
	}
}

// keepPromise compares a stamp with what its leaf says.
func (v *verification) keepPromise(p promise) {
	c := v.stamps
	size, authority, _ := parseStampPath(p.file)
	if c.promised[p.file] {
		return // journalled a second time, after a crash
	}
	c.promised[p.file] = true
	c.newest[authority] = max(c.newest[authority], size)
	c.needed[size] = true
	if _, read := c.sums[p.file]; !read && v.arrived(p.file) {
		if checkpoint := stampedCheckpointPath(size); v.arrived(checkpoint) {
			v.readStamped(checkpoint)
		}
		v.readStamp(p.file)
	}
	sum, read := c.sums[p.file]
	switch {
	case !read:
		v.problem(p.file, Missing, "the log has this time stamp")
	case sum != "" && sum != p.sha256:
		v.problem(p.file, Changed, "it is not the time stamp that the log has")
		delete(c.good, p.file)
	}
}

// arrived accounts for a file that was written since the folder was listed.
func (v *verification) arrived(name string) bool {
	if v.files[name] {
		return true
	}
	if _, err := fs.Stat(v.fs, name); err != nil {
		return false
	}
	v.files[name] = true
	return true
}

// checkStamps judges what is left when the log has been read.
func (v *verification) checkStamps() {
	c := v.stamps
	if len(c.good) == 0 && len(c.promised) == 0 && len(c.there) == 0 {
		v.stampQuorum(nil)
		return
	}
	r := &Stamps{Contradicted: c.contradicted, Authorities: []StampedBy{}}
	by := map[string]*StampedBy{}
	for _, name := range sortedKeys(c.good) {
		s := c.good[name]
		if !c.promised[name] && !c.blind {
			if s.size <= c.newest[s.authority] {
				v.problem(name, Extra, "the log has no such time stamp, and a later one of the same authority")
				continue
			}
			r.Pending++
		}
		if by[s.authority] == nil {
			by[s.authority] = &StampedBy{Name: s.authority, First: s.Time}
		}
		r.Count++
		by[s.authority].add(s, v.trust.StampRoots)
	}
	for _, size := range slices.Sorted(maps.Keys(c.needed)) {
		if _, there := c.there[size]; !there {
			v.problem(stampedCheckpointPath(size), Missing, "there are time stamps over it")
		}
	}
	for _, size := range slices.Sorted(maps.Keys(c.there)) {
		// Beyond the last stamp it is of one that was being written.
		if !c.needed[size] && c.there[size] != nil && !v.spoken(size) && size <= c.last() && !c.blind {
			v.problem(stampedCheckpointPath(size), Extra, "no time stamp is over it")
		}
	}
	for _, name := range sortedKeys(by) {
		r.Authorities = append(r.Authorities, *by[name])
		r.Trusted += by[name].Trusted
	}
	v.report.Stamps = r
	v.stampQuorum(r)
}

// last is the largest size that the log promises a stamp for.
func (c *stampCheck) last() int64 {
	last := int64(0)
	for _, size := range c.newest {
		last = max(last, size)
	}
	return last
}

// spoken reports whether some stamp over a checkpoint was there, if a bad one.
func (v *verification) spoken(size int64) bool {
	for name := range v.stamps.sums {
		if of, _, _ := parseStampPath(name); of == size {
			return true
		}
	}
	return false
}

func (b *StampedBy) add(s foundStamp, roots *timestamp.Roots) {
	b.Count++
	if s.size >= b.Size {
		b.Size, b.Last, b.Subject = s.size, s.Time, s.Authority
	}
	if roots == nil {
		return
	}
	root, err := s.Root(roots)
	if err != nil {
		b.Untrusted = err.Error()
		return
	}
	b.Trusted++
	b.root = root
}

// stampQuorum counts the authorities that are trusted, by the roots that they lead to: a
// name here is only a name. One that has another root since is counted once.
func (v *verification) stampQuorum(r *Stamps) {
	if v.trust.StampQuorum == 0 {
		return
	}
	roots := map[string]bool{}
	if r != nil {
		for _, b := range r.Authorities {
			if b.Trusted > 0 {
				roots[b.root] = true
			}
		}
	}
	if n := len(roots); n < v.trust.StampQuorum {
		v.problem(stampsDir, Missing, fmt.Sprintf("%d authorities have stamped that lead to the roots that were given, %d are asked for", n, v.trust.StampQuorum))
	}
}

// errStampRoots: a quorum without roots to count by.
var errStampRoots = errors.New("a number of time-stamping authorities is asked for, and no roots are given that they lead to")
