// Package pagecache has the operating system let go of files that it keeps in memory,
// for benchmarks of what is read from the disk.
//
// It must not know what the files are.
package pagecache

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Forget lets go of the files below a folder whose names end in suffix, so that the next
// to read them reads the disk. What was not yet written to it stays in memory. Elsewhere
// than on Linux it does nothing.
func Forget(dir, suffix string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return forget(f)
	})
}
