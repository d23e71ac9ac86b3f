package stamps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/internal/address"
	"github.com/quoll/quoll/internal/clock"
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

// ask has a checkpoint stamped and returns the file of the stamp.
func (s *Stamper) ask(ctx context.Context, checkpoint []byte) ([]byte, error) {
	stamp, err := s.authority.Ask(ctx, checkpoint, s.deps.Clock, s.deps.Random)
	return stamp.File, err
}

// Answer is a stamp that an authority made just now and that holds.
type Answer struct {
	*timestamp.Stamp
	File []byte // to keep
	// ServerEnds is when the certificate of the https server ends; zero without one.
	ServerEnds time.Time
}

// Ask has a text stamped. The authority's time must be that of the question, as far as
// this machine's clock can tell. TroubleOf names what an error means.
func (a *Authority) Ask(ctx context.Context, text []byte, c clock.Clock, random io.Reader) (Answer, error) {
	request, err := timestamp.NewRequest(random, text, a.Policy)
	if err != nil {
		return Answer{}, err
	}
	query, err := request.Encode()
	if err != nil {
		return Answer{}, err
	}
	asked := c.Now()
	data, ends, err := a.post(ctx, query)
	if err != nil {
		return Answer{}, err
	}
	done := c.Now()
	stamp, file, err := request.Accept(data, a.Roots)
	if err != nil {
		return Answer{}, err
	}
	leeway := maxSkew + stamp.Accuracy
	if stamp.Time.Before(asked.Add(-leeway)) || stamp.Time.After(done.Add(leeway)) {
		return Answer{}, fmt.Errorf("%w: it says %s, this machine %s", errClock, stamp.Time.Format(time.RFC3339), done.UTC().Format(time.RFC3339))
	}
	return Answer{stamp, file, ends}, nil
}

// post returns the answer to a query, and when the certificate of the server ends.
func (a *Authority) post(ctx context.Context, query []byte) (data []byte, ends time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(query))
	if err != nil {
		return nil, ends, fmt.Errorf("ask %s: %w", a.Address(), address.WithoutURL(err))
	}
	r.Header.Set("Content-Type", timestamp.QueryType)
	r.Header.Set("Accept", timestamp.ReplyType)
	answer, err := a.Client.Do(r)
	err = address.WithoutURL(err)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, ends, fmt.Errorf("%s: no answer within %s: %w", a.Address(), a.Timeout, err)
	}
	if err != nil {
		return nil, ends, fmt.Errorf("ask %s: %w", a.Address(), err)
	}
	defer answer.Body.Close()
	if answer.TLS != nil && len(answer.TLS.PeerCertificates) > 0 {
		ends = answer.TLS.PeerCertificates[0].NotAfter
	}
	data, err = io.ReadAll(io.LimitReader(answer.Body, timestamp.MaxStamp+1))
	if err != nil {
		return nil, ends, fmt.Errorf("read its answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, ends, &refused{answer.StatusCode, oneLine(data), retryAfter(answer)}
	}
	if kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || kind != timestamp.ReplyType {
		return nil, ends, fmt.Errorf("%w: it answers %.100q and not %s: %.100q", errAnswer, answer.Header.Get("Content-Type"), timestamp.ReplyType, oneLine(data))
	}
	return data, ends, nil
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

// TroubleOf names what went wrong.
func TroubleOf(err error) *Trouble {
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
