package duckdb

import (
	"maps"
	"slices"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/lake"
)

// foundColumns returns the columns of the rows that are found for a scan.
func foundColumns(set *ReadSet, scan *plan.Scan) []string {
	columns := []string{set.TimeColumn}
	for _, f := range scan.Fields {
		columns = append(columns, f.Source)
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

// worthFinding returns the parts of files in which rows are found by themselves, for each
// of all; nil if the engine is to read them all.
func worthFinding(set *ReadSet, scan *plan.Scan, all []narrowed, asked *termfilter.Sought) []narrowed {
	if set.Find == nil {
		return nil
	}
	pick := make([]narrowed, len(all))
	documents, share := hasDocument(scan), int64(findShare)
	if documents {
		share = documentShare
	}
	var rows, candidates, looks int64
	for i, f := range all {
		if pick[i].file = f.file; f.all || len(set.Later[f.file.Path]) > 0 {
			continue
		}
		for _, p := range f.parts {
			if n := p.Candidates(); n*share <= p.Rows() || n <= aBlock && n < p.Rows() {
				pick[i].parts = append(pick[i].parts, p)
				rows, candidates, looks = rows+p.Rows(), candidates+n, looks+n*int64(len(p.Sought.Texts()))
			}
		}
	}
	switch {
	case candidates == 0:
		return nil
	case documents && lessToUnpack(rows, candidates, looks):
		return pick
	case candidates > maxCandidates || looks > maxLooks:
		return nil
	case candidates <= fewCandidates || documents || lessToFind(set, scan, pick, asked):
		return pick
	}
	return nil
}

// lessToUnpack reports whether documents of candidates are unpacked and looked into in less
// time than those of all rows are read by the engine: what it takes is the unpacking, which
// is the same for both, and a look is half of that.
func lessToUnpack(rows, candidates, looks int64) bool { return 2*candidates+looks <= 2*rows }

// What it takes to read a value, in picoseconds, as measured over a year of mail in 365
// files of some thousand rows: the engine goes through all rows of a part, the lake through
// the candidates, and has work with each part and each column of it.
const (
	engineValue = 5_000
	engineByte  = 2_000
	lakeValue   = 15_000
	lakeByte    = 2_500
	lakePart    = 60_000_000
	lakeChunk   = 40_000_000
)

// lessToFind reports whether rows of parts are found in less time than the engine reads the
// parts. How wide rows are, a few of the files say.
func lessToFind(set *ReadSet, scan *plan.Scan, pick []narrowed, asked *termfilter.Sought) bool {
	var parts, rows, candidates int64
	var files []lake.File
	for _, f := range pick {
		for _, p := range f.parts {
			parts, rows, candidates = parts+1, rows+p.Rows(), candidates+p.Candidates()
		}
		if len(f.parts) > 0 {
			files = append(files, f.file)
		}
	}
	all := foundColumns(set, scan)
	first := all
	if alone := map[string]bool{}; eachAlone(asked, alone) {
		first = slices.Collect(maps.Keys(alone))
	}
	wide, ok := widthOf(set, files, first)
	if !ok {
		return false
	}
	width, ok := widthOf(set, files, all)
	if !ok {
		return false
	}
	engine := rows * (int64(len(first))*engineValue + wide*engineByte)
	chunks := int64(len(all))
	return parts*(lakePart+chunks*lakeChunk)+candidates*(chunks*lakeValue+width*lakeByte) < engine
}

// eachAlone reports whether each condition is of one column, and collects them: the engine
// asks such conditions while it reads, and of the other columns it reads what is left then.
func eachAlone(s *termfilter.Sought, columns map[string]bool) bool {
	within := map[string]bool{}
	for _, text := range s.Texts() {
		if len(text.Columns) != 1 {
			return false
		}
		within[text.Columns[0]] = true
	}
	maps.Copy(columns, within)
	if s.Any != nil {
		return len(within) == 1
	}
	for _, inner := range s.All {
		if !eachAlone(inner, columns) {
			return false
		}
	}
	return true
}

// weighed is how many files are asked how wide their rows are.
const weighed = 8

// widthOf returns how many bytes of columns the rows of files have when they are unpacked,
// about; false if none of the files says.
func widthOf(set *ReadSet, files []lake.File, columns []string) (width int64, ok bool) {
	if set.Weigh == nil {
		return 0, false
	}
	var bytes, rows int64
	step := max(1, len(files)/weighed)
	for i := 0; i < len(files); i += step {
		if n, err := set.Weigh(files[i], columns); err == nil {
			bytes, rows = bytes+n, rows+files[i].Rows
		}
	}
	if rows == 0 {
		return 0, false
	}
	return bytes / rows, true
}
