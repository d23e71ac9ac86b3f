package file

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/quoll/quoll/internal/split"
	"github.com/quoll/quoll/model"
)

// maxHeader bounds the header of a CSV file in bytes.
const maxHeader = 1 << 20

// cutter cuts a text into payloads between records. It holds no more of it than
// a payload and a record.
type cutter struct {
	name    string
	source  io.Reader
	opts    Options
	emit    func(model.Payload) error
	scanner *split.Scanner
	csv     bool
	header  []byte // of a CSV, up to its first line

	buffer []byte
	start  int   // of the payload in the making
	at     int   // of the next search
	pieces int   // between start and at
	offset int64 // in the text, of buffer[start]
	line   int64 // of buffer[start], from 1
	ended  bool  // nothing follows buffer

	summary Summary
}

func newCutter(name string, source io.Reader, opts Options, emit func(model.Payload) error) *cutter {
	return &cutter{
		name: name, source: source, opts: opts, emit: emit,
		scanner: split.NewScanner(opts.RecordBytes),
		csv:     opts.Format == model.FormatAuditSearchCSV || opts.Format == model.FormatOfficeActivityCSV,
		line:    1,
		summary: Summary{Format: opts.Format},
	}
}

func (c *cutter) run(ctx context.Context) error {
	if c.csv {
		if err := c.readHeader(); err != nil {
			return err
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		token := c.next()
		switch token.Kind {
		case split.More:
			if err := c.fill(); err != nil {
				return err
			}
			continue
		case split.End:
			c.at += token.End
			return c.cut()
		}
		if err := c.piece(ctx, token); err != nil {
			return err
		}
	}
}

func (c *cutter) next() split.Token {
	if c.csv {
		return c.scanner.CSV(c.buffer[c.at:], c.ended)
	}
	return c.scanner.JSON(c.buffer[c.at:], c.ended)
}

// piece adds what token found to the payload in the making, after sending that
// off where the piece would be too much for it.
func (c *cutter) piece(ctx context.Context, token split.Token) error {
	length := token.End - token.Start
	tooLong := token.Kind == split.TooLong || length > c.opts.RecordBytes
	full := c.pieces == c.opts.PayloadRecords || c.at+token.End-c.start > c.opts.PayloadBytes
	if tooLong || full && c.pieces > 0 {
		if err := c.cut(); err != nil {
			return err
		}
	}
	if tooLong {
		return c.skip(ctx, token)
	}
	c.at += token.End
	c.pieces++
	return nil
}

// cut sends the payload in the making off, if there is anything in it.
func (c *cutter) cut() error {
	part := c.buffer[c.start:c.at]
	payload := model.Payload{
		Tenant: c.opts.Tenant,
		Source: model.SourceFile,
		Format: c.opts.Format,
		Name:   c.name,
		Offset: c.offset,
		Line:   c.line,
		Body:   append(bytes.Clone(c.header), part...),
	}
	pieces := c.pieces
	c.moveTo(c.at)
	if pieces == 0 {
		return nil
	}
	c.summary.Pieces += pieces
	payload.Received = c.opts.Now().UTC()
	if err := c.emit(payload); err != nil {
		return fmt.Errorf("payload at line %d: %w", payload.Line, err)
	}
	c.summary.Payloads++
	return nil
}

// moveTo starts a new payload at a place in the buffer.
func (c *cutter) moveTo(at int) {
	passed := c.buffer[c.start:at]
	c.offset += int64(len(passed))
	c.line += int64(bytes.Count(passed, []byte{'\n'}))
	c.start, c.at, c.pieces = at, at, 0
}

// skip rejects a piece that is too long, with the rest of its line.
func (c *cutter) skip(ctx context.Context, token split.Token) error {
	c.moveTo(c.at + token.Start)
	reject := Reject{File: c.name, Line: c.line, Reason: fmt.Sprintf("longer than %d bytes", c.opts.RecordBytes)}
	piece := c.buffer[c.start : c.start+token.End-token.Start]
	reject.Raw = bytes.Clone(piece[:min(len(piece), maxRaw)])
	reject.Bytes = int64(len(piece))
	whole := bytes.HasSuffix(piece, []byte("\n")) || token.Kind == split.Record
	c.moveTo(c.start + len(piece))
	for !whole {
		if err := ctx.Err(); err != nil {
			return err
		}
		rest := c.buffer[c.start:]
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			rest = rest[:n]
			whole = true
		}
		reject.Bytes += int64(len(rest))
		c.moveTo(c.start + len(rest))
		if whole || c.ended {
			break
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
	c.summary.Rejected++
	if c.opts.Reject == nil {
		return nil
	}
	return c.opts.Reject(reject)
}

// fill reads more of the source behind what is in the buffer, and forgets what
// was sent off.
func (c *cutter) fill() error {
	const least = 64 << 10
	kept := copy(c.buffer, c.buffer[c.start:])
	c.buffer = c.buffer[:kept]
	c.at -= c.start
	c.start = 0
	if free := cap(c.buffer) - kept; free < least {
		larger := make([]byte, kept, 2*cap(c.buffer)+4*least)
		copy(larger, c.buffer)
		c.buffer = larger
	}
	n, err := io.ReadFull(c.source, c.buffer[kept:cap(c.buffer)])
	c.buffer = c.buffer[:kept+n]
	c.summary.Bytes += int64(n)
	switch err {
	case io.EOF, io.ErrUnexpectedEOF:
		c.ended = true
		return nil
	case nil:
		return nil
	}
	return fmt.Errorf("after %d bytes: %w", c.summary.Bytes, err)
}

// readHeader reads the header of a CSV: its first line, and before it a byte
// order mark and the line #TYPE that PowerShell's Export-Csv writes.
func (c *cutter) readHeader() error {
	for {
		token := c.next()
		if token.Kind == split.More {
			if len(c.buffer) > maxHeader {
				return fmt.Errorf("the header is longer than %d bytes", maxHeader)
			}
			if err := c.fill(); err != nil {
				return err
			}
			continue
		}
		if token.Kind != split.Record {
			return nil // an empty file, or a quote that is never closed: rejected as it is
		}
		line := c.buffer[c.at+token.Start : c.at+token.End]
		c.at += token.End
		if c.at > maxHeader {
			return fmt.Errorf("the header is longer than %d bytes", maxHeader)
		}
		if !bytes.HasPrefix(bytes.TrimPrefix(line, []byte(utf8Mark)), []byte("#TYPE")) {
			break
		}
	}
	c.header = bytes.Clone(c.buffer[:c.at])
	c.moveTo(c.at)
	return nil
}
