package stamps

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/quoll/quoll/internal/durable"
)

// errKeep: a stamp that came could not be written down.
var errKeep = errors.New("keep a time stamp")

// pending is a stamp that came and is not known to be under the log.
type pending struct {
	Checkpoint []byte `json:"checkpoint"`
	Token      []byte `json:"token"`
}

// maxNote bounds what is read as a note: a checkpoint and a stamp, in Base64.
const maxNote = 256 << 10

func (s *Stamper) noteFile() string {
	return filepath.Join(s.deps.Dir, s.authority.Name+".json")
}

// load reads once what there is: the note of a crash, and the last stamp.
func (s *Stamper) load() error {
	if s.loaded {
		return nil
	}
	if err := durable.MkdirAll(s.deps.FS, s.deps.Dir, 0o750); err != nil {
		return fmt.Errorf("%w: %w", errKeep, err)
	}
	text, err := durable.ReadFile(s.deps.FS, s.noteFile(), maxNote)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("%w: %w", errKeep, err)
	default:
		s.pending = &pending{}
		if err := json.Unmarshal(text, s.pending); err != nil {
			s.pending = nil
			return fmt.Errorf("%w: read %s: %w; remove it, and the next checkpoint is stamped", errKeep, s.noteFile(), err)
		}
	}
	s.loaded = true
	last, there, err := s.deps.Archive.LastStamp(s.authority.Name)
	if err == nil && there {
		err = s.learn(last.Checkpoint, last.Token)
	}
	if err != nil {
		// quoll archive verify names it; the next stamp is made all the same.
		s.deps.Log.Error("the last time stamp in the archive does not hold", "authority", s.authority.Name, "error", err)
	}
	return nil
}

// note writes down a stamp that came.
func (s *Stamper) note(p *pending) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(s.deps.FS, s.noteFile(), append(text, '\n'), 0o640); err != nil {
		return fmt.Errorf("%w: %w", errKeep, err)
	}
	s.pending = p
	return nil
}

// forget takes the note back: the stamp is in archive and journal.
func (s *Stamper) forget() error {
	if err := durable.Remove(s.deps.FS, s.noteFile()); err != nil {
		return fmt.Errorf("%w: %w", errKeep, err)
	}
	s.pending = nil
	return nil
}
