package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

// The time stamps of checkpoints lie beside them for good, and each is a payload too,
// so that the log promises it.
const (
	stampsDir          = "stamps"
	stampCheckpoint    = ".checkpoint"
	stampSuffix        = ".tsr"
	stampSizeDigits    = 20
	maxStampAuthority  = 40
	stampContentType   = "Timestamp"
	stampLeafSource    = `,"source":"`
	stampLeafPart      = stampLeafSource + `ledger","format":"certificate","tenant":"","contentType":"Timestamp","name":"stamps/`
	stampNameSeparator = " of "
)

// ErrStamp: it is no time stamp over a checkpoint of this log.
var ErrStamp = errors.New("not a time stamp over a checkpoint of this log")

// Stamp is a time stamp over a checkpoint.
type Stamp struct {
	Authority  string // the name it has here, as in the configuration
	Checkpoint []byte // what is stamped, as it was published
	Token      []byte // as timestamp.Stamp.Keep writes it
}

// ValidStampAuthority says whether a name can stand in the names of files: lower-case
// letters, digits and hyphens.
func ValidStampAuthority(name string) bool {
	return name != "" && len(name) <= maxStampAuthority && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func stampedCheckpointPath(size int64) string {
	return fmt.Sprintf("%s/%0*d%s", stampsDir, stampSizeDigits, size, stampCheckpoint)
}

func stampPath(size int64, authority string) string {
	return fmt.Sprintf("%s/%0*d.%s%s", stampsDir, stampSizeDigits, size, authority, stampSuffix)
}

// parseStampPath reads the name of a stamp, or with no authority that of a checkpoint
// that has one.
func parseStampPath(name string) (size int64, authority string, ok bool) {
	rest, ok := strings.CutPrefix(name, stampsDir+"/")
	if !ok || len(rest) < stampSizeDigits {
		return 0, "", false
	}
	size, err := strconv.ParseInt(rest[:stampSizeDigits], 10, 64)
	if err != nil || size < 1 {
		return 0, "", false
	}
	if name == stampedCheckpointPath(size) {
		return size, "", true
	}
	authority = strings.TrimSuffix(strings.TrimPrefix(rest[stampSizeDigits:], "."), stampSuffix)
	return size, authority, ValidStampAuthority(authority) && name == stampPath(size, authority)
}

// logID tells a log from others: a journal may outlive the key of its archive, and what
// one log promises the next one does not have.
func logID(v note.Verifier) string { return fmt.Sprintf("%s+%08x", v.Name(), v.KeyHash()) }

// promise is a leaf that says that a stamp is there.
type promise struct{ file, sha256 string }

// promised reads the leaf of a payload that is a stamp over a checkpoint of a log; false
// for all other leaves.
func promised(line []byte, log string) (p promise, ok bool) {
	// Only numbers and a hash stand before the source, so that this is it: a look at
	// few bytes of each leaf.
	if at := bytes.Index(line, []byte(stampLeafSource)); at < 0 || !bytes.HasPrefix(line[at:], []byte(stampLeafPart)) {
		return p, false
	}
	l, ok := parsePayloadLeaf(line)
	if !ok || l.Source != string(model.SourceLedger) || l.Format != string(model.FormatCertificate) || l.ContentType != stampContentType {
		return p, false
	}
	file, of, found := strings.Cut(l.Name, stampNameSeparator)
	_, authority, isStamp := parseStampPath(file)
	return promise{file, l.SHA256}, found && of == log && isStamp && authority != ""
}

// KeepStamp writes a stamp over a checkpoint of this log, present or past, beside it,
// and returns the payload that promises it, which the caller journals. Keeping one again
// does nothing. The errors are ErrStamp, fs.ErrExist where another one has its name, or
// the file system's.
func (a *Archive) KeepStamp(s Stamp) (model.Payload, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return model.Payload{}, ErrClosed
	}
	c, err := a.checkStamp(s)
	if err != nil {
		return model.Payload{}, fmt.Errorf("keep time stamp of %s: %w: %w", s.Authority, ErrStamp, err)
	}
	name := stampPath(c.size, s.Authority)
	for _, f := range []archiveFile{{stampedCheckpointPath(c.size), s.Checkpoint}, {name, s.Token}} {
		if err := a.writeOnce(f); err != nil {
			return model.Payload{}, fmt.Errorf("keep time stamp of %s: %w", s.Authority, err)
		}
	}
	return model.Payload{
		Source: model.SourceLedger, Format: model.FormatCertificate, ContentType: stampContentType,
		Name: name + stampNameSeparator + logID(a.id.verifier), Body: s.Token,
	}, nil
}

