package archive

import (
	"crypto/sha256"
	"fmt"
	"io"
	"sort"

	"golang.org/x/mod/sumdb/tlog"
)

// span is an object by what it has in its series.
type span struct {
	name        string
	in          series
	first, last uint64
}

// leaves is how many leaves it has, with its own.
func (s span) leaves() uint64 { return s.last - s.first + 2 }

// all is what of a report's problem is lost with it.
func (s span) all() lost { return lost{s.in, []Range{{s.first, s.last}}} }

// spanOf returns the object that a leaf begins, as the leaf itself says.
func spanOf(line []byte) (span, bool) {
	var o span
	var number uint64
	var ok bool
	if l, isPayload := parsePayloadLeaf(line); isPayload {
		o.name, number = l.Object, l.Position
		o.first, o.last, ok = parseObjectPath(o.name)
		return o, ok && o.first == number
	}
	e, isRows := parseRows(line)
	if !isRows {
		return o, false
	}
	o.name, o.in, number = e.object(), ofDataFiles, e.number()
	o.first, o.last, ok = parseRowsPath(o.name)
	return o, ok && o.first == number
}

// next returns the object whose first leaf is the first of the group: as the
// leaf itself says or, if its entry bundle is damaged, as the folder has one that
// comes next in its series.
func (c *objectCheck) next() (span, bool) {
	if c.group[0].data != nil {
		return spanOf(c.group[0].data)
	}
	var perhaps []span
	for in := range seriesCount {
		o, ok := c.after(in, c.last[in])
		if !ok || o.first != c.last[in]+1 {
			continue
		}
		switch c.begins(o) {
		case yes:
			return o, true
		case unknown:
			perhaps = append(perhaps, o)
		}
	}
	if len(perhaps) == 0 {
		return span{}, false
	}
	return perhaps[0], true
}

// verdict is an answer to a question that damage may leave open.
type verdict int

const (
	no verdict = iota
	unknown
	yes
)

// begins says whether an object of the folder is that of the leaves of the group, by
// the first line of its index or, where that cannot be read, by its own leaf.
func (c *objectCheck) begins(o span) verdict {
	if h, ok := c.firstLine(o); ok && c.group[0].known {
		if c.group[0].hash == h {
			return yes
		}
		return no
	}
	if uint64(len(c.group)) < o.leaves() {
		return unknown
	}
	own := c.group[o.leaves()-1]
	f, err := c.v.fs.Open(o.name)
	if err != nil {
		return unknown
	}
	defer f.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	if err != nil {
		return unknown
	}
	line, err := encodeLeaf(objectLeaf(o.name, o.first, o.last, [sha256.Size]byte(sum.Sum(nil)), size))
	if err == nil && own.known && own.hash == tlog.RecordHash(line) {
		return yes
	}
	return unknown
}

// skip passes over leaves that begin no object that can be told, because both
// their entry bundle and the object are damaged, up to the next that does. It
// returns false if that may be among leaves yet to come.
func (c *objectCheck) skip(end bool) bool {
	count, o := c.resume()
	switch {
	case count > 0:
		in, numbers := c.gap(count, o)
		c.skipped(count, in, numbers)
		c.last[in] += numbers
	case !end:
		return false
	case c.last[ofDataFiles] > 0: // of either series
		count = len(c.group)
		c.skipped(count, ofPayloads, 0)
	default:
		count = len(c.group)
		c.skipped(count, ofPayloads, uint64(count)-1) // if it was one object
	}
	c.rows.broken = true
	c.group = c.group[count:]
	return true
}

// gap returns of which series an object of so many leaves is missing before an object
// of the log, or before the next one in the folder, and how many numbers.
func (c *objectCheck) gap(count int, before span) (series, uint64) {
	var gaps [seriesCount]uint64
	var open [seriesCount]bool // nothing of it follows in the folder
	for s := range seriesCount {
		if next, ok := c.after(s, c.last[s]); ok {
			gaps[s] = next.first - c.last[s] - 1
		} else {
			open[s] = true
		}
		if s == before.in {
			gaps[s] = before.first - c.last[s] - 1
		}
		if gaps[s] > 0 && uint64(count) == gaps[s]+1 {
			return s, gaps[s]
		}
	}
	if other := ofDataFiles - before.in; gaps[before.in] == 0 && open[other] {
		return other, uint64(count) - 1 // if it was one object
	}
	in := before.in
	for s := range seriesCount {
		if gaps[in] == 0 && gaps[s] > 0 {
			in = s
		}
	}
	return in, gaps[in]
}

