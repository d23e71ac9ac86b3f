package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/quoll/quoll/internal/durable"
)

// The files of one log in the witness's folder.
const (
	checkpointsFile = "checkpoints.jsonl"
	alarmsFile      = "alarms.jsonl"
)

// Bounds: a line of either file in bytes, and the alarms of one kind that are
// kept. Whoever can reach the witness can cause those of AlarmKey.
const (
	maxLine   = 1 << 20
	maxAlarms = 1000
)

// logDir is the folder of a log: named after a hash, because an origin may have
// slashes.
func logDir(dir, origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return path.Join(dir, hex.EncodeToString(sum[:8]))
}

// store is the folder of one log. A line that was not synced whole was never
// answered for.
type store struct {
	fs     durable.FS
	dir    string
	kept   *durable.AppendFile // nil before open
	alarms *durable.AppendFile // nil before the first alarm
	counts map[string]int      // alarms by kind
	last   map[string]string   // the checkpoint of the last alarm by kind
}

func (s *store) file(name string) string { return path.Join(s.dir, name) }

// open reads the last line of the checkpoints, cuts what a crash left behind it,
// and counts the alarms.
func (s *store) open() (*Kept, error) {
	if err := s.close(); err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(s.fs, s.dir, 0o750); err != nil {
		return nil, err
	}
	var last *Kept
	var err error
	s.kept, err = s.openLines(checkpointsFile, func(line []byte) error {
		last = &Kept{}
		return json.Unmarshal(line, last)
	})
	if err != nil {
		return nil, err
	}
	s.counts, s.last = map[string]int{}, map[string]string{}
	s.alarms, err = s.openLines(alarmsFile, func(line []byte) error {
		var a Alarm
		err := json.Unmarshal(line, &a)
		s.counts[a.What]++
		s.last[a.What] = a.Offered
		return err
	})
	return last, err
}

// openLines opens a file of lines for appending, and hands over the whole ones:
// of a large file, the last megabytes.
func (s *store) openLines(name string, use func(line []byte) error) (*durable.AppendFile, error) {
	f, err := s.fs.OpenFile(s.file(name), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return durable.CreateAppend(s.fs, s.file(name))
	}
	if err != nil {
		return nil, err
	}
	info, err := s.fs.Stat(s.file(name))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	from := max(0, info.Size()-4*maxLine)
	data := make([]byte, info.Size()-from)
	n, err := f.ReadAt(data, from)
	if err = errors.Join(ignoreEOF(err), f.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.file(name), err)
	}
	data = data[:n]
	if from > 0 { // begin with a whole line
		at := bytes.IndexByte(data, '\n') + 1
		from, data = from+int64(at), data[at:]
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	for line := range bytes.Lines(data[:whole]) {
		if err := use(line); err != nil {
			return nil, fmt.Errorf("read %s: %w: a whole line is no JSON: it was changed", s.file(name), err)
		}
	}
	size := from + int64(whole)
	return durable.OpenAppend(s.fs, s.file(name), max(0, size-maxLine), size)
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (s *store) keep(k Kept) error { return appendLine(s.kept, k) }

// alarm reports whether it was kept: not if it is the same as the last of its
// kind, nor if there are too many.
func (s *store) alarm(a Alarm) (bool, error) {
	if s.last[a.What] == a.Offered || s.counts[a.What] >= maxAlarms {
		return false, nil
	}
	if err := appendLine(s.alarms, a); err != nil {
		return false, err
	}
	s.counts[a.What]++
	s.last[a.What] = a.Offered
	return true, nil
}

// appendLine returns nil once the line is durable.
func appendLine(f *durable.AppendFile, value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return err
	}
	return f.Sync()
}

func (s *store) close() error {
	var errs []error
	for _, f := range []*durable.AppendFile{s.kept, s.alarms} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	s.kept, s.alarms = nil, nil
	return errors.Join(errs...)
}

// ReadAlarms returns what a witness refused of a log, from its folder. It may run
// beside the witness.
func ReadAlarms(dir, origin string) ([]Alarm, error) {
	data, err := durable.ReadFile(durable.OS{}, path.Join(logDir(dir, origin), alarmsFile), 3*maxAlarms*maxLine)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var alarms []Alarm
	for line := range bytes.Lines(data) {
		var a Alarm
		if err := json.Unmarshal(line, &a); err != nil {
			return alarms, nil // being written
		}
		alarms = append(alarms, a)
	}
	return alarms, nil
}

// ReadLatest returns the last checkpoint that a witness has cosigned of a log,
// from its folder; nil if there is none. It may run beside the witness.
func ReadLatest(dir, origin string) ([]byte, error) {
	f, err := os.Open(path.Join(logDir(dir, origin), checkpointsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-maxLine), maxLine))
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(data[:bytes.LastIndexByte(data, '\n')+1], []byte("\n"))
	if len(lines) < 2 {
		return nil, nil
	}
	var k Kept
	if err := json.Unmarshal(lines[len(lines)-2], &k); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return []byte(k.Checkpoint), nil
}
