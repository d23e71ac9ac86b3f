package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Verify checks an archive against the verifier key of its log: every file is
// read to its last byte, the leaves are computed from the objects, the tiles
// from the leaves, the root from the tiles, and that must be the root that was
// signed. No file may be missing, and none may be there that the log does not
// account for. It reads only, works offline, and needs nothing but the folder.
// Memory does not grow with the payloads, only with the number of files (about
// 200 bytes each). As many objects are read at a time as there are processors.
//
// progress, if not nil, is called now and then with the bytes read so far and
// the bytes in the folder.
//
// What is wrong is in the report. The error says that it could not be examined:
// the key is no key, the folder cannot be listed, or the context is done. If a
// server seals batches meanwhile, Verify begins again rather than report what it
// saw half of.
func Verify(ctx context.Context, dir, verifierKey string, progress func(done, total int64)) (Report, error) {
	return VerifyTrusting(ctx, dir, verifierKey, Trust{}, progress)
}

// VerifyTrusting is Verify with more than the log's key to check against: keys of
// witnesses, and checkpoints that somebody kept.
func VerifyTrusting(ctx context.Context, dir, verifierKey string, trust Trust, progress func(done, total int64)) (Report, error) {
	root, err := os.OpenRoot(dir) // so that no link leads out of the folder
	if err != nil {
		return Report{}, fmt.Errorf("verify archive: %w", err)
	}
	defer root.Close()
	return VerifyFS(ctx, root.FS(), verifierKey, trust, progress)
}

// VerifyFS is VerifyTrusting of an archive, or a copy of one, that is no folder.
func VerifyFS(ctx context.Context, fsys fs.FS, verifierKey string, trust Trust, progress func(done, total int64)) (Report, error) {
	return verifyFS(ctx, fsys, verifierKey, trust, progress, verifyPatience)
}

// verifyAttempts bounds how often Verify begins again, and verifyPatience how
// long it waits for a server that seems to be writing a batch.
const (
	verifyAttempts = 5
	verifyPatience = 2 * time.Second
)

func verifyFS(ctx context.Context, fsys fs.FS, verifierKey string, trust Trust, progress func(done, total int64), patience time.Duration) (Report, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(verifierKey))
	if err != nil {
		return Report{}, fmt.Errorf("verify archive: verifier key: %w", err)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if trust.StampQuorum > 0 && trust.StampRoots == nil {
		return Report{}, fmt.Errorf("verify archive: %w", errStampRoots)
	}
	fsys, isCopy, err := openCopy(fsys)
	if err != nil {
		return Report{}, fmt.Errorf("verify archive: %w", err)
	}
	for attempt := 1; ; attempt++ {
		v := &verification{ctx: ctx, fs: fsys, copy: isCopy, verifier: verifier, public: strings.TrimSpace(verifierKey), trust: trust, progress: progress}
		if err := v.run(); err != nil {
			return Report{}, fmt.Errorf("verify archive: %w", err)
		}
		if v.report.OK() || attempt == verifyAttempts || !v.moved(patience) {
			return v.report, nil
		}
	}
}

// verification is one pass over an archive.
type verification struct {
	ctx      context.Context
	fs       fs.FS
	copy     bool // what goes beyond the checkpoint is on its way
	verifier note.Verifier
	public   string
	trust    Trust
	progress func(done, total int64)

	past    map[int64][]past // checkpoints that the log must have grown out of, by size
	report  Report
	done    int64
	head    checkpoint
	files   map[string]bool       // files nothing has accounted for yet
	objects [seriesCount][]string // the object files, in order

	disposed map[string]gone         // objects that were disposed of, by path
	erased   map[string]*erasedState // objects that others stand for, by path
	stamps   *stampCheck
	unlogged map[string]string // certificates of disposal the log was not seen to have, by hash
}

func (v *verification) run() error {
	if err := v.list(); err != nil {
		return err
	}
	v.progress(0, v.report.Bytes)
	v.checkPublicKey()
	if v.checkHead() {
		v.readDisposals()
		v.checkPast()
		v.readStamps()
		if err := v.checkLog(); err != nil {
			return err
		}
		v.checkStamps()
		v.checkExtra()
	}
	if err := v.ctx.Err(); err != nil {
		return err
	}
	v.progress(v.report.Bytes, v.report.Bytes)
	return nil
}

// list walks the folder. Directories need no account: they hold nothing.
func (v *verification) list() error {
	v.files = map[string]bool{}
	return fs.WalkDir(v.fs, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != ".":
			return nil // removed since: a server is at work, or moved() tells
		case err != nil:
			return err
		case d.IsDir():
			return v.ctx.Err()
		case !d.Type().IsRegular():
			v.problem(name, Extra, "not a regular file")
			return nil
		}
		v.files[name] = true
		v.report.Files++
		if info, err := d.Info(); err == nil {
			v.report.Bytes += info.Size()
		}
		if in, _, _, ok := parseStoredPath(name); ok {
			v.objects[in] = append(v.objects[in], name)
		}
		return nil
	})
}

func (v *verification) problem(file string, what Kind, detail string, positions ...Range) {
	v.lose(file, what, detail, lost{ofPayloads, positions})
}

