//go:build !amd64

package structural

func mark(blocks []Block, text []byte) { markWords(blocks, text) }
