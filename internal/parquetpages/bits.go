package parquetpages

import "slices"

// Half of what a question to whole columns costs is here, so that numbers are taken out of
// their bits eight at a time.

// unpackBits appends count numbers of width bits, from first on.
func unpackBits(body []byte, width, first, count int, to []uint32) []uint32 {
	if count == 0 {
		return to // first may be behind the end
	}
	start := len(to)
	to = slices.Grow(to, count)[:start+count]
	out := to[start:]
	for ; len(out) > 0 && first%8 != 0; first++ { // eight numbers begin with a byte
		out[0] = bitsAt(body, first*width, width)
		out = out[1:]
	}
	body = body[first/8*width:]
	n := 0
	switch {
	case width == 0:
	case width <= 8:
		n = unpackShort(body, width, out)
	case width <= 16:
		n = unpackMiddle(body, width, out)
	}
	bit, mask := n*width, uint64(1)<<width-1
	for ; n < len(out) && bit>>3+8 <= len(body); n++ {
		out[n] = uint32(little(body[bit>>3:]) >> (bit & 7) & mask)
		bit += width
	}
	for ; n < len(out); n++ {
		out[n] = bitsAt(body, bit, width)
		bit += width
	}
	return to
}

// unpackShort takes out numbers of 1 to 8 bits as long as eight of them are within eight
// bytes that are there, and returns how many.
func unpackShort(body []byte, width int, out []uint32) (n int) {
	w, mask := uint(width), uint64(1)<<width-1
	for ; len(out) >= 8 && len(body) >= 8; n += 8 {
		v, to := little(body), out[:8]
		to[0] = uint32(v & mask)
		to[1] = uint32(v >> (w & 63) & mask)
		to[2] = uint32(v >> (2 * w & 63) & mask)
		to[3] = uint32(v >> (3 * w & 63) & mask)
		to[4] = uint32(v >> (4 * w & 63) & mask)
		to[5] = uint32(v >> (5 * w & 63) & mask)
		to[6] = uint32(v >> (6 * w & 63) & mask)
		to[7] = uint32(v >> (7 * w & 63) & mask)
		body, out = body[width:], out[8:]
	}
	return n
}

// unpackMiddle is unpackShort for 9 to 16 bits: four numbers are within eight bytes, and
// the next four begin within a byte where the width is odd.
func unpackMiddle(body []byte, width int, out []uint32) (n int) {
	w, mask := uint(width), uint64(1)<<width-1
	half, within := width/2, uint(4*width%8)
	for ; len(out) >= 8 && len(body) >= half+8; n += 8 {
		v, next, to := little(body), little(body[half:])>>(within&63), out[:8]
		to[0] = uint32(v & mask)
		to[1] = uint32(v >> (w & 63) & mask)
		to[2] = uint32(v >> (2 * w & 63) & mask)
		to[3] = uint32(v >> (3 * w & 63) & mask)
		to[4] = uint32(next & mask)
		to[5] = uint32(next >> (w & 63) & mask)
		to[6] = uint32(next >> (2 * w & 63) & mask)
		to[7] = uint32(next >> (3 * w & 63) & mask)
		body, out = body[width:], out[8:]
	}
	return n
}

// largest returns the largest of some numbers, 0 of none.
func largest(numbers []uint32) uint32 {
	var a, b, c, d uint32 // that do not wait for each other
	for ; len(numbers) >= 4; numbers = numbers[4:] {
		a, b, c, d = max(a, numbers[0]), max(b, numbers[1]), max(c, numbers[2]), max(d, numbers[3])
	}
	for _, n := range numbers {
		a = max(a, n)
	}
	return max(a, b, c, d)
}
