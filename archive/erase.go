package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/quoll/quoll/internal/durable"
)

// Rewrite makes, for each object that has some of the positions, the file that
// shall stand for it without their bodies, and puts it aside, beside the key: a
// certificate has to be under the log before it may take the object's place.
// Every body that stays is compared with its leaf. The positions are in ascending
// order; one whose body has gone already is an error, ErrErased or ErrDisposed.
func (p *Prover) Rewrite(ctx context.Context, cfg Config, sequence int, positions []uint64) ([]ErasedObject, error) {
	if cfg.FS == nil {
		cfg.FS = durable.OS{}
	}
	v, err := p.view()
	if err != nil {
		return nil, err
	}
	packer, err := newPacker()
	if err != nil {
		return nil, err
	}
	var made []ErasedObject
	for len(positions) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		index, line, err := v.find(positions[0])
		if err != nil {
			return nil, fmt.Errorf("rewrite: %w", err)
		}
		leaf, _ := parsePayloadLeaf(line)
		e := ErasedObject{}
		if e.Object, err = v.objectLeafOf(index, &leaf); err != nil {
			return nil, fmt.Errorf("rewrite: %w", err)
		}
		n := 0
		for n < len(positions) && positions[n] <= e.Object.Last {
			n++
		}
		e.Positions, positions = slices.Clone(positions[:n]), positions[n:]
		if err := v.rewrite(&cfg, packer, sequence, index-int64(leaf.Position-e.Object.First), &e); err != nil {
			return nil, fmt.Errorf("rewrite %s: %w", e.Object.Object, err)
		}
		made = append(made, e)
	}
	return made, nil
}

// rewrite makes the file for one object, whose first leaf has an index.
func (v *view) rewrite(cfg *Config, packer *packer, sequence int, index int64, e *ErasedObject) error {
	f, err := v.fs.Open(e.Object.Object)
	if err != nil {
		return err
	}
	defer f.Close()
	s := goneFrom(f)
	for _, position := range e.Positions {
		if s.lacks(position) {
			return s.errErasedBy(position)
		}
	}
	e.File = erasedPath(e.Object.Object, sequence)
	data, err := v.without(f, packer, index, e, s.next(*e, ""))
	if err != nil {
		return err
	}
	if isEncrypted(e.File) {
		if len(cfg.Recipients) == 0 {
			return errors.New("the object is encrypted, and archive_encryption has no recipients to encrypt the new one to")
		}
		if data, err = cfg.Recipients.encrypt(data); err != nil {
			return err
		}
	}
	sum := sha256.Sum256(data)
	e.SHA256, e.Size = hex.EncodeToString(sum[:]), int64(len(data))
	if err := durable.MkdirAll(cfg.FS, cfg.beside(asideSuffix), 0o700); err != nil {
		return err
	}
	return durable.WriteFile(cfg.FS, cfg.aside(e.File), data, 0o600)
}

