package parquetfile

import (
	"encoding/binary"
	"math/bits"
)

// appendHybrid writes numbers in the format's mixture of runs and packed bits,
// each number in width bits.
func appendHybrid(dst []byte, numbers []uint32, width int) []byte {
	const shortest = 16 // runs below it are cheaper packed
	packed := 0         // where the numbers begin that are not written yet
	for i := 0; i < len(numbers); {
		run := 1
		for i+run < len(numbers) && numbers[i+run] == numbers[i] {
			run++
		}
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
	end := len(dst) + groups*width
	var pending uint64
	have := 0
	for _, n := range numbers {
		pending |= uint64(n) << have
		for have += width; have >= 8; have -= 8 {
			dst = append(dst, byte(pending))
			pending >>= 8
		}
	}
	if have > 0 {
		dst = append(dst, byte(pending))
	}
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst
}

// widthOf returns the bits that the numbers below count need.
func widthOf(count int) int {
	if count <= 1 {
		return 0
	}
	return bits.Len(uint(count - 1))
}
