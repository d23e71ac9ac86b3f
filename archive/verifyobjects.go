package archive

import (
	"fmt"
	"runtime"
	"sort"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"
)

// objectCheck compares the objects with the leaves of the log. The leaves of one
// object follow each other: its payloads in order, then the object itself.
type objectCheck struct {
	v     *verification
	zstd  *zstd.Decoder // for a look into an index
	group []leaf        // leaves that wait for the rest of their object
	last  uint64        // last position accounted for

	idle    []*zstd.Decoder // one for each object that may be read beside
	reading []*objectRead   // in order
}

// objectRead is an object file that is being read.
type objectRead struct {
	name        string
	first, last uint64
	leaves      []leaf
	gone        *erasedState // what stands for the object, if something does
	decoder     *zstd.Decoder
	done        chan struct{} // closed when found or err is there
	found       *contents
	err         error
}

// maxReaders bounds the objects that are read at a time.
const maxReaders = 8

// newObjectCheck returns one that reads as many objects at a time as there are
// processors. The caller closes it.
func newObjectCheck(v *verification) (*objectCheck, error) {
	c := &objectCheck{v: v}
	for range 1 + min(runtime.GOMAXPROCS(0), maxReaders) {
		decoder, err := newDecoder()
		if err != nil {
			c.close()
			return nil, err
		}
		c.idle = append(c.idle, decoder)
	}
	c.zstd, c.idle = c.idle[0], c.idle[1:]
	return c, nil
}

// close waits for what is being read.
func (c *objectCheck) close() {
	for _, r := range c.reading {
		<-r.done
		r.decoder.Close()
	}
	for _, decoder := range c.idle {
		decoder.Close()
	}
	if c.zstd != nil {
		c.zstd.Close()
	}
}

// take accepts the next leaves.
func (c *objectCheck) take(leaves []leaf) error {
	c.v.takeLogged(leaves)
	c.group = append(c.group, leaves...)
	return c.drain(false)
}

// finish accounts for what waits after the last leaf.
func (c *objectCheck) finish() error {
	if err := c.drain(true); err != nil {
		return err
	}
	for len(c.reading) > 0 {
		c.settle()
	}
	return nil
}

// drain checks each object all of whose leaves have come.
func (c *objectCheck) drain(end bool) error {
	for len(c.group) > 0 {
		if err := c.v.ctx.Err(); err != nil {
			return err
		}
		name, first, last, ok := c.next()
		if !ok {
			if c.skip(end) {
				continue
			}
			return nil
		}
		count := last - first + 2 // with the object's own leaf
		if remaining := c.v.head.size - c.group[0].index; count > uint64(remaining) {
			c.v.problem(c.group[0].file, Changed, fmt.Sprintf("object %s needs %d leaves, the log has %d more", name, count, remaining))
			c.group = c.group[1:]
			continue
		}
		if uint64(len(c.group)) < count {
			return nil
		}
		if first != c.last+1 {
			c.hole(first)
		}
		c.check(name, first, last, c.group[:count])
		c.last = last
		c.group = append([]leaf(nil), c.group[count:]...)
	}
	return nil
}

// next returns the object whose first leaf is the first of the group: as the
// leaf itself says or, if its entry bundle is damaged, as the folder has one for
// the next position.
func (c *objectCheck) next() (name string, first, last uint64, ok bool) {
	if c.group[0].data != nil {
		l, isPayload := parsePayloadLeaf(c.group[0].data)
		first, last, ok = parseObjectPath(l.Object)
		return l.Object, first, last, isPayload && ok && l.Position == first
	}
	n := c.after(c.last)
	if n == len(c.v.objects) {
		return "", 0, 0, false
	}
	first, last, _ = parseObjectPath(c.v.objects[n])
	return c.v.objects[n], first, last, first == c.last+1
}

// skip passes over leaves that begin no object that can be told, because both
// their entry bundle and the object are damaged, up to the next that does. It
// returns false if that may be among leaves yet to come.
func (c *objectCheck) skip(end bool) bool {
	count, first := c.resume()
	switch {
	case count > 0:
		c.skipped(count, first-c.last-1)
		c.last = first - 1
	case !end:
		return false
	default:
		count = len(c.group)
		c.skipped(count, uint64(count)-1) // if it was one object
	}
	c.group = c.group[count:]
	return true
}

