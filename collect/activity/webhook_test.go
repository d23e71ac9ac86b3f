package activity

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// withWebhook configures one, as its proxy leaves it reachable or not.
func (r *rig) withWebhook() {
	r.cfg.Webhook = &Webhook{Address: hookAddress, AuthID: collect.NewSecret(testAuthID)}
	r.feed.reachable = true
}

// hookStarts returns when starts with a webhook were sent, and their bodies.
func (r *rig) hookStarts() (bodies []string) {
	for _, request := range r.feed.made(http.MethodPost, "/subscriptions/start") {
		body, err := request.GetBody()
		if err != nil {
			r.t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(text) > 0 {
			bodies = append(bodies, string(text))
		}
	}
	return bodies
}

func TestWebhookIsSetOnceTheSubscriptionStands(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.withWebhook()
		r.start()
		r.run(10 * time.Minute)
		if starts := r.hookStarts(); len(starts) != 0 || len(r.feed.started()) != 1 {
			t.Errorf("starts with a webhook %q among %d, want the first without", starts, len(r.feed.started()))
		}
		r.run(10 * time.Minute)
		want := `{"webhook":{"address":"` + hookAddress + `","authId":"` + testAuthID + `","expiration":""}}`
		if starts := r.hookStarts(); len(starts) != 1 || starts[0] != want {
			t.Errorf("starts with a webhook %q, want %q", starts, want)
		}
		r.run(8 * time.Hour)
		if n := len(r.feed.started()); n != 2 {
			t.Errorf("%d starts in a working day, want two", n)
		}
		r.stop()
		r.start()
		r.run(time.Hour)
		if n := len(r.feed.started()); n != 2 {
			t.Errorf("%d starts after a restart, want no other", n)
		}
		if text := r.log.String(); strings.Contains(text, testAuthID) {
			t.Error("the auth id is in the log")
		}
	})
}

func TestWebhookThatFailsIsRenewed(t *testing.T) {
	for name, spoil := range map[string]func(*feed){
		"disabled":   func(f *feed) { f.hook.Status = "disabled" },
		"expired":    func(f *feed) { f.hook.Status = "expired" },
		"vanished":   func(f *feed) { f.hook = nil },
		"of another": func(f *feed) { f.hook.Address = "https://other.test/" },
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.withWebhook()
				r.start()
				r.run(time.Hour)
				r.feed.mu.Lock()
				spoil(r.feed)
				r.feed.mu.Unlock()
				r.run(7 * time.Minute)
				r.feed.mu.Lock()
				defer r.feed.mu.Unlock()
				if r.feed.hook == nil || r.feed.hook.Status != "enabled" || r.feed.hook.Address != hookAddress {
					t.Errorf("webhook %+v, want it renewed", r.feed.hook)
				}
			})
		})
	}
}

// TestWebhookThatIsNotKeptIsTold: the API has been seen to take a webhook and not
// to have it afterwards.
func TestWebhookThatIsNotKeptIsTold(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.withWebhook()
		forgets := true
		r.feed.fault = func(*http.Request) (*http.Response, error) {
			r.feed.mu.Lock()
			defer r.feed.mu.Unlock()
			if forgets {
				r.feed.hook = nil
			}
			return nil, nil
		}
		r.start()
		r.run(time.Hour)
		if s := r.stream(); s.Health != collect.HealthRunning || len(s.Warnings) != 1 || s.Warnings[0].Code != codeWebhookLost || !strings.Contains(s.Warnings[0].Cause, "(missing)") {
			t.Errorf("status %s, warnings %+v; want to be told", s.Health, s.Warnings)
		}
		r.feed.mu.Lock()
		forgets = false
		r.feed.mu.Unlock()
		r.run(time.Hour)
		if s := r.stream(); len(s.Warnings) != 0 {
			t.Errorf("warnings %+v after it was kept", s.Warnings)
		}
	})
}

func TestWebhookThatMicrosoftRefusesStopsNothing(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.withWebhook()
		r.feed.reachable = false
		r.cfg.PollEvery = 20 * time.Minute
		r.start()
		for n := range 24 {
			r.feed.add(exchange, id(n), time.Now())
			r.run(time.Hour)
		}
		if names := r.sink.names(); len(names) < 24 {
			t.Errorf("%d blobs journalled of 24", len(names))
		}
		s := r.stream()
		if s.Health != collect.HealthRunning || s.Problem != nil || len(s.Warnings) != 1 || s.Warnings[0].Code != "AF20021" || !strings.Contains(s.Warnings[0].Remedy, "reachable from the internet") {
			t.Errorf("status %s, problem %+v, warnings %+v; want a warning alone", s.Health, s.Problem, s.Warnings)
		}
		if n := len(r.hookStarts()); n < 4 || n > 10 {
			t.Errorf("%d tries of the webhook in a day, want ever fewer", n)
		}
		r.feed.mu.Lock()
		r.feed.reachable = true
		r.feed.mu.Unlock()
		r.run(7 * time.Hour)
		if s := r.stream(); len(s.Warnings) != 0 {
			t.Errorf("warnings %+v after it was reachable again", s.Warnings)
		}
	})
}

func TestWebhookThatIsNoLongerConfiguredIsRemoved(t *testing.T) {
	for _, removes := range []string{"", `{"webhook":null}`, "neither"} {
		t.Run(removes, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.withWebhook()
				r.start()
				r.run(time.Hour)
				r.stop()
				r.cfg.Webhook, r.feed.removes = nil, removes
				r.start()
				r.run(time.Hour)
				r.feed.mu.Lock()
				hook := r.feed.hook
				r.feed.mu.Unlock()
				if removes == "neither" {
					if s := r.stream(); len(s.Warnings) != 1 || s.Warnings[0].Code != codeWebhookStays || s.Health != collect.HealthRunning {
						t.Errorf("status %s, warnings %+v; want one that it stays", s.Health, s.Warnings)
					}
					return
				}
				r.run(8 * time.Minute) // another look
				if s := r.stream(); hook != nil || len(s.Warnings) != 0 {
					t.Errorf("webhook %+v, warnings %+v; want neither", hook, s.Warnings)
				}
				starts := len(r.feed.started())
				r.run(24 * time.Hour)
				if n := len(r.feed.started()); n != starts {
					t.Errorf("%d starts after it was gone", n-starts)
				}
			})
		})
	}
}

func TestWebhookOfAnotherIsLeftAlone(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.hook, r.feed.removes = &listedWebhook{Status: "enabled", Address: "https://other.test/"}, "neither"
		r.start()
		r.run(24 * time.Hour)
		if n := len(r.feed.started()); r.feed.hook == nil || n != 1 {
			t.Errorf("webhook %+v after %d starts, want it untouched and one", r.feed.hook, n)
		}
	})
}

func TestBadWebhooksAreRefused(t *testing.T) {
	for want, webhook := range map[string]Webhook{
		"is not of the form https://": {Address: "http://collector.test/", AuthID: collect.NewSecret(testAuthID)},
		"shorter than 16 characters":  {Address: hookAddress, AuthID: collect.NewSecret("short")},
	} {
		cfg := goodConfig()
		cfg.Webhook = &webhook
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want something about %q", err, want)
		}
	}
}
