package stamps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/archive/proof/timestamp"
)

var (
	errAnswer = errors.New("what answers is no time-stamping authority")
	errClock  = errors.New("its clock and this machine's differ")
)

// refused is an HTTP status that is no success.
type refused struct {
	status int
	text   string
	after  time.Duration
}

func (r *refused) Error() string { return fmt.Sprintf("status %d: %.200s", r.status, r.text) }

// ask has a checkpoint stamped and returns the file of the stamp. The authority's time
// must be that of the question, as far as this machine's clock can tell.
func (s *Stamper) ask(ctx context.Context, checkpoint []byte) ([]byte, error) {
	request, err := timestamp.NewRequest(s.deps.Random, checkpoint, s.authority.Policy)
	if err != nil {
		return nil, err
	}
	query, err := request.Encode()
	if err != nil {
		return nil, err
	}
	asked := s.deps.Clock.Now()
	answer, err := s.post(ctx, query)
	if err != nil {
		return nil, err
	}
	answered := s.deps.Clock.Now()
	stamp, file, err := request.Accept(answer, s.authority.Roots)
	if err != nil {
		return nil, err
	}
	leeway := maxSkew + stamp.Accuracy
	if stamp.Time.Before(asked.Add(-leeway)) || stamp.Time.After(answered.Add(leeway)) {
		return nil, fmt.Errorf("%w: it says %s, this machine %s", errClock, stamp.Time.Format(time.RFC3339), answered.UTC().Format(time.RFC3339))
	}
	return file, nil
}

func (s *Stamper) post(ctx context.Context, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.authority.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.authority.URL, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", timestamp.QueryType)
	r.Header.Set("Accept", timestamp.ReplyType)
	answer, err := s.authority.Client.Do(r)
	var whole *url.Error
	if errors.As(err, &whole) {
		err = whole.Err // without the URL, as the cause of trouble is shown and archived
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("%s: no answer within %s: %w", s.authority.Address(), s.authority.Timeout, err)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", s.authority.Address(), err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, timestamp.MaxStamp+1))
	if err != nil {
		return nil, fmt.Errorf("read its answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, &refused{answer.StatusCode, oneLine(data), retryAfter(answer)}
	}
	if kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || kind != timestamp.ReplyType {
		return nil, fmt.Errorf("%w: it answers %.100q and not %s: %.100q", errAnswer, answer.Header.Get("Content-Type"), timestamp.ReplyType, oneLine(data))
	}
	return data, nil
}

// oneLine is the beginning of a text for people.
func oneLine(data []byte) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(data[:min(len(data), 400)]), "?")), " ")
}

// retryAfter is the wait that an authority asks for, in seconds; dates are not read, as
// they are of a clock that may be wrong.
func retryAfter(answer *http.Response) time.Duration {
	seconds, err := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// Trouble is why there is no stamp, in words for whoever mends it.
type Trouble struct {
	Code, Cause, Remedy string
	after               time.Duration // that the authority asks for
}

// troubleOf names what went wrong.
func troubleOf(err error) *Trouble {
	t := &Trouble{Code: "stamp-unreachable", Cause: err.Error(), Remedy: "It is tried again, and nothing waits for it. Look at the address in archive_timestamps, the network and the proxy."}
	var status *refused
	switch {
	case errors.As(err, &status):
		t.Code, t.after = "stamp-refused", status.after
		t.Remedy = "It is tried again. Is the address right, and may this machine ask there?"
	case errors.Is(err, timestamp.ErrRefused):
		t.Code, t.Remedy = "stamp-refused", "It is tried again. The authority says why; without a policy in archive_timestamps it stamps under its own."
	case errors.Is(err, errAnswer), errors.Is(err, timestamp.ErrFormat):
		t.Code, t.Remedy = "stamp-answer", "Nothing was kept. Is the address that of the authority, and does a proxy answer in its place?"
	case errors.Is(err, timestamp.ErrUntrusted):
		t.Code, t.Remedy = "stamp-untrusted", "Nothing was kept. If the authority has a new root, get it by a road of its own and add it to roots_file; otherwise somebody else answers."
	case errors.Is(err, timestamp.ErrOther), errors.Is(err, timestamp.ErrSignature):
		t.Code, t.Remedy = "stamp-wrong", "Nothing was kept. The authority is broken, or somebody answers in its place: ask who runs it."
	case errors.Is(err, errClock):
		t.Code, t.Remedy = "stamp-clock", "Nothing was kept. Set this machine's clock by NTP, or ask who runs the authority."
	case errors.Is(err, errKeep):
		t.Code, t.Remedy = "stamp-kept", "It is tried again. Check the disk: is it full, or not writable?"
	}
	return t
}
