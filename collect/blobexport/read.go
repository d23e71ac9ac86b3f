package blobexport

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

// tailBytes is how much of the last chunk is remembered at most, to recognise
// the blob.
const tailBytes = 4 << 10

// errStorage says that the sink or the offsets failed, which is no blob's
// fault.
var errStorage = errors.New("storage failed")

// chunk is a run of complete lines.
type chunk struct {
	body  []byte
	lines int64
}

// read brings everything complete and new in a blob to the sink: chunk by
// chunk, each durable before its offset is.
func (c *Collector) read(ctx context.Context, container string, blob Blob, m mark, known bool) error {
	if known && m.size == blob.Size && m.modified.Equal(blob.Modified.Truncate(time.Microsecond)) {
		return nil
	}
	same, err := c.isSame(ctx, container, blob, m)
	if err != nil {
		return err
	}
	if !same {
		c.logger.Warn("an export file was replaced; it is read again from its start", "container", container, "blob", blob.Name)
		if err := c.offsets.replaced(ctx, container, blob.Name); err != nil {
			return fmt.Errorf("%w: %w", errStorage, err)
		}
		m = mark{}
	}
	for m.readTo < blob.Size {
		next, err := c.nextChunk(ctx, container, blob.Name, m.readTo)
		if err != nil {
			return err
		}
		if len(next.body) == 0 {
			break
		}
		if m, err = c.keep(ctx, container, blob.Name, m, next); err != nil {
			return fmt.Errorf("%w: %w", errStorage, err)
		}
	}
	// What is left is the beginning of a line. The size seen in the listing is
	// remembered, not the size now: whatever came since shows as a change.
	m.size, m.modified = blob.Size, blob.Modified.Truncate(time.Microsecond)
	if err := c.offsets.save(ctx, container, blob.Name, m, chunk{}, c.clock.Now()); err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	return nil
}

// isSame reports whether the blob still begins with what was journalled of it,
// going by its size and the bytes before the offset.
func (c *Collector) isSame(ctx context.Context, container string, blob Blob, m mark) (bool, error) {
	if m.readTo == 0 {
		return true, nil
	}
	if blob.Size < m.readTo {
		return false, nil
	}
	tail := make([]byte, m.tailSize)
	n, err := c.store.ReadAt(ctx, container, blob.Name, tail, m.readTo-int64(m.tailSize))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return n == len(tail) && bytes.Equal(fingerprint(tail), m.tail), nil
}

func fingerprint(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:]
}

// nextChunk reads complete lines from offset: as many as fit the configured
// size, or one that is longer. It is empty when the blob ends inside a line.
func (c *Collector) nextChunk(ctx context.Context, container, name string, offset int64) (chunk, error) {
	for size := c.cfg.ChunkBytes; ; size *= 2 {
		size = min(size, c.cfg.MaxLineBytes)
		buffer := make([]byte, size)
		n, err := c.store.ReadAt(ctx, container, name, buffer, offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return chunk{}, err
		}
		buffer = buffer[:n]
		if end := bytes.LastIndexByte(buffer, '\n'); end >= 0 {
			body := buffer[:end+1]
			return chunk{body, int64(bytes.Count(body, []byte{'\n'}))}, nil
		}
		if errors.Is(err, io.EOF) || n < size {
			return chunk{}, nil
		}
		if size == c.cfg.MaxLineBytes {
			return chunk{}, fmt.Errorf("%s/%s: the line at byte %d is longer than %d bytes", container, name, offset, size)
		}
	}
}

// keep hands a chunk to the sink and then moves the offset. After a crash in
// between the chunk is read and journalled again, and its records are dropped
// downstream as repeats.
func (c *Collector) keep(ctx context.Context, container, name string, m mark, next chunk) (mark, error) {
	tenant := tenantOf(name)
	if tenant == "" {
		tenant = c.cfg.Tenant
	}
	_, err := c.sink.Journal(ctx, model.Payload{
		Tenant:      tenant,
		Source:      model.SourceBlobExport,
		Format:      model.FormatDefenderLines,
		ContentType: collect.DefenderTable(container),
		Name:        container + "/" + name,
		Offset:      m.readTo,
		Line:        m.lines + 1,
		Received:    c.clock.Now().UTC(),
		Body:        next.body,
	})
	if err != nil {
		return m, err
	}
	m.readTo += int64(len(next.body))
	m.lines += next.lines
	end := next.body[max(0, len(next.body)-tailBytes):]
	m.tail, m.tailSize = fingerprint(end), len(end)
	return m, c.offsets.save(ctx, container, name, m, next, c.clock.Now())
}
