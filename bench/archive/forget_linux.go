package main

import (
	"os"
	"syscall"
)

// forget has the kernel drop what it keeps of a file in memory, so that the next
// to read it reads the disk.
func forget(f *os.File) error {
	const dontNeed = 4 // POSIX_FADV_DONTNEED, which package syscall does not have
	_, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("fadvise", errno)
	}
	return nil
}
