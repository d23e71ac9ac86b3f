package archive

import (
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// logCheck compares entry bundles and tiles with each other and with the
// checkpoint. A tile that its parent, and so on up to the signed root, vouches
// for is proved; where that chain is broken the leaves decide, from below.
type logCheck struct {
	v *verification
	// edge has, by level, the partial tile; edgeProved that they have the
	// signed root.
	edge       map[int][]tlog.Hash
	edgeProved bool
	ahead      *readAhead // level 0
	// full has, by level, the full tile read last.
	full map[int]provedTile
	// built is the tree over the leaves as they are taken for right.
	built tree
	// undecided are tiles that differ from their entry bundles, where only the
	// root can tell which is right.
	undecided []tlog.Tile
}

type provedTile struct {
	n      int64
	hashes []tlog.Hash // nil if the file is missing or was changed
	root   tlog.Hash   // of the hashes, if it is full
	proved bool
}

func newLogCheck(v *verification) *logCheck {
	c := &logCheck{v: v, ahead: newReadAhead(v.fs, v.head.size), edge: map[int][]tlog.Hash{}, full: map[int]provedTile{}}
	files := tree{size: v.head.size}
	complete := true
	for _, t := range partialTiles(v.head.size) {
		for len(files.edge) <= t.L {
			files.edge = append(files.edge, nil)
		}
		hashes := c.readTile(t)
		complete = complete && hashes != nil
		c.edge[t.L], files.edge[t.L] = hashes, hashes
	}
	c.edgeProved = complete && files.root() == v.head.root
	return c
}

func (c *logCheck) readTile(t tlog.Tile) []tlog.Hash {
	return c.decoded(t, c.v.read(tilePath(t), tileWidth*tlog.HashSize))
}

// decoded returns the hashes of a tile; data is nil if it could not be read.
func (c *logCheck) decoded(t tlog.Tile, data []byte) []tlog.Hash {
	if data == nil {
		return nil
	}
	hashes, err := decodeTile(data, t.W)
	if err != nil {
		c.v.problem(tilePath(t), Changed, err.Error())
		return nil
	}
	return hashes
}

// parent returns the hash that the level above has for the nth tile of a level,
// and whether the root vouches for it.
func (c *logCheck) parent(level int, n int64) (h tlog.Hash, proved bool) {
	above := c.hashes(level+1, n/tileWidth)
	if above.hashes == nil || !above.proved {
		return h, false
	}
	return above.hashes[n%tileWidth], true
}

// hashes returns the nth tile of a level above 0. Full tiles are read once, in order.
func (c *logCheck) hashes(level int, n int64) provedTile {
	if t, ok := c.atEdge(level, n); ok {
		return t
	}
	if t, ok := c.full[level]; ok && t.n == n {
		return t
	}
	hashes := c.readTile(tileAt(level, n, tileWidth))
	var root tlog.Hash
	if hashes != nil {
		root = tileHash(hashes)
	}
	t := c.proved(level, n, hashes, root)
	c.full[level] = t
	return t
}

// atEdge returns the tile if it is the partial one of its level.
func (c *logCheck) atEdge(level int, n int64) (provedTile, bool) {
	size := c.v.head.size >> (tileHeight * level) // hashes on this level
	return provedTile{n: n, hashes: c.edge[level], proved: c.edgeProved && c.edge[level] != nil}, n == size/tileWidth
}

// proved compares a full tile with the one above it.
func (c *logCheck) proved(level int, n int64, hashes []tlog.Hash, root tlog.Hash) provedTile {
	t := provedTile{n: n, hashes: hashes, root: root}
	want, ok := c.parent(level, n)
	if !ok || hashes == nil {
		return t
	}
	if t.proved = root == want; !t.proved {
		c.v.problem(tilePath(tileAt(level, n, tileWidth)), Changed, "does not have the hash that the tile above it has")
		t.hashes = nil
	}
	return t
}

// tile returns the leaves under the nth tile of level 0.
func (c *logCheck) tile(n int64) []leaf {
	at, read := c.ahead.at(n), c.ahead.take(n)
	tile, ok := c.atEdge(0, n)
	if !ok {
		hashes := c.decoded(at, c.v.took(tilePath(at), tileWidth*tlog.HashSize, read.tile))
		tile = c.proved(0, n, hashes, read.tileRoot)
	}
	haveEntries := c.haveEntries(at, read)
	leaves, file := make([]leaf, at.W), bundlePath(at)
	for i := range leaves {
		leaves[i] = leaf{index: n*tileWidth + int64(i), file: file}
		if haveEntries {
			leaves[i].data, leaves[i].hash, leaves[i].known = read.entries[i], read.hashes[i], true
		}
	}
	switch {
	case tile.proved:
		c.fitProved(at, tile.hashes, leaves, haveEntries)
	case haveEntries:
		c.fitUnproved(at, tile.hashes, leaves)
	case tile.hashes != nil:
		for i := range leaves {
			leaves[i].hash, leaves[i].known = tile.hashes[i], true
		}
	}
	c.build(leaves, tile)
	return leaves
}

// build appends leaves to the tree: a tile of them at once, where that is proved and
// no past checkpoint is of a size within it.
func (c *logCheck) build(leaves []leaf, tile provedTile) {
	first := leaves[0].index
	whole := tile.proved && len(leaves) == tileWidth
	for size := first + 1; whole && len(c.v.past) > 0 && size < first+tileWidth; size++ {
		whole = c.v.past[size] == nil
	}
	if whole {
		c.built.appendTile(tile.root)
		c.v.comparePast(&c.built)
		return
	}
	for i := range leaves {
		c.built.append(leaves[i].hash, func(tlog.Tile, []tlog.Hash) {})
		c.v.comparePast(&c.built)
	}
}

// haveEntries accounts for an entry bundle, and says whether there is one.
func (c *logCheck) haveEntries(t tlog.Tile, read *logTile) bool {
	if c.v.took(bundlePath(t), maxBundle, read.bundle) == nil {
		return false
	}
	if read.err != nil {
		c.v.problem(bundlePath(t), Changed, read.err.Error())
	}
	return read.err == nil
}

// fitProved takes the hashes of a proved tile and drops the data of leaves that
// do not have them.
func (c *logCheck) fitProved(t tlog.Tile, hashes []tlog.Hash, leaves []leaf, haveEntries bool) {
	wrong := 0
	first := int64(0)
	for i := range leaves {
		l := &leaves[i]
		if haveEntries && l.hash != hashes[i] {
			if wrong++; wrong == 1 {
				first = l.index
			}
			l.data = nil
		}
		l.hash, l.known = hashes[i], true
	}
	if wrong > 0 {
		c.v.problem(bundlePath(t), Changed, fmt.Sprintf("%d leaves, the first number %d, do not have the hash in the log", wrong, first))
	}
}

// fitUnproved decides between an entry bundle and a tile that the root does not
// vouch for.
func (c *logCheck) fitUnproved(t tlog.Tile, hashes []tlog.Hash, leaves []leaf) {
	same := hashes != nil
	derived := make([]tlog.Hash, len(leaves))
	for i := range leaves {
		derived[i] = leaves[i].hash
		same = same && derived[i] == hashes[i]
	}
	if same {
		return
	}
	if t.W == tileWidth {
		if want, ok := c.parent(0, t.N); ok {
			if tileHash(derived) == want {
				return // the tile is at fault, and has been reported
			}
			c.v.problem(bundlePath(t), Changed, "neither this nor its tile has the hash in the log")
			return
		}
	}
	if hashes != nil {
		c.undecided = append(c.undecided, t)
	}
}

// finish compares what was built from the leaves with the root and the edge.
func (c *logCheck) finish() {
	v := c.v
	root := c.built.root()
	rootHolds := root == v.head.root
	if !rootHolds {
		v.problem(checkpointFile, Changed, fmt.Sprintf("signed root is %s, the leaves give %s", v.head.root, root))
	}
	for _, t := range c.undecided {
		v.problem(tilePath(t), Changed, "does not have the hashes of its leaves")
		if !rootHolds {
			v.problem(bundlePath(t), Changed, "does not have the hashes of its tile")
		}
	}
	if c.edgeProved {
		return
	}
	c.built.partial(func(t tlog.Tile, hashes []tlog.Hash) {
		file := c.edge[t.L]
		if file != nil && !slices.Equal(file, hashes) && !slices.Contains(c.undecided, t) {
			v.problem(tilePath(t), Changed, "does not have the hashes that the leaves give")
		}
	})
}