// resume returns how many leaves to pass over up to one that begins an object,
// and that object's first position: as the leaf itself says, or because its hash
// is that of the first line of the next object in the folder.
func (c *objectCheck) resume() (count int, first uint64) {
	object, want, found := c.peek()
	for i := 1; i < len(c.group); i++ {
		if l, ok := parsePayloadLeaf(c.group[i].data); ok {
			first, _, ok := parseObjectPath(l.Object)
			if ok && first == l.Position && first > c.last {
				return i, first
			}
		}
		if found && c.group[i].known && c.group[i].hash == want {
			return i, object
		}
	}
	return 0, 0
}

// peek returns the first position of the next object in the folder, and the
// hash of its first leaf if that can be read.
func (c *objectCheck) peek() (first uint64, h tlog.Hash, ok bool) {
	objects := c.v.objects
	n := c.after(c.last + 1)
	if n == len(objects) {
		return 0, h, false
	}
	first, last, _ := parseObjectPath(objects[n])
	f, err := clearFS{c.v.fs, c.v.trust.Identities, c.v.public}.Open(objects[n])
	if err != nil {
		return 0, h, false
	}
	defer f.Close()
	found := &contents{}
	found.gone = goneFrom(f)
	_ = found.unpack(f, first, last, c.zstd) // the index is enough
	if len(found.index) == 0 {
		return 0, h, false
	}
	return first, tlog.RecordHash(found.index[0]), true
}

// after returns the index of the first object in the folder that begins after a
// position.
func (c *objectCheck) after(position uint64) int {
	return sort.Search(len(c.v.objects), func(i int) bool {
		first, _, _ := parseObjectPath(c.v.objects[i])
		return first > position
	})
}

// skipped reports leaves of which neither the entry bundle nor the object can be
// read, and which cover a number of positions.
func (c *objectCheck) skipped(count int, positions uint64) {
	from := c.group[0]
	if positions == 0 {
		c.v.problem(from.file, Changed, fmt.Sprintf("%d leaves from number %d on cannot be read, nor told from an object", count, from.index))
		return
	}
	lost := Range{c.last + 1, c.last + positions}
	name := c.pathLike(lost.First, lost.Last)
	if uint64(count) != positions+1 {
		name = objectsDir // several objects, whose names nobody knows
	}
	c.v.problem(name, Missing, fmt.Sprintf("%d leaves from number %d on cannot be read, and there is no object for them", count, from.index), lost)
}

// pathLike is the path of an object that is not there, encrypted if the last one
// in the folder is.
func (c *objectCheck) pathLike(first, last uint64) string {
	name := objectPath(first, last)
	if n := len(c.v.objects); n > 0 && isEncrypted(c.v.objects[n-1]) {
		name += encryptedSuffix
	}
	return name
}

func (c *objectCheck) hole(first uint64) {
	file := c.group[0].file
	if first <= c.last {
		c.v.problem(file, Hole, fmt.Sprintf("position %d comes after position %d", first, c.last))
		return
	}
	c.v.problem(file, Hole, fmt.Sprintf("position %d comes after position %d", first, c.last), Range{c.last + 1, first - 1})
}

// check has an object file read, to be compared with its leaves. Files are opened
// and judged one after the other, and read side by side.
func (c *objectCheck) check(name string, first, last uint64, leaves []leaf) {
	if o, ok := c.v.disposed[name]; ok && !c.v.files[name] {
		c.judgeDisposed(o, leaves)
		return
	}
	gone, file := c.v.standIn(name)
	if gone != nil && !c.judgeStandIn(gone, leaves) {
		return
	}
	f, ok := c.v.open(file, Range{first, last})
	if !ok {
		return
	}
	if len(c.idle) == 0 {
		c.settle()
	}
	n := len(c.idle) - 1
	r := &objectRead{name: name, first: first, last: last, leaves: leaves, gone: gone, decoder: c.idle[n], done: make(chan struct{})}
	c.idle = c.idle[:n]
	c.reading = append(c.reading, r)
	go func() {
		defer close(r.done)
		defer f.Close()
		r.found, r.err = readObject(f, name, gone, c.v.trust.Identities, r.decoder)
	}()
}

