package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// Search reads the payloads of the archive, the newest objects first, until use
// returns true, and returns the position of that payload. progress, if not nil,
// is called with objects read and in all. What is found is not proved yet:
// Payload does that. The error is ErrNotFound if use never returned true.
func (p *Prover) Search(ctx context.Context, use func(leaf PayloadLeaf, body []byte) bool, progress func(done, total int64)) (uint64, error) {
	objects, err := p.objects()
	if err != nil {
		return 0, fmt.Errorf("search archive: %w", err)
	}
	decoder, err := newDecoder()
	if err != nil {
		return 0, fmt.Errorf("search archive: %w", err)
	}
	defer decoder.Close()
	for i, name := range slices.Backward(objects) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if progress != nil {
			progress(int64(len(objects)-i), int64(len(objects)))
		}
		position, err := p.searchObject(name, decoder, use)
		if err != nil {
			return 0, fmt.Errorf("search archive: %s: %w", name, err)
		}
		if position != 0 {
			return position, nil
		}
	}
	return 0, fmt.Errorf("search archive: %w: no payload of %d objects matches", ErrNotFound, len(objects))
}

// objects returns the paths of the object files in the order of positions.
func (p *Prover) objects() ([]string, error) {
	var objects []string
	err := fs.WalkDir(p.fs, objectsDir, func(name string, _ fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == objectsDir {
			return nil // nothing sealed yet
		}
		if object, _, erased := parseErasedPath(name); erased {
			name = object
		}
		if _, _, ok := parseObjectPath(name); ok {
			objects = append(objects, name)
		}
		return err
	})
	slices.Sort(objects) // as the positions: a file that stands for an object is named otherwise
	return slices.Compact(objects), err
}

func (p *Prover) searchObject(name string, decoder *zstd.Decoder, use func(PayloadLeaf, []byte) bool) (uint64, error) {
	f, err := p.fs.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var found uint64
	first, last, _ := parseObjectPath(name)
	gone := goneFrom(f)
	err = eachBody(f, first, last, gone, decoder, func(leaf PayloadLeaf, body []byte) error {
		if found == 0 && !gone.lacks(leaf.Position) && use(leaf, body) {
			found = leaf.Position
		}
		return nil
	})
	return found, err
}

// eachBody hands over the payloads of an object with their leaves as its index
// has them. The body may be used until use returns.
func eachBody(file io.Reader, first, last uint64, gone *erasedState, decoder *zstd.Decoder, use func(PayloadLeaf, []byte) error) error {
	if err := decoder.Reset(file); err != nil {
		return err
	}
	r := newMembers(decoder)
	size, err := r.next(indexMember)
	if err != nil {
		return err
	}
	if size > min(maxIndex, int64(last-first+1)*(maxLeaf+1)) {
		return fmt.Errorf("index has %d bytes", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	index, err := splitIndex(text, int(last-first+1))
	if err != nil {
		return err
	}
	var body bytes.Buffer
	for i, line := range index {
		position := first + uint64(i)
		leaf, ok := parsePayloadLeaf(line)
		if !ok || leaf.Position != position {
			return fmt.Errorf("line %d of the index is not of position %d", i+1, position)
		}
		if _, err := r.next(gone.member(position)); err != nil {
			return err
		}
		body.Reset()
		if gone.lacks(position) {
			err = skipErased(r)
		} else {
			_, err = body.ReadFrom(r)
		}
		if err != nil {
			return err
		}
		if err := use(leaf, body.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
