package pagecache

import (
	"os"
	"syscall"
)

func forget(f *os.File) error {
	const dontNeed = 4 // POSIX_FADV_DONTNEED, which package syscall does not have
	if _, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0); errno != 0 {
		return &os.PathError{Op: "fadvise", Path: f.Name(), Err: errno}
	}
	return nil
}