// settle waits for the oldest of the objects that are read, and judges it.
func (c *objectCheck) settle() {
	r := c.reading[0]
	<-r.done
	c.reading = c.reading[1:]
	c.idle = append(c.idle, r.decoder)
	c.judge(r)
}

// judge compares one object file with its leaves.
func (c *objectCheck) judge(r *objectRead) {
	name, first, last, leaves, found := r.name, r.first, r.last, r.leaves, r.found
	if r.err != nil {
		c.v.problem(name, Unreadable, r.err.Error(), Range{first, last})
		return
	}
	c.v.advance(found.size)
	if r.gone != nil {
		c.judgeErased(r)
		return
	}
	if found.sealed {
		c.judgeSealed(r)
		return
	}
	payloads, own := leaves[:len(leaves)-1], leaves[len(leaves)-1]
	var touched []uint64
	for i := range payloads {
		if !found.payload(i, name, first+uint64(i), &payloads[i]) {
			touched = append(touched, first+uint64(i))
		}
	}
	c.v.report.Payloads += last - first + 1 - uint64(len(touched))
	whole := found.signed(r, &own)
	switch {
	case whole && len(touched) == 0 && found.err == nil:
		c.v.report.Objects++
	case whole:
		c.v.problem(name, Changed, "its hash is in the log, but its contents are not what the log says: "+found.why(), ranges(touched)...)
	case len(touched) == 0:
		c.v.problem(name, Changed, "the file does not have the hash in the log; every payload in it is still whole", ranges(touched)...)
	default:
		c.v.problem(name, Changed, "the file does not have the hash in the log: "+found.why(), ranges(touched)...)
	}
}

// signed reports whether the file is the one that the object's own leaf is of.
func (c *contents) signed(r *objectRead, own *leaf) bool {
	line, err := encodeLeaf(objectLeaf(r.name, r.first, r.last, c.sum, c.size))
	return err == nil && own.known && tlog.RecordHash(line) == own.hash
}

// judgeSealed compares an object that no key opens with its own leaf, and the
// payloads' leaves with what they must say of it.
func (c *objectCheck) judgeSealed(r *objectRead) {
	payloads, own := r.leaves[:len(r.leaves)-1], r.leaves[len(r.leaves)-1]
	if !r.found.signed(r, &own) {
		c.v.problem(r.name, Changed, "the file does not have the hash in the log; what of it is still whole cannot be told without the key", Range{r.first, r.last})
		return
	}
	var touched []uint64
	for i := range payloads {
		if payloads[i].data == nil {
			continue // of an entry bundle that was found damaged
		}
		described, ok := scanPayloadLeaf(payloads[i].data)
		if position := r.first + uint64(i); !ok || described.position != position || string(described.object) != r.name {
			touched = append(touched, position)
		}
	}
	c.v.report.Sealed += uint64(len(payloads) - len(touched))
	c.v.report.Objects++
	if len(touched) > 0 {
		c.v.problem(r.name, Changed, "its leaves in the log do not describe its payloads", ranges(touched)...)
	}
}

func (c *contents) why() string {
	if c.err != nil {
		return c.err.Error()
	}
	return "a payload or its description is not what was archived"
}

// payload reports whether the ith payload was read back as its leaf says.
func (c *contents) payload(i int, name string, position uint64, l *leaf) bool {
	if i >= len(c.bodies) || !l.known {
		return false
	}
	line := l.data
	if i < len(c.index) && tlog.RecordHash(c.index[i]) == l.hash {
		line = c.index[i]
	} else if line == nil {
		return false
	}
	described, ok := scanPayloadLeaf(line)
	return ok && described.position == position && string(described.object) == name && c.bodies[i].holds(&described)
}
