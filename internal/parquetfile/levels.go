package parquetfile

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// appendHybrid writes numbers in the format's mixture of runs and packed bits,
// each number in width bits.
func appendHybrid(dst []byte, numbers []uint32, width int) []byte {
	const shortest = 16 // runs below it are cheaper packed
	packed := 0         // where the numbers begin that are not written yet
	for i := 0; i < len(numbers); {
		if i+shortest > len(numbers) || numbers[i+shortest-1] != numbers[i] {
			i++ // within a run that is too short
			continue
		}
		run := runOf(numbers[i:])
		// Packed numbers come in groups of eight: the run fills the last one.
		fill := (8 - (i-packed)%8) % 8
		if run-fill < shortest {
			i += run
			continue
		}
		dst = appendPacked(dst, numbers[packed:i+fill], width)
		dst = appendRun(dst, numbers[i], run-fill, width)
		i += run
		packed = i
	}
	return appendPacked(dst, numbers[packed:], width)
}

// runOf returns how many numbers at the front are the first one.
func runOf(numbers []uint32) int {
	first, run := numbers[0], 1
	eight := [8]uint32{first, first, first, first, first, first, first, first}
	for run+8 <= len(numbers) && *(*[8]uint32)(numbers[run:]) == eight {
		run += 8
	}
	for run < len(numbers) && numbers[run] == first {
		run++
	}
	return run
}

// appendRun writes one number many times.
func appendRun(dst []byte, number uint32, count, width int) []byte {
	dst = binary.AppendUvarint(dst, uint64(count)<<1)
	for range (width + 7) / 8 {
		dst = append(dst, byte(number))
		number >>= 8
	}
	return dst
}

// appendPacked writes numbers one behind the other; the last group of eight is
// filled up with zeros.
func appendPacked(dst []byte, numbers []uint32, width int) []byte {
	if len(numbers) == 0 {
		return dst
	}
	groups := (len(numbers) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	start, size := len(dst), groups*width
	dst = slices.Grow(dst, size+8)
	to := dst[start : start+size+8] // with room for the last bits, however few
	var pending uint64
	have, at := 0, 0
	for _, n := range numbers {
		pending |= uint64(n) << have
		if have += width; have >= 32 {
			binary.LittleEndian.PutUint32(to[at:], uint32(pending))
			pending >>= 32
			have -= 32
			at += 4
		}
	}
	binary.LittleEndian.PutUint64(to[at:], pending)
	if at += 8; at < size {
		clear(to[at:size])
	}
	return dst[:start+size]
}

// widthOf returns the bits that the numbers below count need.
func widthOf(count int) int {
	if count <= 1 {
		return 0
	}
	return bits.Len(uint(count - 1))
}
