package heaplimit

import (
	"os"
	"slices"
	"testing"
)

const someMaps = `00400000-01c00000 r-xp 00001000 fe:00 17 /opt/quoll
Rss:               20480 kB
Anonymous:             0 kB
01c00000-01d00000 r--p 01800000 fe:00 17 /opt/quoll
Rss:                  64 kB
Anonymous:             4 kB
01d00000-01e00000 rw-p 01900000 fe:00 17 /opt/quoll
Rss:                  64 kB
Anonymous:             0 kB
01e00000-01f00000 r--p 01a00000 fe:00 17 /opt/quoll
Rss:                 128 kB
Anonymous:             0 kB
7f0000000000-7f0000100000 r-xp 00000000 fe:00 18 /lib/libc.so.6
Rss:                1024 kB
Anonymous:             0 kB
`

func TestWhatWasWrittenToStays(t *testing.T) {
	want := []mapping{{0x400000, 0x1c00000, 20480 << 10}, {0x1e00000, 0x1f00000, 128 << 10}}
	if got := unchanged([]byte(someMaps), "/opt/quoll"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The program goes on as before, and has fewer pages of its file.
func TestProgramGoesOnWithoutItsPages(t *testing.T) {
	given, err := ForgetStart()
	if err != nil || given == 0 {
		t.Fatalf("gave back %d bytes: %v", given, err)
	}
	again, err := ForgetStart()
	if err != nil || again >= given {
		t.Errorf("had %d bytes after giving back %d: %v", again, given, err)
	}
	if _, err := os.ReadFile("/proc/self/smaps"); err != nil {
		t.Error(err)
	}
}
