package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/server"
)

// stampFlags are what verify takes to judge time stamps.
type stampFlags struct {
	roots  string
	quorum int
}

func (f *stampFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.roots, "stamp-roots", "", "file with root certificates (PEM) that the time stamps of checkpoints are to lead to")
	cmd.Flags().IntVar(&f.quorum, "stamp-quorum", 0, "how many different authorities must have stamped, counted by which of these roots they lead to")
}

// trust fills in what was given or, for the data directory's own archive, configured.
func (f *stampFlags) trust(t *archive.Trust, configured string) error {
	var files []string
	if configured != "" {
		files = strings.Split(configured, "\n")
	}
	if f.roots != "" {
		files = []string{f.roots}
	}
	if f.quorum < 0 || f.quorum > 0 && len(files) == 0 {
		return usageError(errors.New("--stamp-quorum counts authorities that lead to the certificates in --stamp-roots FILE"))
	}
	var all []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read roots of time stamps: %w", err)
		}
		if _, err := timestamp.ReadRoots(text); err != nil {
			return fmt.Errorf("read roots of time stamps %s: %w", file, err)
		}
		all = append(append(all, text...), '\n')
	}
	if len(all) == 0 {
		return nil
	}
	var err error
	t.StampRoots, err = timestamp.ReadRoots(all)
	t.StampQuorum = f.quorum
	return err
}

// stampLines say who has stamped, or nothing.
func stampLines(s *archive.Stamps, rooted bool) string {
	if s == nil {
		return ""
	}
	var b strings.Builder
	for _, a := range s.Authorities {
		fmt.Fprintf(&b, "%d time stamps of %s (%s), the last at %s over the first %d leaves", a.Count, a.Name, a.Subject, a.Last.Format(time.RFC3339), a.Size)
		switch {
		case !rooted:
			b.WriteString("; no root was given that they could lead to\n")
		case a.Trusted == a.Count:
			b.WriteString(", all of which lead to a root that was given\n")
		default:
			fmt.Fprintf(&b, "; %d are NOT to be relied on: %s\n", a.Count-a.Trusted, a.Untrusted)
		}
	}
	if s.Pending > 0 {
		fmt.Fprintf(&b, "%d of them are not under the log yet: they come with the next batch\n", s.Pending)
	}
	if s.Contradicted > 0 {
		fmt.Fprintf(&b, "%d were made, by the authority's clock, before the last payload under them was received, by this archive's: one of the clocks was wrong\n", s.Contradicted)
	}
	return b.String()
}

// verifiedStamps is what a verification found of time stamps, for the status; nil where
// there are none. Without roots of the configuration none leads to one.
func verifiedStamps(r *archive.Report, rooted bool) *server.VerifiedStamps {
	v := &server.VerifiedStamps{Rooted: rooted}
	for i := range r.Problems {
		if p := &r.Problems[i]; strings.HasPrefix(p.File, "stamps/") {
			v.Damaged++
			v.Reason = p.String()
		}
	}
	if r.Stamps != nil {
		v.Count = r.Stamps.Count
		if rooted {
			v.Trusted = r.Stamps.Trusted
		}
		for _, a := range r.Stamps.Authorities {
			if rooted && a.Untrusted != "" {
				v.Reason = a.Name + ": " + a.Untrusted
			}
		}
	}
	if v.Count == 0 && v.Damaged == 0 {
		return nil
	}
	return v
}
