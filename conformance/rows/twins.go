package main

import (
	"fmt"
	"io"
)

// twins compares the values of records that both sides have, by their id. That
// is stronger than to compare forms, but few records are on both sides.
func twins(w io.Writer, columns []string, theirs, ours map[kind][]row) {
	byID := map[string]row{}
	for _, rows := range ours {
		for _, r := range rows {
			byID[r["OfficeId"]] = r
		}
	}
	for _, k := range sortedKinds(theirs) {
		for _, t := range theirs[k] {
			o, ok := byID[t["OfficeId"]]
			if !ok {
				continue
			}
			same := 0
			var differences []string
			for _, column := range columns {
				switch {
				case t[column] == o[column]:
					if t[column] != "" {
						same++
					}
				case sameJSON(t[column], o[column]):
					same++
				default:
					differences = append(differences, fmt.Sprintf("  %s: Sentinel %.50q, Quoll %.50q", column, t[column], o[column]))
				}
			}
			fmt.Fprintf(w, "record %s (%s/%s) is on both sides: %d filled columns are equal, %d differ\n", t["OfficeId"], k.recordType, k.operation, same, len(differences))
			for _, d := range differences {
				fmt.Fprintln(w, d)
			}
		}
	}
}
