package activity

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"time"

	"github.com/quoll/quoll/collect"
)

// download is a blob that came whole, in memory or on disk.
type download struct {
	body    *collect.Body
	records int64
	sum     [sha256.Size]byte
	asked   time.Time // when it was asked for, by our clock: what came later may not be in it
	// parts are the places at which it is cut when it is handed on, its ends
	// included.
	parts []int64
	// fragments are those of them at which a part begins that is a piece of a record.
	fragments []int64
}

// mostPart bounds, in bytes, what is handed on of one record: a longer one comes in
// pieces, so that neither memory nor the journal has to take it whole.
const mostPart = 16 * collect.PartBytes

func (d *download) close() error {
	if err := d.body.Close(); err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	return nil
}

// download fetches a blob and makes sure, while it comes, that it comes whole.
// The caller closes what it returns. Until the visit ends, the body has its place
// in the room.
func (s *stream) download(ctx context.Context, v *visit, blob collect.Blob) (*download, error) {
	u, err := s.client.linkURL(opFetch, blob.URI)
	if err != nil {
		return nil, err
	}
	var d *download
	asked := s.clock.Now()
	r := request{operation: opFetch, method: http.MethodGet, url: u, limit: s.cfg.MaxBodyBytes, timeout: bodyTimeout, visit: v}
	_, err = s.client.stream(ctx, r, func(response *http.Response) error {
		var err error
		if d, err = s.receive(response); err == nil {
			d.asked = asked
		}
		return err
	})
	return d, err
}

// receive reads a body. It must not be in memory as a whole: how large it is is
// the server's choice.
func (s *stream) receive(response *http.Response) (*download, error) {
	d := &download{body: s.spool.NewBody()}
	err := s.receiveInto(response, d)
	if err == nil {
		return d, nil
	}
	if f := answeredInBody(opFetch, d.body.Head(maxErrorBytes)); f != nil && !errors.Is(err, errStorage) {
		err = f
	}
	return nil, errors.Join(err, d.close())
}

func (s *stream) receiveInto(response *http.Response, d *download) error {
	limit := s.cfg.MaxBodyBytes
	if response.ContentLength > limit {
		return fmt.Errorf("the body has %d bytes, the bound is %d", response.ContentLength, limit)
	}
	w := watcher{scan: scan{partBytes: collect.PartBytes, mostBytes: mostPart}, sum: sha256.New(), left: limit}
	n, err := d.body.Fill(response.Body, w.see)
	var notWhole *notWholeError
	switch {
	case errors.Is(err, collect.ErrSpool):
		return fmt.Errorf("%w: %w", errStorage, err)
	case errors.As(err, &notWhole), errors.Is(err, errTooLong):
		return err
	case err != nil:
		return fmt.Errorf("the body broke off after %d bytes: %w", n, err)
	}
	if w.scan.blank() {
		return &failure{operation: opFetch, status: response.StatusCode, code: codeEmpty, cause: fmt.Errorf("%d bytes came, and nothing in them", n)}
	}
	if d.records, err = w.scan.end(); err != nil {
		return err
	}
	d.parts, d.fragments = w.scan.parts(), w.scan.fragments
	w.sum.Sum(d.sum[:0])
	return nil
}

var errTooLong = errors.New("the body does not end")

// notWholeError says that a body is not what the API sends.
type notWholeError struct{ error }

func (e *notWholeError) Unwrap() error { return e.error }

// watcher sees a body pass.
type watcher struct {
	scan scan
	sum  hash.Hash
	left int64
}

func (w *watcher) see(piece []byte) error {
	if w.left -= int64(len(piece)); w.left < 0 {
		return fmt.Errorf("%w: it has more than the bound of %d bytes", errTooLong, w.scan.offset+int64(len(piece))+w.left)
	}
	w.sum.Write(piece)
	if err := w.scan.add(piece); err != nil {
		return &notWholeError{err}
	}
	return nil
}
