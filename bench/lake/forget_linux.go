package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const dontNeed = 4 // POSIX_FADV_DONTNEED

// forget has the operating system let go of what it has in memory of the data files
// below a folder, so that the next reading is from the disk.
func forget(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".parquet") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0); errno != 0 {
			return errno
		}
		return nil
	})
}
