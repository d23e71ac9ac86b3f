package structural

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

// markAVX2 fills as many blocks, of which there must be one at least.
//
//go:noescape
func markAVX2(to *Block, text *byte, blocks int)

func mark(blocks []Block, text []byte) {
	if hasAVX2 {
		markAVX2(&blocks[0], &text[0], len(blocks))
		return
	}
	markWords(blocks, text)
}
