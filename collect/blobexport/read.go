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

// errReplaced says that a blob is not the one that was read before.
var errReplaced = errors.New("the blob was replaced")

// read brings everything complete and new in a blob to the sink: chunk by
// chunk, each durable before its offset is.
func (c *Collector) read(ctx context.Context, container string, blob Blob, m mark, known bool) error {
	modified := blob.Modified.Truncate(time.Microsecond)
	if known && m.size == blob.Size && m.modified.Equal(modified) && m.etag == blob.ETag {
		return nil
	}
	m, err := c.readOn(ctx, container, blob, m)
	if errors.Is(err, errReplaced) {
		c.logger.Warn("an export file was replaced; it is read again from its start", "container", container, "blob", blob.Name)
		if err := c.offsets.replaced(ctx, container, blob.Name); err != nil {
			return fmt.Errorf("%w: %w", errStorage, err)
		}
		m, err = c.readOn(ctx, container, blob, mark{})
	}
	if err != nil {
		return err
	}
	// What is left is the beginning of a line. The state seen in the listing is
	// remembered, not the one now: whatever came since shows as a change.
	m.size, m.modified, m.etag = blob.Size, modified, blob.ETag
	if err := c.offsets.save(ctx, container, blob.Name, m, chunk{}, c.clock.Now()); err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	return nil
}

// readOn journals from a mark on, and returns how far that went.
func (c *Collector) readOn(ctx context.Context, container string, blob Blob, m mark) (mark, error) {
	if blob.Size < m.readTo {
		return m, errReplaced
	}
	for {
		next, err := c.nextChunk(ctx, container, blob, m)
		if err != nil || len(next.body) == 0 {
			return m, err
		}
		if m, err = c.keep(ctx, container, blob.Name, m, next); err != nil {
			return m, fmt.Errorf("%w: %w", errStorage, err)
		}
		if m.readTo >= blob.Size {
			return m, nil
		}
	}
}

func fingerprint(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:]
}

// nextChunk reads complete lines from a mark on: as many as fit the configured
// size, or one that is longer. It is empty when the blob ends inside a line.
// What was read last is read once more, by the same request, so that a blob that
// was replaced at any moment is noticed before anything of it is kept.
//
// The buffer is no larger than what the listing says is left, and a byte: the payload
// keeps it as long as others keep the payload.
func (c *Collector) nextChunk(ctx context.Context, container string, blob Blob, m mark) (chunk, error) {
	name := blob.Name
	for size := int(min(int64(c.cfg.ChunkBytes), blob.Size-m.readTo+1)); ; size *= 2 {
		size = min(size, c.cfg.MaxLineBytes)
		buffer := make([]byte, m.tailSize+size)
		n, err := c.store.ReadAt(ctx, container, name, buffer, m.readTo-int64(m.tailSize))
		if err != nil && !errors.Is(err, io.EOF) {
			return chunk{}, err
		}
		if n < m.tailSize || m.tailSize > 0 && !bytes.Equal(fingerprint(buffer[:m.tailSize]), m.tail) {
			return chunk{}, errReplaced
		}
		buffer = buffer[m.tailSize:n]
		if end := bytes.LastIndexByte(buffer, '\n'); end >= 0 {
			body := buffer[:end+1]
			return chunk{body, int64(bytes.Count(body, []byte{'\n'}))}, nil
		}
		if errors.Is(err, io.EOF) || len(buffer) < size {
			return chunk{}, nil
		}
		if size == c.cfg.MaxLineBytes {
			return chunk{}, fmt.Errorf("%s/%s: the line at byte %d is longer than %d bytes", container, name, m.readTo, size)
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
