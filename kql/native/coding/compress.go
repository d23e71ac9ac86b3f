package coding

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"io"
	"unicode/utf8"
)

// maxPlain bounds what is decompressed, so that a small text cannot fill the
// memory.
const maxPlain = 16 << 20

func gzipCompress(s string) string {
	data := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}, deflated(s)...)
	data = binary.LittleEndian.AppendUint32(data, crc32.ChecksumIEEE([]byte(s)))
	data = binary.LittleEndian.AppendUint32(data, uint32(len(s)))
	return base64.StdEncoding.EncodeToString(data)
}

func zlibCompress(s string) string {
	data := append([]byte{0x78, 0x01}, deflated(s)...)
	data = binary.BigEndian.AppendUint32(data, adler32.Checksum([]byte(s)))
	return base64.StdEncoding.EncodeToString(data)
}

// deflated compresses, or takes a short text as it is where that is shorter.
func deflated(s string) []byte {
	var buffer bytes.Buffer
	w, err := flate.NewWriter(&buffer, flate.BestSpeed)
	if err != nil {
		panic("coding: " + err.Error()) // the level is a constant
	}
	_, _ = io.WriteString(w, s) // a buffer takes everything
	_ = w.Close()
	if n := len(s); n <= 0xffff && n+5 <= buffer.Len() {
		stored := []byte{1, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)}
		return append(stored, s...)
	}
	return buffer.Bytes()
}

func gzipDecompress(s string) string {
	return inflated(s, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
}

func zlibDecompress(s string) string {
	return inflated(s, func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) })
}

// inflated gives nothing for what is damaged, too large or no UTF-8.
func inflated(s string, open func(io.Reader) (io.Reader, error)) string {
	data, ok := decode64(s)
	if !ok {
		return ""
	}
	r, err := open(bytes.NewReader(data))
	if err != nil {
		return ""
	}
	all, err := io.ReadAll(io.LimitReader(r, maxPlain+1))
	if err != nil || len(all) > maxPlain || !utf8.Valid(all) {
		return ""
	}
	return string(all)
}
