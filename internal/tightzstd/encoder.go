package tightzstd

import (
	"encoding/binary"

	"github.com/klauspost/compress/huff0"
)

// MaxInput is the most bytes of a frame: a match may lie as far back as its beginning.
const MaxInput = 8 << 20

const (
	// maxBlock is the most bytes of a block, by the format.
	maxBlock = 128 << 10
	// minMatch is the shortest match that is looked for.
	minMatch = 4
)

// The types of a block.
const (
	blockRaw        = 0
	blockCompressed = 2
)

// Encoder makes one frame after the other. It is for one goroutine.
type Encoder struct {
	finder   finder
	literals []byte
	found    []sequence
	body     []byte
	huffman  *huff0.Scratch
	// known says that the decoder has the tables of an earlier block of the frame.
	known  bool
	tables [3]*table // nil: the decoder has none of the frame
	coder  coder
	bits   bitWriter
}

// NewEncoder returns an encoder, which takes about a mebibyte of memory, and what the
// sequences and literals of a block take.
func NewEncoder() *Encoder { return &Encoder{huffman: &huff0.Scratch{}} }

// sequence is so many literals and then a match.
type sequence struct {
	literals, length, offset int
}

// Append appends the frame of what is at most MaxInput bytes.
func (e *Encoder) Append(dst, src []byte) []byte {
	dst = appendHeader(dst, len(src))
	if len(src) == 0 {
		return append(dst, 1|blockRaw<<1, 0, 0)
	}
	e.known, e.tables = false, [3]*table{}
	e.finder.begin(src)
	repeats := repeats{1, 4, 8}
	for at := 0; at < len(src); at += maxBlock {
		end := min(at+maxBlock, len(src))
		before := repeats
		e.found = e.finder.parse(at, end, &repeats, e.found[:0])
		var ok bool
		if dst, ok = e.appendBlock(dst, src[at:end], before, end == len(src)); !ok {
			repeats = before // the decoder sees no sequences
		}
	}
	return dst
}

// appendHeader appends the head of a frame of one segment, without a checksum.
func appendHeader(dst []byte, size int) []byte {
	dst = append(dst, 0x28, 0xb5, 0x2f, 0xfd)
	switch {
	case size < 256:
		return append(dst, 0x20, byte(size))
	case size < 256+1<<16:
		return binary.LittleEndian.AppendUint16(append(dst, 0x60), uint16(size-256))
	}
	return binary.LittleEndian.AppendUint32(append(dst, 0xa0), uint32(size))
}

// appendBlock appends a block; ok is false if it has the bytes as they are.
func (e *Encoder) appendBlock(dst, block []byte, before repeats, last bool) (out []byte, ok bool) {
	e.body = e.compressed(e.body[:0], block, before)
	body, kind := e.body, blockCompressed
	if len(body) >= len(block) {
		body, kind = block, blockRaw
		e.known, e.tables = false, [3]*table{} // what was made is not what the decoder has
	}
	head := uint32(len(body))<<3 | uint32(kind)<<1
	if last {
		head |= 1
	}
	dst = append(dst, byte(head), byte(head>>8), byte(head>>16))
	return append(dst, body...), kind == blockCompressed
}

// compressed appends a compressed block's body: its literals, then its sequences.
func (e *Encoder) compressed(dst, block []byte, before repeats) []byte {
	e.literals = e.literals[:0]
	at := 0
	for _, s := range e.found {
		e.literals = append(e.literals, block[at:at+s.literals]...)
		at += s.literals + s.length
	}
	e.literals = append(e.literals, block[at:]...)
	dst = e.appendLiterals(dst)
	return e.appendSequences(dst, before)
}

// The types of literals.
const (
	literalsRaw      = 0
	literalsRepeated = 1
	literalsHuffman  = 2
	literalsSame     = 3 // with the table of the block before
)

// fewLiterals are not worth a table.
const fewLiterals = 32

func (e *Encoder) appendLiterals(dst []byte) []byte {
	n := len(e.literals)
	if n < fewLiterals {
		return append(appendLiteralsHead(dst, literalsRaw, n), e.literals...)
	}
	e.huffman.Reuse = huff0.ReusePolicyNone
	if e.known {
		e.huffman.Reuse = huff0.ReusePolicyAllow
	}
	single := n < 256
	compress := huff0.Compress4X
	if single {
		compress = huff0.Compress1X
	}
	packed, same, err := compress(e.literals, e.huffman)
	switch {
	case err == huff0.ErrUseRLE:
		return append(appendLiteralsHead(dst, literalsRepeated, n), e.literals[0])
	case err != nil || len(packed) >= n:
		if err == nil {
			e.known = false // the table is in the scratch and not in the frame
		}
		return append(appendLiteralsHead(dst, literalsRaw, n), e.literals...)
	}
	kind := uint64(literalsHuffman)
	if same {
		kind = literalsSame
	}
	e.known = true
	switch size := uint64(len(packed)); {
	case single:
		head := kind | uint64(n)<<4 | size<<14
		dst = append(dst, byte(head), byte(head>>8), byte(head>>16))
	case n < 1<<10:
		head := kind | 1<<2 | uint64(n)<<4 | size<<14
		dst = append(dst, byte(head), byte(head>>8), byte(head>>16))
	case n < 1<<14:
		head := kind | 2<<2 | uint64(n)<<4 | size<<18
		dst = append(dst, byte(head), byte(head>>8), byte(head>>16), byte(head>>24))
	default:
		head := kind | 3<<2 | uint64(n)<<4 | size<<22
		dst = append(dst, byte(head), byte(head>>8), byte(head>>16), byte(head>>24), byte(head>>32))
	}
	return append(dst, packed...)
}

// appendLiteralsHead appends the head of literals that are as they are, or one repeated.
func appendLiteralsHead(dst []byte, kind, n int) []byte {
	switch {
	case n < 1<<5:
		return append(dst, byte(kind|n<<3))
	case n < 1<<12:
		return append(dst, byte(kind|1<<2|n<<4), byte(n>>4))
	}
	return append(dst, byte(kind|3<<2|n<<4), byte(n>>4), byte(n>>12))
}
