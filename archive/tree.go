package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight and tileWidth are fixed by C2SP tlog-tiles.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// tree is the right edge of an RFC 6962 Merkle tree: for each level of tiles,
// the hashes of the tile that is not full. It is all that is needed to append
// and to compute the root.
type tree struct {
	size int64
	edge [][]tlog.Hash
}

// clone returns a tree that can be appended to without changing this one.
func (t *tree) clone() *tree {
	c := &tree{size: t.size, edge: make([][]tlog.Hash, len(t.edge))}
	for i := range t.edge {
		c.edge[i] = slices.Clone(t.edge[i])
	}
	return c
}

// append adds a leaf hash and hands over each tile that it makes full.
func (t *tree) append(h tlog.Hash, full func(tile tlog.Tile, hashes []tlog.Hash)) {
	t.size++
	t.add(0, h, full)
}

// appendTile adds as many leaves as a tile has, by the root of the tile. The size
// must be a multiple of the width.
func (t *tree) appendTile(root tlog.Hash) {
	t.size += tileWidth
	if len(t.edge) == 0 {
		t.edge = append(t.edge, nil)
	}
	t.add(1, root, func(tlog.Tile, []tlog.Hash) {})
}

// add adds a hash to a level, and those that follow from it to the levels above.
func (t *tree) add(level int, h tlog.Hash, full func(tile tlog.Tile, hashes []tlog.Hash)) {
	for ; ; level++ {
		if level == len(t.edge) {
			t.edge = append(t.edge, nil)
		}
		t.edge[level] = append(t.edge[level], h)
		if len(t.edge[level]) < tileWidth {
			return
		}
		hashes := t.edge[level]
		t.edge[level] = nil
		full(tileAt(level, t.size>>(tileHeight*(level+1))-1, tileWidth), hashes)
		h = tileHash(hashes)
	}
}

// partial returns the tiles that are not full and not empty.
func (t *tree) partial(each func(tile tlog.Tile, hashes []tlog.Hash)) {
	for _, tile := range partialTiles(t.size) {
		each(tile, t.edge[tile.L])
	}
}

// root returns the Merkle tree hash of RFC 6962, section 2.1.
func (t *tree) root() tlog.Hash {
	// The roots of the perfect subtrees, from the largest to the smallest.
	var roots []tlog.Hash
	for _, hashes := range slices.Backward(t.edge) {
		for size := tileWidth / 2; size > 0; size /= 2 {
			if len(hashes)&size != 0 {
				start := len(hashes) &^ (2*size - 1)
				roots = append(roots, tileHash(hashes[start:start+size]))
			}
		}
	}
	if len(roots) == 0 {
		h, _ := tlog.TreeHash(0, nil) // the hash of nothing cannot fail
		return h
	}
	h := roots[len(roots)-1]
	for _, left := range slices.Backward(roots[:len(roots)-1]) {
		h = tlog.NodeHash(left, h)
	}
	return h
}

// tileHash returns the root of a perfect subtree over a power of two of hashes.
func tileHash(hashes []tlog.Hash) tlog.Hash {
	level := slices.Clone(hashes)
	for len(level) > 1 {
		for i := range len(level) / 2 {
			level[i] = tlog.NodeHash(level[2*i], level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return level[0]
}

func tileAt(level int, n int64, width int) tlog.Tile {
	return tlog.Tile{H: tileHeight, L: level, N: n, W: width}
}

// partialTiles returns the tiles that are not full in a tree of a size.
func partialTiles(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level := 0; size > 0; level++ {
		if w := int(size % tileWidth); w > 0 {
			tiles = append(tiles, tileAt(level, size/tileWidth, w))
		}
		size /= tileWidth
	}
	return tiles
}

// tilePath returns the path of a tile of hashes in the C2SP layout, relative to
// the archive and with slashes: that of tlog.Tile without the height.
func tilePath(t tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(t.Path(), "tile/8/")
}

// bundlePath returns the path of the entry bundle that belongs to a tile of
// level 0.
func bundlePath(t tlog.Tile) string {
	return "tile/entries/" + strings.TrimPrefix(t.Path(), "tile/8/0/")
}

// logPaths returns the paths of a tile, and of its entry bundle if it has one.
func logPaths(t tlog.Tile) []string {
	if t.L == 0 {
		return []string{tilePath(t), bundlePath(t)}
	}
	return []string{tilePath(t)}
}

func encodeTile(hashes []tlog.Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

func decodeTile(b []byte, width int) ([]tlog.Hash, error) {
	if len(b) != width*tlog.HashSize {
		return nil, fmt.Errorf("tile has %d bytes, not %d", len(b), width*tlog.HashSize)
	}
	hashes := make([]tlog.Hash, width)
	for i := range hashes {
		copy(hashes[i][:], b[i*tlog.HashSize:])
	}
	return hashes, nil
}

// encodeBundle returns an entry bundle: each leaf after its length in two bytes,
// big endian.
func encodeBundle(leaves [][]byte) []byte {
	var b []byte
	for _, leaf := range leaves {
		b = binary.BigEndian.AppendUint16(b, uint16(len(leaf)))
		b = append(b, leaf...)
	}
	return b
}

func decodeBundle(b []byte, width int) ([][]byte, error) {
	leaves := make([][]byte, 0, width)
	for len(b) > 0 {
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			return nil, fmt.Errorf("entry bundle ends within leaf %d", len(leaves))
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		leaves = append(leaves, b[2:n:n])
		b = b[n:]
	}
	if len(leaves) != width {
		return nil, fmt.Errorf("entry bundle has %d leaves, not %d", len(leaves), width)
	}
	return leaves, nil
}

// tileReader gives the log's tiles to package tlog, which checks them against a
// root.
type tileReader struct {
	read func(name string, limit int64) ([]byte, error)
}

// Height implements tlog.TileReader.
func (r tileReader) Height() int { return tileHeight }

// ReadTiles implements tlog.TileReader.
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		var err error
		if data[i], err = r.read(tilePath(t), tileWidth*tlog.HashSize); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// SaveTiles implements tlog.TileReader. There is nothing to save.
func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// maxBundle is the size of the largest entry bundle.
const maxBundle = tileWidth * (2 + maxLeaf)

var errRoot = errors.New("tiles do not have the root of the checkpoint")
