package archive

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
)

// checkpointFile is the name of the signed tree head (C2SP tlog-tiles), and
// cosignedFile that of the last one that witnesses have cosigned.
const (
	checkpointFile = "checkpoint"
	cosignedFile   = "checkpoint.cosigned"
)

// maxCheckpoint bounds what is read as a checkpoint.
const maxCheckpoint = proof.MaxCheckpoint

// checkpoint is a tree head (C2SP tlog-checkpoint) with its signed form.
type checkpoint struct {
	origin   string
	size     int64
	root     tlog.Hash
	signed   []byte
	verifier note.Verifier // nil if it was just signed
}

func checkpointText(origin string, size int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)
}

func signCheckpoint(origin string, size int64, root tlog.Hash, signer note.Signer) (checkpoint, error) {
	signed, err := note.Sign(&note.Note{Text: checkpointText(origin, size, root)}, signer)
	if err != nil {
		return checkpoint{}, fmt.Errorf("sign checkpoint of size %d: %w", size, err)
	}
	return checkpoint{origin: origin, size: size, root: root, signed: signed}, nil
}

// openCheckpoint checks the signature and the form of a checkpoint, to the last
// bit: none but the form that signCheckpoint writes is taken.
func openCheckpoint(signed []byte, verifier note.Verifier) (checkpoint, error) {
	c, err := proof.OpenCheckpoint(signed, verifier, nil)
	if err != nil {
		return checkpoint{}, err
	}
	if c.Unknown != 0 {
		return checkpoint{}, errors.New("checkpoint has signatures that were not checked")
	}
	if checkpointText(c.Origin, c.Size, c.Root) != c.Text {
		return checkpoint{}, errors.New("checkpoint does not have three lines")
	}
	return checkpoint{origin: c.Origin, size: c.Size, root: c.Root, signed: signed, verifier: verifier}, nil
}
