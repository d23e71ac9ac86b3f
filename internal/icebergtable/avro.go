package icebergtable

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// blockBytes is how much of an Avro file is one block, before it is packed.
const blockBytes = 32 << 10

// avroMagic begins an Avro object container file.
const avroMagic = "Obj\x01"

const (
	codecKey     = "avro.codec"
	codecNone    = "null"
	codecDeflate = "deflate"
)

// avroFile writes records, which its user encodes, as an Avro object container
// file. A file of one block is not packed: a packer is half a megabyte of memory,
// and most files of a commit have one record or ten.
type avroFile struct {
	to     io.Writer
	meta   map[string][]byte // of the header, without the codec
	sync   [16]byte
	packer *flate.Writer // once there is a second block
	packed bytes.Buffer

	block   avroRecord
	records int64 // in block
}

func newAvroFile(to io.Writer, meta map[string][]byte) (*avroFile, error) {
	f := &avroFile{to: to, meta: meta}
	if _, err := rand.Read(f.sync[:]); err != nil {
		return nil, fmt.Errorf("draw a marker: %w", err)
	}
	return f, nil
}

// end is called behind each record that was encoded into block.
func (f *avroFile) end() error {
	f.records++
	if len(f.block) < blockBytes {
		return nil
	}
	if f.packer == nil {
		packer, err := flate.NewWriter(&f.packed, flate.DefaultCompression)
		if err != nil {
			return fmt.Errorf("pack: %w", err)
		}
		f.packer = packer
		if err := f.header(codecDeflate); err != nil {
			return err
		}
	}
	return f.flush()
}

// close writes what is left. It does not close what the file was written to.
func (f *avroFile) close() error {
	if f.packer == nil {
		if err := f.header(codecNone); err != nil {
			return err
		}
	}
	if f.records == 0 {
		return nil
	}
	return f.flush()
}

func (f *avroFile) header(codec string) error {
	h := avroRecord(avroMagic)
	h.long(int64(len(f.meta) + 1))
	h.text(codecKey)
	h.text(codec)
	for _, key := range slices.Sorted(maps.Keys(f.meta)) {
		h.text(key)
		h.bytes(f.meta[key])
	}
	h.long(0)
	_, err := f.to.Write(append(h, f.sync[:]...))
	return err
}

func (f *avroFile) flush() error {
	content := []byte(f.block)
	if f.packer != nil {
		f.packed.Reset()
		f.packer.Reset(&f.packed)
		_, err := f.packer.Write(f.block)
		if err = errors.Join(err, f.packer.Close()); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
		content = f.packed.Bytes()
	}
	var b avroRecord
	b.long(f.records)
	b.bytes(content)
	b = append(b, f.sync[:]...)
	f.block, f.records = f.block[:0], 0
	_, err := f.to.Write(b)
	return err
}

// avroRecord is values one after the other, as Avro has them.
type avroRecord []byte

// long is also the form of int, and of the index of a union's branch.
func (r *avroRecord) long(v int64) { *r = binary.AppendVarint(*r, v) }

func (r *avroRecord) text(v string) {
	r.long(int64(len(v)))
	*r = append(*r, v...)
}

func (r *avroRecord) bytes(v []byte) {
	r.long(int64(len(v)))
	*r = append(*r, v...)
}

func (r *avroRecord) boolean(v bool) {
	if v {
		*r = append(*r, 1)
		return
	}
	*r = append(*r, 0)
}

// present says whether an optional value follows.
func (r *avroRecord) present(there bool) bool {
	r.boolean(false)
	if there {
		(*r)[len(*r)-1] = 2 // the branch 1 of the union, as a long
	}
	return there
}

func (r *avroRecord) optionalLong(v *int64) {
	if r.present(v != nil) {
		r.long(*v)
	}
}

func (r *avroRecord) optionalBytes(v []byte) {
	if r.present(v != nil) {
		r.bytes(v)
	}
}

// optionalList writes a list, or none for nil.
func optionalList[T any](r *avroRecord, list []T, value func(T)) {
	if !r.present(list != nil) {
		return
	}
	if len(list) > 0 {
		r.long(int64(len(list)))
		for _, v := range list {
			value(v)
		}
	}
	r.long(0)
}

// optionalMap writes a map of Iceberg, which is a list of pairs in order, or none
// for nil.
func optionalMap[T any](r *avroRecord, m map[int]T, value func(T)) {
	var keys []int
	if m != nil {
		keys = slices.AppendSeq(make([]int, 0, len(m)), maps.Keys(m))
		slices.Sort(keys)
	}
	optionalList(r, keys, func(key int) {
		r.long(int64(key))
		value(m[key])
	})
}

var errHeader = errors.New("no header of an Avro file")

// avroHeader reads the header of an Avro file: what it says, without the codec.
func avroHeader(content []byte) (map[string][]byte, error) {
	rest, ok := bytes.CutPrefix(content, []byte(avroMagic))
	if !ok {
		return nil, errHeader
	}
	long := func() int64 {
		v, n := binary.Varint(rest)
		if n <= 0 {
			return -1
		}
		rest = rest[n:]
		return v
	}
	field := func() []byte {
		n := long()
		if n < 0 || n > int64(len(rest)) {
			ok = false
			return nil
		}
		v := rest[:n]
		rest = rest[n:]
		return v
	}
	meta := map[string][]byte{}
	for count := long(); count != 0; count = long() {
		if count < 0 {
			return nil, errHeader
		}
		for range count {
			key := field()
			value := field()
			if !ok {
				return nil, errHeader
			}
			meta[string(key)] = value
		}
	}
	delete(meta, codecKey)
	return meta, nil
}
