package parquetpages_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/quoll/quoll/internal/parquetpages"
)

// A footer in which one column stands twice in a row group and another not at all is no
// panic, whoever asks for the bounds of that one.
func TestAColumnThatStandsTwice(t *testing.T) {
	element := func(name string, kind byte) []byte { // type, repetition, name
		return append([]byte{0x15, kind, 0x25, 0, 0x18, byte(len(name))}, append([]byte(name), 0)...)
	}
	place := []byte{0x15, 12, 0x36, 0, 0x26, 8, 0x16, 8, 0x26, 8, 0} // of a text: type, codec, sizes, first page
	footer := []byte{0x15, 2, 0x19, 0x3c, 0x48, 1, 'r', 0x15, 4, 0}  // version, three elements of the schema
	footer = append(append(footer, element("a", 12)...), element("b", 4)...)
	footer = append(footer, 0x16, 2, 0x19, 0x1c) // rows, one row group
	footer = append(footer, 0x19, 0x1c)          // of one column, whose place is there twice
	footer = append(append(append(footer, 0x3c), place...), 0x0c, 6)
	footer = append(append(footer, place...), 0)
	footer = append(footer, 0x16, 8, 0x16, 2, 0, 0) // bytes, rows
	body := append([]byte("PAR1"), footer...)
	body = append(binary.LittleEndian.AppendUint32(body, uint32(len(footer))), "PAR1"...)
	f, err := parquetpages.ReadFooter(bytes.NewReader(body))
	if err != nil {
		return
	}
	if _, _, ok := f.Bounds(0, "b"); ok {
		t.Error("there are bounds of what is not there")
	}
}
