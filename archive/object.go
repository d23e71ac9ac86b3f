package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/model"
)

// The members of an object: the index first, then the bodies in order.
const (
	indexMember   = "index.jsonl"
	payloadPrefix = "payload/"
)

func payloadMember(position uint64) string {
	name := []byte(payloadPrefix + "00000000000000000000")
	for i := len(name) - 1; position > 0; i-- {
		name[i] = byte('0' + position%10)
		position /= 10
	}
	return string(name)
}

// The limits of what a reader of objects allocates, whatever a damaged or
// forged file says.
const (
	maxIndex      = 256 << 20
	maxZstdWindow = 64 << 20
)

// item is a payload that waits to be sealed.
type item struct {
	leaf     PayloadLeaf // without the object's path
	body     []byte      // nil if there is the packed body
	packed   []byte      // the body as a zstd frame
	received time.Time
}

// held is the memory that an item takes, in bytes.
func (it *item) held() int64 { return int64(len(it.body) + len(it.packed)) }

func newItem(position uint64, p *model.Payload) item {
	it := item{leaf: newPayloadLeaf(position, p, p.SHA256()), body: p.Body, received: p.Received}
	if p.Packed != nil {
		it.body, it.packed = nil, p.Packed
	}
	return it
}

// object is a file to be written, with its leaves.
type object struct {
	path   string
	data   []byte
	leaves [][]byte // of the payloads, then of the object
}

// buildObject makes the object of a batch, which must not be empty.
func buildObject(batch []item, sealed time.Time, pack packing, to Recipients) (*object, error) {
	first, last := batch[0].leaf.Position, batch[len(batch)-1].leaf.Position
	o := &object{path: to.objectPath(first, last)}
	var index bytes.Buffer
	for i := range batch {
		leaf := batch[i].leaf
		leaf.Object = o.path
		line, err := encodeLeaf(leaf)
		if err != nil {
			return nil, err
		}
		o.leaves = append(o.leaves, line)
		index.Write(line)
		index.WriteByte('\n')
	}
	var err error
	if o.data, err = pack(batch, index.Bytes(), sealed); err != nil {
		return nil, fmt.Errorf("pack object %s: %w", o.path, err)
	}
	if len(to) > 0 {
		if o.data, err = to.encrypt(o.data); err != nil {
			return nil, fmt.Errorf("encrypt object %s: %w", o.path, err)
		}
	}
	line, err := encodeLeaf(objectLeaf(o.path, first, last, sha256.Sum256(o.data), int64(len(o.data))))
	if err != nil {
		return nil, err
	}
	o.leaves = append(o.leaves, line)
	return o, nil
}

func objectLeaf(path string, first, last uint64, sum [32]byte, size int64) ObjectLeaf {
	payloads := int(last - first + 1)
	if _, _, ok := parseRowsPath(path); ok {
		payloads = 0
	}
	return ObjectLeaf{
		Leaf:     leafObject,
		First:    first,
		Last:     last,
		Payloads: payloads,
		SHA256:   hex.EncodeToString(sum[:]),
		Size:     size,
		Object:   path,
	}
}

func newDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
}

// contents is what an object file was found to hold.
type contents struct {
	sum    [32]byte // of the whole file
	size   int64
	index  [][]byte // the lines, as far as they could be read
	bodies []body   // in order, as far as they could be read
	err    error    // why the contents could not be read to the end
	// sealed: the file is encrypted and no identity opens it, so that nothing but
	// its hash is known.
	sealed bool
	gone   *erasedState // what the file lacks by certificates
	buf    []byte
	hash   hash.Hash // of a body
}

type body struct {
	sum  [32]byte
	size int64
}

// readObject reads an object file to its last byte, with memory bounded by the
// index. The error is that of reading the file; damage is in contents.err.
func readObject(r io.Reader, name string, gone *erasedState, identities Identities, decoder *zstd.Decoder) (*contents, error) {
	file := &fileReader{r: r, hash: sha256.New()}
	c := &contents{gone: gone}
	c.err = c.open(file, name, identities, decoder)
	if c.sealed = errors.Is(c.err, ErrEncrypted); c.sealed {
		c.err = nil
	}
	// The hash is over the whole file, whatever could be unpacked of it.
	if _, err := io.Copy(io.Discard, file); err != nil {
		return nil, err
	}
	if file.err != nil {
		return nil, file.err
	}
	file.hash.Sum(c.sum[:0])
	c.size = file.size
	return c, nil
}

// fileReader hashes and counts what is read, and remembers the file's own error
// apart from those of the formats above it.
type fileReader struct {
	r    io.Reader
	hash interface {
		io.Writer
		Sum([]byte) []byte
	}
	size int64
	err  error
}

