package heaplimit

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ForgetStart gives back the pages of the program's own file that starting brought
// into memory, most of which nothing needs any more; what is needed comes back from
// the file, and mostly from the kernel's cache of it. It returns how many bytes were
// in memory.
func ForgetStart() (bytes int64, err error) {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return 0, fmt.Errorf("find the program's file: %w", err)
	}
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return 0, fmt.Errorf("find the pages of %s: %w", program, err)
	}
	for _, m := range unchanged(maps, program) {
		if _, _, failed := syscall.Syscall(syscall.SYS_MADVISE, m.start, m.end-m.start, syscall.MADV_DONTNEED); failed != 0 {
			return bytes, fmt.Errorf("give back pages of %s: %w", program, failed)
		}
		bytes += m.resident
	}
	return bytes, nil
}

// mapping is a piece of a file in memory.
type mapping struct {
	start, end uintptr
	resident   int64 // bytes
}

// unchanged returns what is mapped of a file and was not written to: what the linker
// filled in when the program began is in no file.
func unchanged(smaps []byte, file string) (found []mapping) {
	var m mapping
	ours := false
	for lines := bufio.NewReader(bytes.NewReader(smaps)); ; {
		line, err := lines.ReadString('\n')
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 5 && strings.Contains(fields[0], "-"):
			var start, end uint64
			if _, err := fmt.Sscanf(fields[0], "%x-%x", &start, &end); err != nil {
				return nil
			}
			m = mapping{start: uintptr(start), end: uintptr(end)}
			ours = len(fields) == 6 && fields[5] == file && (fields[1] == "r-xp" || fields[1] == "r--p")
		case len(fields) >= 2 && fields[0] == "Rss:":
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
			m.resident = kilobytes << 10
		case len(fields) >= 2 && fields[0] == "Anonymous:" && ours && fields[1] == "0":
			found = append(found, m)
		}
		if err == io.EOF {
			return found
		}
	}
}
