package stories

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/tenantsim/world"
)

// expected are the rules that have to tell of each story, all of them.
var expected = map[string][]string{
	"consent phishing":            {"user-consented-to-application"},
	"application takes all mail":  {"application-permission-on-all-mail", "application-credential-added", "administrator-consented-for-all"},
	"password spray":              {"password-spray"},
	"ransomware":                  {"files-renamed-to-one-extension", "ransom-notes"},
	"leaver takes files":          {"mass-download-before-departure", "mail-to-own-private-address"},
	"insider reads others' files": {"one-drive-of-others-read"},
	"links for anybody":           {"many-anonymous-links"},
	"auditing switched off":       {"unified-audit-switched-off", "mailbox-audit-bypassed", "break-glass-account-used"},
	"mail copied outside":         {"transport-rule-copies-outside"},
	"mailboxes opened to one":     {"many-mailboxes-opened-to-one"},
	"administrator made":          {"privileged-role-assigned", "second-factor-weakened"},
	"outsider in Teams":           {"outsider-chats-with-many"},
	"phish from inside":           {"internal-phish"},
	"loss prevention weakened":    {"dlp-weakened"},
	"business e-mail compromise":  {"inbox-rule-hides-or-forwards", "mailbox-forwarding-outside", "mailbox-change-after-new-sign-in", "mass-mail-access-new-address", "payment-mail-after-mailbox-rule", "phishing-link-clicked"},
}

// Every story is told by every rule that ought to tell it, among ordinary noise,
// and no rule tells of anybody else.
func TestEveryStoryIsFound(t *testing.T) {
	const tenant = "5a1f3c52-77f0-4c1e-9d1b-0c5a2f7be101"
	now := time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC) // a Wednesday afternoon there
	w := world.New(world.Config{
		Seed: 11, TenantID: tenant, Start: now.Add(-54 * time.Hour), Volume: 0.1,
		StoryEnd: now.Add(-10 * time.Minute), AttacksBegin: now.Add(-world.AttacksLength - 10*time.Minute),
	})
	batch, err := w.Advance(now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	if err := b.Take(t.Context(), batch, tenant, now); err != nil {
		t.Fatal(err)
	}
	truths := w.Attacks()
	story := w.Story()
	truths = append(truths, world.Attack{Name: "business e-mail compromise", Account: story.Victim, IP: story.AttackerIP, Begin: story.Steps[0].Time, End: now})
	if len(truths) != len(expected) {
		t.Fatalf("%d stories were told, want %d", len(truths), len(expected))
	}
	rules, err := Rules()
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string][]world.Attack{} // by rule
	for _, truth := range truths {
		for _, name := range expected[truth.Name] {
			wanted[name] = append(wanted[name], truth)
		}
		if len(expected[truth.Name]) == 0 {
			t.Errorf("no rule is expected to tell of %q", truth.Name)
		}
	}
	for name, stories := range wanted {
		alerts, err := b.Alerts(t.Context(), rules[name], now.Add(-9*time.Hour), now.Add(time.Duration(rules[name].QueryFrequency)), false)
		if err != nil {
			t.Fatal(err)
		}
		for _, story := range stories {
			if !slices.ContainsFunc(alerts, func(a model.Alert) bool { return about(a, story.Account) }) {
				t.Errorf("%s: rule %s does not tell of %s: %d alerts", story.Name, name, story.Account, len(alerts))
			}
		}
		for _, a := range alerts {
			if !slices.ContainsFunc(stories, func(s world.Attack) bool { return about(a, s.Account) }) {
				t.Errorf("rule %s tells of nobody in its story: %v", name, a.Entities)
			}
		}
	}
}

func about(a model.Alert, account string) bool {
	for _, e := range a.Entities {
		for _, value := range e.Identifiers {
			if strings.EqualFold(value, account) {
				return true
			}
		}
	}
	return false
}
