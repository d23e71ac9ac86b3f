package activity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
)

const (
	// hintEvery is the least time between two listings that notifications ask
	// for: however many come, they cost no more than that.
	hintEvery = 5 * time.Second
	// hintSettles is the wait from a notification to its listing: windows end at
	// whole seconds, and content that was created in the present one is not in
	// them yet.
	hintSettles = 2 * time.Second
	// webhookPatience bounds how long a webhook that Microsoft refuses is left
	// alone before it is tried again.
	webhookPatience = 6 * time.Hour

	codeWebhookStays = "webhook-stays"
	codeWebhookLost  = "webhook-lost"
)

// Webhook is where the API is to send notifications.
type Webhook struct {
	// Address is the public URL of a Receiver, https.
	Address string
	// AuthID comes back in every call, so that others cannot make any.
	AuthID collect.Secret
}

func (w *Webhook) validate() error {
	u, err := url.Parse(w.Address)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "":
		return fmt.Errorf("activity: webhook address %q is not of the form https://host[:port]/path; the API takes no other", w.Address)
	case len(w.AuthID.Reveal()) < 16:
		return errors.New("activity: the webhook's auth id is shorter than 16 characters: it is all that tells Microsoft from others")
	}
	return nil
}

// listedWebhook is what the API says of a subscription's webhook.
type listedWebhook struct {
	Status  string `json:"status"` // "enabled", "disabled" or "expired"; missing in one of Microsoft's samples
	Address string `json:"address"`
}

// webhookState is what is known of the webhook of one content type.
type webhookState struct {
	good     bool
	seen     string // in words, when it is not good
	listed   string // the address that the API has; empty for none
	failures int
	next     time.Time // when to start it again
	// sets is how often the API took it since a list last had it: what is taken
	// and then not kept must not go on unseen.
	sets int
}

// sawWebhook notes what a list of subscriptions says of a webhook.
func (s *subscriptions) sawWebhook(contentType string, listed *listedWebhook) {
	state := s.webhook(contentType)
	if state.listed = ""; listed != nil {
		state.listed = listed.Address
	}
	switch {
	case s.cfg.Webhook == nil: // tendWebhook knows whose it is
	case listed == nil:
		state.good, state.seen = false, "missing"
	case listed.Address != s.cfg.Webhook.Address:
		state.good, state.seen = false, "another address"
	case listed.Status != "" && !strings.EqualFold(listed.Status, collect.SubscriptionEnabled):
		state.good, state.seen = false, listed.Status
	default:
		*state = webhookState{good: true}
		s.warnOfWebhook(contentType, nil)
	}
	if !state.good && state.sets > 1 {
		s.warnOfWebhook(contentType, &collect.Problem{
			Time: s.clock.Now(), Code: codeWebhookLost,
			Cause:  fmt.Sprintf("Microsoft took the webhook %d times and did not keep it (%s), so that polling goes on alone.", state.sets, state.seen),
			Remedy: "Nothing is lost: listings do not need it. Quoll keeps setting it; if it lasts, take the webhook out of the configuration or ask Microsoft support.",
		})
	}
}

func (s *subscriptions) webhook(contentType string) *webhookState {
	if s.webhooks[contentType] == nil {
		s.webhooks[contentType] = &webhookState{}
	}
	return s.webhooks[contentType]
}

// tendWebhook sees to it that the API has the webhook that is configured, or none
// of ours. The turn must be held, and the subscriptions must have been looked at.
func (s *subscriptions) tendWebhook(ctx context.Context, stream collect.Stream, sub collect.Subscription) error {
	if s.cfg.Webhook != nil {
		s.renewWebhook(ctx, stream, sub.Start)
		return nil
	}
	if sub.Webhook == "" {
		return nil
	}
	if state := s.webhook(stream.ContentType); state.listed == sub.Webhook {
		s.removeWebhook(ctx, stream, sub)
		return nil
	}
	s.logger.Info("the webhook is gone", "contentType", stream.ContentType)
	s.warnOfWebhook(stream.ContentType, nil)
	return s.ledger.WebhookGone(ctx, stream)
}

// removals are the bodies of a start that takes a webhook away. Microsoft says
// that a start does so and not how: one without a body has been seen to leave the
// webhook alone. Which of them worked, the next list says.
var removals = [][]byte{nil, []byte(`{"webhook":null}`)}