// without packs an open object anew, with empty members for what has gone.
func (v *view) without(f fs.File, packer *packer, index int64, e *ErasedObject, after *erasedState) ([]byte, error) {
	decoder, err := newDecoder()
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	lines, err := v.lines(index, e.Object.Payloads)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	packer.encoder.Reset(&out)
	w := tar.NewWriter(packer.encoder)
	if err := writeMember(w, indexMember, append(bytes.Join(lines, []byte("\n")), '\n'), time.Unix(0, 0)); err != nil {
		return nil, err
	}
	err = eachBody(f, e.Object.First, e.Object.Last, goneFrom(f), decoder, func(_ PayloadLeaf, body []byte) error {
		at := lines[0]
		lines = lines[1:]
		leaf, ok := parsePayloadLeaf(at)
		if !ok {
			return fmt.Errorf("%w: a leaf is none of a payload", ErrDamaged)
		}
		received, _ := time.Parse(time.RFC3339Nano, leaf.Received)
		if after.lacks(leaf.Position) {
			return writeMember(w, erasedMember(leaf.Position), nil, received)
		}
		if sum := sha256.Sum256(body); int64(len(body)) != leaf.Size || hex.EncodeToString(sum[:]) != leaf.SHA256 {
			return fmt.Errorf("%w: the payload of position %d is not what the log says", ErrDamaged, leaf.Position)
		}
		return writeMember(w, payloadMember(leaf.Position), body, received)
	})
	if err == nil && len(lines) > 0 {
		err = fmt.Errorf("%w: the object ends %d payloads early", ErrDamaged, len(lines))
	}
	if err = errors.Join(err, w.Close(), packer.encoder.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Leaf returns the leaf of a payload, proved to be in the log, also of one that went.
func (p *Prover) Leaf(ctx context.Context, position uint64) (leaf PayloadLeaf, err error) {
	err = p.again(ctx, func(v *view) error {
		_, line, err := v.find(position)
		if err == nil {
			leaf, _ = parsePayloadLeaf(line)
		}
		return err
	})
	if err != nil {
		return leaf, fmt.Errorf("find journal position %d: %w", position, err)
	}
	return leaf, nil
}

// lines are leaves from an index on, proved to be in the log.
func (v *view) lines(index int64, count int) ([][]byte, error) {
	var lines [][]byte
	for len(lines) < count {
		at := index + int64(len(lines))
		leaves, err := v.bundle(at / tileWidth)
		if err != nil {
			return nil, err
		}
		leaves = leaves[at%tileWidth:]
		lines = append(lines, leaves[:min(len(leaves), count-len(lines))]...)
	}
	return lines, nil
}

// asideSuffix follows the key's name in that of the folder of files that wait for
// their certificate.
const asideSuffix = ".erasing"

func (c *Config) aside(name string) string {
	return filepath.Join(c.beside(asideSuffix), path.Base(name))
}

// ClearAside removes the files that Rewrite put aside for a certificate that never
// came about.
func ClearAside(cfg Config, made []ErasedObject) error {
	if cfg.FS == nil {
		cfg.FS = durable.OS{}
	}
	var err error
	for i := range made {
		err = errors.Join(err, durable.Remove(cfg.FS, cfg.aside(made[i].File)))
	}
	return err
}

// Aside reports whether the files for a certificate are still there: aside, or in
// their place.
func Aside(cfg Config, d *Disposal) bool {
	if cfg.FS == nil {
		cfg.FS = durable.OS{}
	}
	for i := range d.Erased {
		_, aside := cfg.FS.Stat(cfg.aside(d.Erased[i].File))
		_, there := cfg.FS.Stat(filepath.Join(cfg.Dir, filepath.FromSlash(d.Erased[i].File)))
		if aside != nil && there != nil {
			return false
		}
	}
	return true
}

// replaceErased puts the files of a certificate in the place of their objects. A
// file that is neither aside nor in its place leaves the object as it was.
func (a *Archive) replaceErased(d *Disposal, states map[string]*erasedState, disposed map[string]bool) error {
	var failed error
	for i := range d.Erased {
		e := &d.Erased[i]
		s := states[e.Object.Object]
		if s.File != e.File { // a later certificate has taken its place
			continue
		}
		err := a.replaceObject(e, disposed[e.Object.Object])
		for _, before := range s.earlier {
			if err == nil {
				err = a.remove(before.File)
			}
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("erase from %s: %w", e.Object.Object, err))
		}
	}
	return failed
}

// replaceObject puts one file in the place of an object, unless that was disposed of.
func (a *Archive) replaceObject(e *ErasedObject, disposed bool) error {
	if disposed {
		return errors.Join(a.remove(e.File), durable.Remove(a.cfg.FS, a.cfg.aside(e.File)))
	}
	_, err := a.cfg.FS.Stat(a.file(e.File))
	if errors.Is(err, fs.ErrNotExist) {
		data, readErr := durable.ReadFile(a.cfg.FS, a.cfg.aside(e.File), e.Size)
		if readErr != nil {
			return fmt.Errorf("the file that shall stand for it was lost; plan the erasure anew: %w", readErr)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != e.SHA256 {
			return errors.New("the file that shall stand for it is not what the certificate says; plan the erasure anew")
		}
		err = a.writeFile(e.File, data)
	}
	if err == nil {
		err = a.remove(e.Object.Object)
	}
	if err == nil {
		err = durable.Remove(a.cfg.FS, a.cfg.aside(e.File))
	}
	return err
}

// skipErased reads the place of a body that has gone.
func skipErased(r io.Reader) error {
	n, err := io.Copy(io.Discard, r)
	if err == nil && n > 0 {
		err = errors.New("the place of an erased payload is not empty")
	}
	return err
}
