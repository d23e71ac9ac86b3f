// Package tightzstd writes Zstandard frames (RFC 8878) that are smaller than those of the
// library in Go, for twice to three times its processor time: for pages that are written
// once, kept for years and read often. They are read by any decoder of Zstandard, and no
// slower; the library's is the tests' judge.
//
// It must not know what the bytes are.
package tightzstd
