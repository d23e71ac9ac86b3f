package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"

	"golang.org/x/mod/sumdb/tlog"
)

// fetched is a file of at most some bytes that was read, or why it was not.
type fetched struct {
	data    []byte
	opening error
	reading error
}

// fetch reads a file of at most limit bytes, and one byte more of a larger one.
func fetch(fsys fs.FS, name string, limit int64) fetched {
	f, err := fsys.Open(name)
	if err != nil {
		return fetched{opening: err}
	}
	defer f.Close()
	room := int64(512)
	if info, err := f.Stat(); err == nil {
		room = min(info.Size(), limit) + 1
	}
	data := make([]byte, 0, room)
	for int64(len(data)) <= limit {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := f.Read(data[len(data):min(int64(cap(data)), limit+1)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fetched{data: data, reading: err}
		}
	}
	return fetched{data: data}
}

// logTile is what the folder has of the leaves under a tile of level 0, as it was
// read: nothing of it has been compared with the log yet.
type logTile struct {
	tile     fetched // of a tile that is full
	bundle   fetched
	entries  [][]byte // nil if the bundle is not one
	err      error    // why not
	hashes   []tlog.Hash
	tileRoot tlog.Hash // of hashes in the tile, where it is full and has as many as it should
}

// readAhead reads the leaves of the log in order and hashes them, some tiles ahead of
// who takes them and as many at a time.
type readAhead struct {
	fs     fs.FS
	size   int64 // leaves
	window int64
	begun  int64
	tiles  map[int64]chan *logTile
}

func newReadAhead(fsys fs.FS, size int64) *readAhead {
	window := 2 * int64(min(runtime.GOMAXPROCS(0), maxReaders))
	return &readAhead{fs: fsys, size: size, window: window, tiles: map[int64]chan *logTile{}}
}

// at is the nth tile of level 0.
func (r *readAhead) at(n int64) tlog.Tile {
	return tileAt(0, n, int(min(tileWidth, r.size-n*tileWidth)))
}

// take returns the nth tile; they are taken in order.
func (r *readAhead) take(n int64) *logTile {
	for ; r.begun < n+r.window && r.begun*tileWidth < r.size; r.begun++ {
		done := make(chan *logTile, 1) // nobody may come for it
		r.tiles[r.begun] = done
		go func(at tlog.Tile) { done <- readLogTile(r.fs, at) }(r.at(r.begun))
	}
	t := <-r.tiles[n]
	delete(r.tiles, n)
	return t
}

// close waits for what nobody came for.
func (r *readAhead) close() {
	for n, done := range r.tiles {
		<-done
		delete(r.tiles, n)
	}
}

func readLogTile(fsys fs.FS, at tlog.Tile) *logTile {
	t := &logTile{bundle: fetch(fsys, bundlePath(at), maxBundle)}
	if at.W == tileWidth {
		t.tile = fetch(fsys, tilePath(at), tileWidth*tlog.HashSize)
		if hashes, err := decodeTile(t.tile.data, at.W); err == nil {
			t.tileRoot = tileHash(hashes)
		}
	}
	if t.entries, t.err = decodeBundle(t.bundle.data, at.W); t.err != nil {
		t.entries = nil
		return t
	}
	t.hashes = make([]tlog.Hash, at.W)
	for i := range t.entries {
		t.hashes[i] = tlog.RecordHash(t.entries[i])
	}
	return t
}

// took takes a file off the list that was read ahead. A problem is reported, and the
// data is nil.
func (v *verification) took(name string, limit int64, f fetched) []byte {
	if !v.expect(name, lost{}) || !v.opened(name, f.opening, lost{}) {
		return nil
	}
	v.advance(int64(len(f.data)))
	switch {
	case f.reading != nil:
		v.problem(name, Unreadable, f.reading.Error())
		return nil
	case int64(len(f.data)) > limit:
		v.problem(name, Changed, fmt.Sprintf("larger than %d bytes", limit))
		return nil
	}
	return f.data
}
