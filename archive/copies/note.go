package copies

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/durable"
)

// note is what is known to be in a store. It may be behind, after a crash; it is
// never ahead.
type note struct {
	Place string `json:"place"`
	// Size and Root are of the part of the log whose objects and full tiles are
	// there; Published and Cosigned are of the head.
	Size      int64     `json:"size"`
	Root      string    `json:"root"`
	Published int64     `json:"published"`
	Cosigned  int64     `json:"cosigned"`
	Time      time.Time `json:"time"`   // of the head
	Locked    time.Time `json:"locked"` // when a head was locked last
	// Stands is the sequence of the last certificate whose files are there, and Rid
	// that of the last whose stale files are gone.
	Stands int `json:"stands,omitempty"`
	Rid    int `json:"rid,omitempty"`
}

const maxNote = 64 << 10

func (c *Copier) noteFile() string {
	return filepath.Join(c.deps.Dir, c.target.Name+".json")
}

// readNote reads it once. One of another place, or of another archive, says
// nothing of this one.
func (c *Copier) readNote(s *archive.Snapshot) error {
	if c.known {
		return nil
	}
	if err := durable.MkdirAll(c.deps.FS, c.deps.Dir, 0o750); err != nil {
		return err
	}
	found := note{}
	text, err := durable.ReadFile(c.deps.FS, c.noteFile(), maxNote)
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read what was copied: %w; remove %s, and what the store has is compared again", err, c.noteFile())
	}
	if found.Place == c.target.Place && found.Size <= s.Size() {
		root, err := s.RootAt(found.Size)
		if err != nil {
			return err
		}
		if found.Size > 0 && root.String() != found.Root {
			found.Size, found.Root = 0, "" // the head says whose it is
		}
		c.note = found
	} else if found.Place == c.target.Place {
		// The archive was put back. The store's head will say so.
		c.note.Published = found.Published
	}
	c.note.Place = c.target.Place
	c.known = true
	return nil
}

func (c *Copier) writeNote() error {
	text, err := json.Marshal(c.note)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(c.deps.FS, c.noteFile(), append(text, '\n'), 0o640); err != nil {
		return fmt.Errorf("note what was copied: %w", err)
	}
	return nil
}
