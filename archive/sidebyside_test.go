package archive

import (
	"io/fs"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// meeting is a folder whose first two objects are read only once both are: whoever
// reads one to its end before it opens the next would wait in vain.
type meeting struct {
	fstest.MapFS
	mu      sync.Mutex
	arrived int
	both    chan struct{}
	alone   chan struct{} // closed when somebody waited in vain
}

func (m *meeting) Open(name string) (fs.File, error) {
	f, err := m.MapFS.Open(name)
	if _, _, ok := parseObjectPath(name); !ok || err != nil {
		return f, err
	}
	return &meetingFile{File: f, at: m}, nil
}

type meetingFile struct {
	fs.File
	at   *meeting
	once sync.Once
}

func (f *meetingFile) Read(p []byte) (int, error) {
	f.once.Do(func() {
		f.at.mu.Lock()
		if f.at.arrived++; f.at.arrived == 2 {
			close(f.at.both)
		}
		f.at.mu.Unlock()
		select {
		case <-f.at.both:
		case <-f.at.alone:
		}
	})
	return f.File.Read(p)
}

// TestObjectsAreReadSideBySide verifies on two processors.
func TestObjectsAreReadSideBySide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	files, key, last := smallArchive(t)
	m := &meeting{MapFS: files, both: make(chan struct{}), alone: make(chan struct{})}
	timer := time.AfterFunc(20*time.Second, func() { close(m.alone) })
	defer timer.Stop()
	r := mustVerify(t, m, key, last)
	select {
	case <-m.both:
	default:
		t.Error("no two objects were read at a time")
	}
	if r.Objects < 2 {
		t.Errorf("%d objects", r.Objects)
	}
}
