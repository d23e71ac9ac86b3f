package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/server"
)

// stampsFact says since when the log is as it is, by the word of authorities that have
// nothing to do with it: who they are, when each stamped last, and which stamps the last
// verification could not rely on.
func (g *gathering) stampsFact() {
	authorities := g.status.Archive.Timestamps
	state, statement := assure.Shown, ""
	remedy := "The Archive page says why an authority does not stamp."
	switch {
	case len(authorities) > 0:
		fresh := 0
		var parts []string
		for i := range authorities {
			a := &authorities[i]
			if stampIsFresh(a, g.at) {
				fresh++
			}
			parts = append(parts, stampedWhen(a, g.at))
		}
		state = met(fresh > 0)
		statement = fmt.Sprintf("%d of %d time-stamping authorities (RFC 3161) stamp the log: %s.", fresh, len(authorities), strings.Join(parts, "; "))
	case g.connectors == nil:
		state, statement, remedy = assure.NotVisible, "Which time-stamping authorities stamp the log is known to a running server.", "Ask a running server."
	default:
		state, statement = assure.NotMet, "No time-stamping authority stamps the log: when a record was there is the word of this machine and of witnesses."
		remedy = "Name one or two in archive_timestamps (docs/timestamps.md)."
	}
	found, sound := verifiedStampsText(g.status.Archive.Verified)
	if !sound {
		state, remedy = assure.NotMet, "quoll archive verify names each stamp that cannot be relied on; if an authority has a new root, add it to roots_file."
	}
	g.fact(assure.FactStamps, assure.Protected, state, strings.TrimSpace(statement+" "+found), remedy, "/archive")
}

// stampIsFresh says whether the last stamp of an authority is no older than the time of
// two, and an hour for a server that was stopped; with the log at rest it may be.
func stampIsFresh(a *server.TimestampStatus, now time.Time) bool {
	if a.Time == nil || a.Late {
		return false
	}
	return a.Problem == "" || now.Sub(*a.Time) <= time.Duration(2*a.EverySeconds*float64(time.Second))+time.Hour
}

func stampedWhen(a *server.TimestampStatus, now time.Time) string {
	text := a.Name + " (" + a.URL + ") has not stamped yet"
	if a.Time != nil {
		text = fmt.Sprintf("%s (%s) last at %s, %s ago, over the first %d leaves", a.Name, a.URL, a.Time.Format(time.RFC3339), max(0, now.Sub(*a.Time)).Truncate(time.Minute), a.Size)
	}
	if a.Problem != "" {
		text += ", and its last answer was none: " + a.Problem
	}
	return text
}

// verifiedStampsText says what the last verification found of stamps, and whether all of
// them can be relied on.
func verifiedStampsText(v *server.Verification) (text string, sound bool) {
	if v == nil || v.Stamps == nil {
		return "No verification has looked at stamps yet.", true
	}
	s := v.Stamps
	if !s.Rooted {
		text = fmt.Sprintf("The last verification, at %s, found %d stamps and held none of them against roots of the configuration", v.Time.Format(time.RFC3339), s.Count)
		if s.Damaged > 0 {
			text += fmt.Sprintf("; %d files of stamps are missing, changed or extra", s.Damaged)
		}
		return text + ".", s.Damaged == 0
	}
	text = fmt.Sprintf("The last verification, at %s, found %d stamps, of which %d lead to a root of the configuration", v.Time.Format(time.RFC3339), s.Count, s.Trusted)
	if wrong := s.Count - s.Trusted; wrong > 0 {
		text += fmt.Sprintf(" and %d cannot be relied on", wrong)
	}
	if s.Damaged > 0 {
		text += fmt.Sprintf("; %d files of stamps are missing, changed or extra", s.Damaged)
	}
	if s.Reason != "" {
		text += " (" + s.Reason + ")"
	}
	return text + ".", s.Count == s.Trusted && s.Damaged == 0
}
