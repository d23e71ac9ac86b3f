package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/internal/durable"
)

// Files of the archive may be read by the owner's group.
const filePerm, dirPerm = 0o640, 0o750

// intent says, durably and before the first of them is written, which files the
// next step of the log will write. After a crash exactly those are cleared; what
// else lies in the folder is never touched.
type intent struct {
	OldSize int64  `json:"oldSize"`
	NewSize int64  `json:"newSize"`
	Object  string `json:"object"`
}

// seal writes the waiting payloads as one object and publishes a checkpoint over
// it. Order is everything: intent, object, tiles, all synced; then the signed
// checkpoint beside the key, which from then on is binding; then the checkpoint
// in the folder; then the tiles it supersedes go.
func (a *Archive) seal(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.unsure {
		if err := a.recover(); err != nil {
			return err
		}
	}
	if len(a.pending) == 0 {
		return nil
	}
	o, err := buildObject(a.pending, a.cfg.Now(), a.packing(), a.cfg.Recipients)
	if err != nil {
		return err
	}
	return a.grow(o, a.lastAdded())
}

// grow writes an object with its leaves, which bring the log to a journal position,
// and publishes a checkpoint over them.
func (a *Archive) grow(o *object, last uint64) error {
	step := a.extend(o, last)
	a.unsure = true
	if err := a.write(step); err != nil {
		return fmt.Errorf("seal %s: %w", o.path, err)
	}
	c, err := signCheckpoint(a.cfg.Origin, step.state.tree.size, step.state.tree.root(), a.id.signer)
	if err != nil {
		return err
	}
	if err := a.publish(c); err != nil {
		return err
	}
	step.state.signed = c.signed
	a.adopt(step.state)
	if err := a.clearSuperseded(step.intent); err != nil {
		return err
	}
	a.unsure = false
	return nil
}

// adopt makes a state that is published the current one.
func (a *Archive) adopt(s state) {
	a.state = s
	kept := a.pending[:0]
	a.bytes, a.held, a.rushed = 0, 0, false
	for _, it := range a.pending {
		if it.leaf.Position > s.last {
			kept = append(kept, it)
			a.bytes, a.held = a.bytes+it.leaf.Size, a.held+it.held()
		}
	}
	clear(a.pending[len(kept):]) // lets the bodies go
	a.pending = kept
	a.sealed.Store(s.last)
}

// step is one growth of the log: what will be written and what holds after.
type step struct {
	intent intent
	files  []archiveFile // in the order of writing
	state  state
}

type archiveFile struct {
	path string // relative to the archive, with slashes
	data []byte
}

// extend computes the files that an object and its leaves add.
func (a *Archive) extend(o *object, last uint64) step {
	s := step{files: []archiveFile{{o.path, o.data}}}
	s.state.tree = a.state.tree.clone()
	s.state.last = last
	bundle := a.state.bundle[:len(a.state.bundle):len(a.state.bundle)]
	add := func(tile tlog.Tile, hashes []tlog.Hash) {
		s.files = append(s.files, archiveFile{tilePath(tile), encodeTile(hashes)})
		if tile.L == 0 {
			s.files = append(s.files, archiveFile{bundlePath(tile), encodeBundle(bundle)})
		}
	}
	for _, leaf := range o.leaves {
		bundle = append(bundle, leaf)
		s.state.tree.append(tlog.RecordHash(leaf), add)
		if len(bundle) == tileWidth {
			bundle = nil
		}
	}
	s.state.tree.partial(func(tile tlog.Tile, hashes []tlog.Hash) {
		if tile.W != partialWidth(a.state.tree.size, tile) {
			add(tile, hashes)
		}
	})
	s.state.bundle = bundle
	s.intent = intent{OldSize: a.state.tree.size, NewSize: s.state.tree.size, Object: o.path}
	return s
}

// partialWidth returns the width that a tile had in a tree of a size.
func partialWidth(size int64, tile tlog.Tile) int {
	for _, t := range partialTiles(size) {
		if t.L == tile.L && t.N == tile.N {
			return t.W
		}
	}
	return 0
}

func (a *Archive) write(s step) error {
	text, err := json.Marshal(s.intent)
	if err != nil {
		return fmt.Errorf("encode intent: %w", err)
	}
	if err := durable.WriteFile(a.cfg.FS, a.cfg.beside(".intent"), append(text, '\n'), 0o600); err != nil {
		return err
	}
	files := make([]durable.NewFile, len(s.files))
	for i, f := range s.files {
		if err := a.makeDir(path.Dir(f.path)); err != nil {
			return err
		}
		files[i] = durable.NewFile{Name: a.file(f.path), Data: f.data}
	}
	return durable.WriteFiles(a.cfg.FS, files, filePerm)
}

func (a *Archive) file(name string) string {
	return filepath.Join(a.cfg.Dir, filepath.FromSlash(name))
}

func (a *Archive) writeFile(name string, data []byte) error {
	if err := a.makeDir(path.Dir(name)); err != nil {
		return err
	}
	return durable.WriteFile(a.cfg.FS, a.file(name), data, filePerm)
}

// makeDir makes a directory of the archive, once.
func (a *Archive) makeDir(dir string) error {
	if a.dirs[dir] {
		return nil
	}
	if err := durable.MkdirAll(a.cfg.FS, a.file(dir), dirPerm); err != nil {
		return err
	}
	a.dirs[dir] = true
	return nil
}

// publish makes a checkpoint binding and then visible. Everything it covers is
// durable.
func (a *Archive) publish(c checkpoint) error {
	if err := durable.WriteFile(a.cfg.FS, a.cfg.beside(".checkpoint"), c.signed, 0o600); err != nil {
		return fmt.Errorf("record checkpoint of size %d: %w", c.size, err)
	}
	if err := a.writeFile(checkpointFile, c.signed); err != nil {
		return fmt.Errorf("publish checkpoint of size %d: %w", c.size, err)
	}
	return nil
}

// clearSuperseded removes the partial tiles that a growth has replaced.
func (a *Archive) clearSuperseded(i intent) error {
	return a.clear(partialTiles(i.OldSize), i.NewSize, a.remove)
}

// clearUnpublished removes what a growth wrote that never got its checkpoint.
func (a *Archive) clearUnpublished(i intent) error {
	if _, _, _, ok := parseStoredPath(i.Object); !ok {
		return fmt.Errorf("intent names %q, which is no object", i.Object)
	}
	removeAll := func(name string) error {
		if err := a.remove(durable.TempName(name)); err != nil {
			return err
		}
		return a.remove(name)
	}
	if err := removeAll(i.Object); err != nil {
		return err
	}
	return a.clear(tlog.NewTiles(tileHeight, i.OldSize, i.NewSize), i.OldSize, removeAll)
}

// clear removes those of some tiles that a tree of a size does not have.
func (a *Archive) clear(tiles []tlog.Tile, size int64, remove func(name string) error) error {
	keep := map[tlog.Tile]bool{}
	for _, t := range partialTiles(size) {
		keep[t] = true
	}
	for _, t := range tiles {
		if keep[t] {
			continue
		}
		for _, name := range logPaths(t) {
			if err := remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove removes a file, and the directory of partial tiles that it leaves empty.
func (a *Archive) remove(name string) error {
	if err := durable.Remove(a.cfg.FS, a.file(name)); err != nil {
		return err
	}
	if dir := path.Dir(name); path.Ext(dir) == ".p" {
		_ = a.cfg.FS.Remove(a.file(dir)) // not empty, or not there
		delete(a.dirs, dir)
	}
	return nil
}
