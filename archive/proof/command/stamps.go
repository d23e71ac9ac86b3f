package command

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quoll/quoll/archive/proof"
)

// unstamped refuses proofs that have no time stamps where some are asked for.
func unstamped(trust proof.Trust) error {
	if err := trust.WithoutStamps(); err != nil {
		return fmt.Errorf("%w: proofs of absence and of consistency have none, ask with --stamp-quorum 0 and look at the stamps in the archive", err)
	}
	return nil
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