// removeWebhook starts the subscription once more without the webhook that is no
// longer configured. It is never stopped for that: what becomes available while
// it is stopped is not offered.
func (s *subscriptions) removeWebhook(ctx context.Context, stream collect.Stream, sub collect.Subscription) {
	state, now := s.webhook(stream.ContentType), s.clock.Now()
	if now.Before(state.next) || !sub.Start.IsZero() && now.Before(sub.Start.Add(s.cfg.StartEvery)) {
		return
	}
	if state.failures >= len(removals) {
		s.warnOfWebhook(stream.ContentType, &collect.Problem{
			Time: now, Code: codeWebhookStays,
			Cause:  "Microsoft still calls the webhook that is no longer configured: it was asked to remove it " + strconv.Itoa(state.failures) + " times.",
			Remedy: "Nothing is lost: listings do not need it, and Quoll keeps asking. Until then something that answers nothing may listen at its address.",
		})
	}
	_, err := s.send(ctx, stream, "", removals[state.failures%len(removals)])
	if ctx.Err() != nil {
		return
	}
	state.failures++
	state.next = now.Add(s.patience(state.failures))
	s.logger.Info("the webhook is to be removed, because it is no longer configured", "contentType", stream.ContentType, "error", err)
}

// patience is the wait after so many attempts in a row at a webhook.
func (s *subscriptions) patience(failures int) time.Duration {
	return min(s.cfg.StartEvery<<min(failures-1, 6), max(webhookPatience, s.cfg.StartEvery))
}

// renewWebhook starts an enabled subscription once more, with the webhook, when
// the API does not have it, or has it disabled or expired. A subscription is
// always made without it first: the API checks the address before it takes a
// start, and a proxy that is down must not keep content from being offered. The
// turn must be held.
func (s *subscriptions) renewWebhook(ctx context.Context, stream collect.Stream, lastStart time.Time) {
	state := s.webhook(stream.ContentType)
	now := s.clock.Now()
	if s.cfg.Webhook == nil || state.good || now.Before(state.next) || !lastStart.IsZero() && now.Before(lastStart.Add(s.cfg.StartEvery)) {
		return
	}
	body, err := json.Marshal(map[string]any{"webhook": map[string]string{
		"address": s.cfg.Webhook.Address, "authId": s.cfg.Webhook.AuthID.Reveal(), "expiration": "",
	}})
	if err == nil {
		_, err = s.send(ctx, stream, s.cfg.Webhook.Address, body)
	}
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		s.logger.Info("the webhook was set", "contentType", stream.ContentType, "before", state.seen)
		*state = webhookState{good: true, sets: state.sets + 1}
		if state.sets == 1 { // else the next list says whether it is there
			s.warnOfWebhook(stream.ContentType, nil)
		}
		return
	}
	state.failures++
	state.next = now.Add(s.patience(state.failures))
	warning := problem(err, now)
	warning.Cause = "Microsoft does not take the webhook, so that polling goes on alone: " + warning.Cause
	s.warnOfWebhook(stream.ContentType, warning)
	s.logger.Warn("the webhook cannot be set; polling goes on", "contentType", stream.ContentType, "error", err, "next", state.next)
}

func (s *subscriptions) warnOfWebhook(contentType string, warning *collect.Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings[contentType] = warning
}

// webhookWarning returns what is wrong with the webhook of a content type, or
// nil.
func (s *subscriptions) webhookWarning(contentType string) *collect.Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.warnings[contentType]
}

// hinted says that a notification came for the stream. The listing stays the
// truth; it only comes sooner.
func (s *stream) hinted() {
	select {
	case s.hints <- struct{}{}:
	default:
	}
}

// rest waits until the next listing is due. After a listing that succeeded a
// hint ends the wait; while there is trouble the wait is what ends it.
func (s *stream) rest(ctx context.Context, wait time.Duration, hints bool) error {
	if !hints {
		return clock.Sleep(ctx, s.clock, wait)
	}
	begun := s.clock.Now()
	timer := s.clock.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C():
		return nil
	case <-s.hints:
	}
	return clock.Sleep(ctx, s.clock, min(max(hintEvery-s.clock.Now().Sub(begun), hintSettles), wait))
}

var _ http.Handler = (*Receiver)(nil)
