package journal_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
)

// written returns the segments of a journal of 14 samples in several segments.
// Closed in good order it ends with a mark, after a crash with the last group.
func written(t testing.TB, closed bool) fstest.MapFS {
	t.Helper()
	fsys := durabletest.New(nil)
	j := mustOpen(t, memory(fsys))
	for n := range 7 {
		if _, err := j.Append(t.Context(), samples(2*n, 2)...); err != nil {
			t.Fatal(err)
		}
	}
	if closed {
		j.Close()
	}
	files := fsys.Snapshot("/journal")
	delete(files, "lock")
	if len(files) < 3 {
		t.Fatalf("%d segments", len(files))
	}
	return files
}

// restore puts files into a new file system.
func restore(t *testing.T, files fstest.MapFS) *durabletest.FS {
	t.Helper()
	fsys := durabletest.New(nil)
	if err := durable.MkdirAll(fsys, "/journal", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, f := range files {
		if err := durable.WriteFile(fsys, path.Join("/journal", name), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return fsys
}

// examine opens a journal, for writing or for reading only, and reads it. It
// returns how many entries it gave before the error, all of them as written.
func examine(t *testing.T, fsys *durabletest.FS, readOnly bool) (int, error) {
	t.Helper()
	var r interface {
		reader
		Close() error
	}
	var err error
	if readOnly {
		r, err = journal.OpenReadOnly(memory(fsys))
	} else {
		r, err = journal.Open(memory(fsys))
	}
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := compareSamples(r.Read)
	if j, ok := r.(*journal.Journal); ok {
		lent, lendErr := compareSamples(j.Lend)
		if lent != n || fmt.Sprint(lendErr) != fmt.Sprint(err) {
			t.Errorf("Read gives %d entries and %v, Lend %d and %v", n, err, lent, lendErr)
		}
	}
	return n, err
}

func compareSamples(read func(context.Context, journal.Position, func(journal.Entry) error) error) (n int, err error) {
	err = read(context.Background(), 0, func(e journal.Entry) error {
		if want := samplePayload(n); !equalPayload(e.Payload, want) {
			return fmt.Errorf("entry %d has changed unseen", e.Position)
		}
		e.GiveBack()
		n++
		return nil
	})
	return n, err
}

// TestEveryFlippedByteIsFound changes each byte of each segment, in turn.
func TestEveryFlippedByteIsFound(t *testing.T) {
	files := written(t, true)
	last := ""
	for name := range files {
		last = max(last, name)
	}
	for name, f := range files {
		for at := 0; at < len(f.Data); at += stride(16) {
			f.Data[at] ^= 1 << (at % 8)
			for _, readOnly := range []bool{true, false} {
				if !readOnly && at/stride(16)%8 != 0 {
					continue // the same checks run; one in eight shows it
				}
				n, err := examine(t, restore(t, files), readOnly)
				inClosingMark := name == last && at >= len(f.Data)-80
				if inClosingMark && err == nil && n == 14 {
					continue // the mark holds nothing; without it the rest is still whole
				}
				var corrupt *journal.CorruptError
				if !errors.As(err, &corrupt) || path.Base(corrupt.Segment) != name {
					t.Fatalf("byte %d of %s: %d entries, error %v", at, name, n, err)
				}
			}
			f.Data[at] ^= 1 << (at % 8)
		}
	}
}

// Without the closing mark only the very last group can pass for a torn tail.
func TestFlippedByteAfterACrash(t *testing.T) {
	files := written(t, false)
	for name, f := range files {
		for at := 0; at < len(f.Data); at += stride(17) {
			f.Data[at] ^= 0x10
			n, err := examine(t, restore(t, files), true)
			if err == nil && n < 12 || err != nil && !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("byte %d of %s: %d entries, error %v", at, name, n, err)
			}
			f.Data[at] ^= 0x10
		}
	}
}

func TestMissingAndCutSegments(t *testing.T) {
	files := written(t, true)
	names := []string{}
	for name := range files {
		names = append(names, name)
	}
	for _, name := range names {
		f := files[name]
		isLast := name == maxName(names)
		for size := 0; size < len(f.Data); size += stride(15) {
			cut := fstest.MapFS{}
			for other := range files {
				cut[other] = files[other]
			}
			cut[name] = &fstest.MapFile{Data: f.Data[:size]}
			n, err := examine(t, restore(t, cut), true)
			if !isLast && !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("%s cut to %d bytes: %d entries, error %v", name, size, n, err)
			}
			if isLast && err != nil {
				t.Fatalf("a torn tail, %s cut to %d bytes: %v", name, size, err)
			}
		}
		delete(files, name)
		_, err := examine(t, restore(t, files), false)
		isFirst := strings.HasPrefix(name, "00000000000000000001")
		if isFirst && !errors.Is(err, journal.ErrNotHeld) || !isFirst && !isLast && !errors.Is(err, journal.ErrCorrupt) {
			t.Errorf("%s removed: %v", name, err)
		}
		files[name] = f
	}
}

func maxName(names []string) string {
	last := ""
	for _, name := range names {
		last = max(last, name)
	}
	return last
}

// TestTornTailIsCutOnlyByOpen leaves half an entry and looks at who changes it.
func TestTornTailIsCutOnlyByOpen(t *testing.T) {
	files := written(t, false)
	names := []string{}
	for name := range files {
		names = append(names, name)
	}
	last := files[maxName(names)]
	last.Data = last.Data[:len(last.Data)-1]
	fsys := restore(t, files)
	before := fsys.Ops()
	if n, err := examine(t, fsys, true); err != nil || n != 13 {
		t.Errorf("read-only: %d entries, error %v; want 13", n, err)
	}
	if fsys.Ops() != before {
		t.Error("OpenReadOnly changed something")
	}
	j := mustOpen(t, memory(fsys))
	defer j.Close()
	recovery := j.Recovery()
	if j.Last() != 13 || recovery.Cut == 0 || path.Base(recovery.Segment) != maxName(names) {
		t.Errorf("Last %d, recovery %+v", j.Last(), recovery)
	}
}

// A payload made to look like an entry must not pass for one when the tail
// before it is torn.
func TestPayloadThatLooksLikeAnEntry(t *testing.T) {
	fsys := durabletest.New(nil)
	j := mustOpen(t, memory(fsys))
	if _, err := j.Append(t.Context(), samplePayload(1)); err != nil {
		t.Fatal(err)
	}
	segment := fsys.Snapshot("/journal")["00000000000000000001.journal"].Data
	forged := segment[40:] // an entry, whole, of a journal with another salt
	cfg := memory(durabletest.New(nil))
	cfg.Random = strings.NewReader("another salt")
	other := mustOpen(t, cfg)
	p := samplePayload(1)
	p.Body = append(append([]byte{}, forged...), make([]byte, 100)...)
	if _, err := other.Append(t.Context(), p, p); err != nil {
		t.Fatal(err)
	}
	files := cfg.FS.(*durabletest.FS).Snapshot("/journal")
	delete(files, "lock")
	files["00000000000000000001.journal"].Data[45] ^= 1 // tears the first entry
	if n, err := examine(t, restore(t, files), true); n != 0 || err != nil {
		t.Errorf("%d entries, error %v; want an empty journal with a torn tail", n, err)
	}
}

// TestDocumentedLayout reads a journal by docs/formats/journal.md alone, with
// nothing of the package.
func TestDocumentedLayout(t *testing.T) {
	le := binary.LittleEndian
	table := crc32.MakeTable(crc32.Castagnoli)
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	next := uint64(1)
	files := written(t, true)
	for next < 15 {
		name := fmt.Sprintf("%020d.journal", next)
		b := files[name].Data
		if string(b[:8]) != "QUOLLJNL" || le.Uint32(b[8:]) != 1 || le.Uint32(b[12:]) != 40 ||
			le.Uint64(b[16:]) != next || le.Uint32(b[36:]) != crc32.Checksum(b[:36], table) {
			t.Fatalf("%s: header", name)
		}
		salt := crc32.Checksum(b[24:32], table)
		for at := 40; at < len(b); {
			h := b[at:]
			meta, stored, body := int(le.Uint32(h[16:])), int(le.Uint32(h[20:])), int(le.Uint32(h[24:]))
			content := h[80 : 80+meta+stored]
			if string(h[:4]) != "QJE1" || le.Uint32(h[4:]) != crc32.Update(salt, table, h[8:80]) ||
				le.Uint32(h[8:]) != crc32.Update(salt, table, content) {
				t.Fatalf("%s: entry at %d", name, at)
			}
			at += 80 + meta + stored
			if h[12] == 2 {
				if le.Uint64(h[32:]) != next-1 {
					t.Fatalf("%s: mark at position %d", name, le.Uint64(h[32:]))
				}
				continue
			}
			want := samplePayload(int(next) - 1)
			got := content[meta:]
			if h[13] == 1 {
				if got, err = decoder.DecodeAll(got, nil); err != nil {
					t.Fatal(err)
				}
			}
			if le.Uint64(h[32:]) != next || len(got) != body || string(got) != string(want.Body) ||
				string(h[48:80]) != string(sum(want)) {
				t.Fatalf("%s: body at position %d", name, next)
			}
			next++
		}
	}
}

func sum(p model.Payload) []byte { s := p.SHA256(); return s[:] }

// FuzzSegment opens arbitrary bytes as a segment: no panic, no unbounded
// allocation, and Open and OpenReadOnly agree.
func FuzzSegment(f *testing.F) {
	for _, file := range written(f, true) {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files := fstest.MapFS{"00000000000000000001.journal": &fstest.MapFile{Data: data, Mode: os.ModePerm}}
		read := func(readOnly bool) (n int, err error) {
			fsys := restore(t, files)
			var r interface {
				reader
				Close() error
			}
			if readOnly {
				r, err = journal.OpenReadOnly(memory(fsys))
			} else {
				r, err = journal.Open(memory(fsys))
			}
			if err != nil {
				return 0, err
			}
			defer r.Close()
			err = r.Read(context.Background(), 0, func(journal.Entry) error { n++; return nil })
			return n, err
		}
		n1, err1 := read(true)
		n2, err2 := read(false)
		if n1 != n2 || (err1 == nil) != (err2 == nil) {
			t.Errorf("read-only: %d, %v; for writing: %d, %v", n1, err1, n2, err2)
		}
	})
}
