package activity

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/quoll/quoll/collect"
)

// maxNotificationBytes bounds the body of one call of the webhook. The API does
// not say how many entries it sends at a time; 4,000 have room.
const maxNotificationBytes = 2 << 20

// Receiver takes the API's notifications for the tenants of its collectors. A
// notification is a hint and nothing more: it makes the stream list at once.
// Nothing in it is believed, and no address in it is asked for anything.
type Receiver struct {
	authID  [sha256.Size]byte
	streams map[collect.Stream]*stream
	logger  *slog.Logger

	validations, notifications, entries, unknown, refused atomic.Int64
}

// Received counts what came to a Receiver.
type Received struct {
	Validations   int64 `json:"validations"`   // handshakes answered
	Notifications int64 `json:"notifications"` // calls with entries
	Entries       int64 `json:"entries"`       // of a tenant and content type that are collected
	Unknown       int64 `json:"unknown"`       // of others, ignored
	Refused       int64 `json:"refused"`       // calls with a wrong Webhook-AuthID, or that made no sense
}

// NewReceiver returns a handler for the address that the collectors' webhooks
// name. Calls have to carry authID; logger nil discards.
func NewReceiver(authID collect.Secret, collectors []*Collector, logger *slog.Logger) *Receiver {
	r := &Receiver{authID: sha256.Sum256([]byte(authID.Reveal())), streams: map[collect.Stream]*stream{}, logger: logger}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	for _, c := range collectors {
		for _, s := range c.streams {
			r.streams[s.Stream] = s
		}
	}
	return r
}

// Received returns the counts since the start.
func (r *Receiver) Received() Received {
	return Received{r.validations.Load(), r.notifications.Load(), r.entries.Load(), r.unknown.Load(), r.refused.Load()}
}

// ServeHTTP implements http.Handler. Whatever is known to be the API's gets 200,
// also when nothing in it is of use: anything else counts as a failure there,
// and after several the webhook is disabled.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if request.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		r.refuse(w, http.StatusMethodNotAllowed, "method "+request.Method)
		return
	}
	// The digests have equal lengths, so that the comparison tells nothing by
	// its time.
	given := sha256.Sum256([]byte(request.Header.Get("Webhook-AuthID")))
	if subtle.ConstantTimeCompare(given[:], r.authID[:]) != 1 {
		r.refuse(w, http.StatusUnauthorized, "wrong Webhook-AuthID")
		return
	}
	body := http.MaxBytesReader(w, request.Body, maxNotificationBytes)
	if request.Header.Get("Webhook-ValidationCode") != "" {
		_, _ = io.Copy(io.Discard, body) // the code is in the header too
		r.validations.Add(1)
		r.logger.Info("the webhook was validated")
		w.WriteHeader(http.StatusOK)
		return
	}
	if err := r.hint(body); err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		r.refuse(w, status, err.Error())
		return
	}
	r.notifications.Add(1)
	w.WriteHeader(http.StatusOK)
}

// hint wakes the streams that the entries name, as far as they can be read.
func (r *Receiver) hint(body io.Reader) error {
	decoder := json.NewDecoder(body)
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('[') {
		return errors.Join(errors.New("the body is not a JSON array"), err)
	}
	for decoder.More() {
		var entry struct {
			TenantID    string `json:"tenantId"`
			ContentType string `json:"contentType"`
		}
		if err := decoder.Decode(&entry); err != nil {
			return fmt.Errorf("an entry cannot be read: %w", err)
		}
		s, ok := r.streams[collect.Stream{Tenant: strings.ToLower(entry.TenantID), ContentType: entry.ContentType}]
		if !ok {
			r.unknown.Add(1)
			continue
		}
		r.entries.Add(1)
		s.hinted()
	}
	_, err := decoder.Token()
	return err
}

func (r *Receiver) refuse(w http.ResponseWriter, status int, why string) {
	r.refused.Add(1)
	r.logger.Debug("a call of the webhook was refused", "status", status, "reason", oneLine(why))
	http.Error(w, http.StatusText(status), status)
}
