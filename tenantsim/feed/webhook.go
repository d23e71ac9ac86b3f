package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
)

const (
	// mostEntries bounds the entries of one notification.
	mostEntries = 100
	// After so many failures in a row a webhook is disabled; the waits between
	// them double.
	mostFailures = 5
	firstRetry   = 30 * time.Second
)

// webhook is where notifications of a content type go.
type webhook struct {
	Status     string `json:"status"`
	Address    string `json:"address"`
	AuthID     string `json:"authId"`
	Expiration string `json:"expiration"`
}

// hook is a webhook that was validated.
type hook struct {
	webhook
	failures int
	next     time.Time // not before then
	told     time.Time // content listed up to then was notified
	log      []sent
}

// sent is one entry that was sent, or tried to be.
type sent struct {
	contentAnswer
	Time   string `json:"notificationSent"`
	Status string `json:"notificationStatus"`
}

// notice is an entry of a notification.
type notice struct {
	TenantID string `json:"tenantId"`
	ClientID string `json:"clientId"`
	contentAnswer
}

// readWebhook reads the body of a start: the webhook it asks for, or nil. remove
// says that it asks for none. Without a body it asks for nothing: Microsoft does
// not say so, and it has been seen.
func readWebhook(r *http.Request, now time.Time) (asked *webhook, remove bool, refused *apiError) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil || len(strings.TrimSpace(string(body))) == 0 {
		return nil, false, nil
	}
	var given struct{ Webhook *webhook }
	if json.Unmarshal(body, &given) != nil {
		return nil, false, refuse("AF20002", "Invalid parameter type: webhook. Expected type: object")
	}
	if given.Webhook == nil || given.Webhook.Expiration == "" {
		return given.Webhook, given.Webhook == nil, nil
	}
	until, err := time.Parse(time.RFC3339, given.Webhook.Expiration)
	switch {
	case err != nil:
		return nil, false, refuse("AF20002", "Invalid parameter type: expiration. Expected type: datetime")
	case !until.After(now):
		return nil, false, refuse("AF20003", "The webhook expiration cannot be set in the past.")
	}
	return given.Webhook, false, nil
}

// validate makes the handshake. A server without a client to call with calls
// nobody, and refuses.
func (s *Server) validate(ctx context.Context, w *webhook) *apiError {
	refused := refuse("AF20021", "The webhook endpoint %s could not be validated.", w.Address)
	if s.cfg.WebhookClient == nil || !strings.HasPrefix(w.Address, "https://") {
		return refused
	}
	code := traceID()
	if s.post(ctx, w, map[string]string{"validationCode": code}, "Webhook-ValidationCode", code) != nil {
		return refused
	}
	return nil
}

// post calls a webhook; an error is anything but 200.
func (s *Server) post(ctx context.Context, w *webhook, content any, header ...string) error {
	body, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("word notification: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	if w.AuthID != "" {
		request.Header.Set("Webhook-AuthID", w.AuthID)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := s.cfg.WebhookClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // its words say nothing
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("webhook answered %d", response.StatusCode)
	}
	return nil
}

// setHook takes a validated webhook over; false says that it was there already.
func (s *Server) setHook(contentType string, w webhook) bool {
	s.hookMu.Lock()
	defer s.hookMu.Unlock()
	w.Status = "enabled"
	if known := s.hooks[contentType]; known != nil && known.webhook == w {
		return false
	}
	s.hooks[contentType] = &hook{webhook: w, told: s.cfg.Now()}
	return true
}

// hookOf returns what a list of subscriptions says of a webhook, or nil.
func (s *Server) hookOf(contentType string) *webhook {
	s.hookMu.Lock()
	defer s.hookMu.Unlock()
	known := s.hooks[contentType]
	if known == nil {
		return nil
	}
	answer := known.webhook
	if until, err := time.Parse(time.RFC3339, answer.Expiration); err == nil && !s.cfg.Now().Before(until) {
		answer.Status = "expired"
	}
	return &answer
}

// LoseWebhook makes a webhook vanish silently, which has been reported. It says
// whether there was one.
func (s *Server) LoseWebhook(contentType string) bool {
	s.hookMu.Lock()
	defer s.hookMu.Unlock()
	_, had := s.hooks[contentType]
	delete(s.hooks, contentType)
	return had
}

// Notify sends what became available since it was last called to the webhooks
// that are enabled. base is the address of the API in what it sends. A webhook
// that does not answer 200 gets the same again later, and after several times
// in a row nothing any more until it is started again.
func (s *Server) Notify(ctx context.Context, base string) error {
	var problems []error
	for _, contentType := range audit.ContentTypes() {
		if hook := s.hookOf(contentType); hook == nil || hook.Status != "enabled" {
			continue
		}
		if _, refused := s.enabled(contentType); refused != nil {
			continue
		}
		problems = append(problems, s.notify(ctx, contentType, base))
	}
	return errors.Join(problems...)
}

func (s *Server) notify(ctx context.Context, contentType, base string) error {
	now := s.cfg.Now()
	s.hookMu.Lock()
	known := s.hooks[contentType]
	if known == nil || now.Before(known.next) {
		s.hookMu.Unlock()
		return nil
	}
	target, told := known.webhook, known.told
	s.hookMu.Unlock()

	var err error
	blobs := s.store.listed(contentType, told, now)
	for chunk := range slices.Chunk(blobs, mostEntries) {
		var entries []notice
		for _, b := range chunk {
			entries = append(entries, notice{s.cfg.TenantID, s.cfg.ClientID, s.describe(b, base)})
		}
		if err = s.post(ctx, &target, entries); err != nil {
			break
		}
	}

	s.hookMu.Lock()
	defer s.hookMu.Unlock()
	status := "success"
	if err == nil {
		known.told, known.failures, known.next = now, 0, time.Time{}
	} else {
		status = "failed"
		known.failures++
		known.next = now.Add(firstRetry << (known.failures - 1))
		if known.failures >= mostFailures {
			known.Status = "disabled"
		}
	}
	for _, b := range blobs {
		known.log = append(known.log, sent{s.describe(b, base), now.UTC().Format(instant), status})
	}
	return err
}

func (s *Server) describe(b *Blob, base string) contentAnswer {
	return contentAnswer{
		base + "/api/v1.0/" + s.cfg.TenantID + "/activity/feed/audit/" + b.ID, b.ID, b.ContentType,
		b.Created.UTC().Format(instant), b.Expires().UTC().Format(instant),
	}
}

// sentIn returns what was sent in a window of time.
func (s *Server) sentIn(contentType string, start, end time.Time) []sent {
	s.hookMu.Lock()
	defer s.hookMu.Unlock()
	found := []sent{}
	if known := s.hooks[contentType]; known != nil {
		for _, entry := range known.log {
			if at, err := time.Parse(instant, entry.Time); err == nil && !at.Before(start) && at.Before(end) {
				found = append(found, entry)
			}
		}
	}
	return found
}
