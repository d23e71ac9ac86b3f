//go:build linux || darwin

package preflight

import (
	"errors"
	"os"
	"syscall"
)

// DiskSpace is what an ordinary user may still write on the disk of a folder, and
// the size of it, in bytes.
func DiskSpace(dir string) (free, size uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, os.NewSyscallError("statfs", err)
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}

// sameDevice reports whether two folders are on one file system.
func sameDevice(a, b string) (bool, error) {
	var devices [2]uint64
	for i, dir := range []string{a, b} {
		info, err := os.Stat(dir)
		if err != nil {
			return false, err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false, errors.New("this system does not say")
		}
		devices[i] = uint64(stat.Dev)
	}
	return devices[0] == devices[1], nil
}
