package activity

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/tenantsim/audit"
	simfeed "github.com/quoll/quoll/tenantsim/feed"
)

// handlerTransport sends requests to a handler, as over TLS but without a
// network, so that both ends live in virtual time.
type handlerTransport struct{ handler func() http.Handler }

func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.TLS = &tls.ConnectionState{}
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	recorder := httptest.NewRecorder()
	h.handler().ServeHTTP(recorder, r)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

// simulated joins a collector and a simulated tenant, each with the whole
// protocol, in both directions.
type simulated struct {
	*rig
	store    *simfeed.Store
	api      *simfeed.Server
	receiver atomic.Pointer[http.Handler]
}

// answers sets who answers at the webhook's address.
func (s *simulated) answers(h http.Handler) { s.receiver.Store(&h) }

func newSimulated(r *rig) *simulated {
	r.t.Helper()
	s := &simulated{rig: r, store: simfeed.NewStore()}
	s.answers(http.NotFoundHandler())
	hook := func() http.Handler { return *s.receiver.Load() }
	var err error
	s.api, err = simfeed.New(simfeed.Config{
		TenantID: testTenant, ClientID: testClient, ClientSecret: testSecret, TokenLifetime: time.Hour,
		Permissions: []string{"ActivityFeed.Read"}, PageSize: 10, RequestsPerMinute: 2000, Now: time.Now,
		WebhookClient: &http.Client{Transport: handlerTransport{hook}},
	}, s.store)
	if err != nil {
		r.t.Fatal(err)
	}
	r.cfg.HTTPClient = &http.Client{Transport: handlerTransport{func() http.Handler { return s.api }}}
	r.cfg.PollEvery = time.Hour
	r.cfg.Webhook = &Webhook{Address: hookAddress, AuthID: collect.NewSecret(testAuthID)}
	return s
}

// listen starts the collector with a receiver for it.
func (s *simulated) listen() *Receiver {
	s.start()
	receiver := NewReceiver(collect.NewSecret(testAuthID), []*Collector{s.c}, nil)
	s.answers(receiver)
	return receiver
}

func (s *simulated) publish(n int) string {
	now := time.Now()
	name := simfeed.NewBlobID(audit.ContentExchange, now, n)
	s.store.Add(&simfeed.Blob{ID: name, ContentType: audit.ContentExchange, Created: now.Truncate(time.Millisecond), Listed: now, Records: [][]byte{[]byte(`{"Id":"1"}`)}})
	return name
}

func (s *simulated) notify() error { return s.api.Notify(s.t.Context(), feedHost) }

func TestNotificationsBeatThePoll(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		s := newSimulated(r)
		receiver := s.listen()
		r.run(90 * time.Minute) // the second poll sets the webhook
		if got := receiver.Received(); got.Validations != 1 {
			t.Fatalf("%+v, want one handshake\n%s", got, r.log)
		}
		name := s.publish(1)
		r.run(time.Minute)
		r.wantJournalled()
		if err := s.notify(); err != nil {
			t.Error(err)
		}
		r.run(10 * time.Second)
		r.wantJournalled(name) // the poll would have come 28 minutes later

		// The API remembers what it sent, for diagnosis.
		request := httptest.NewRequest(http.MethodGet, feedHost+"/api/v1.0/"+testTenant+"/activity/feed/subscriptions/notifications?contentType="+exchange+"&PublisherIdentifier="+testTenant, nil)
		token, err := r.c.client.tokens.token(r.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		s.api.ServeHTTP(recorder, request)
		var sent []map[string]string
		if err := json.Unmarshal(recorder.Body.Bytes(), &sent); err != nil || len(sent) != 1 || sent[0]["contentId"] != name || sent[0]["notificationStatus"] != "success" {
			t.Errorf("notifications %s", recorder.Body)
		}
	})
}

func TestReceiverThatIsDownLosesNothing(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		s := newSimulated(r)
		receiver := s.listen()
		r.run(90 * time.Minute)
		s.answers(http.NotFoundHandler())
		name := s.publish(1)
		failures := 0
		for range 60 { // retries ever further apart, then no more
			if s.notify() != nil {
				failures++
			}
			r.run(time.Minute)
		}
		r.wantJournalled(name) // by the poll
		if failures != 5 {
			t.Errorf("%d failures, want five until the webhook is disabled", failures)
		}
		s.answers(receiver)
		r.run(2 * time.Hour) // the look at the subscriptions renews it
		if got := receiver.Received(); got.Validations != 2 {
			t.Errorf("%+v, want another handshake\n%s", got, r.log)
		}
		again := s.publish(2)
		if err := s.notify(); err != nil {
			t.Error(err)
		}
		r.run(10 * time.Second)
		r.wantJournalled(name, again)
		if strings.Contains(r.log.String(), testAuthID) {
			t.Error("the auth id is in the log")
		}
	})
}

func TestGraphIsAskedWhenTheSecretEnds(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		ends := time.Now().Add(31 * 24 * time.Hour).UTC().Truncate(time.Second)
		api, err := simfeed.New(simfeed.Config{
			TenantID: testTenant, ClientID: testClient, ClientSecret: testSecret, SecretExpires: ends, TokenLifetime: time.Hour,
			Permissions: []string{"ActivityFeed.Read", "Application.Read.All"}, PageSize: 10, RequestsPerMinute: 2000, Now: time.Now,
		}, simfeed.NewStore())
		if err != nil {
			t.Fatal(err)
		}
		var asked atomic.Int32
		both := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Host == "graph.microsoft.com" {
				asked.Add(1)
				api.ServeApplication(w, q)
				return
			}
			api.ServeHTTP(w, q)
		})
		r.cfg.HTTPClient = &http.Client{Transport: handlerTransport{func() http.Handler { return both }}}
		r.cfg.AskGraph, r.cfg.PollEvery = true, 6*time.Hour
		r.start()
		r.run(time.Hour)
		if s := r.c.Status(); !s.CredentialEnds.Equal(ends) || len(s.Warnings) != 0 {
			t.Errorf("ends %v, warnings %+v; want %v", s.CredentialEnds, s.Warnings, ends)
		}
		r.run(48 * time.Hour)
		if s := r.c.Status(); len(s.Warnings) != 1 || asked.Load() != 3 {
			t.Errorf("warnings %+v after being asked %d times; want one, and a question a day", s.Warnings, asked.Load())
		}
	})
}
