package archive

import (
	"archive/tar"
	"bytes"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"
)

// packing makes the file of an object of a batch and its index. The file is valid
// until the next call.
type packing func(batch []item, index []byte, sealed time.Time) ([]byte, error)

// packer packs objects. What it needs is used again and again: it takes
// megabytes.
type packer struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	body    []byte
	file    []byte
	around  bytes.Buffer
}

func newPacker() (*packer, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(4<<20), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow),
		zstd.WithDecodeAllCapLimit(true))
	return &packer{encoder: encoder, decoder: decoder}, err
}

// small packs a batch into one frame, in which payloads repeat each other.
func (p *packer) small(batch []item, index []byte, sealed time.Time) ([]byte, error) {
	out := bytes.NewBuffer(p.file[:0])
	defer func() { p.keep(out.Bytes()) }()
	p.encoder.Reset(out)
	w := tar.NewWriter(p.encoder)
	if err := writeMember(w, indexMember, index, sealed); err != nil {
		return nil, err
	}
	for i := range batch {
		body, err := p.unpacked(&batch[i])
		if err != nil {
			return nil, err
		}
		if err := writeMember(w, payloadMember(batch[i].leaf.Position), body, batch[i].received); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := p.encoder.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// maxKept is the largest body, and the largest object, whose memory is kept for the
// next.
const maxKept = 4 << 20

// keep has the memory of a file used for the next.
func (p *packer) keep(file []byte) {
	if p.file = nil; cap(file) <= maxKept {
		p.file = file
	}
	if p.around.Cap() > maxKept {
		p.around = bytes.Buffer{}
	}
}

// unpacked returns the body of an item, valid until the next call.
func (p *packer) unpacked(it *item) ([]byte, error) {
	if it.packed == nil {
		return it.body, nil
	}
	room := p.body
	if int64(cap(room)) < it.leaf.Size {
		room = make([]byte, 0, it.leaf.Size)
		if it.leaf.Size <= maxKept {
			p.body = room
		}
	}
	body, err := p.decoder.DecodeAll(it.packed, room[:0])
	if err == nil && int64(len(body)) != it.leaf.Size {
		err = fmt.Errorf("it has %d bytes and should have %d", len(body), it.leaf.Size)
	}
	if err != nil {
		return nil, fmt.Errorf("unpack position %d: %w", it.leaf.Position, err)
	}
	return body, nil
}

// quick takes the frames of bodies as they come, each between frames of what tar
// has around it: an object is a third to a half larger, and costs next to nothing.
func (p *packer) quick(batch []item, index []byte, sealed time.Time) ([]byte, error) {
	out := p.file[:0]
	defer func() { p.keep(out) }()
	around := &p.around // what is in no frame yet
	around.Reset()
	if err := writeMember(tar.NewWriter(around), indexMember, index, sealed); err != nil {
		return nil, err
	}
	pad(around, int64(len(index)))
	for i := range batch {
		it := &batch[i]
		header := memberHeader(payloadMember(it.leaf.Position), it.leaf.Size, it.received)
		if err := tar.NewWriter(around).WriteHeader(header); err != nil {
			return nil, err
		}
		if it.packed == nil {
			around.Write(it.body)
		} else {
			out = p.encoder.EncodeAll(around.Bytes(), out)
			around.Reset()
			out = append(out, it.packed...)
		}
		pad(around, it.leaf.Size)
	}
	if err := tar.NewWriter(around).Close(); err != nil {
		return nil, err
	}
	out = p.encoder.EncodeAll(around.Bytes(), out)
	return out, nil
}

// tarBlock is what the size of a member is filled up to.
const tarBlock = 512

func pad(to *bytes.Buffer, size int64) {
	var zeros [tarBlock]byte
	to.Write(zeros[:(tarBlock-size%tarBlock)%tarBlock])
}

func writeMember(w *tar.Writer, name string, data []byte, modified time.Time) error {
	if err := w.WriteHeader(memberHeader(name, int64(len(data)), modified)); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

func memberHeader(name string, size int64, modified time.Time) *tar.Header {
	seconds := modified.Unix()
	if seconds < 0 || seconds >= 1<<33 { // what the eleven octal digits of ustar hold
		seconds = 0
	}
	return &tar.Header{
		Typeflag: tar.TypeReg,
		Name:     name,
		Size:     size,
		Mode:     0o444,
		ModTime:  time.Unix(seconds, 0),
		Format:   tar.FormatUSTAR,
	}
}
