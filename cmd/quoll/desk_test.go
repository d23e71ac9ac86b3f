package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What people keep for queries is used by them, versioned, and written down.
func TestWatchlistsFunctionsAndExceptions(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "q")
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	must := func(want string, args ...string) {
		t.Helper()
		out, err := quoll(t, append(args, "--data", data)...)
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("quoll %s: %q, %v; want %q", strings.Join(args, " "), out, err, want)
		}
	}
	must("1 record", "import", write("r.jsonl", `{"CreationTime":"2026-09-14T08:00:00","Id":"6f0d8b0e-5d3a-4c0e-9a51-1b7f6c2f4aaa","Operation":"Send","OrganizationId":"a","RecordType":2,"UserKey":"k","UserType":0,"Version":1,"Workload":"Exchange","ClientIP":"198.51.100.7","UserId":"ada@coast.example"}`+"\n"))
	must("1 observables, 1 new or changed, 0 not taken", "indicators", "import", write("feed.csv", "type,value,confidence\nip,198.51.100.7,90\n"))
	must("1 observables, 0 new", "indicators", "import", filepath.Join(dir, "feed.csv"))
	must("1 alerts", "indicators", "match")
	must("0 alerts", "indicators", "match")
	must("198.51.100.7", "query", "ThreatIntelligenceIndicator | where Active | project NetworkIP")
	must("vip: version 1, 2 rows", "watchlists", "import", write("vip.csv", "Upn,Why\nada@coast.example,minister\nbo@coast.example,chief\n"), "--key", "Upn", "--by", "ines")
	must("minister", "query", "UnifiedAuditLog | join kind=inner _GetWatchlist('vip') on $left.UserId == $right.SearchKey | project Why, Found=strcat('v', tostring(isnotnull(LastUpdatedTimeUTC)))")
	must("ada@coast.example,minister", "watchlists", "show", "vip")

	must("Vip: version 1", "functions", "save", "Vip", write("f.kql", "UnifiedAuditLog | where UserId in (_GetWatchlist('vip') | project SearchKey) and TimeGenerated > ago(days * 1d) // those"), "--parameters", "days:long = 3650")
	must("1", "query", "Vip() | count")
	if out, err := quoll(t, "functions", "save", "Broken", write("b.kql", "UnifiedAuditLog | where Nothing > 1"), "--data", data); err == nil || !strings.Contains(err.Error(), "Nothing") {
		t.Errorf("a function with a mistake: %q, %v", out, err)
	}
	must("Vip(days:long = 3650)", "functions", "list")

	must("exception 1, until", "rules", "exceptions", "add", "--value", "svc-backup@*", "--why", "backups", "--by", "ines")
	if out, err := quoll(t, "rules", "exceptions", "agree", "1", "--by", "ines", "--data", data); err == nil {
		t.Errorf("one person agreed with themselves: %s", out)
	}
	must("exception 1:", "rules", "exceptions", "agree", "1", "--by", "kai")
	must("held back 0", "rules", "exceptions", "show", "1")
	must("taken away", "rules", "exceptions", "remove", "1")
	must("taken away", "watchlists", "remove", "vip")
	if _, err := quoll(t, "query", "_GetWatchlist('vip')", "--data", data); err == nil || !strings.Contains(err.Error(), "no watchlist") {
		t.Errorf("a watchlist that was taken away: %v", err)
	}
	must("Import watchlist ines (local user)", "query", "SentinelAudit | where Status == 'Success' and OperationName has 'watchlist' | order by TimeGenerated asc | project strcat(OperationName, ' ', tostring(ExtendedProperties.CallerName)) | take 1")
	must("12", "query", "SentinelAudit | count")
}
