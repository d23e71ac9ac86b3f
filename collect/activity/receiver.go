package activity

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
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
	authID [sha256.Size]byte
	logger *slog.Logger

	mu      sync.Mutex
	streams map[collect.Stream]hinting

	validations, notifications, entries, unknown, refused atomic.Int64
}

// hinting is a stream and whose it is.
type hinting struct {
	*stream
	of *Collector
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
	r := &Receiver{authID: sha256.Sum256([]byte(authID.Reveal())), streams: map[collect.Stream]hinting{}, logger: logger}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	for _, c := range collectors {
		r.Add(c)
	}
	return r
}

// Add has the receiver take notifications for one more tenant, also while it
// serves. A collector whose Run has returned is forgotten.
func (r *Receiver) Add(c *Collector) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.streams, func(_ collect.Stream, s hinting) bool { return s.of.stopped.Load() })
	for _, s := range c.streams {
		r.streams[s.Stream] = hinting{s, c}
	}
}

// find returns the stream of a tenant and content type; nil when nobody collects it.
func (r *Receiver) find(of collect.Stream) *stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.streams[of]
	if s.of == nil || s.of.stopped.Load() {
		return nil
	}
	return s.stream
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
		r.validated(w)
		return
	}
	read := bufio.NewReader(body)
	if isObject(read) && validates(read) { // header and body have the same code; a proxy may take headers out
		r.validated(w)
		return
	}
	if err := r.hint(read); err != nil {
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

func (r *Receiver) validated(w http.ResponseWriter) {
	r.validations.Add(1)
	r.logger.Info("the webhook was validated")
	w.WriteHeader(http.StatusOK)
}

// isObject says whether the body begins as an object, after space, which is read.
func isObject(body *bufio.Reader) bool {
	for {
		c, err := body.ReadByte()
		if err != nil {
			return false
		}
		if !isSpace(c) {
			return body.UnreadByte() == nil && c == '{'
		}
	}
}

// maxValidation bounds the body of a handshake in bytes.
const maxValidation = 64 << 10

// validates says whether an object is the handshake's.
func validates(body io.Reader) bool {
	var handshake struct {
		Code string `json:"validationCode"`
	}
	text, err := io.ReadAll(io.LimitReader(body, maxValidation))
	return err == nil && json.Unmarshal(text, &handshake) == nil && handshake.Code != ""
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
		s := r.find(collect.Stream{Tenant: strings.ToLower(entry.TenantID), ContentType: entry.ContentType})
		if s == nil {
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
