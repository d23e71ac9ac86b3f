package dashboard_test

import (
	"strings"
	"testing"

	"github.com/quoll/quoll/dashboard"
)

// A workbook of our own, in the form that Sentinel's advanced editor shows.
const workbook = `{"version":"Notebook/1.0","items":[
 {"type":1,"content":{"json":"## Mail\n\nWho **reads** it, see [the manual](https://example.org)."},"name":"head"},
 {"type":9,"name":"parameters","content":{"parameters":[
  {"name":"TimeRange","type":4,"value":{"durationMs":86400000}},
  {"name":"Workspace","type":5,"value":"x"},
  {"name":"Person","type":2,"query":"OfficeActivity | where TimeGenerated {TimeRange} | distinct UserId","value":null},
  {"name":"Level","type":2,"multiSelect":true,"jsonData":"[\"High\",{\"value\":\"Low\",\"label\":\"low\"}]","value":"High"}]}},
 {"type":12,"name":"group","content":{"items":[
  {"type":3,"name":"by hour","customWidth":"50","content":{"query":"OfficeActivity\n| where TimeGenerated {TimeRange}\n| where UserId == '{Person}'\n| summarize count() by bin(TimeGenerated, {TimeRange:grain})","title":"Mail by hour","queryType":0,"resourceType":"microsoft.operationalinsights/workspaces","visualization":"timechart"}},
  {"type":3,"name":"graph","content":{"query":"Resources","queryType":1,"resourceType":"microsoft.resourcegraph/resources"}}]}},
 {"type":3,"name":"odd","content":{"query":"OfficeActivity | where UserId in ({People})","queryType":0}},
 {"type":11,"name":"links","content":{"links":[{"linkTarget":"Url","linkLabel":"Manual","cellValue":"https://example.org"},{"linkTarget":"parameter","linkLabel":"Tab"}]}},
 {"type":10,"name":"metric"}]}`

func TestAWorkbookIsTakenAsFarAsItGoes(t *testing.T) {
	d, omitted, err := dashboard.ImportWorkbook("Mail", []byte(workbook))
	if err != nil {
		t.Fatal(err)
	}
	if d.Tiles[0].Text != "Mail\n\nWho reads it, see the manual." {
		t.Errorf("text %q", d.Tiles[0].Text)
	}
	if q := d.Tiles[1].Query; q != "OfficeActivity\n| where UserId == Person\n| summarize count() by bin(TimeGenerated, 1h)\n| render timechart" || d.Tiles[1].Width != 2 {
		t.Errorf("query %q, width %d", q, d.Tiles[1].Width)
	}
	if p := d.Parameters; len(p) != 2 || p[0].Query != "OfficeActivity | distinct UserId" || strings.Join(p[1].Values, " ") != "High Low" || p[1].Default != "High" {
		t.Errorf("parameters %+v", p)
	}
	if len(d.Tiles) != 4 || len(d.Tiles[3].Links) != 1 {
		t.Errorf("%d tiles: %+v", len(d.Tiles), d.Tiles)
	}
	var said []string
	for _, o := range omitted {
		said = append(said, o.Step+" "+o.Reason)
	}
	for _, want := range []string{"Workspace chooses resources", "Level chooses several", "graph asks something else than logs", "odd refers to {People}", "Tab is a link of kind parameter", "metric is a step of kind 10"} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("nothing is said of %q:\n%s", want, strings.Join(said, "\n"))
		}
	}
	if len(omitted) != 6 {
		t.Errorf("%d omissions:\n%s", len(omitted), strings.Join(said, "\n"))
	}
}

func TestWhatIsNoWorkbook(t *testing.T) {
	for text, says := range map[string]string{"[": "read workbook: ", `{"resources":[]}`: "Gallery Template", `{"items":[{"type":10,"name":"m"}]}`: "none of its steps"} {
		if _, _, err := dashboard.ImportWorkbook("x", []byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