func (f *fileReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	f.hash.Write(p[:n])
	f.size += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func (c *contents) open(file io.Reader, name string, identities Identities, decoder *zstd.Decoder) (err error) {
	if isEncrypted(name) {
		if file, err = identities.decrypt(file); err != nil {
			return err
		}
	}
	in, first, last, _ := parseStoredPath(name)
	return c.unpack(file, in, first, last, decoder)
}

// unpack reads what is in an object of a series.
func (c *contents) unpack(file io.Reader, in series, first, last uint64, decoder *zstd.Decoder) error {
	if in == ofDataFiles {
		return c.unpackRows(file, first, last)
	}
	return c.unpackPayloads(file, first, last, decoder)
}

func (c *contents) unpackPayloads(file io.Reader, first, last uint64, decoder *zstd.Decoder) error {
	if err := decoder.Reset(file); err != nil {
		return err
	}
	r := newMembers(decoder)
	if err := c.readIndex(r, int(last-first+1)); err != nil {
		return err
	}
	for position := first; position <= last; position++ {
		if err := c.readBody(r, position); err != nil {
			return err
		}
	}
	if err := r.end(); err != nil {
		return err
	}
	// What follows the archive's end is zero blocks; reading them brings the
	// checksum of the zstd frame.
	_, err := io.Copy(io.Discard, decoder)
	return err
}

// readIndex reads the first member, of so many lines.
func (c *contents) readIndex(r *members, lines int) error {
	size, err := r.next(indexMember)
	if err != nil {
		return err
	}
	if size > min(maxIndex, int64(lines)*(maxLeaf+1)) {
		return fmt.Errorf("index has %d bytes", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	c.index, err = splitIndex(text, lines)
	return err
}

func (c *contents) readBody(r *members, position uint64) error {
	if !c.gone.lacks(position) {
		return c.readMember(r, payloadMember(position))
	}
	if _, err := r.next(c.gone.member(position)); err != nil {
		return err
	}
	c.bodies = append(c.bodies, body{})
	return skipErased(r)
}

// readMember hashes the next member, which has to have a name.
func (c *contents) readMember(r *members, name string) error {
	if _, err := r.next(name); err != nil {
		return err
	}
	if c.buf == nil {
		c.buf, c.hash = make([]byte, 64<<10), sha256.New()
	}
	c.hash.Reset()
	n, err := io.CopyBuffer(c.hash, r, c.buf)
	if err != nil {
		return err
	}
	b := body{size: n}
	c.hash.Sum(b.sum[:0])
	c.bodies = append(c.bodies, b)
	return nil
}

func splitIndex(text []byte, count int) ([][]byte, error) {
	var lines [][]byte
	for len(text) > 0 {
		line, rest, found := bytes.Cut(text, []byte("\n"))
		if !found {
			return lines, errors.New("index does not end with a line feed")
		}
		lines, text = append(lines, line), rest
	}
	if len(lines) != count {
		return lines, fmt.Errorf("index has %d lines and should have %d", len(lines), count)
	}
	return lines, nil
}

// holds reports whether a body is what a payload leaf says.
func (b *body) holds(leaf *scanned) bool {
	var sum [2 * sha256.Size]byte
	hex.Encode(sum[:], b.sum[:])
	return leaf.size == b.size && bytes.Equal(leaf.sum, sum[:])
}

// scanned is what verifying needs of the leaf of a payload. It shares memory with
// the line.
type scanned struct {
	position uint64
	size     int64
	sum      []byte // SHA-256 in hexadecimal
	object   []byte
}

// scanPayloadLeaf reads a payload leaf in its one form, without the cost of JSON:
// most of verifying small payloads was that. It returns false for any other text,
// also for a leaf in another form, which parsePayloadLeaf may still take.
func scanPayloadLeaf(line []byte) (s scanned, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"leaf":"payload","position":`))
	if !ok {
		return s, false
	}
	position, rest, ok := digits(rest)
	rest, found := bytes.CutPrefix(rest, []byte(`,"sha256":"`))
	if !ok || !found || len(rest) < 2*sha256.Size {
		return s, false
	}
	s.position, s.sum, rest = position, rest[:2*sha256.Size], rest[2*sha256.Size:]
	if rest, found = bytes.CutPrefix(rest, []byte(`","size":`)); !found {
		return s, false
	}
	size, rest, ok := digits(rest)
	if !ok || size > math.MaxInt64 || !bytes.HasPrefix(rest, []byte(`,"source":"`)) {
		return s, false
	}
	s.size = int64(size)
	// Within a string the quotes would have backslashes.
	at := bytes.LastIndex(rest, []byte(`,"object":"`))
	object, ended := bytes.CutSuffix(rest[max(at, 0):], []byte(`"}`))
	if at < 0 || !ended {
		return s, false
	}
	s.object = object[len(`,"object":"`):]
	return s, !bytes.ContainsAny(s.object, "\"\\")
}

// digits reads a number without leading zeros.
func digits(text []byte) (n uint64, rest []byte, ok bool) {
	i := 0
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		i++
	}
	n, err := strconv.ParseUint(string(text[:i]), 10, 64)
	return n, text[i:], err == nil && (i == 1 || text[0] != '0')
}

// parseOwnLeaf returns false for anything but the leaf of an object.
func parseOwnLeaf(line []byte) (ObjectLeaf, bool) {
	var o ObjectLeaf
	if err := json.Unmarshal(line, &o); err != nil || o.Leaf != leafObject {
		return ObjectLeaf{}, false
	}
	return o, true
}

// parsePayloadLeaf returns false for anything but a payload leaf.
func parsePayloadLeaf(line []byte) (PayloadLeaf, bool) {
	var l PayloadLeaf
	if err := json.Unmarshal(line, &l); err != nil || l.Leaf != leafPayload {
		return PayloadLeaf{}, false
	}
	return l, true
}
