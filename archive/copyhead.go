package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
)

// HeadFile is the one file of a copy that is replaced: a zstd-compressed tar file
// with the checkpoint, what witnesses have cosigned, the verifier key, the
// certificates of disposal, and the partial tiles at the edge of the tree. Unpacked over the rest of a copy it makes
// an archive's folder. As one object it changes at once, so that a copy has the
// whole edge of its checkpoint at every instant; and a store that locks what it
// has keeps no half-full tiles of every minute.
const HeadFile = "head.tar.zst"

// maxHead bounds what is read as a head: the edge has one bundle of leaves, and
// one tile of at most 8 KiB a level. Of certificates of disposal there is room for
// some 200,000 objects.
const maxHead = maxBundle + 1<<20 + 2*maxDisposal

// encodeHead packs the files of a head, in the order of names.
func encodeHead(files map[string][]byte) ([]byte, error) {
	size := 0
	for _, data := range files {
		size += len(data)
	}
	if size > maxHead {
		return nil, fmt.Errorf("the head of a copy has %d bytes, and is read up to %d: there are too many certificates of disposal", size, maxHead)
	}
	packer, err := newPacker()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	packer.encoder.Reset(&out)
	w := tar.NewWriter(packer.encoder)
	for _, name := range sortedKeys(files) {
		if err := writeMember(w, name, files[name], time.Unix(0, 0)); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(w.Close(), packer.encoder.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decodeHead reads a head, and takes no other members than those it may have.
func decodeHead(r io.Reader) (map[string][]byte, error) {
	decoder, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	files := map[string][]byte{}
	left := int64(maxHead)
	members := tar.NewReader(decoder)
	for {
		h, err := members.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, io.LimitReader(decoder, maxHead)) // the checksum of the frame
			return files, err
		}
		if err != nil {
			return nil, err
		}
		if left -= h.Size; left < 0 {
			return nil, fmt.Errorf("it has more than %d bytes", int64(maxHead))
		}
		if _, twice := files[h.Name]; twice || h.Typeflag != tar.TypeReg || !isHeadMember(h.Name) {
			return nil, fmt.Errorf("it has a member %q", h.Name)
		}
		if files[h.Name], err = io.ReadAll(members); err != nil {
			return nil, err
		}
	}
}

func isHeadMember(name string) bool {
	switch name {
	case checkpointFile, cosignedFile, PublicKeyFile:
		return true
	}
	if _, ok := parseDisposalPath(name); ok {
		return true
	}
	tile, ok := parseTilePath(name)
	return ok && tile.W < tileWidth
}

// parseTilePath is the inverse of tilePath and, with L -1, of bundlePath.
func parseTilePath(name string) (tlog.Tile, bool) {
	rest, ok := strings.CutPrefix(name, "tile/")
	if !ok {
		return tlog.Tile{}, false
	}
	if after, isBundle := strings.CutPrefix(rest, "entries/"); isBundle {
		rest = "data/" + after
	}
	tile, err := tlog.ParseTilePath("tile/8/" + rest)
	return tile, err == nil && path.Clean(name) == name
}

// CopyHead is what the head of a copy says.
type CopyHead struct {
	Size     int64 // leaves
	Root     tlog.Hash
	Cosigned int64 // leaves that witnesses have cosigned, 0 without any
}

// OpenHead reads the head of a copy and checks that the verifier key has signed it.
func OpenHead(r io.Reader, verifierKey string) (CopyHead, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(verifierKey))
	if err != nil {
		return CopyHead{}, fmt.Errorf("verifier key: %w", err)
	}
	files, err := decodeHead(r)
	if err != nil {
		return CopyHead{}, fmt.Errorf("read %s: %w", HeadFile, err)
	}
	c, err := openCheckpoint(files[checkpointFile], verifier)
	if err != nil {
		return CopyHead{}, fmt.Errorf("read %s: checkpoint: %w", HeadFile, err)
	}
	head := CopyHead{Size: c.size, Root: c.root}
	if signed := files[cosignedFile]; signed != nil {
		cosigned, err := proof.OpenCheckpoint(signed, verifier, nil)
		if err != nil {
			return CopyHead{}, fmt.Errorf("read %s: %s: %w", HeadFile, cosignedFile, err)
		}
		head.Cosigned = cosigned.Size
	}
	return head, nil
}

// ahead says whether a file of a copy belongs to a later checkpoint than its head.
func (v *verification) ahead(name string) bool {
	if in, first, _, ok := parseStoredPath(name); ok {
		return first > v.reached(in)
	}
	if _, sequence, ok := parseErasedPath(name); ok { // its certificate comes with the next head
		return !v.certified(sequence)
	}
	if size, _, ok := parseStampPath(name); ok {
		return size > v.head.size
	}
	tile, ok := parseTilePath(name)
	if !ok || tile.W != tileWidth {
		return false
	}
	return tileEnd(tile) > v.head.size
}

// tileEnd returns the size of the smallest tree that has all of a full tile.
func tileEnd(tile tlog.Tile) int64 {
	return (tile.N + 1) << (tileHeight * (max(tile.L, 0) + 1))
}
