package file

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/quoll/quoll/internal/durable"
)

// Reject is a piece of a file that did not become rows.
type Reject struct {
	File   string // name of the file
	Line   int64  // of its first byte, from 1
	Reason string
	Raw    []byte // the piece, or its beginning
	Bytes  int64  // length of the whole piece; 0 means that of Raw
}

// maxRaw bounds how much of a piece is kept in a reject file, in bytes. Pieces
// that reached a payload are whole in the journal.
const maxRaw = 1 << 20

// RejectFile lists what of one imported file was rejected, as JSON Lines:
//
//	{"file":…,"line":…,"reason":…,"raw":…}
//
// with raw_base64 in place of raw where that is no UTF-8, and bytes where raw is
// only the beginning. Its name depends on the path of the imported file alone,
// and a reject that is listed is not listed again, so that repeating an import
// adds nothing. It is for one goroutine.
type RejectFile struct {
	path  string
	seen  map[[16]byte]bool // hashes of lines
	good  int64             // length of the whole lines found at Open
	file  *durable.AppendFile
	added int
}

// OpenRejectFile returns the reject file of an import of source, in dir, which
// is made when the first reject is added. A line that a crash cut is dropped.
func OpenRejectFile(dir, source string) (*RejectFile, error) {
	absolute, err := filepath.Abs(source)
	if err != nil {
		return nil, fmt.Errorf("open the reject file of %s: %w", source, err)
	}
	sum := sha256.Sum256([]byte(absolute))
	name := fmt.Sprintf("%s-%s.jsonl", filepath.Base(absolute), hex.EncodeToString(sum[:4]))
	f := &RejectFile{path: filepath.Join(dir, name), seen: make(map[[16]byte]bool)}
	if err := f.readListed(); err != nil {
		return nil, fmt.Errorf("open the reject file of %s: %w", source, err)
	}
	return f, nil
}

func (f *RejectFile) readListed() error {
	listed, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer listed.Close()
	for r := bufio.NewReader(listed); ; {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		f.seen[hashLine(line)] = true
		f.good += int64(len(line))
	}
}

func hashLine(line []byte) [16]byte {
	sum := sha256.Sum256(line)
	return [16]byte(sum[:16])
}

// Path returns where the list is, or would be.
func (f *RejectFile) Path() string { return f.path }

// Added returns how many rejects were new.
func (f *RejectFile) Added() int { return f.added }

// Total returns how many rejects are listed, old ones included.
func (f *RejectFile) Total() int { return len(f.seen) }

// Add lists a reject, unless it is listed already. It is durable after Close.
func (f *RejectFile) Add(r Reject) error {
	line, err := encodeReject(r)
	if err != nil {
		return fmt.Errorf("add to %s: %w", f.path, err)
	}
	hash := hashLine(line)
	if f.seen[hash] {
		return nil
	}
	if err := f.open(); err != nil {
		return err
	}
	if _, err := f.file.Write(line); err != nil {
		return err
	}
	f.seen[hash] = true
	f.added++
	return nil
}

func (f *RejectFile) open() error {
	if f.file != nil {
		return nil
	}
	if err := durable.MkdirAll(durable.OS{}, filepath.Dir(f.path), 0o750); err != nil {
		return fmt.Errorf("make the folder of %s: %w", f.path, err)
	}
	var err error
	if _, statErr := os.Stat(f.path); statErr == nil {
		f.file, err = durable.OpenAppend(durable.OS{}, f.path, f.good, f.good)
	} else {
		f.file, err = durable.CreateAppend(durable.OS{}, f.path)
	}
	return err
}

// Close makes the list durable and closes it.
func (f *RejectFile) Close() error {
	if f.file == nil {
		return nil
	}
	err := errors.Join(f.file.Sync(), f.file.Close())
	f.file = nil
	return err
}

func encodeReject(r Reject) ([]byte, error) {
	line := struct {
		File      string `json:"file"`
		Line      int64  `json:"line"`
		Reason    string `json:"reason"`
		Raw       string `json:"raw,omitempty"`
		RawBase64 []byte `json:"raw_base64,omitempty"`
		Bytes     int64  `json:"bytes,omitempty"`
	}{File: r.File, Line: r.Line, Reason: r.Reason}
	raw := r.Raw
	if len(raw) > maxRaw {
		raw = raw[:maxRaw]
	}
	if whole := max(r.Bytes, int64(len(r.Raw))); whole > int64(len(raw)) {
		line.Bytes = whole
	}
	if utf8.Valid(raw) {
		line.Raw = string(raw)
	} else {
		line.RawBase64 = raw
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(line); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
