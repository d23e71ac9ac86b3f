package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/quoll/quoll/archive/proof"
)

// Probed is what a witness said that was asked and left as it was.
type Probed struct {
	// Known says that it knows the log and its key; false where there was no checkpoint
	// to ask with.
	Known bool
	// Ends is when its server's certificate ends; zero without https.
	Ends time.Time
}

// ErrNoWitness: what answers is no witness.
var ErrNoWitness = errors.New("what answers is no witness (C2SP tlog-witness)")

// Probe asks a witness whether it would cosign a log, without having it do so: with a
// checkpoint of the log, as it is published, and an old size beyond it, which a witness
// refuses once it has found log and key (400). Where head is nil it is asked nothing
// that makes sense, which it refuses the same way. The errors are ErrKey, ErrUnknown,
// ErrNoWitness, or the client's without the URL.
func Probe(ctx context.Context, client *http.Client, w Endpoint, head *proof.Checkpoint) (Probed, error) {
	body := []byte("\n")
	if head != nil {
		body = fmt.Appendf(nil, "old %d\n\n%s", head.Size+1, head.Signed)
	}
	answer, err := post(ctx, client, &w, body)
	if err != nil {
		return Probed{}, err
	}
	text := strings.TrimSpace(string(answer.body))
	switch {
	case answer.status == http.StatusBadRequest:
		return Probed{Known: head != nil, Ends: answer.ends}, nil
	case answer.status == http.StatusForbidden && head != nil:
		return Probed{}, fmt.Errorf("%w: %.200s", ErrKey, text)
	case answer.status == http.StatusNotFound && head != nil:
		return Probed{}, fmt.Errorf("%w, or no witness is at this address: %.200s", ErrUnknown, text)
	}
	return Probed{}, fmt.Errorf("%w: status %d: %.200s", ErrNoWitness, answer.status, text)
}
