package eventhub

import (
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// TestAlarmBeforeTheHubDeletes looks at the alarm through the hours after
// something was left unread.
func TestAlarmBeforeTheHubDeletes(t *testing.T) {
	cfg := DefaultConfig()
	began := time.Date(2026, 9, 18, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		state assigned
		after time.Duration // of began
		alarm bool
	}{
		{"nothing outstanding", assigned{latest: began, caughtUp: began}, 23 * time.Hour, false},
		{"young", assigned{latest: began, caughtUp: began, outstanding: 5, behind: began}, 11 * time.Hour, false},
		{"half of the retention is over", assigned{latest: began, caughtUp: began, outstanding: 5, behind: began}, 13 * time.Hour, true},
		{"old, but seen only now, as after a pause", assigned{latest: began, outstanding: 5, behind: began.Add(20 * time.Hour)}, 20*time.Hour + time.Minute, false},
		{"old, and not read for a while", assigned{latest: began, outstanding: 5, behind: began.Add(20 * time.Hour)}, 20*time.Hour + 16*time.Minute, true},
		{"a quiet hub that was read through lately", assigned{latest: began, caughtUp: began.Add(20 * time.Hour), outstanding: 5, behind: began.Add(20 * time.Hour)}, 23 * time.Hour, false},
		{"first start, nothing known", assigned{outstanding: 5, behind: began}, 23 * time.Hour, false},
		{"nobody answers", assigned{latest: began, caughtUp: began, behind: began}, 13 * time.Hour, true},
	} {
		h := health{assigned: map[place]*assigned{{mail, 0}: &c.state}}
		p := h.alarm(&cfg, mail, began.Add(c.after))
		if (p != nil) != c.alarm {
			t.Errorf("%s: alarm %+v, want %v", c.name, p, c.alarm)
		}
		if p != nil && (p.Code != codeExpires || p.Remedy == "" || !strings.Contains(p.Cause, "2026-09-19 08:00 UTC")) {
			t.Errorf("%s: %+v", c.name, p)
		}
		if h.alarm(&cfg, all, began.Add(c.after)) != nil {
			t.Errorf("%s: another hub has the alarm too", c.name)
		}
	}
}

// TestAlarmIsKnownWithoutABroker starts with a dead broker: what the state has of
// earlier is enough to warn.
func TestAlarmIsKnownWithoutABroker(t *testing.T) {
	n := newNamespace(t, 1)
	db, sink := newState(t), newSink()
	n.publish(mail, 0, "a")
	m := start(t, n.config(), Dependencies{DB: db, Sink: sink})
	sink.await(t, 1)
	m.stop(t)
	network := &wire{cut: true}
	m = start(t, n.config(), Dependencies{DB: db, Sink: sink, Dial: network.dial})
	await(t, "trouble is shown", func() bool { return m.Status().Problem != nil })
	m.mu.Lock()
	warning := m.health.alarm(&m.cfg, mail, time.Now().Add(13*time.Hour))
	m.mu.Unlock()
	if warning == nil || !strings.Contains(warning.Cause, "may be lost") {
		t.Errorf("warning %+v", warning)
	}
	if s := m.Status().Streams[0]; s.NextExpiry.IsZero() || s.Health != collect.HealthDegraded {
		t.Errorf("status %+v", s)
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := func() Config {
		cfg := DefaultConfig()
		cfg.Tenant, cfg.ConnectionString = tenant, collect.NewSecret(key+";EntityPath=defender")
		return cfg
	}
	cfg := good()
	if err := cfg.Validate(); err != nil || cfg.Namespace != "contoso.servicebus.windows.net" || len(cfg.Hubs) != 1 || cfg.brokers()[0] != "contoso.servicebus.windows.net:9093" {
		t.Errorf("%+v, %v", cfg, err)
	}
	for want, change := range map[string]func(*Config){
		"is for contoso.servicebus.windows.net":         func(c *Config) { c.Namespace = "fabrikam.servicebus.windows.net" },
		"for the event hub defender alone":              func(c *Config) { c.Hubs = []string{"other"} },
		"no event hub is named":                         func(c *Config) { c.ConnectionString = collect.NewSecret(key) },
		"shared access signature is not":                func(c *Config) { c.ConnectionString = collect.NewSecret("Endpoint=sb://c/;SharedAccessSignature=x") },
		"no Endpoint=sb://":                             func(c *Config) { c.ConnectionString = collect.NewSecret("c2VjcmV0") },
		"one of a connection string and an application": func(c *Config) { c.ConnectionString = collect.Secret{} },
		"named twice":                                   func(c *Config) { c.Hubs = []string{"defender", "defender"} },
		"1 to 256 characters":                           func(c *Config) { c.Group = strings.Repeat("g", 257) },
		"must lie before the end":                       func(c *Config) { c.ExpiryAlarm = c.Retention },
		"between 6s and 5m":                             func(c *Config) { c.SessionTimeout = time.Second },
		"certificate authorities":                       func(c *Config) { c.CAFile = "none.pem" },
	} {
		cfg := good()
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
