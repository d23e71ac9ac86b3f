package archive

import (
	"fmt"
	"runtime"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"
)

// objectCheck compares the objects with the leaves of the log. The leaves of one
// object follow each other: its payloads in order, then the object itself.
type objectCheck struct {
	v     *verification
	zstd  *zstd.Decoder // for a look into an index
	group []leaf        // leaves that wait for the rest of their object
	// last is what is accounted for of each series: positions, and numbers of leaves
	// of rows and tables.
	last [seriesCount]uint64
	rows rowsCheck

	idle    []*zstd.Decoder // one for each object that may be read beside
	reading []*objectRead   // in order
}

// objectRead is an object file that is being read.
type objectRead struct {
	span
	leaves  []leaf
	sealed  uint64       // last position of the payloads in the log before it
	gone    *erasedState // what stands for the object, if something does
	decoder *zstd.Decoder
	done    chan struct{} // closed when found or err is there
	found   *contents
	err     error
	touched []uint64 // positions of payloads that were not read back as their leaves say
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
	c.v.takeStamps(leaves)
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
		o, ok := c.next()
		if !ok {
			if c.skip(end) {
				continue
			}
			return nil
		}
		if remaining := c.v.head.size - c.group[0].index; o.leaves() > uint64(remaining) {
			c.v.problem(c.group[0].file, Changed, fmt.Sprintf("object %s needs %d leaves, the log has %d more", o.name, o.leaves(), remaining))
			c.group = c.group[1:]
			continue
		}
		if uint64(len(c.group)) < o.leaves() {
			return nil
		}
		if o.first != c.last[o.in]+1 {
			c.hole(o)
		}
		c.check(o, c.group[:o.leaves()])
		c.last[o.in] = o.last
		c.group = append([]leaf(nil), c.group[o.leaves():]...)
	}
	return nil
}

// check has an object file read, to be compared with its leaves. Files are opened
// and judged one after the other, and read side by side.
func (c *objectCheck) check(at span, leaves []leaf) {
	if o, ok := c.v.disposed[at.name]; ok && !c.v.files[at.name] {
		for at.in == ofDataFiles && len(c.reading) > 0 { // what is told of tables is told in order
			c.settle()
		}
		c.judgeDisposed(o, leaves)
		return
	}
	gone, file := c.v.standIn(at.name)
	if gone != nil && !c.judgeStandIn(gone, leaves) {
		return
	}
	f, ok := c.v.open(file, at.all())
	if !ok {
		c.rows.broken = c.rows.broken || at.in == ofDataFiles
		return
	}
	if len(c.idle) == 0 {
		c.settle()
	}
	n := len(c.idle) - 1
	r := &objectRead{span: at, leaves: leaves, sealed: c.last[ofPayloads], gone: gone, decoder: c.idle[n], done: make(chan struct{})}
	c.idle = c.idle[:n]
	c.reading = append(c.reading, r)
	go func() {
		defer close(r.done)
		defer f.Close()
		if r.found, r.err = readObject(f, r.name, gone, c.v.trust.Identities, r.decoder); r.err == nil {
			r.compare()
		}
	}()
}

// compare compares payloads with their leaves.
func (r *objectRead) compare() {
	if r.in != ofPayloads || r.found.sealed {
		return
	}
	for i := range r.leaves[:len(r.leaves)-1] {
		position := r.first + uint64(i)
		if (r.gone == nil || !r.gone.gone[position]) && !r.found.payload(i, r.name, position, &r.leaves[i]) {
			r.touched = append(r.touched, position)
		}
	}
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
		c.v.lose(name, Unreadable, r.err.Error(), r.all())
		c.rows.broken = c.rows.broken || r.in == ofDataFiles
		return
	}
	c.v.advance(found.size)
	if r.gone != nil {
		c.judgeErased(r)
		return
	}
	if r.in == ofDataFiles {
		c.judgeRows(r)
		return
	}
	if found.sealed {
		c.judgeSealed(r)
		return
	}
	own, touched := leaves[len(leaves)-1], r.touched
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
	line := l.data // has its hash
	if line == nil {
		if i >= len(c.index) || tlog.RecordHash(c.index[i]) != l.hash {
			return false
		}
		line = c.index[i]
	}
	described, ok := scanPayloadLeaf(line)
	return ok && described.position == position && string(described.object) == name && c.bodies[i].holds(&described)
}
