package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/stamps"
	"github.com/quoll/quoll/archive/witness"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/preflight"
)

// peersToCheck are the witnesses and the time-stamping authorities as quoll check asks
// them.
func peersToCheck(c *config.Config) []preflight.Peer {
	var all []preflight.Peer
	for _, w := range c.Witnesses {
		all = append(all, preflight.Peer{
			Check: "witness " + w.Key.Name(), Place: w.Address(),
			Ask: func(ctx context.Context) preflight.PeerAnswer {
				return askWitness(ctx, w, publishedHead(c.DataDir, c.ArchiveDir))
			},
		})
	}
	for _, t := range c.ArchiveTimestamps {
		all = append(all, preflight.Peer{
			Check: "time stamps " + t.Name, Place: t.Address(),
			Ask: func(ctx context.Context) preflight.PeerAnswer { return askAuthority(ctx, t) },
		})
	}
	return all
}

// publishedHead is the archive's checkpoint; nil where there is none yet.
func publishedHead(data, archive string) *proof.Checkpoint {
	key, err := os.ReadFile(filepath.Join(data, "keys", "archive.pub"))
	if err != nil {
		return nil
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(archive, "checkpoint"))
	if err != nil {
		return nil
	}
	head, err := proof.OpenCheckpoint(text, verifier, nil)
	if err != nil {
		return nil
	}
	return &head
}

func askWitness(ctx context.Context, w witness.Endpoint, head *proof.Checkpoint) preflight.PeerAnswer {
	probed, err := witness.Probe(ctx, &http.Client{}, w, head)
	a := preflight.PeerAnswer{Err: err, Ends: probed.Ends, Found: "it answers, and knows the log and its key"}
	if !probed.Known {
		a.Found = "it answers; whether it knows the log can be asked when the archive has a checkpoint"
	}
	switch {
	case errors.Is(err, witness.ErrKey):
		a.Remedy = "Give it the key that this archive has now, keys/archive.pub in the data directory, and see whether the archive was made anew."
	case errors.Is(err, witness.ErrUnknown):
		a.Remedy = fmt.Sprintf("Start the witness with --log-key and the contents of keys/archive.pub in the data directory (the log %s), or mend url in archive_witnesses.", head.Origin)
	case err != nil:
		a.Remedy = "Archiving goes on without it. Does the witness run, is url in archive_witnesses right, and does its certificate hold?"
	}
	return a
}

// checkedText is what an authority is asked to stamp: its stamp is looked at and not kept.
const checkedText = "quoll check asks whether an authority stamps\n"

func askAuthority(ctx context.Context, c config.Timestamp) preflight.PeerAnswer {
	a, err := askable(c)
	if err != nil {
		return preflight.PeerAnswer{Err: err, Remedy: "Mend ca_file in archive_timestamps."}
	}
	answer, err := a.Ask(ctx, []byte(checkedText), clock.System(), rand.Reader)
	if err != nil {
		trouble := stamps.TroubleOf(err)
		return preflight.PeerAnswer{Err: errors.New(trouble.Cause), Remedy: trouble.Remedy}
	}
	return preflight.PeerAnswer{Found: "it stamps, and its stamp leads to a root of roots_file (" + answer.Authority + ")", Ends: earlier(answer.CertificateEnds(), answer.ServerEnds)}
}

// earlier is the earlier of two times, of which either may be zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
