// Package file reads the files that a person imports: it finds out what a file
// holds, and cuts it into payloads of bounded size whatever the size of the
// file.
//
// It looks at records no further than to see where they begin and end. What
// they mean, and whether they are valid, it must not know; nor where payloads
// go.
package file

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/quoll/quoll/model"
)

// Options says how a file is imported. The zero value takes the defaults.
type Options struct {
	// Format is what the file holds; empty means to find out by Sniff.
	Format model.Format
	// Tenant is the Entra tenant the file is from, for records that do not say.
	Tenant string
	// PayloadBytes and PayloadRecords bound a payload: 4 MiB and 2,000. A
	// record larger than that is a payload of its own. The same file gives the
	// same payloads as long as they are not changed.
	PayloadBytes   int
	PayloadRecords int
	// RecordBytes is the longest record taken, 16 MiB. What is longer is
	// rejected here and reaches no payload.
	RecordBytes int
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// Reject takes what is rejected here; nil only counts it.
	Reject func(Reject) error
	// Progress is told how many bytes of the file, as it lies on disk, were
	// read so far; nil tells nobody.
	Progress func(read int64)
}

// Summary is what an import did.
type Summary struct {
	Format model.Format
	// Bytes is the length of the text, after decompression.
	Bytes    int64
	Payloads int
	// Pieces are the records in them, broken ones included.
	Pieces int
	// Rejected pieces are in no payload.
	Rejected int
}

const (
	defaultPayloadBytes   = 4 << 20
	defaultPayloadRecords = 2000
	defaultRecordBytes    = 16 << 20
)

// sniffBytes is how much of a file is looked at to find its format.
const sniffBytes = 1 << 20

// Import cuts the file at path into payloads and hands them to emit, in order.
// A file compressed with gzip is decompressed; offsets, lines and hashes are
// those of the text. Payloads of a CSV format begin with the file's header, and
// Offset and Line are those of the line behind it.
//
// The error is emit's, or says that the file cannot be read or what it holds
// cannot be told (ErrUnknownFormat). What was handed on before stays valid, and
// importing again hands on the same payloads: by their hashes the caller knows
// which it had before.
func Import(ctx context.Context, path string, opts Options, emit func(model.Payload) error) (Summary, error) {
	opts = withDefaults(opts)
	f, err := os.Open(path)
	if err != nil {
		return Summary{}, fmt.Errorf("import: %w", err)
	}
	defer f.Close()
	summary, err := importText(ctx, filepath.Base(path), &progressReader{r: f, tell: opts.Progress}, opts, emit)
	if err != nil {
		return summary, fmt.Errorf("import %s: %w", path, err)
	}
	return summary, nil
}

func withDefaults(o Options) Options {
	for _, d := range [...]struct {
		value   *int
		initial int
	}{
		{&o.PayloadBytes, defaultPayloadBytes},
		{&o.PayloadRecords, defaultPayloadRecords},
		{&o.RecordBytes, defaultRecordBytes},
	} {
		if *d.value <= 0 {
			*d.value = d.initial
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Tell finds out what the file at path holds, from its beginning, as Import does
// first; "" is nothing at all. It fails as Import would before it emits anything.
func Tell(path string) (model.Format, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("import: %w", err)
	}
	defer f.Close()
	_, format, _, err := begin(f, "")
	if err != nil {
		return "", fmt.Errorf("import %s: %w", path, err)
	}
	return format, nil
}

// begin decompresses r if need be, and finds its format unless it is given. It
// returns how many bytes there are where they are blank and no more follow, and
// -1 otherwise.
func begin(r io.Reader, given model.Format) (text *bufio.Reader, format model.Format, blank int64, err error) {
	text = bufio.NewReaderSize(r, sniffBytes)
	if magic, _ := text.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(text)
		if err != nil {
			return nil, "", 0, err
		}
		text = bufio.NewReaderSize(unpacked, sniffBytes)
	}
	head, err := text.Peek(sniffBytes)
	if err != nil && err != io.EOF {
		return nil, "", 0, err
	}
	whole := err == io.EOF
	if len(bytes.TrimSpace(bytes.TrimPrefix(head, []byte(utf8Mark)))) == 0 && whole {
		return text, given, int64(len(head)), nil
	}
	if given == "" {
		if given, err = Sniff(head, whole); err != nil {
			return nil, "", 0, err
		}
	}
	return text, given, -1, nil
}

func importText(ctx context.Context, name string, r io.Reader, opts Options, emit func(model.Payload) error) (Summary, error) {
	text, format, blank, err := begin(r, opts.Format)
	if err != nil {
		return Summary{}, err
	}
	opts.Format = format
	if blank >= 0 {
		return Summary{Format: format, Bytes: blank}, nil
	}
	c := newCutter(name, text, opts, emit)
	err = c.run(ctx)
	return c.summary, err
}

// progressReader tells how far a reader was read.
type progressReader struct {
	r    io.Reader
	tell func(int64)
	read int64
}

func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.read += int64(n)
	if p.tell != nil && n > 0 {
		p.tell(p.read)
	}
	return n, err
}
