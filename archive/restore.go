package archive

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/model"
)

// Payload returns the payload that the leaf is of, with its body.
func (l *PayloadLeaf) Payload(body []byte) (model.Payload, error) {
	p := model.Payload{
		Tenant: l.Tenant, Source: model.Source(l.Source), Format: model.Format(l.Format), ContentType: l.ContentType,
		Name: l.Name, Offset: l.Offset, Line: l.Line, Body: body,
	}
	if l.NameBase64 != "" {
		name, err := base64.StdEncoding.DecodeString(l.NameBase64)
		if err != nil {
			return p, fmt.Errorf("position %d: its name is no Base64: %w", l.Position, err)
		}
		p.Name = string(name)
	}
	received, err := time.Parse(time.RFC3339Nano, l.Received)
	if err != nil {
		return p, fmt.Errorf("position %d: its time is none: %w", l.Position, err)
	}
	p.Received = received
	return p, nil
}

// Last returns the last journal position under the present checkpoint, 0 if there
// is none.
func (p *Prover) Last(ctx context.Context) (position uint64, err error) {
	err = p.again(ctx, func(v *view) error {
		if v.head.size == 0 {
			position = 0
			return nil
		}
		n := (v.head.size - 1) / tileWidth
		leaves, err := v.bundle(n)
		if err != nil {
			return err
		}
		if _, ok := parseOwnLeaf(leaves[len(leaves)-1]); !ok {
			return fmt.Errorf("%w: the last leaf is not an object's", ErrDamaged)
		}
		position, err = lastPosition(leaves, n, v.bundle)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read the end of the archive: %w", err)
	}
	return position, nil
}

// Payloads hands over the payloads of the archive in the order of positions, from
// 1 to a position (0: to the end), each proved to be in the log before it is
// handed over: its leaf is under the signed root, and its body has the leaf's
// hash. The error is ErrDamaged, with the file, where that is not so or a position
// is missing; what was handed over before it is good. A body may be kept. A server
// may seal batches meanwhile.
func (p *Prover) Payloads(ctx context.Context, to uint64, use func(model.Payload, PayloadLeaf) error) error {
	v, err := p.view()
	if err != nil {
		return err
	}
	decoder, err := newDecoder()
	if err != nil {
		return err
	}
	defer decoder.Close()
	r := &reading{v: v, decoder: decoder, to: to, use: use}
	for n := int64(0); n*tileWidth < r.v.head.size && !r.done(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaves, err := r.v.bundle(n)
		if err != nil {
			// The tiles at the edge go when a batch is sealed.
			if r.v, leaves, err = p.grown(r.v, n, err); err != nil {
				return fmt.Errorf("read archive: %w", err)
			}
		}
		for _, line := range leaves {
			if err := r.take(line); err != nil {
				return fmt.Errorf("read archive: %w", err)
			}
		}
	}
	if len(r.group) > 0 && !r.done() {
		return fmt.Errorf("read archive: %w: the log ends within object %s", ErrDamaged, r.group[0].Object)
	}
	return nil
}

// grown returns the present view, if its log has grown out of the tree of an older
// one, with the leaves under a tile that the older one could no longer read.
func (p *Prover) grown(old *view, n int64, cause error) (*view, [][]byte, error) {
	for range proveAttempts {
		v, err := p.view()
		if err != nil || v.head.size <= old.head.size {
			return old, nil, errors.Join(cause, err)
		}
		root, err := tlog.TreeHash(old.head.size, v.tree)
		if err == nil && root != old.head.root {
			return old, nil, fmt.Errorf("%w: the checkpoint of %d leaves is not of a beginning of the present log", ErrDamaged, old.head.size)
		}
		leaves, bundleErr := v.bundle(n)
		if cause = errors.Join(err, bundleErr); cause == nil {
			return v, leaves, nil
		}
		old = v
	}
	return old, nil, cause
}

// reading goes through the leaves and opens each object when its last leaf has
// come.
type reading struct {
	v       *view
	decoder *zstd.Decoder
	to      uint64
	use     func(model.Payload, PayloadLeaf) error
	last    uint64        // position handed over last
	group   []PayloadLeaf // leaves of the object that is not complete
	failed  error         // of use
}

func (r *reading) done() bool { return r.to > 0 && r.last >= r.to }

func (r *reading) take(line []byte) error {
	if r.done() {
		return nil
	}
	if l, ok := parsePayloadLeaf(line); ok {
		if want := r.last + uint64(len(r.group)) + 1; l.Position != want {
			return fmt.Errorf("%w: position %d comes where %d should be", ErrDamaged, l.Position, want)
		}
		r.group = append(r.group, l)
		return nil
	}
	o, isObject := parseOwnLeaf(line)
	_, _, ofRowsObject := parseRowsPath(o.Object)
	if len(r.group) == 0 && (ofRows(line) || ofRowsObject) {
		return nil // rows can be made of payloads
	}
	if !isObject {
		return fmt.Errorf("%w: a leaf of a kind that is not known", ErrDamaged)
	}
	if len(r.group) == 0 || o.First != r.group[0].Position || o.Last != r.group[len(r.group)-1].Position {
		return fmt.Errorf("%w: object %s has other payloads than the log", ErrDamaged, o.Object)
	}
	return r.object(o)
}

func (r *reading) object(o ObjectLeaf) error {
	if _, _, ok := parseObjectPath(o.Object); !ok {
		return fmt.Errorf("%w: the log names an object %q", ErrDamaged, o.Object)
	}
	f, err := r.v.fs.Open(o.Object)
	if errors.Is(err, ErrDisposed) {
		return r.disposed()
	}
	if errors.Is(err, ErrEncrypted) {
		return err // which is no damage
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer f.Close()
	gone := goneFrom(f)
	err = eachBody(f, o.First, o.Last, gone, r.decoder, func(_ PayloadLeaf, body []byte) error {
		if r.done() {
			return io.EOF
		}
		if l := r.group[r.last+1-r.group[0].Position]; gone.lacks(l.Position) {
			return r.place(l, ErasedContent)
		}
		return r.body(body)
	})
	switch {
	case r.failed != nil:
		return r.failed
	case err != nil && !r.done():
		return fmt.Errorf("%w: %s: %w", ErrDamaged, o.Object, err)
	}
	r.group = r.group[:0]
	return nil
}

// DisposedContent is the content type of what Payloads hands over in the place of a
// payload that was disposed of: it has its position and nothing of it, so that
// positions have no hole.
const DisposedContent = model.ContentDisposed

// ErasedContent is that of what is handed over in the place of a payload that was
// erased because of one person's data.
const ErasedContent = model.ContentErased

// disposed hands over places of what an object had.
func (r *reading) disposed() error {
	for _, l := range r.group {
		if r.done() {
			break
		}
		if err := r.place(l, DisposedContent); err != nil {
			return err
		}
	}
	r.group = r.group[:0]
	return nil
}

// Place is what stands where a payload was that went.
func (l *PayloadLeaf) Place(content string) (model.Payload, error) {
	place := model.Payload{Source: model.SourceQuoll, Format: model.FormatOwnRows, ContentType: content, Name: l.Object}
	var err error
	if place.Received, err = time.Parse(time.RFC3339Nano, l.Received); err != nil {
		return place, fmt.Errorf("position %d: its time is none: %w", l.Position, err)
	}
	return place, nil
}

func (r *reading) place(l PayloadLeaf, content string) error {
	place, err := l.Place(content)
	if err != nil {
		return err
	}
	if r.failed = r.use(place, l); r.failed != nil {
		return r.failed
	}
	r.last = l.Position
	return nil
}

// body compares the next body with its leaf in the log, not with the object's own
// index, and hands it over.
func (r *reading) body(body []byte) error {
	l := r.group[r.last+1-r.group[0].Position]
	if sum := sha256.Sum256(body); int64(len(body)) != l.Size || hex.EncodeToString(sum[:]) != l.SHA256 {
		return fmt.Errorf("the payload of position %d is not what the log says", l.Position)
	}
	p, err := l.Payload(append([]byte(nil), body...))
	if err != nil {
		return err
	}
	if r.failed = r.use(p, l); r.failed != nil {
		return r.failed
	}
	r.last = l.Position
	return nil
}
