package archive

import (
	"fmt"
	"slices"
	"strings"
)

// Kind says what is wrong with a file.
type Kind string

// The kinds of problems.
const (
	Missing    Kind = "missing"    // the log needs the file and it is not there
	Changed    Kind = "changed"    // it does not hold what the log says
	Extra      Kind = "extra"      // nothing in the log speaks of it
	Unreadable Kind = "unreadable" // the file system gave an error
	Hole       Kind = "hole"       // journal positions are missing from the log
	Behind     Kind = "behind"     // somebody else has seen more of this log
	Split      Kind = "split"      // somebody else has seen another history of this log
)

// Range is a span of journal positions, both ends included.
type Range struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Problem is one thing that Verify found.
type Problem struct {
	File   string `json:"file"` // relative to the archive, with slashes
	What   Kind   `json:"what"`
	Detail string `json:"detail"`
	// Positions are the payloads that can no longer be read from the archive
	// as they were: in ascending order. Empty if every payload is whole, or
	// if it cannot be told.
	Positions []Range `json:"positions,omitempty"`
	// DataFiles are the numbers of leaves whose data files of the lake can no longer
	// be read from the archive as they were.
	DataFiles []Range `json:"dataFiles,omitempty"`
}

// String returns the problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s", p.File, p.What, p.Detail)
	writeRanges(&b, "payloads", p.Positions)
	writeRanges(&b, "data files", p.DataFiles)
	return b.String()
}

func writeRanges(b *strings.Builder, of string, all []Range) {
	for i, r := range all {
		b.WriteString(map[bool]string{true: "; " + of + " ", false: ", "}[i == 0])
		fmt.Fprint(b, r.First)
		if r.Last != r.First {
			fmt.Fprintf(b, "-%d", r.Last)
		}
	}
}

// maxProblems bounds a report. An archive with more is lost or not this one.
const maxProblems = 10_000

// Report is what Verify found. The archive is whole if there is no problem.
type Report struct {
	Origin   string `json:"origin"`
	Size     int64  `json:"size"`     // leaves under the checkpoint
	Root     string `json:"root"`     // Merkle tree hash in Base64, as in the checkpoint
	Last     uint64 `json:"last"`     // last journal position
	Payloads uint64 `json:"payloads"` // payloads that were read back whole
	Objects  uint64 `json:"objects"`  // objects of payloads that were read back whole
	// Sealed counts payloads in objects that no key was given for: their files are
	// as they were signed, and what is in them was not looked at.
	Sealed uint64 `json:"sealed,omitempty"`
	// Disposed counts payloads of which a certificate under the log says that they
	// were disposed of.
	Disposed uint64 `json:"disposed,omitempty"`
	// Erased counts payloads of which a certificate under the log says that their
	// bodies were erased because of one person's data, and Lingering those of them
	// whose bodies are here all the same: a store still locks them, or a crash came
	// in between.
	Erased    uint64 `json:"erased,omitempty"`
	Lingering uint64 `json:"lingering,omitempty"`
	// DataFiles counts data files of the lake that were read back whole, HashedFiles
	// those of which the log has the hash and the archive not the bytes, and RowLeaves
	// the leaves of rows and tables in the log.
	DataFiles   uint64 `json:"dataFiles,omitempty"`
	HashedFiles uint64 `json:"hashedFiles,omitempty"`
	RowLeaves   uint64 `json:"rowLeaves,omitempty"`
	// RowObjects counts objects of data files that were read back whole.
	RowObjects uint64 `json:"rowObjects,omitempty"`
	// SealedFiles and DisposedFiles are what Sealed and Disposed are, of data files.
	SealedFiles   uint64 `json:"sealedFiles,omitempty"`
	DisposedFiles uint64 `json:"disposedFiles,omitempty"`
	// Standing are the tables as the leaves of the log say they are, by name.
	Standing []StandingTable `json:"standing,omitempty"`
	Files    int64           `json:"files"` // files in the folder
	Bytes    int64           `json:"bytes"` // their size
	// Ahead counts files of a copy beyond its checkpoint: those that were copied
	// for the next one.
	Ahead int64 `json:"ahead,omitempty"`
	// Cosigned is what witnesses have cosigned; nil if the archive has none.
	Cosigned *Cosigned `json:"cosigned,omitempty"`
	// Stamps are the time stamps of checkpoints; nil if the archive has none.
	Stamps   *Stamps   `json:"stamps,omitempty"`
	Problems []Problem `json:"problems"`
	// Omitted counts problems beyond the first 10,000.
	Omitted int `json:"omitted,omitempty"`
}

// OK reports whether the archive is whole.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) add(p Problem) {
	if len(r.Problems) >= maxProblems {
		r.Omitted++
		return
	}
	r.Problems = append(r.Problems, p)
}

// ranges joins ascending positions to ranges.
func ranges(positions []uint64) []Range {
	var out []Range
	for _, p := range positions {
		if n := len(out); n > 0 && out[n-1].Last+1 == p {
			out[n-1].Last = p
			continue
		}
		out = append(out, Range{p, p})
	}
	return slices.Clip(out)
}
