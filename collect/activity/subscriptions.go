package activity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
)

// lookAgain is the least wait between two looks at the subscriptions, even when
// a stream reports that its own is gone.
const lookAgain = 20 * time.Second

const opStart = "start subscription"

// errNotSubscribed says that a stream has no enabled subscription and that the
// next start has to wait.
var errNotSubscribed = errors.New("no enabled subscription; the next start has to wait")

// subscriptions keeps the subscriptions of one tenant alive.
type subscriptions struct {
	*client
	ledger *collect.Ledger

	turn   chan struct{} // held while looking; a channel, so that waiting can be given up
	looked time.Time
	failed map[string]error // how the latest start of a content type failed

	webhooks map[string]*webhookState // by content type
	logger   *slog.Logger

	mu       sync.Mutex
	warnings map[string]*collect.Problem // about webhooks, by content type
}

func newSubscriptions(c *client, ledger *collect.Ledger, logger *slog.Logger) *subscriptions {
	return &subscriptions{client: c, ledger: ledger, turn: make(chan struct{}, 1), failed: map[string]error{}, webhooks: map[string]*webhookState{}, logger: logger, warnings: map[string]*collect.Problem{}}
}

// ensure returns nil when the stream's subscription is enabled as far as is
// known. It looks at the API when nobody did for SubscriptionsEvery, or at once
// when the stream has reason to doubt, and starts what is missing or disabled.
func (s *subscriptions) ensure(ctx context.Context, stream collect.Stream, doubt bool) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	age := s.clock.Now().Sub(s.looked)
	due := s.looked.IsZero() || age >= s.cfg.SubscriptionsEvery || doubt && age >= lookAgain
	if due {
		if err := s.look(ctx); err != nil {
			return err
		}
	}
	sub, err := s.ledger.Subscription(ctx, stream)
	if err == nil && sub.Status == collect.SubscriptionEnabled {
		if now := s.clock.Now(); due && doubt && (sub.Start.IsZero() || !now.Before(sub.Start.Add(s.cfg.StartEvery))) {
			// The API contradicts itself: listed as enabled, and refused. What is enabled
			// takes a start as no change.
			s.logger.Info("the subscription is listed as enabled and refused; it is started once more", "contentType", stream.ContentType)
			return s.start(ctx, stream, false)
		}
		err = s.tendWebhook(ctx, stream, sub)
	}
	if err != nil || sub.Status == collect.SubscriptionEnabled {
		return err
	}
	now := s.clock.Now()
	if wait := sub.Start.Add(s.cfg.StartEvery).Sub(now); wait > 0 && !sub.Start.IsZero() {
		if err := s.failed[stream.ContentType]; err != nil {
			return err
		}
		return &failure{operation: opStart, code: codeFor(sub.Status), does: subscribe, after: wait,
			cause: fmt.Errorf("%w until %s", errNotSubscribed, now.Add(wait).UTC().Format(time.RFC3339))}
	}
	// A list that lacks the subscription, while content is still offered and the start
	// says that it is enabled, was wrong. After a start that may have arrived, where
	// content was refused, or long after the last look, that says nothing.
	sent := sub.Start.Add(s.server.Off()) // by the server's clock, as Seen is
	lately := s.now().Sub(sub.Seen) <= 2*s.cfg.SubscriptionsEvery
	mayStand := !doubt && sub.Status == collect.SubscriptionMissing && lately && !sent.After(sub.Seen)
	err = s.start(ctx, stream, mayStand)
	s.failed[stream.ContentType] = err
	return err
}

func codeFor(status string) string {
	if status == collect.SubscriptionDisabled {
		return "AF20023"
	}
	return "AF20022"
}

// look lists the subscriptions and records the status of each configured
// content type.
func (s *subscriptions) look(ctx context.Context) error {
	const operation = "list subscriptions"
	body, _, err := s.do(ctx, request{operation: operation, method: http.MethodGet, url: s.operationURL("subscriptions/list"), limit: maxListBytes, timeout: requestTimeout})
	if err != nil {
		return err
	}
	var listed []struct {
		ContentType string `json:"contentType"`
		Status      string `json:"status"`
		Webhook     *listedWebhook
	}
	if err := json.Unmarshal(body, &listed); err != nil {
		return &failure{operation: operation, code: codeAborted, cause: err}
	}
	now := s.now() // by the server's clock, as the creation of what is lost in a gap
	for _, contentType := range s.cfg.ContentTypes {
		status := collect.SubscriptionMissing
		for _, l := range listed {
			if !strings.EqualFold(l.ContentType, contentType) {
				continue
			}
			// An entry without a status has been seen in Microsoft's own sample.
			status = collect.SubscriptionEnabled
			if strings.EqualFold(l.Status, collect.SubscriptionDisabled) {
				status = collect.SubscriptionDisabled
			}
			s.sawWebhook(contentType, l.Webhook)
		}
		if err := s.ledger.SubscriptionStatus(ctx, collect.Stream{Tenant: s.cfg.TenantID, ContentType: contentType}, status, now); err != nil {
			return err
		}
	}
	s.looked = s.clock.Now()
	return nil
}

// start asks for a subscription, without a webhook. Where it may stand, and the API
// says that it does, it was never gone.
func (s *subscriptions) start(ctx context.Context, stream collect.Stream, mayStand bool) error {
	stands, err := s.send(ctx, stream, "", nil)
	switch {
	case err != nil:
		return err
	case stands && mayStand:
		s.logger.Info("a list of subscriptions lacked one that is enabled", "contentType", stream.ContentType)
		return s.ledger.SubscriptionStands(ctx, stream, s.now())
	}
	return s.ledger.SubscriptionStatus(ctx, stream, collect.SubscriptionEnabled, s.now())
}

// send sends a start that sets a webhook, or none where that is empty. It is in
// the ledger before it is sent, so that a crash cannot shorten the wait between
// two. What is known not to have left is taken back: it is tried again as soon as
// any other request. stands says that the API has it as it was asked for already.
func (s *subscriptions) send(ctx context.Context, stream collect.Stream, webhook string, content []byte) (stands bool, err error) {
	before, err := s.ledger.Subscription(ctx, stream)
	if err != nil {
		return false, err
	}
	if err := s.ledger.StartRequested(ctx, stream, webhook, s.clock.Now()); err != nil {
		return false, err
	}
	const operation = opStart
	u := s.operationURL("subscriptions/start", "contentType", stream.ContentType)
	body, _, err := s.do(ctx, request{operation: operation, method: http.MethodPost, url: u, limit: maxListBytes, timeout: requestTimeout, body: content})
	if err != nil && behaviourOf(err) != success {
		if neverLeft(err, operation) {
			if takeErr := s.ledger.StartNotSent(ctx, stream, before.Start); takeErr != nil {
				return false, errors.Join(err, takeErr)
			}
		}
		return false, err
	}
	var started struct {
		Status string `json:"status"`
	}
	if err == nil && (json.Unmarshal(body, &started) != nil || !strings.EqualFold(started.Status, collect.SubscriptionEnabled)) {
		// Believing it would show as a gap later, once the list says otherwise.
		return false, &failure{operation: operation, code: codeAborted, cause: fmt.Errorf("the answer does not say that it is enabled, but %q", oneLine(s.redact(string(body), "")))}
	}
	return err != nil, nil
}
