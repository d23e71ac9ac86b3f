package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quoll/quoll/archive"
)

// What to do about each way in which an archive is not what was signed.
const (
	remedyFile     = "put each file that is missing or changed back from a copy of the archive, as quoll archive verify --archive COPY finds it whole; keep the damaged one, as evidence, elsewhere; then verify again. What it held may be in the journal of the data directory as well"
	remedyHead     = "checkpoint: the last one is keys/archive.checkpoint in the data directory, and copies have theirs: put one back, and verify again, as nothing else could be looked at"
	remedyCosigned = "checkpoint.cosigned: quoll serve makes it anew with the next cosignature, or quoll archive cosign does; if witnesses do not cosign, quoll status says why"
	remedyPublic   = "archive.pub: nothing is signed by it; copy keys/archive.pub from the data directory, if that is the key that you trust. If it is another one, this is another archive"
	remedyExtra    = "move each extra file out of the folder, and find out who could write there"
	remedyDisk     = "look at the disk, the network and the rights of whoever reads: a file that cannot be read may be whole"
	remedyBehind   = "behind: put the newest copy of the archive back. If none reaches as far, keep this folder and the checkpoint that says more: together they prove what was taken away; quoll witness status on the witness's machine says since when"
	remedyStamps   = "stamps: have more authorities of archive_timestamps stamp, or add their root certificates to the file of --stamp-roots; quoll status says why one of them does not stamp"
	remedySplit    = "split: keep both histories, and change nothing: who had the signing key signed two. docs/witness.md says what follows"
)

// remediesOf says what to do about the problems of a report, each thing once.
func remediesOf(r *archive.Report) []string {
	var all []string
	for i := range r.Problems {
		if remedy := remedyOf(&r.Problems[i]); !slices.Contains(all, remedy) {
			all = append(all, remedy)
		}
	}
	return all
}

func remedyOf(p *archive.Problem) string {
	switch p.What {
	case archive.Behind:
		return remedyBehind
	case archive.Split:
		return remedySplit
	case archive.Extra:
		return remedyExtra
	case archive.Unreadable:
		return remedyDisk
	}
	switch p.File {
	case "checkpoint":
		return remedyHead
	case "checkpoint.cosigned":
		return remedyCosigned
	case archive.PublicKeyFile:
		return remedyPublic
	case "stamps":
		return remedyStamps
	}
	return remedyFile
}

// archiveRemedy says what to do about an error of opening or reading an archive; empty
// where the error says all.
func archiveRemedy(err error) string {
	switch {
	case errors.Is(err, archive.ErrBehind):
		return "Put the newest copy of it back; docs/archive.md says what to do if there is none."
	case errors.Is(err, archive.ErrKey):
		return "Put the key that it was made with back from its backup; archive.pub in the archive says which that is."
	case errors.Is(err, archive.ErrDamaged):
		return "quoll archive verify names each file that is damaged: put those back from a copy of the archive, or work on the copy, with --archive."
	}
	return ""
}

// archiveError is an error with its remedy.
func archiveError(err error) error {
	remedy := archiveRemedy(err)
	if remedy == "" || strings.Contains(err.Error(), remedy) {
		return err
	}
	return fmt.Errorf("%w. %s", err, remedy)
}
