// Package structural finds the bytes by which JSON is read, 64 bytes at a time: where
// quotes, backslashes, brackets and commas are, as one bit for each byte. With vector
// instructions that takes a fraction of what looking at byte after byte does.
//
// It must not know which of them are inside of strings, nor what the text is.
package structural

// BlockBytes is how many bytes a Block is about.
const BlockBytes = 64

// Block says where in 64 bytes some bytes are: the lowest bit is for the first byte.
type Block struct {
	Quotes   uint64
	Slashes  uint64 // backslashes
	Brackets uint64 // of arrays and objects
	Commas   uint64
}

// Mark fills blocks with what the first bytes of text have, 64 for each. It panics if
// text has fewer.
func Mark(blocks []Block, text []byte) {
	if len(blocks) == 0 {
		return
	}
	text = text[:len(blocks)*BlockBytes]
	mark(blocks, text)
}

// Escaped returns which bytes of a block a backslash before them escapes. first says that
// the last byte of the block before escapes the first of this one; last, that the last
// of this one escapes what comes.
func Escaped(slashes uint64, first bool) (escaped uint64, last bool) {
	if first {
		escaped = 1
		slashes &^= 1
	}
	// In a run of backslashes every second one escapes, from the first: those at even
	// places where the run begins at one, else those at odd places. To add the
	// beginning of a run carries through all of it.
	const even = 0x5555555555555555
	begins := slashes &^ (slashes << 1)
	fromOdd := slashes & (slashes + begins&even)
	escaping := slashes&^fromOdd&even | fromOdd&^even
	return escaped | escaping<<1, escaping>>63 != 0
}

// Inside returns which bytes are in a string, its opening quote included, of a block with
// these quotes that are not escaped. open is 0, or all bits if the block begins in a
// string; open of the block that follows is the highest bit, spread.
func Inside(quotes, open uint64) (inside, next uint64) {
	inside = quotes // of each place, whether an odd number of quotes lies up to it
	inside ^= inside << 1
	inside ^= inside << 2
	inside ^= inside << 4
	inside ^= inside << 8
	inside ^= inside << 16
	inside ^= inside << 32
	inside ^= open
	return inside, uint64(int64(inside) >> 63)
}
