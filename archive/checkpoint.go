package archive

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// checkpointFile is the name of the signed tree head (C2SP tlog-tiles).
const checkpointFile = "checkpoint"

// maxCheckpoint bounds what is read as a checkpoint.
const maxCheckpoint = 64 << 10

// checkpoint is a tree head (C2SP tlog-checkpoint) with its signed form.
type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
	signed []byte
}

func signCheckpoint(origin string, size int64, root tlog.Hash, signer note.Signer) (checkpoint, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return checkpoint{}, fmt.Errorf("sign checkpoint of size %d: %w", size, err)
	}
	return checkpoint{origin: origin, size: size, root: root, signed: signed}, nil
}

// openCheckpoint checks the signature and the form of a checkpoint, to the last
// bit: Base64 has forms that decode to the same bytes, and none but the one that
// signCheckpoint writes is taken.
func openCheckpoint(signed []byte, verifier note.Verifier) (checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return checkpoint{}, err
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return checkpoint{}, errors.New("checkpoint has signatures that were not checked")
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64); err != nil {
		return checkpoint{}, errors.New("signature is not in canonical Base64")
	}
	c := checkpoint{signed: signed}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return c, errors.New("checkpoint does not have three lines")
	}
	c.origin = lines[0]
	if c.origin != verifier.Name() {
		return c, fmt.Errorf("checkpoint is of %q, the key of %q", c.origin, verifier.Name())
	}
	if c.size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.size < 0 {
		return c, fmt.Errorf("checkpoint has size %q", lines[1])
	}
	if c.root, err = tlog.ParseHash(lines[2]); err != nil {
		return c, fmt.Errorf("checkpoint has root %q", lines[2])
	}
	if fmt.Sprintf("%s\n%d\n%s\n", c.origin, c.size, c.root) != n.Text {
		return c, errors.New("checkpoint is not in canonical form")
	}
	return c, nil
}
