package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/model"
)

// Held hands over the leaves of payloads from a position to another that are in the
// archive now: each is proved to be in the log, its object is unpacked, and the body
// in it has the leaf's hash. Objects of which nothing is wanted are not read. What
// lies beyond the first size leaves of the log (a copy's, say; negative: all of them)
// is not handed over, nor what was disposed of or erased. What cannot be unpacked
// because no identity opens it is handed over where the file is the one that the log
// names. ErrDamaged says that the archive is not what the log says.
func (p *Prover) Held(ctx context.Context, first, last uint64, size int64, wanted func(position uint64) bool, use func(PayloadLeaf) error) error {
	v, err := p.view()
	if err != nil {
		return err
	}
	if size < 0 {
		size = math.MaxInt64
	}
	decoder, err := newDecoder()
	if err != nil {
		return err
	}
	defer decoder.Close()
	h := &holding{v: v, decoder: decoder, first: first, last: last, wanted: wanted, use: use}
	index, err := v.objectOf(first)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	for n := index / tileWidth; err == nil && n*tileWidth < min(size, v.head.size) && !h.done; n++ {
		if err = ctx.Err(); err != nil {
			break
		}
		var leaves [][]byte
		if leaves, err = h.v.bundle(n); err != nil {
			// The tiles at the edge go when a batch is sealed.
			if h.v, leaves, err = p.grown(h.v, n, err); err != nil {
				break
			}
		}
		for i, line := range leaves {
			if at := n*tileWidth + int64(i); err == nil && at >= index && at < size && !h.done {
				err = h.take(line)
			}
		}
	}
	if err != nil && !errors.Is(err, h.failed) {
		return fmt.Errorf("look for journal positions %d to %d in the archive: %w", first, last, err)
	}
	return err
}

// objectOf is the index of the first leaf of the object that has a position.
func (v *view) objectOf(position uint64) (int64, error) {
	index, line, err := v.find(position)
	if err != nil {
		return 0, err
	}
	l, _ := parsePayloadLeaf(line)
	first, _, ok := parseObjectPath(l.Object)
	if !ok || first > position {
		return 0, fmt.Errorf("%w: the log names an object %q", ErrDamaged, l.Object)
	}
	return index - int64(position-first), nil
}

// holding gathers leaves until the one of their object comes.
type holding struct {
	v           *view
	decoder     *zstd.Decoder
	first, last uint64
	wanted      func(position uint64) bool
	use         func(PayloadLeaf) error
	group       []PayloadLeaf
	done        bool
	failed      error // of use
}

func (h *holding) take(line []byte) error {
	if l, ok := parsePayloadLeaf(line); ok {
		h.group = append(h.group, l)
		return nil
	}
	o, ok := parseOwnLeaf(line)
	if len(h.group) == 0 || !ok {
		return nil // of rows
	}
	group := h.group
	h.group, h.done = h.group[:0], o.Last >= h.last
	if o.First != group[0].Position || o.Last != group[len(group)-1].Position {
		return fmt.Errorf("%w: object %s has other payloads than the log", ErrDamaged, o.Object)
	}
	var wanted []PayloadLeaf
	for _, l := range group {
		if l.Position >= h.first && l.Position <= h.last && h.wanted(l.Position) {
			wanted = append(wanted, l)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	found, err := h.object(o, group)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Object, err)
	}
	for _, l := range wanted {
		if !found[l.Position] {
			continue
		}
		if h.failed = h.use(l); h.failed != nil {
			return h.failed
		}
	}
	return nil
}

// object says which payloads an object has.
func (h *holding) object(o ObjectLeaf, group []PayloadLeaf) (map[uint64]bool, error) {
	found := map[uint64]bool{}
	f, err := h.v.fs.Open(o.Object)
	switch {
	case errors.Is(err, ErrDisposed):
		return nil, nil
	case errors.Is(err, ErrEncrypted):
		return found, h.sealed(o, group, found)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer f.Close()
	return found, bodies(f, o, group, h.decoder, func(l PayloadLeaf, _ []byte) error {
		found[l.Position] = true
		return nil
	})
}

// bodies hands over what an object that is open has of its payloads, each compared
// with its leaf. A body may be used until use returns.
func bodies(f fs.File, o ObjectLeaf, group []PayloadLeaf, decoder *zstd.Decoder, use func(PayloadLeaf, []byte) error) error {
	gone := goneFrom(f)
	err := eachBody(f, o.First, o.Last, gone, decoder, func(l PayloadLeaf, body []byte) error {
		if gone.lacks(l.Position) {
			return nil
		}
		leaf := &group[l.Position-o.First]
		if sum := sha256.Sum256(body); int64(len(body)) != leaf.Size || hex.EncodeToString(sum[:]) != leaf.SHA256 {
			return fmt.Errorf("the payload of position %d is not what the log says", leaf.Position)
		}
		return use(*leaf, body)
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// ObjectOf hands over the payloads that the object which has a position has now, each
// proved to be in the log, and returns its leaf; what was disposed of or erased is not
// handed over. They may be handed over anew, from the first on. The error is
// ErrNotFound if the archive ends before the position.
func (p *Prover) ObjectOf(ctx context.Context, position uint64, use func(model.Payload, PayloadLeaf)) (o ObjectLeaf, err error) {
	err = p.again(ctx, func(v *view) (err error) {
		o, err = v.objectWith(position, use)
		return err
	})
	if err != nil {
		return o, fmt.Errorf("read the object of journal position %d: %w", position, err)
	}
	return o, nil
}

func (v *view) objectWith(position uint64, use func(model.Payload, PayloadLeaf)) (o ObjectLeaf, err error) {
	index, line, err := v.find(position)
	if err != nil {
		return o, err
	}
	leaf, _ := parsePayloadLeaf(line)
	if o, err = v.objectLeafOf(index, &leaf); err != nil {
		return o, err
	}
	lines, err := v.lines(index-int64(position-o.First), o.Payloads)
	if err != nil {
		return o, err
	}
	group := make([]PayloadLeaf, len(lines))
	for i, line := range lines {
		var ok bool
		if group[i], ok = parsePayloadLeaf(line); !ok || group[i].Position != o.First+uint64(i) {
			return o, fmt.Errorf("%w: object %s has other payloads than the log", ErrDamaged, o.Object)
		}
	}
	f, err := v.fs.Open(o.Object)
	if errors.Is(err, ErrDisposed) {
		return o, nil
	}
	if err != nil {
		return o, err
	}
	defer f.Close()
	decoder, err := newDecoder()
	if err != nil {
		return o, err
	}
	defer decoder.Close()
	return o, bodies(f, o, group, decoder, func(l PayloadLeaf, body []byte) error {
		p, err := l.Payload(bytes.Clone(body))
		if err == nil {
			use(p, l)
		}
		return err
	})
}

// sealed compares the file of an encrypted object with the log.
func (h *holding) sealed(o ObjectLeaf, group []PayloadLeaf, found map[uint64]bool) error {
	f, err := stored(h.v.fs).Open(o.Object)
	if err != nil {
		return nil // something was erased from it, and what is left cannot be told
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != o.SHA256 {
		return fmt.Errorf("%w: the file is not the one that the log names", ErrDamaged)
	}
	for _, l := range group {
		found[l.Position] = true
	}
	return nil
}