// lost is what can no longer be read as it was: positions, or numbers of leaves of
// rows.
type lost struct {
	in     series
	ranges []Range
}

// lose is problem for what need not be payloads.
func (v *verification) lose(file string, what Kind, detail string, of lost) {
	p := Problem{File: file, What: what, Detail: detail, Positions: of.ranges}
	if of.in == ofDataFiles {
		p.Positions, p.DataFiles = nil, of.ranges
	}
	v.report.add(p)
}

// reached returns how far a series is accounted for.
func (v *verification) reached(in series) uint64 {
	if in == ofDataFiles {
		return v.report.RowLeaves
	}
	return v.report.Last
}

// read returns a file of at most limit bytes and takes it off the list. A
// problem is reported, and the data is nil.
func (v *verification) read(name string, limit int64) []byte {
	if !v.files[name] {
		return v.took(name, limit, fetched{})
	}
	return v.took(name, limit, fetch(v.fs, name, limit))
}

func (v *verification) open(name string, with lost) (fs.File, bool) {
	if !v.expect(name, with) {
		return nil, false
	}
	f, err := v.fs.Open(name)
	return f, v.opened(name, err, with)
}

// expect takes a file off the list, on which it has to be.
func (v *verification) expect(name string, with lost) bool {
	if !v.files[name] {
		v.lose(name, Missing, "the log needs this file", with)
		return false
	}
	delete(v.files, name)
	return true
}

// opened reports why a file could not be opened.
func (v *verification) opened(name string, err error, with lost) bool {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.lose(name, Missing, "removed while the archive was verified", with)
	case err != nil:
		v.lose(name, Unreadable, err.Error(), with)
	}
	return err == nil
}

func (v *verification) advance(n int64) {
	v.done += n
	v.progress(min(v.done, v.report.Bytes), v.report.Bytes)
}

func (v *verification) checkPublicKey() {
	data := v.read(PublicKeyFile, maxKeyFile)
	if data != nil && string(data) != v.public+"\n" {
		v.problem(PublicKeyFile, Changed, "not the verifier key that was given")
	}
}

// checkHead reads the checkpoint. Without it nothing else can be judged.
func (v *verification) checkHead() bool {
	data := v.read(checkpointFile, maxCheckpoint)
	if data == nil {
		return false
	}
	c, err := openCheckpoint(data, v.verifier)
	if err != nil {
		v.problem(checkpointFile, Changed, err.Error())
		return false
	}
	v.head = c
	v.report.Origin, v.report.Size, v.report.Root = c.origin, c.size, c.root.String()
	return true
}

// moved reports whether a later checkpoint has been published since this pass
// began. If all that was found are extra files, they may be those of a batch that
// is being sealed, and the checkpoint is given time to come.
func (v *verification) moved(patience time.Duration) bool {
	for _, p := range v.report.Problems {
		if p.What != Extra {
			patience = 0
		}
	}
	const pause = 100 * time.Millisecond
	for ; ; patience -= pause {
		if data, err := fs.ReadFile(v.fs, checkpointFile); err == nil && !bytes.Equal(data, v.head.signed) {
			c, err := openCheckpoint(data, v.verifier)
			return err == nil && c.size > v.head.size
		}
		if patience <= 0 || v.ctx.Err() != nil {
			return false
		}
		select {
		case <-time.After(pause):
		case <-v.ctx.Done():
		}
	}
}

// checkLog walks over the leaves of the tree in order, with the tiles above them
// and the objects beside them.
func (v *verification) checkLog() error {
	v.comparePast(&tree{})
	log := newLogCheck(v)
	defer log.ahead.close()
	objects, err := newObjectCheck(v)
	if err != nil {
		return err
	}
	defer objects.close()
	for n := int64(0); n*tileWidth < v.head.size; n++ {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		leaves := log.tile(n)
		if err := objects.take(leaves); err != nil {
			return err
		}
	}
	if err := objects.finish(); err != nil {
		return err
	}
	log.finish()
	v.checkLogged()
	v.report.Last, v.report.RowLeaves = objects.last[ofPayloads], objects.last[ofDataFiles]
	v.report.Standing = objects.rows.standing()
	return nil
}

// checkExtra reports the files that are left.
func (v *verification) checkExtra() {
	for _, name := range sortedKeys(v.files) {
		if v.copy && v.ahead(name) {
			v.report.Ahead++
			continue
		}
		v.problem(name, Extra, v.whyExtra(name))
	}
}

func (v *verification) whyExtra(name string) string {
	in, first, _, isObject := parseStoredPath(name)
	switch {
	case isObject && first > v.reached(in):
		return "an object beyond the checkpoint: of a writer that was interrupted or is at work, or put there"
	case strings.HasSuffix(name, ".tmp"):
		return "a temporary file: of a writer that was interrupted or is at work, or put there"
	default:
		return "nothing in the log speaks of this file"
	}
}

// leaf is one leaf of the log as the log's files have it.
type leaf struct {
	index int64
	hash  tlog.Hash
	known bool   // hash is known
	data  []byte // nil if the entry bundle does not have it
	file  string // the entry bundle it stands in
}
