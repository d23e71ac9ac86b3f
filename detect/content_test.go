package detect

import (
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const armText = `{"$schema":"x","resources":[{"type":"Microsoft.OperationalInsights/workspaces/providers/contentTemplates","properties":{"mainTemplate":{"resources":[
{"type":"Microsoft.SecurityInsights/AlertRuleTemplates","name":"[concat('0e9a51aa-5d3a-4c0e-9a51-1b7f6c2f3aff')]","kind":"Scheduled","properties":{
 "displayName":"Forwarding","description":"d","severity":"High","enabled":true,"query":"OfficeActivity\n| take 1\n","queryFrequency":"PT5M","queryPeriod":"PT1H",
 "triggerOperator":"GreaterThan","triggerThreshold":0,"tactics":["Collection"],"techniques":["T1114"],"suppressionDuration":"PT1H","suppressionEnabled":false,
 "entityMappings":[{"entityType":"Account","fieldMappings":[{"identifier":"FullName","columnName":"UserId"}]}],
 "incidentConfiguration":{"createIncident":true,"groupingConfiguration":{"enabled":true,"lookbackDuration":"PT5H","reopenClosedIncident":true,"matchingMethod":"AnyAlert","groupByCustomDetails":["K"]}},
 "alertDetailsOverride":{"alertDynamicProperties":[{"alertProperty":"AlertLink","value":"Link"}]}}}]}}},
 {"type":"Microsoft.SecurityInsights/alertRules","name":"f","kind":"Fusion","properties":{"displayName":"Fusion"}}]}`

func TestARMTemplatesAreRules(t *testing.T) {
	rules, err := ParseARM("mainTemplate.json", []byte(armText))
	if len(rules) != 1 {
		t.Fatalf("%d rules, error %v", len(rules), err)
	}
	if err == nil || !strings.Contains(err.Error(), `"Fusion"`) {
		t.Errorf("error %v does not tell of the rule without a query", err)
	}
	r := rules[0]
	g := r.grouping()
	if r.ID != "0e9a51aa-5d3a-4c0e-9a51-1b7f6c2f3aff" || r.Name != "Forwarding" || r.RelevantTechniques[0] != "T1114" || !g.ByRule || !g.Reopen || g.ByCustomDetails[0] != "K" || g.Lookback.Hours() != 5 {
		t.Errorf("rule %+v, grouping %+v", r, g)
	}
	if len(r.AlertOverride.Dynamic) != 1 || len(r.Unknown) != 0 {
		t.Errorf("dynamic properties %v, unknown keys %v", r.AlertOverride.Dynamic, r.Unknown)
	}
}

// What is exported reads as the same document, keys included that detection
// knows nothing of.
func TestExportLosesNothing(t *testing.T) {
	text := ruleText + "# a remark\nmyKey: {a: [1, two]}\nsuppressionEnabled: false\n"
	r, err := ParseRule("r.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	exported, err := r.Export()
	if err != nil {
		t.Fatal(err)
	}
	var before, after map[string]any
	if yaml.Unmarshal([]byte(text), &before) != nil || yaml.Unmarshal(exported, &after) != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("exported\n%s", exported)
	}
	if !strings.Contains(string(exported), "# a remark") {
		t.Error("the remark is lost")
	}
	arm, _ := ParseARM("t.json", []byte(armText))
	exported, err = arm[0].Export()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseRule("x.yaml", exported)
	if err != nil {
		t.Fatal(err)
	}
	again.node, arm[0].node = nil, nil
	if !reflect.DeepEqual(again, arm[0]) {
		t.Errorf("read again %+v, was %+v", again, arm[0])
	}
}

const sigmaText = `
title: Inbox rule deletes mail
id: 6f0d8b0e-5d3a-4c0e-9a51-1b7f6c2f3abb
logsource: {product: m365, service: exchange}
detection:
  selection:
    eventSource: Exchange
    eventName|startswith: [New-InboxRule, Set-Inbox]
    status: success
  deletes:
    - Parameters|contains|all: [DeleteMessage, 'True']
    - Payload: '*MoveTo?Folder*'
  filter:
    UserId|endswith: '@coast.example'
    ClientIP|cidr: 10.0.0.0/8
  condition: selection and 1 of del* and not filter
tags: [attack.persistence, attack.t1564.008]
level: critical
`

func TestSigmaBecomesKQL(t *testing.T) {
	r, err := ParseSigma("s.yml", []byte(sigmaText))
	if err != nil {
		t.Fatal(err)
	}
	want := `UnifiedAuditLog
| where (((Workload =~ "Exchange" or tostring(Record.Source) =~ "Exchange") and ((Operation startswith "New-InboxRule" or tostring(Record.Name) startswith "New-InboxRule") or (Operation startswith "Set-Inbox" or tostring(Record.Name) startswith "Set-Inbox")) and (ResultStatus in~ ("", "success", "succeeded", "partiallysucceeded", "true", "active", "investigating", "resolved") or tostring(Record.Status) in~ ("", "success", "succeeded", "partiallysucceeded", "true", "active", "investigating", "resolved"))) and ((tostring(Record["Parameters"]) contains "DeleteMessage" and tostring(Record["Parameters"]) contains "True") or tostring(Record) matches regex "(?is)^.*MoveTo.Folder.*$") and not((UserId endswith "@coast.example" and ipv4_is_in_range(ClientIP, "10.0.0.0/8"))))
| project TimeGenerated, UserId, ClientIP, Operation, Workload, ResultStatus, ObjectId, Id, Record
`
	if r.Query != want {
		t.Errorf("query\n%s\nwant\n%s", r.Query, want)
	}
	if r.Severity != "High" || r.Tactics[0] != "Persistence" || r.RelevantTechniques[0] != "T1564" || len(r.Assumed) == 0 {
		t.Errorf("rule %+v", r)
	}
}

func TestSigmaThatIsNotUnderstoodIsRefused(t *testing.T) {
	for change, want := range map[string]string{
		"condition: selection and 1 of del* and not filter=condition: selection | count() > 5": "aggregations",
		"startswith=windash":             `modifier "windash"`,
		"and not filter=and nobody":      `no selection is named "nobody"`,
		"and not filter=and (filter":     "closing bracket",
		"product: m365=product: windows": "not Microsoft 365",
	} {
		from, to, _ := strings.Cut(change, "=")
		_, err := ParseSigma("s.yml", []byte(strings.Replace(sigmaText, from, to, 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", change, err, want)
		}
	}
}

func TestWhatARuleLeavesOutIsSaid(t *testing.T) {
	r, err := ParseRule("r.yaml", []byte("id: a\nname: n\nquery: T\nkind: Scheduled\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Assumed) != 2 || r.Severity != "Medium" || r.QueryPeriod == 0 {
		t.Errorf("assumed %v", r.Assumed)
	}
}
