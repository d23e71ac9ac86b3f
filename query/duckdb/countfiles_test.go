package duckdb

import (
	"fmt"
	"testing"
	"time"

	"github.com/quoll/quoll/lake"
)

// Files are one part as long as their times overlap.
func TestFilesOfDays(t *testing.T) {
	at := func(hour int) time.Time {
		if hour < 0 {
			return time.Time{}
		}
		return start.Add(time.Duration(hour) * time.Hour)
	}
	for _, c := range []struct {
		files [][2]int
		want  string // files of each part
	}{
		{nil, "[]"},
		{[][2]int{{0, 23}, {24, 47}, {48, 71}}, "[1 1 1]"},
		{[][2]int{{0, 23}, {0, 22}, {24, 47}, {30, 31}, {32, 33}, {48, 71}}, "[2 3 1]"},
		{[][2]int{{0, 23}, {23, 47}, {48, 71}}, "[2 1]"},
		{[][2]int{{24, 47}, {0, 23}, {48, 71}}, "[2 1]"},
		{[][2]int{{-1, -1}, {24, 47}}, "[1 1]"},
		{[][2]int{{24, 47}, {-1, -1}}, "[2]"},
	} {
		var files []narrowed
		for _, f := range c.files {
			files = append(files, narrowed{file: lake.File{MinTime: at(f[0]), MaxTime: at(f[1])}})
		}
		parts, reached := days(files)
		sizes, n := []int{}, 0
		for i, part := range parts {
			sizes = append(sizes, len(part))
			for _, f := range part {
				if f.file != files[n].file || f.file.MinTime.Before(reached[i].Least) || f.file.MaxTime.After(reached[i].Most) {
					t.Errorf("%v: file %d in part %d, %v", c.files, n, i, reached[i])
				}
				n++
			}
		}
		if fmt.Sprint(sizes) != c.want || n != len(files) {
			t.Errorf("%v: parts of %v files, want %s", c.files, sizes, c.want)
		}
	}
}