// resume returns how many leaves to pass over up to one that begins an object,
// and that object: as the leaf itself says, or because its hash is that of the first
// line of the next object in the folder.
func (c *objectCheck) resume() (count int, begun span) {
	var objects [seriesCount]span
	var lines [seriesCount]tlog.Hash
	var found [seriesCount]bool
	for in := range seriesCount {
		if objects[in], found[in] = c.after(in, c.last[in]); found[in] {
			lines[in], found[in] = c.firstLine(objects[in])
		}
	}
	for i := 1; i < len(c.group); i++ {
		if o, ok := spanOf(c.group[i].data); ok && o.first > c.last[o.in] {
			return i, o
		}
		for in := range seriesCount {
			if found[in] && c.group[i].known && c.group[i].hash == lines[in] {
				return i, objects[in]
			}
		}
	}
	return 0, span{}
}

// firstLine returns the hash of the first leaf of an object in the folder, if that can
// be read.
func (c *objectCheck) firstLine(o span) (h tlog.Hash, ok bool) {
	f, err := newClearFS(c.v.fs, c.v.trust.Identities, c.v.public).Open(o.name)
	if err != nil {
		return h, false
	}
	defer f.Close()
	found := &contents{}
	found.gone = goneFrom(f)
	_ = found.unpack(f, o.in, o.first, o.last, c.zstd) // the index is enough
	if len(found.index) == 0 {
		return h, false
	}
	return tlog.RecordHash(found.index[0]), true
}

// after returns the first object in the folder that begins after a position or number
// of its series.
func (c *objectCheck) after(in series, number uint64) (o span, ok bool) {
	objects := c.v.objects[in]
	n := sort.Search(len(objects), func(i int) bool {
		_, first, _, _ := parseStoredPath(objects[i])
		return first > number
	})
	if n == len(objects) {
		return o, false
	}
	o.name, o.in = objects[n], in
	_, o.first, o.last, _ = parseStoredPath(o.name)
	return o, true
}

// skipped reports leaves of which neither the entry bundle nor the object can be
// read, and which cover a number of positions of a series.
func (c *objectCheck) skipped(count int, in series, numbers uint64) {
	from := c.group[0]
	if numbers == 0 {
		c.v.problem(from.file, Changed, fmt.Sprintf("%d leaves from number %d on cannot be read, nor told from an object", count, from.index))
		return
	}
	gone := Range{c.last[in] + 1, c.last[in] + numbers}
	name := c.pathLike(in, gone.First, gone.Last)
	if uint64(count) != numbers+1 {
		name = in.directory() // several objects, whose names nobody knows
	}
	c.v.lose(name, Missing, fmt.Sprintf("%d leaves from number %d on cannot be read, and there is no object for them", count, from.index), lost{in, []Range{gone}})
}

// pathLike is the path of an object that is not there, encrypted if the last one
// in the folder is.
func (c *objectCheck) pathLike(in series, first, last uint64) string {
	name := objectPath(first, last)
	if in == ofDataFiles {
		name = rowsPath(first, last)
	}
	if objects := c.v.objects[in]; len(objects) > 0 && isEncrypted(objects[len(objects)-1]) {
		name += encryptedSuffix
	}
	return name
}

func (c *objectCheck) hole(o span) {
	file, last := c.group[0].file, c.last[o.in]
	detail := fmt.Sprintf("%s %d comes after %s %d", o.in.unit(), o.first, o.in.unit(), last)
	if o.first <= last {
		c.v.problem(file, Hole, detail)
		return
	}
	c.v.lose(file, Hole, detail, lost{o.in, []Range{{last + 1, o.first - 1}}})
}