func (a *Archive) checkStamp(s Stamp) (checkpoint, error) {
	if !ValidStampAuthority(s.Authority) {
		return checkpoint{}, fmt.Errorf("%q is no name for an authority", s.Authority)
	}
	c, err := openCheckpoint(s.Checkpoint, a.id.verifier)
	if err != nil {
		return c, err
	}
	if c.size < 1 || c.size > a.state.tree.size {
		return c, fmt.Errorf("a checkpoint of %d leaves, there are %d", c.size, a.state.tree.size)
	}
	stamp, err := timestamp.Open(s.Token)
	if err != nil {
		return c, err
	}
	return c, stamp.Over(s.Checkpoint)
}

// writeOnce writes a file that must not be there with other contents.
func (a *Archive) writeOnce(f archiveFile) error {
	there, err := durable.ReadFile(a.cfg.FS, a.file(f.path), timestamp.MaxStamp)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !bytes.Equal(there, f.data):
		return fmt.Errorf("%s: %w with other contents, which were left as they are", f.path, fs.ErrExist)
	}
	// Written again even if it is there: one whose write was reported failed may be
	// visible and not on disk.
	return a.writeFile(f.path, f.data)
}

// LastStamp returns the last stamp of an authority, by the size of the log; false if
// there is none.
func (a *Archive) LastStamp(authority string) (Stamp, bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	entries, err := a.cfg.FS.ReadDir(a.file(stampsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return Stamp{}, false, nil
	}
	if err != nil {
		return Stamp{}, false, fmt.Errorf("read time stamps: %w", err)
	}
	last := int64(0)
	for _, e := range entries {
		if size, of, ok := parseStampPath(stampsDir + "/" + e.Name()); ok && of == authority {
			last = max(last, size)
		}
	}
	if last == 0 {
		return Stamp{}, false, nil
	}
	s := Stamp{Authority: authority}
	if s.Checkpoint, err = durable.ReadFile(a.cfg.FS, a.file(stampedCheckpointPath(last)), maxCheckpoint); err == nil {
		s.Token, err = durable.ReadFile(a.cfg.FS, a.file(stampPath(last, authority)), timestamp.MaxStamp)
	}
	if err != nil {
		return Stamp{}, false, fmt.Errorf("read time stamps: %w", err)
	}
	return s, true, nil
}

// clearStamps removes what a crash left of a stamp that was being written.
func (a *Archive) clearStamps() error {
	entries, err := a.cfg.FS.ReadDir(a.file(stampsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), stampCheckpoint+".tmp") || strings.HasSuffix(e.Name(), stampSuffix+".tmp") {
			err = errors.Join(err, durable.Remove(a.cfg.FS, a.file(stampsDir+"/"+e.Name())))
		}
	}
	return err
}

// StampFiles are the files of a stamp that the log promises: the stamp, and the
// checkpoint that it is over.
type StampFiles struct {
	Checkpoint, Stamp string
	sha256            string
}

// promises adds what a leaf promises to what an object brings.
func (o *SealedObject) promises(line []byte, log string) {
	if p, ok := promised(line, log); ok {
		size, _, _ := parseStampPath(p.file)
		o.Stamps = append(o.Stamps, StampFiles{stampedCheckpointPath(size), p.file, p.sha256})
	}
}

// Stamp returns the two files of a stamp, if they are what the log promises.
func (s *Snapshot) Stamp(f StampFiles) (checkpoint, stamp []byte, err error) {
	if checkpoint, err = readBounded(s.v.fs, f.Checkpoint, maxCheckpoint); err == nil {
		stamp, err = readBounded(s.v.fs, f.Stamp, timestamp.MaxStamp)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if sum := sha256.Sum256(stamp); hex.EncodeToString(sum[:]) != f.sha256 {
		return nil, nil, fmt.Errorf("%w: %s is not what the log says", ErrDamaged, f.Stamp)
	}
	if _, err := openCheckpoint(checkpoint, s.v.head.verifier); err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrDamaged, f.Checkpoint, err)
	}
	return checkpoint, stamp, nil
}
