package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

var (
	errTooLarge = errors.New("the body is too large")
	errLine     = errors.New("a line is too long")
	errStorage  = errors.New("storage failed")
)

// delivered is what became of a request, and the answer to it.
type delivered struct {
	Lines    int64 `json:"lines"`
	Bytes    int64 `json:"bytes"` // unpacked
	payloads int64
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	status, message, unpacked := r.admit(w, q)
	if status != 0 {
		answer(w, status, message)
		return
	}
	select {
	case r.turns <- struct{}{}:
		defer func() { <-r.turns }()
	default:
		w.Header().Set("Retry-After", "5")
		answer(w, http.StatusServiceUnavailable, "as many requests as are read at once are being read; send this again in a few seconds")
		return
	}
	got, err := r.take(q.Context(), unpacked)
	if got.payloads > 0 {
		if countErr := r.totals.add(context.WithoutCancel(q.Context()), got, r.clock.Now()); countErr != nil {
			r.logger.Warn("pushed lines are journalled, but not counted", "error", countErr)
		}
	}
	if err != nil {
		r.refuse(w, err)
		return
	}
	r.works()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(got) // the relay has gone: it will send again
}

// admit looks at what a request says of itself, before its body is read. A status
// other than 0 is a refusal.
func (r *Receiver) admit(w http.ResponseWriter, q *http.Request) (status int, message string, body io.Reader) {
	token, err := readToken(r.cfg.TokenFile)
	if err != nil {
		r.failed(&collect.Problem{Time: r.clock.Now(), Cause: "The token of pushes cannot be read, so that everything is refused.", Detail: err.Error(),
			Remedy: "Put the token back into its file; it is read without a restart."})
		return http.StatusServiceUnavailable, "the token cannot be read here; see the log", nil
	}
	given, bearer := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	if !bearer || !same(given, token.Reveal()) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return http.StatusUnauthorized, "the header Authorization: Bearer … is missing or wrong", nil
	}
	if q.URL.Path != Path {
		return http.StatusNotFound, "lines are taken at " + Path, nil
	}
	if q.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, "lines are taken with POST", nil
	}
	// Packed bytes are bounded, too: a packed nothing may be of any length.
	body = http.MaxBytesReader(w, q.Body, r.cfg.BodyBytes)
	switch encoding := q.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		return 0, "", body
	case "gzip":
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return http.StatusBadRequest, "the body is not packed with gzip", nil
		}
		return 0, "", unpacked
	default:
		return http.StatusUnsupportedMediaType, "the body is packed in a way that is not known; send gzip or nothing", nil
	}
}

// same compares in constant time, whatever the lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// take journals a body chunk by chunk, as it comes. Every chunk ends with a line;
// the last line may lack its line feed.
func (r *Receiver) take(ctx context.Context, body io.Reader) (delivered, error) {
	var got delivered
	name := rand.Text()
	var buffer []byte
	target := r.cfg.ChunkBytes
	for ended := false; !ended; {
		var err error
		buffer, err = fill(buffer, body, target, r.cfg.BodyBytes-got.Bytes)
		ended = errors.Is(err, io.EOF)
		if err != nil && !ended {
			return got, err
		}
		end := bytes.LastIndexByte(buffer, '\n') + 1
		if ended {
			end = len(buffer)
		}
		// Whatever is behind the last line feed is one line, whole or not.
		if line := len(buffer) - bytes.LastIndexByte(buffer, '\n') - 1; int64(line) > r.cfg.LineBytes {
			return got, fmt.Errorf("%w: more than %d bytes", errLine, r.cfg.LineBytes)
		}
		if end == 0 {
			target *= 2
			continue
		}
		if err := r.journal(ctx, name, &got, buffer[:end:end]); err != nil {
			return got, err
		}
		buffer, target = append([]byte(nil), buffer[end:]...), r.cfg.ChunkBytes
	}
	return got, nil
}

// fill reads until the buffer holds size bytes or the body ends, which is io.EOF.
// left is how many bytes the body may still have.
func fill(buffer []byte, body io.Reader, size int, left int64) ([]byte, error) {
	for len(buffer) < size {
		if len(buffer) == cap(buffer) {
			grown := min(max(2*cap(buffer), 4<<10), size)
			buffer = append(make([]byte, 0, grown), buffer...)
		}
		n, err := body.Read(buffer[len(buffer):min(cap(buffer), size)])
		buffer = buffer[:len(buffer)+n]
		if int64(len(buffer)) > left {
			return buffer, errTooLarge
		}
		if err != nil {
			return buffer, err
		}
	}
	return buffer, nil
}

func (r *Receiver) journal(ctx context.Context, name string, got *delivered, body []byte) error {
	_, err := r.sink.Journal(ctx, model.Payload{
		Tenant: r.cfg.Tenant, Source: model.SourcePush, Format: model.FormatDefenderLines, Name: name,
		Offset: got.Bytes, Line: got.Lines + 1, Received: r.clock.Now().UTC(), Body: body,
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	got.payloads++
	got.Bytes += int64(len(body))
	got.Lines += int64(bytes.Count(body, []byte{'\n'}))
	if body[len(body)-1] != '\n' {
		got.Lines++
	}
	return nil
}

// refuse answers a body that was not taken whole. What came before the trouble is
// journalled; sent again, it is dropped as repeats.
func (r *Receiver) refuse(w http.ResponseWriter, err error) {
	var packed *http.MaxBytesError
	switch {
	case errors.Is(err, errStorage):
		r.failed(storageProblem(err, r.clock.Now()))
		w.Header().Set("Retry-After", "30")
		answer(w, http.StatusServiceUnavailable, "the lines could not be stored; send them again")
	case errors.Is(err, errTooLarge), errors.As(err, &packed):
		answer(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes, unpacked; send fewer lines at a time", r.cfg.BodyBytes))
	case errors.Is(err, errLine):
		answer(w, http.StatusRequestEntityTooLarge, err.Error())
	default:
		answer(w, http.StatusBadRequest, "the body broke off, or is not what its header says; send it again")
	}
}

func answer(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": message}) // nobody may be there any more
}
