package command

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quoll/quoll/archive/proof"
)

// withTree says of a proof of absence or of consistency how it gets the stamps that it
// has too few of.
func withTree(err error) error {
	if errors.Is(err, proof.ErrStamps) {
		return fmt.Errorf("%w; it has those of the first stamped checkpoint with all that it stands on: make it again once the log was stamped, or ask with --stamp-quorum 0", err)
	}
	return err
}

// printStamps says since when what is proved was there, by others' clocks.
func printStamps(w io.Writer, stamps []proof.VerifiedStamp) error {
	var b strings.Builder
	for _, s := range stamps {
		b.WriteString(stampLine(&s))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func stampLine(s *proof.VerifiedStamp) string {
	at := s.Time.Format(time.RFC3339)
	if s.Trusted {
		return fmt.Sprintf("it was there at %s: %s has stamped the first %d leaves (policy %s, number %s)\n", at, s.Subject, s.Size, s.Policy, s.Serial)
	}
	return fmt.Sprintf("%s says that it was there at %s, which is NOT to be relied on: %s\n", s.Subject, at, s.Untrusted)
}
