package activity

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

const (
	testAuthID  = "auth~id-that.must/not+leak"
	hookAddress = "https://collector.test/o365"
)

// call sends a request to the receiver and returns the status.
func (r *rig) call(receiver http.Handler, method, body string, header ...string) int {
	request := httptest.NewRequest(method, hookAddress, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	receiver.ServeHTTP(recorder, request)
	return recorder.Code
}

func notice(tenant, contentType string) string {
	return fmt.Sprintf(`{"tenantId":%q,"clientId":"x","contentType":%q,"contentId":"1","contentUri":"https://evil.test/steal","contentCreated":"now"}`, tenant, contentType)
}

func TestReceiverTakesHintsAndNothingElse(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.PollEvery = time.Hour
		r.start()
		r.run(time.Minute)
		receiver := NewReceiver(collect.NewSecret(testAuthID), []*Collector{r.c}, r.c.deps.Logger)
		ours := notice(strings.ToUpper(testTenant), exchange)
		others := notice(testClient, exchange) + "," + notice(testTenant, "DLP.All")
		for _, c := range []struct {
			name, method, authID, code, body string
			status                           int
		}{
			{"handshake", "POST", testAuthID, "0a1b", `{"validationCode":"0a1b"}`, 200},
			{"handshake without its header", "POST", testAuthID, "", ` {"validationCode":"0a1b"}`, 200},
			{"handshake without any code", "POST", testAuthID, "", `{"validationCode":""}`, 400},
			{"stranger's handshake without its header", "POST", "guessed", "", `{"validationCode":"0a1b"}`, 401},
			{"handshake of a stranger", "POST", "guessed", "0a1b", `{"validationCode":"0a1b"}`, 401},
			{"notification", "POST", testAuthID, "", "[" + ours + "," + others + "]", 200},
			{"notification of a stranger", "POST", "", "", "[" + ours + "]", 401},
			{"nobody's", "POST", testAuthID, "", "[" + others + "]", 200},
			{"nothing", "POST", testAuthID, "", "[]", 200},
			{"no array", "POST", testAuthID, "", ours, 400},
			{"broken", "POST", testAuthID, "", "[" + ours, 400},
			{"no objects", "POST", testAuthID, "", "[1]", 400},
			{"too long", "POST", testAuthID, "", "[" + strings.Repeat(" ", maxNotificationBytes), 413},
			{"read", "GET", testAuthID, "", "", 405},
		} {
			header := []string{"Webhook-AuthID", c.authID}
			if c.code != "" {
				header = append(header, "Webhook-ValidationCode", c.code)
			}
			if got := r.call(receiver, c.method, c.body, header...); got != c.status {
				t.Errorf("%s: %d, want %d", c.name, got, c.status)
			}
		}
		if got, want := receiver.Received(), (Received{Validations: 2, Notifications: 3, Entries: 2, Unknown: 4, Refused: 9}); got != want {
			t.Errorf("counts %+v, want %+v", got, want)
		}
		r.run(10 * time.Minute)
		for _, request := range r.feed.made(http.MethodGet, "") {
			if request.URL.Host == "evil.test" {
				t.Errorf("an address of a notification was asked: %s", request.URL)
			}
		}
	})
}

// A tenant that comes while the receiver serves is hinted at from then on, one that
// left is not.
func TestTenantsComeToAReceiverAndLeave(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.start()
		r.run(time.Minute)
		receiver := NewReceiver(collect.NewSecret(testAuthID), nil, nil)
		tell := func() Received {
			r.call(receiver, "POST", "["+notice(testTenant, exchange)+"]", "Webhook-AuthID", testAuthID)
			return receiver.Received()
		}
		if got := tell(); got.Unknown != 1 || got.Entries != 0 {
			t.Errorf("before: %+v", got)
		}
		receiver.Add(r.c)
		if got := tell(); got.Unknown != 1 || got.Entries != 1 {
			t.Errorf("after it came: %+v", got)
		}
		r.stop()
		if got := tell(); got.Unknown != 2 || got.Entries != 1 {
			t.Errorf("after it left: %+v", got)
		}
	})
}

func TestNotificationBringsTheListingForward(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.PollEvery = time.Hour
		r.start()
		r.run(time.Minute)
		receiver := NewReceiver(collect.NewSecret(testAuthID), []*Collector{r.c}, nil)
		r.feed.add(exchange, id(1), time.Now().Add(-time.Second))
		r.run(time.Minute)
		r.wantJournalled()
		r.call(receiver, http.MethodPost, "["+notice(testTenant, exchange)+"]", "Webhook-AuthID", testAuthID)
		r.run(10 * time.Second)
		r.wantJournalled(id(1))

		before := len(r.feed.made(http.MethodGet, "/subscriptions/content"))
		for range 600 { // ten a second
			r.call(receiver, http.MethodPost, "["+notice(testTenant, exchange)+"]", "Webhook-AuthID", testAuthID)
			r.run(100 * time.Millisecond)
		}
		if n := len(r.feed.made(http.MethodGet, "/subscriptions/content")) - before; n < 10 || n > 13 {
			t.Errorf("%d listings in a minute of many notifications, want one every %v", n, hintEvery)
		}

		// While there is trouble, hints do not shorten the waits.
		r.setFault(once(-1, http.MethodGet, "/subscriptions/content", says(503, "")))
		before = len(r.feed.made(http.MethodGet, "/subscriptions/content"))
		for range 600 {
			r.call(receiver, http.MethodPost, "["+notice(testTenant, exchange)+"]", "Webhook-AuthID", testAuthID)
			r.run(time.Second)
		}
		if n := len(r.feed.made(http.MethodGet, "/subscriptions/content")) - before; n > 40 {
			t.Errorf("%d requests within ten minutes to a server that is down", n)
		}
	})
}
