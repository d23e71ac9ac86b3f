package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// blob is one piece of content. Its records follow from its number: nothing of
// it is kept.
type blob struct {
	number      int
	contentType string
	created     time.Time
	records     int
}

// content is everything a server offers.
type content struct {
	templates templates
	blobs     []blob // by time of creation
	records   int64
}

// plan says how much content there is.
type plan struct {
	bytes       int64 // of all bodies, about
	blobBytes   int64 // of one body, about; 0 for as many as blobRecords
	blobRecords int
	oldest      time.Duration // age of the first blob; the others follow evenly
	newest      time.Duration // age of the last
}

// newContent lays out blobs whose content types are as frequent as their
// records are among the templates.
func newContent(t templates, p plan, now time.Time) *content {
	c := &content{templates: t}
	var wheel []string // content types, each as often as it has templates
	size, count := int64(0), int64(0)
	for _, name := range slices.Sorted(maps.Keys(t)) {
		for i := range t[name] {
			wheel = append(wheel, name)
			size += int64(len(t[name][i].text)) + 1
			count++
		}
	}
	records := p.blobRecords
	if p.blobBytes > 0 {
		records = int(p.blobBytes*count/size) + 1
	}
	blobs := max(1, int(p.bytes*count/size)/records)
	random := chance(1)
	for i := range blobs {
		age := p.oldest - (p.oldest-p.newest)*time.Duration(i)/time.Duration(blobs)
		b := blob{number: i, contentType: wheel[random.next()%uint64(len(wheel))], created: now.Add(-age).Truncate(time.Millisecond), records: records}
		if p.blobBytes == 0 { // from half to one and a half times as many
			b.records = max(1, records/2+int(random.next()%uint64(records+1)))
		}
		c.blobs = append(c.blobs, b)
		c.records += int64(b.records)
	}
	return c
}

// id words a contentId as Microsoft does.
func (b *blob) id() string {
	stamp := strings.Replace(b.created.UTC().Format("20060102150405.000"), ".", "", 1) + fmt.Sprintf("%09d", b.number)
	name := strings.ReplaceAll(b.contentType, ".", "_")
	return strings.Join([]string{stamp, stamp, strings.ToLower(name), name, "apac0012"}, "$")
}

// find returns the blob with an id.
func (c *content) find(id string) (*blob, bool) {
	stamp, _, _ := strings.Cut(id, "$")
	if len(stamp) < 9 {
		return nil, false
	}
	number, err := strconv.Atoi(stamp[len(stamp)-9:])
	if err != nil || number < 0 || number >= len(c.blobs) || c.blobs[number].id() != id {
		return nil, false
	}
	return &c.blobs[number], true
}

const chunk = 64 << 10

// write sends the body of a blob and returns its length.
func (c *content) write(w io.Writer, b *blob) (int64, error) {
	pool := c.templates[b.contentType]
	random := chance(uint64(b.number)*0x2545f4914f6cdd1d + 7)
	buffer := append(make([]byte, 0, 2*chunk), '[')
	total := int64(0)
	flush := func() error {
		n, err := w.Write(buffer)
		total += int64(n)
		buffer = buffer[:0]
		return err
	}
	for i := range b.records {
		if i > 0 {
			buffer = append(buffer, ',')
		}
		at := b.created.Add(-time.Duration(random.next()%600) * time.Second)
		t := &pool[random.next()%uint64(len(pool))]
		buffer = t.appendTo(buffer, at, &random)
		if len(buffer) >= chunk {
			if err := flush(); err != nil {
				return total, err
			}
		}
	}
	buffer = append(buffer, ']')
	return total, flush()
}
