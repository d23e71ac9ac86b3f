package detect

import (
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/model"
)

func TestBadRulesAreRefusedWithTheirReason(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"severity: Medium", "severity: Terrible", `severity: "Terrible"; it is Informational`},
		{"queryFrequency: 5m", "queryFrequency: five minutes", `line 7: duration "five minutes"`},
		{"queryPeriod: 1h", "queryPeriod: 1m", "queryPeriod: shorter than queryFrequency"},
		{"queryFrequency: 5m", "queryFrequency: 1s", "queryFrequency: at least 1m"},
		{"query: T", "query: ' '", "query: missing"},
		{"kind: Scheduled", "kind: Fusion", `kind: "Fusion"`},
		{"triggerOperator: gt", "triggerOperator: about", `triggerOperator: "about"`},
		{"AlertPerResult", "Each", `aggregationKind: "Each"`},
		{"name: Something", "", "name: missing"},
		{"query: T", "query: [", "rule.yaml: yaml:"},
		{"query: T", "query: T\n---\nid: x", "more than one YAML document"},
		{"queryPeriod: 1h", "queryPeriod: 999999999999d", "at most"},
	} {
		text := strings.Replace(ruleText, c.from, c.to, 1)
		if _, err := ParseRule("rule.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: message %v does not say %q", c.to, err, c.want)
		}
	}
}

func TestDurationsHaveTwoSpellings(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5m": 5 * time.Minute, "1h": time.Hour, "14d": 14 * 24 * time.Hour, "30s": 30 * time.Second, "1H": time.Hour,
		"PT5H": 5 * time.Hour, "P1D": 24 * time.Hour, "P1DT2H3M": 26*time.Hour + 3*time.Minute, "pt10m": 10 * time.Minute,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "P", "PT", "5", "m", "-5m", "1.5h", "5 m"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestAnNRTRuleRunsEachMinute(t *testing.T) {
	r, err := ParseRule("nrt.yaml", []byte("id: n\nname: N\nkind: NRT\nseverity: Low\nquery: T\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r.QueryFrequency != Duration(time.Minute) || r.QueryPeriod != Duration(time.Minute) {
		t.Errorf("runs every %v over %v", r.QueryFrequency, r.QueryPeriod)
	}
}

func TestUnknownKeysAreKept(t *testing.T) {
	r, err := ParseRule("rule.yaml", []byte(ruleText+"somethingNew: 1\nmetadata: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Unknown) != 1 || r.Unknown[0] != "somethingNew" {
		t.Errorf("unknown keys %v", r.Unknown)
	}
}

func TestGroupingFollowsTheRule(t *testing.T) {
	plain := rule(t).grouping()
	if !plain.CreateIncident || len(plain.ByEntities) != 1 || plain.ByEntities[0] != "Account" {
		t.Errorf("without configuration: %+v", plain)
	}
	off := rule(t, "query: T", "query: T\nincidentConfiguration: {createIncident: false}").grouping()
	if off.CreateIncident {
		t.Errorf("createIncident: false gives %+v", off)
	}
	all := rule(t, "query: T", "query: T\nincidentConfiguration: {createIncident: true, groupingConfiguration: {enabled: true, reopenClosedIncident: true, lookbackDuration: PT5H, matchingMethod: AllEntities}}").grouping()
	if !all.Reopen || all.Lookback != 5*time.Hour || len(all.ByEntities) != 1 {
		t.Errorf("all entities: %+v", all)
	}
	selected := func(what string) model.Grouping {
		return rule(t, "query: T", "query: T\nincidentConfiguration: {createIncident: true, groupingConfiguration: {enabled: true, matchingMethod: Selected, "+what+"}}").grouping()
	}
	if one := selected("groupByEntities: [IP]"); one.ByRule || one.AllEntities || len(one.ByEntities) != 1 {
		t.Errorf("one kind of entity: %+v", one)
	}
	if two := selected("groupByEntities: [Account, IP]"); two.ByRule || !two.AllEntities || len(two.ByEntities) != 2 {
		t.Errorf("two kinds of entity, each of which has to match: %+v", two)
	}
	for _, what := range []string{"groupByAlertDetails: [DisplayName]", "groupByCustomDetails: [Forwarder]"} {
		if details := selected(what); !details.ByRule {
			t.Errorf("%s alone groups nothing: %+v", what, details)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add(ruleText)
	f.Add("id: [")
	f.Add("\ufeff" + ruleText)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule("rule.yaml", []byte(text))
		if (r == nil) == (err == nil) {
			t.Errorf("rule %v, error %v", r, err)
		}
	})
}
